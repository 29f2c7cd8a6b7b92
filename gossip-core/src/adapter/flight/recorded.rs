//! A node that nothing can get into without being written down.
use super::{
    Recorder,
    entry::{Command, Entry},
    format::Opening,
};
use crate::{
    error::{AwaitError, DeleteError, JoinError, PresenceError, PublishError, PutError},
    id::{Addr, Dot, WaitId},
    io::{Input, Output},
    node::Node,
    observer::Attached,
    storage::Heap,
    time::Instant,
    waiting::Quorum,
    wire::Urgency,
};
use core::{ops::Deref, time::Duration};

/// A node with a recorder, or without one; then it costs nothing.
///
/// It can be looked at like any [`Node`]; whatever changes it goes through here.
#[derive(Debug)]
pub struct Recorded {
    node: Node<Heap>,
    recorder: Option<Recorder>,
}

impl Recorded {
    /// The recording begins with `node` as it is now.
    #[must_use]
    pub fn new(node: Node<Heap>, recorder: Option<Recorder>, now: Instant) -> Self {
        let mut recorded = Self { node, recorder };
        if let Some(recorder) = &mut recorded.recorder {
            recorder.begin(&recorded.node, now, Opening::Start);
        }
        recorded
    }

    /// The recorder, if there is one.
    #[must_use]
    pub const fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Whoever is told of what is counted. That is no part of what the node does, and on no record.
    pub const fn observer_mut(&mut self) -> &mut Attached {
        self.node.observer_mut()
    }

    /// The recorder, if there is one, to be asked what is to be written.
    pub const fn recorder_mut(&mut self) -> Option<&mut Recorder> {
        self.recorder.as_mut()
    }

    /// Ends the recording: from here on, nothing is written down.
    pub const fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// As [`Node::handle_input`].
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match &input {
            Input::Received { from, bytes } => self.record(now, &Entry::Received { from: *from, bytes }),
            Input::TimerFired => self.record(now, &Entry::TimerFired),
        }
        self.node.handle_input(now, input);
    }

    /// As [`Node::poll_output`]. The buffer holds a datagram: with a shorter one, a replay would put out more.
    pub fn poll_output<'b>(&mut self, buffer: &'b mut [u8]) -> Output<'b> {
        let output = self.node.poll_output(buffer);
        if let Some(recorder) = &mut self.recorder {
            recorder.polled(&output);
        }
        output
    }

    /// As [`Node::join`].
    ///
    /// # Errors
    /// As [`Node::join`].
    pub fn join(&mut self, now: Instant, seed: Addr) -> Result<(), JoinError> {
        self.ask(now, Command::Join { seed }, |node| node.join(now, seed))
    }

    /// As [`Node::set_wall_clock`].
    pub fn set_wall_clock(&mut self, now: Instant, unix_millis: u64) {
        self.record(now, &Entry::Asked(Command::SetWallClock { unix_millis }));
        self.node.set_wall_clock(now, unix_millis);
        self.answered(true);
    }

    /// As [`Node::leave_within`].
    pub fn leave_within(&mut self, now: Instant, patience: Duration) {
        self.record(now, &Entry::Asked(Command::Leave { patience }));
        self.node.leave_within(now, patience);
        self.answered(true);
    }

    /// As [`Node::set_presence`].
    ///
    /// # Errors
    /// As [`Node::set_presence`].
    pub fn set_presence(&mut self, now: Instant, presence: &[u8]) -> Result<(), PresenceError> {
        self.ask(now, Command::SetPresence { presence }, |node| node.set_presence(now, presence))
    }

    /// As [`Node::publish_for`].
    ///
    /// # Errors
    /// As [`Node::publish_for`].
    pub fn publish_for(
        &mut self,
        now: Instant,
        urgency: Urgency,
        payload: &[u8],
        ttl: Duration,
    ) -> Result<Dot, PublishError> {
        let command = Command::Publish { urgency, payload, ttl };
        self.ask(now, command, |node| node.publish_for(now, urgency, payload, ttl))
    }

    /// As [`Node::put`].
    ///
    /// # Errors
    /// As [`Node::put`].
    pub fn put(&mut self, now: Instant, key: &[u8], value: &[u8]) -> Result<Dot, PutError> {
        self.ask(now, Command::Put { key, value }, |node| node.put(now, key, value))
    }

    /// As [`Node::delete`].
    ///
    /// # Errors
    /// As [`Node::delete`].
    pub fn delete(&mut self, now: Instant, key: &[u8]) -> Result<Dot, DeleteError> {
        self.ask(now, Command::Delete { key }, |node| node.delete(now, key))
    }

    /// As [`Node::await_write`].
    ///
    /// # Errors
    /// As [`Node::await_write`].
    pub fn await_write(
        &mut self,
        now: Instant,
        write: Dot,
        quorum: Quorum,
        until: Instant,
    ) -> Result<WaitId, AwaitError> {
        self.ask(now, Command::AwaitWrite { write, quorum, until }, |node| node.await_write(now, write, quorum, until))
    }

    /// As [`Node::await_converged`].
    ///
    /// # Errors
    /// As [`Node::await_converged`].
    pub fn await_converged(&mut self, now: Instant, until: Instant) -> Result<WaitId, AwaitError> {
        self.ask(now, Command::AwaitConverged { until }, |node| node.await_converged(now, until))
    }

    /// As [`Node::cancel_wait`].
    pub fn cancel_wait(&mut self, now: Instant, wait: WaitId) {
        self.record(now, &Entry::Asked(Command::CancelWait { wait }));
        self.node.cancel_wait(now, wait);
        self.answered(true);
    }

    /// Notes that a datagram that the node put out was not sent.
    pub fn send_failed(&mut self, now: Instant, to: Addr, reason: &str) {
        self.record(now, &Entry::SendFailed { to, reason });
    }

    /// Notes that the socket complained.
    pub fn receive_failed(&mut self, now: Instant, reason: &str) {
        self.record(now, &Entry::ReceiveFailed { reason });
    }

    fn ask<T, E>(
        &mut self,
        now: Instant,
        command: Command<'_>,
        ask: impl FnOnce(&mut Node<Heap>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.record(now, &Entry::Asked(command));
        let answer = ask(&mut self.node);
        self.answered(answer.is_ok());
        answer
    }

    /// First it is written down, then it is done: what brings the node down is on the record, too.
    fn record(&mut self, now: Instant, entry: &Entry<'_>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(&self.node, now, entry);
        }
    }

    fn answered(&mut self, done: bool) {
        if let Some(recorder) = &mut self.recorder {
            recorder.answered(done);
        }
    }
}

/// To be looked at; there is no way to change it.
impl Deref for Recorded {
    type Target = Node<Heap>;

    fn deref(&self) -> &Node<Heap> {
        &self.node
    }
}
