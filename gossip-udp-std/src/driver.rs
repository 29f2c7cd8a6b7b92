//! The driver: one thread that owns the node and its socket. Everything that blocks, blocks here, but for the disk.
use crate::{
    alarm::{Alarm, LOOK_UP_INTERVAL},
    disk_writer::DiskWriter,
};
use core::{
    net::SocketAddr,
    task::{Context, Poll, Waker},
};
use gossip_core::adapter::{
    Calls, Endpoint, LookUp, RECEIVE_BATCH_MAX, RECEIVE_BUFFER_LEN, RECEIVE_ERROR_PAUSE, Save, Step,
};
use std::{
    io,
    net::{ToSocketAddrs, UdpSocket},
    sync::Arc,
    thread,
    time::Instant,
};

/// So many calls are done before the node gets its turn.
const CALL_BATCH_MAX: usize = 64;

/// Whether calls may be left to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    None,
    Some,
}

/// Fields drop in this order. The endpoint goes last: its end tells the handles that the socket is free again.
#[derive(Debug)]
pub(crate) struct Driver {
    socket: UdpSocket,
    calls: Calls,
    /// What a call wakes.
    alarm: Waker,
    alarm_addr: SocketAddr,
    buffer: Box<[u8]>,
    /// `None` when there is nothing to be written, ever.
    disk_writer: Option<DiskWriter>,
    endpoint: Endpoint,
}

impl Driver {
    pub(crate) fn new(
        socket: UdpSocket,
        calls: Calls,
        alarm: Alarm,
        disk_writer: Option<DiskWriter>,
        endpoint: Endpoint,
    ) -> io::Result<Self> {
        let alarm_addr = alarm.addr()?;
        let buffer = vec![0; RECEIVE_BUFFER_LEN].into_boxed_slice();
        Ok(Self { socket, calls, alarm: Waker::from(Arc::new(alarm)), alarm_addr, buffer, disk_writer, endpoint })
    }

    /// Runs until the node has left.
    pub(crate) fn run(mut self) {
        // From here on, a call rings the alarm.
        let mut left = self.serve();
        while let Some(deadline) = self.drain() {
            // Of calls that are left, none rings the alarm: what waits is looked for, and not waited for.
            let until = if left == Left::Some { Instant::now() } else { deadline };
            if let Err(error) = self.receive(until) {
                self.on_receive_error(&error);
            }
            left = self.serve();
            if Instant::now() >= deadline {
                self.endpoint.fire_timer();
            }
        }
        if let Some(save) = self.endpoint.last_save() {
            self.write(save);
        }
        if let Some(disk_writer) = self.disk_writer {
            disk_writer.finish();
        }
    }

    /// Does what the endpoint says, until it says how long to wait; `None` when it says to stop.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.endpoint.poll() {
                Step::Send { to, bytes } => {
                    if let Err(error) = self.socket.send_to(bytes, to) {
                        self.endpoint.send_failed(to, &error);
                    }
                }
                Step::Save(save) => self.write(save),
                Step::LookUp(seed) => look_up(seed),
                Step::Wait(deadline) => return Some(deadline),
                Step::Stop => return None,
            }
        }
    }

    fn write(&self, save: Save) {
        match &self.disk_writer {
            Some(disk_writer) => disk_writer.write(save),
            None => save.write(),
        }
    }

    /// Waits for a datagram, and takes in those that came with it: a bounded batch, so that the node gets to answer.
    fn receive(&mut self, deadline: Instant) -> io::Result<()> {
        let wait = deadline.saturating_duration_since(Instant::now()).min(LOOK_UP_INTERVAL);
        self.socket.set_nonblocking(wait.is_zero())?;
        if !wait.is_zero() {
            self.socket.set_read_timeout(Some(wait))?;
        }
        for _ in 0..RECEIVE_BATCH_MAX {
            let (len, from) = self.socket.recv_from(&mut self.buffer)?;
            if from != self.alarm_addr {
                self.endpoint.receive(from, &mut self.buffer[..len]);
            }
            self.socket.set_nonblocking(true)?;
        }
        Ok(())
    }

    /// Nothing came, or something that is to be survived.
    fn on_receive_error(&mut self, error: &io::Error) {
        use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
        if !matches!(error.kind(), WouldBlock | TimedOut | Interrupted) {
            self.endpoint.receive_failed(error);
            thread::sleep(RECEIVE_ERROR_PAUSE);
        }
    }

    /// Does what the handles ask for: a bounded batch, so that the node gets to its timers and its datagrams, however fast they ask.
    /// What they ask for once none is left rings the alarm.
    fn serve(&mut self) -> Left {
        for _ in 0..CALL_BATCH_MAX {
            let Poll::Ready(call) = self.calls.poll_next(&Context::from_waker(&self.alarm)) else { return Left::None };
            call(&mut self.endpoint);
        }
        Left::Some
    }
}

/// Asks the operating system what a seed's name stands for. That may take as long as it likes, and so has a thread of its
/// own, which nobody waits for. One that cannot be had is no answer, and the name is looked up again.
fn look_up(seed: LookUp) {
    let ask = || {
        let found = seed.name().to_socket_addrs();
        seed.answer(found);
    };
    drop(thread::Builder::new().name("gossip-seed".into()).spawn(ask));
}
