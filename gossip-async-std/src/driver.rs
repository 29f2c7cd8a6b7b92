//! The driver: one task that owns the node and its socket. There is no lock around either.
use async_std::{
    net::{ToSocketAddrs, UdpSocket},
    task::{JoinHandle, sleep, spawn, spawn_blocking},
};
use core::net::SocketAddr;
use futures_lite::future::{poll_once, race};
use gossip_core::adapter::{
    Call, Calls, Endpoint, LookUp, RECEIVE_BATCH_MAX, RECEIVE_BUFFER_LEN, RECEIVE_ERROR_PAUSE, Step,
};
use std::{io, time::Instant};

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

/// What the driver waits for.
enum Woken {
    Received(io::Result<(usize, SocketAddr)>),
    Called(Call),
    Due,
}

impl Driver {
    pub(crate) fn new(socket: UdpSocket, calls: Calls, endpoint: Endpoint) -> Self {
        let buffer = vec![0; RECEIVE_BUFFER_LEN].into_boxed_slice();
        Self { socket, calls, buffer, saving: None, endpoint }
    }

    /// Runs until the node has left.
    pub(crate) async fn run(mut self) {
        while let Some(deadline) = self.drain().await {
            match self.wait(deadline).await {
                Woken::Received(received) => self.receive(received).await,
                Woken::Called(call) => call(&mut self.endpoint),
                Woken::Due => self.endpoint.fire_timer(),
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

    /// Waits for a datagram, a call or the deadline; none of them is preferred, so none can starve another.
    async fn wait(&mut self, deadline: Instant) -> Woken {
        let received = async { Woken::Received(self.socket.recv_from(&mut self.buffer).await) };
        let called = async { Woken::Called(self.calls.next().await) };
        let due = async {
            sleep(deadline.saturating_duration_since(Instant::now())).await;
            Woken::Due
        };
        race(received, race(called, due)).await
    }

    /// Takes in a datagram, and those that came with it: a bounded batch, so that the node gets to answer.
    async fn receive(&mut self, first: io::Result<(usize, SocketAddr)>) {
        let mut received = Some(first);
        for _ in 0..RECEIVE_BATCH_MAX {
            match received {
                Some(Ok((len, from))) => self.endpoint.receive(from, &mut self.buffer[..len]),
                Some(Err(error)) => {
                    self.endpoint.receive_failed(&error);
                    return sleep(RECEIVE_ERROR_PAUSE).await;
                }
                None => return,
            }
            received = poll_once(self.socket.recv_from(&mut self.buffer)).await;
        }
    }

    /// Closes the socket and writes the data file, in that order; only then the endpoint is dropped.
    async fn finish(self) {
        let Self { socket, calls, saving, mut endpoint, .. } = self;
        drop((socket, calls));
        if let Some(saving) = saving {
            saving.await;
        }
        if let Some(save) = endpoint.last_save() {
            spawn_blocking(|| save.write()).await;
        }
    }
}

/// Asks the operating system what a seed's name stands for, which may take as long as it likes.
async fn look_up(seed: LookUp) {
    let found = seed.name().to_socket_addrs().await.map(Vec::from_iter);
    seed.answer(found);
}
