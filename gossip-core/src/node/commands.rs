//! What the application asks for. Each command is followed by a drain of `poll_output`.
use super::Node;
use crate::{
    config::farewell::PATIENCE,
    dissemination::Dissemination,
    error::{DeleteError, JoinError, PresenceError, PublishError, PutError},
    id::{Addr, Dot},
    path::Path,
    replica::Replica,
    storage::Storage,
    table::Blob,
    time::{Instant, Span},
    wire::{Urgency, len},
};
use core::time::Duration;

impl<S: Storage> Node<S> {
    /// Joins the cluster that the node at `seed` belongs to, and remembers `seed`.
    ///
    /// The seed's name is learned from its answer. Until it answers, it is asked again: at first every few gossip
    /// intervals, then ever more slowly, down to once each `reconnect_interval` for all seeds and lost members together. Where
    /// there are more than `limits.seeds`, one that never answered makes room for it, and is counted in `seeds_dropped`.
    ///
    /// # Errors
    /// When `seed` is ourselves, or we have left.
    pub fn join(&mut self, now: Instant, seed: Addr) -> Result<(), JoinError> {
        self.set_now(now);
        if !self.is_running() {
            return Err(JoinError::Left);
        }
        self.membership.join(&mut self.cx, seed)?;
        if self.cx.newcomer {
            self.reconcile.on_join(&mut self.cx);
        }
        Ok(())
    }

    /// Says what the wall clock shows now, in milliseconds since the Unix epoch.
    ///
    /// To be told at the start, before [`restore`](Self::restore), and whenever the wall clock has moved against the monotonic
    /// one that `now` comes from: by a step, or little by little. The date decides which of concurrent writes wins, and
    /// nothing else; a node that was never told has none, and goes by the order of the writes that it has seen.
    pub fn set_wall_clock(&mut self, now: Instant, unix_millis: u64) {
        self.set_now(now);
        self.cx.calendar.set(self.cx.now, unix_millis);
    }

    /// Leaves within ten gossip intervals, and the few that the farewell takes: see [`leave_within`](Self::leave_within).
    pub fn leave(&mut self, now: Instant) {
        self.leave_within(now, self.cx.config.gossip_interval.times(PATIENCE));
    }

    /// Leaves: hands over what it wrote and published in this life, for `patience` at most, and then says farewell. The node goes
    /// on until [`Event::Departed`](crate::Event::Departed), a few gossip intervals after that.
    ///
    /// The farewell is said as soon as two others, or all there are, have shown that they have everything; at once, if they are
    /// known to have it. What nobody has shown to have in time is told by
    /// [`Event::NotHandedOver`](crate::Event::NotHandedOver), just before the farewell.
    pub fn leave_within(&mut self, now: Instant, patience: Duration) {
        self.set_now(now);
        self.begin_to_leave(patience);
        self.settle();
    }

    /// Changes what we tell of ourselves: bytes that mean something to the application, or a
    /// [`Presence`](crate::presence::Presence).
    ///
    /// # Errors
    /// When they are longer than [`presence_len_max`](Self::presence_len_max), or we have left.
    pub fn set_presence(&mut self, now: Instant, presence: &[u8]) -> Result<(), PresenceError> {
        self.set_now(now);
        if !self.is_running() {
            return Err(PresenceError::Left);
        }
        let len_max = self.presence_len_max();
        self.membership.set_presence(&mut self.cx, presence, len_max)?;
        self.settle();
        Ok(())
    }

    /// Starts a rumor, to be told to the application of every other node once, and names it. It lives for
    /// [`Config::rumor_ttl`](crate::Config::rumor_ttl); the rest is as for [`publish_for`](Self::publish_for).
    ///
    /// # Errors
    /// As for [`publish_for`](Self::publish_for).
    pub fn publish(&mut self, now: Instant, urgency: Urgency, payload: &[u8]) -> Result<Dot, PublishError> {
        self.publish_for(now, urgency, payload, self.cx.config.rumor_ttl)
    }

    /// Starts a rumor that lives for `ttl`, from a second to 24 days: then it is told to nobody any more, newcomers least of all.
    ///
    /// It is kept until it was handed to as many others as one rumor is; from then on each of them tells it to the rest. Whoever
    /// is there and does not hear it, because all who could tell it forgot it first, is told that it missed one.
    ///
    /// # Errors
    /// When it is longer than [`payload_len_max`](Self::payload_len_max), finds no room, or we have left; or when too many of our
    /// own are yet to be handed to others, and when to try again.
    pub fn publish_for(
        &mut self,
        now: Instant,
        urgency: Urgency,
        payload: &[u8],
        ttl: Duration,
    ) -> Result<Dot, PublishError> {
        self.set_now(now);
        if !self.is_running() {
            return Err(PublishError::Left);
        }
        let dot = self.stores.rumors.publish(&mut self.cx, urgency, payload, ttl)?;
        self.settle();
        Ok(dot)
    }

    /// Writes an entry, to be replicated to every other node, and names the write.
    ///
    /// Of concurrent writes to one key, the later one wins everywhere: by the writers' wall clocks; a write to
    /// an entry that the writer had seen always comes after it, whatever the clocks show.
    ///
    /// # Errors
    /// When key and value together are longer than [`entry_len_max`](Self::entry_len_max), there is no room for the key, or we
    /// have left.
    pub fn put(&mut self, now: Instant, key: &[u8], value: &[u8]) -> Result<Dot, PutError> {
        self.set_now(now);
        if !self.is_running() {
            return Err(PutError::Left);
        }
        let dot = self.stores.entries.put(&self.cx, key, value)?;
        self.settle();
        Ok(dot)
    }

    /// Deletes an entry, everywhere, and names the write. The key keeps its row: a deletion has to be remembered.
    ///
    /// # Errors
    /// When there is no such entry, or we have left.
    pub fn delete(&mut self, now: Instant, key: &[u8]) -> Result<Dot, DeleteError> {
        self.set_now(now);
        if !self.is_running() {
            return Err(DeleteError::Left);
        }
        let dot = self.stores.entries.delete(&self.cx, key)?;
        self.settle();
        Ok(dot)
    }

    /// The longest payload of a rumor, in bytes: it must fit a datagram in the worst case.
    #[must_use]
    pub fn payload_len_max(&self) -> usize {
        Dissemination::payload_len_max(&self.cx)
    }

    /// The longest key and value together, in bytes.
    #[must_use]
    pub fn entry_len_max(&self) -> usize {
        Replica::entry_len_max(&self.cx)
    }

    /// The longest presence, in bytes: it must fit a datagram beside a ping, on the shortest of paths too. Whoever presents itself
    /// at greater length could not so much as join across one.
    #[must_use]
    pub fn presence_len_max(&self) -> usize {
        self.presence_len_max_at(self.cx.me.addr).min(S::Blob::CAPACITY)
    }

    /// How long the presence of a member at `addr` may be for us to pass it on.
    pub(super) fn presence_len_max_at(&self, addr: Addr) -> usize {
        let shortest = Path::floor(self.cx.config.datagram_len_max);
        len::room(usize::from(shortest), len::PING.max(len::PULL_END) + len::MEMBER + addr.as_bytes().len(), 1)
    }
}
