//! The driver: one task that owns the node and its socket. There is no lock around either.
use core::net::SocketAddr;
use gossip_core::adapter::{Calls, Endpoint, LookUp, RECEIVE_BATCH_MAX, RECEIVE_BUFFER_LEN, RECEIVE_ERROR_PAUSE, Step};
use std::{io, time::Instant};
use tokio::{
    net::{UdpSocket, lookup_host},
    task::{JoinHandle, coop::cooperative, spawn, spawn_blocking},
    time::{sleep, sleep_until},
};

/// Fields drop in this order. The endpoint goes last: its end tells the handles that the socket is free again.
#[derive(Debug)]
pub(crate) struct Driver {
    socket: UdpSocket,
    calls: Calls,
    buffer: Box<[u8]>,
    /// The save on its way, if any: the disk is slow, and must not hold up other tasks.
    saving: Option<JoinHandle<()>>,
    endpoint: Endpoint,
}

impl Driver {
    pub(crate) fn new(socket: UdpSocket, calls: Calls, endpoint: Endpoint) -> Self {
        let buffer = vec![0; RECEIVE_BUFFER_LEN].into_boxed_slice();
        Self { socket, calls, buffer, saving: None, endpoint }
    }

    /// Runs until the node has left.
    pub(crate) async fn run(mut self) {
        while let Some(deadline) = self.drain().await {
            tokio::select! {
                received = self.socket.recv_from(&mut self.buffer) => self.receive(received).await,
                // As tokio's own channels do, this lets other tasks run now and then, however many calls there are.
                call = cooperative(self.calls.next()) => call(&mut self.endpoint),
                () = sleep_until(deadline.into()) => self.endpoint.fire_timer(),
            }
        }
        self.finish().await;
    }

    /// Does what the endpoint says, until it says how long to wait; `None` when it says to stop.
    async fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.endpoint.poll() {
                Step::Send { to, bytes } => {
                    if let Err(error) = self.socket.send_to(bytes, to).await {
                        self.endpoint.send_failed(to, &error);
                    }
                }
                Step::Save(save) => self.saving = Some(spawn_blocking(|| save.write())),
                // It ends by itself; a node that has stopped does not wait for it.
                Step::LookUp(seed) => drop(spawn(look_up(seed))),
                Step::Wait(deadline) => return Some(deadline),
                Step::Stop => return None,
            }
        }
    }

    /// Takes in a datagram, and those that came with it: a bounded batch, so that the node gets to answer.
    async fn receive(&mut self, first: io::Result<(usize, SocketAddr)>) {
        let mut received = first;
        for _ in 0..RECEIVE_BATCH_MAX {
            match received {
                Ok((len, from)) => self.endpoint.receive(from, &mut self.buffer[..len]),
                Err(nothing) if nothing.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.endpoint.receive_failed(&error);
                    return sleep(RECEIVE_ERROR_PAUSE).await;
                }
            }
            received = self.socket.try_recv_from(&mut self.buffer);
        }
    }

    /// Closes the socket and writes the data file, in that order; only then the endpoint is dropped.
    async fn finish(self) {
        let Self { socket, calls, saving, mut endpoint, .. } = self;
        drop((socket, calls));
        // These fail only if the runtime is being shut down, and then there is nobody left to tell.
        if let Some(saving) = saving {
            drop(saving.await);
        }
        if let Some(save) = endpoint.last_save() {
            drop(spawn_blocking(|| save.write()).await);
        }
    }
}

/// Asks the operating system what a seed's name stands for, which may take as long as it likes.
async fn look_up(seed: LookUp) {
    let found = lookup_host(seed.name()).await.map(Vec::from_iter);
    seed.answer(found);
}
