//! A node, whatever its memory: one type for clusters in which servers and sensors meet.
use gossip_core::{
    Addr, DeleteError, Dot, Input, Instant, JoinError, MemberView, Node, Output, PresenceError, PublishError, PutError,
    RestoreError, SaveCursor, Stamp, Storage, Urgency,
    stats::{Stats, Usage},
};

/// An entry as its node shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) dot: Dot,
    pub(crate) stamp: Stamp,
}

/// What the harness needs of [`Node`], without its type parameter.
pub(crate) trait Machine {
    fn handle_input(&mut self, now: Instant, input: Input<'_>);
    fn poll_output<'b>(&mut self, buffer: &'b mut [u8]) -> Output<'b>;
    fn join(&mut self, now: Instant, seed: Addr) -> Result<(), JoinError>;
    fn leave(&mut self, now: Instant);
    fn put(&mut self, now: Instant, key: &[u8], value: &[u8]) -> Result<Dot, PutError>;
    fn delete(&mut self, now: Instant, key: &[u8]) -> Result<Dot, DeleteError>;
    fn publish(&mut self, now: Instant, urgency: Urgency, payload: &[u8]) -> Result<Dot, PublishError>;
    fn set_presence(&mut self, now: Instant, blob: &[u8]) -> Result<(), PresenceError>;
    /// All entries, sorted.
    fn entries(&self) -> Vec<Entry>;
    /// All other members.
    fn members(&self) -> Vec<MemberView<'_>>;
    fn usage(&self) -> Usage;
    fn stats(&self) -> &Stats;
    fn is_converged(&self) -> bool;
    /// What must survive a restart.
    fn save(&self) -> Vec<Vec<u8>>;
    fn restore(&mut self, now: Instant, chunk: &[u8]) -> Result<(), RestoreError>;
}

/// More than a chunk of any preset's longest entry.
const CHUNK_LEN: usize = 2048;

impl<S: Storage> Machine for Node<S> {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        Self::handle_input(self, now, input);
    }

    fn poll_output<'b>(&mut self, buffer: &'b mut [u8]) -> Output<'b> {
        Self::poll_output(self, buffer)
    }

    fn join(&mut self, now: Instant, seed: Addr) -> Result<(), JoinError> {
        Self::join(self, now, seed)
    }

    fn leave(&mut self, now: Instant) {
        Self::leave(self, now);
    }

    fn put(&mut self, now: Instant, key: &[u8], value: &[u8]) -> Result<Dot, PutError> {
        Self::put(self, now, key, value)
    }

    fn delete(&mut self, now: Instant, key: &[u8]) -> Result<Dot, DeleteError> {
        Self::delete(self, now, key)
    }

    fn publish(&mut self, now: Instant, urgency: Urgency, payload: &[u8]) -> Result<Dot, PublishError> {
        Self::publish(self, now, urgency, payload)
    }

    fn set_presence(&mut self, now: Instant, blob: &[u8]) -> Result<(), PresenceError> {
        Self::set_presence(self, now, blob)
    }

    fn entries(&self) -> Vec<Entry> {
        let owned = Self::entries(self, b"").map(|entry| Entry {
            key: entry.key.to_vec(),
            value: entry.value.to_vec(),
            dot: entry.dot,
            stamp: entry.stamp,
        });
        let mut entries: Vec<Entry> = owned.collect();
        entries.sort();
        entries
    }

    fn members(&self) -> Vec<MemberView<'_>> {
        Self::members(self).collect()
    }

    fn usage(&self) -> Usage {
        Self::usage(self)
    }

    fn stats(&self) -> &Stats {
        Self::stats(self)
    }

    fn is_converged(&self) -> bool {
        self.agreement().is_converged()
    }

    fn save(&self) -> Vec<Vec<u8>> {
        let (mut cursor, mut buffer, mut chunks) = (SaveCursor::default(), [0; CHUNK_LEN], Vec::new());
        while let Some(chunk) = Self::save(self, &mut cursor, &mut buffer) {
            chunks.push(chunk.to_vec());
        }
        chunks
    }

    fn restore(&mut self, now: Instant, chunk: &[u8]) -> Result<(), RestoreError> {
        Self::restore(self, now, chunk)
    }
}
