//! The replicated map: every write has a dot, one version vector (Parker et al. 1983) says which dots were seen, and concurrent writes are
//! resolved alike everywhere.
//!
//! - here: writing, reading, joining the writes of others;
//! - `delta`: what rides on a datagram, and what a peer lacks: one subtraction of version vectors;
//! - `store`: all that is asked of a store.
//!
//! A writer's numbers have no gaps, but its writes are superseded. So each write that travels accounts for a *span* of
//! numbers, of which it alone still counts; whoever has seen all before the span has then seen all up to its end.
mod delta;
mod store;

use crate::{
    config::exchange::RE_ANNOUNCED_MAX,
    context::Context,
    digest::Digest,
    error::{DeleteError, PutError, TooLong},
    id::{Dot, Life},
    lattice::{Joined, Lattice},
    records::{Entry, Precedence},
    stamp::Stamp,
    stats::Counter,
    storage::{Snapshot, Storage},
    table::{Blob, Flag, Table},
    wire::{EntryFrame, Operation, SupersededRange, len},
};
use delta::dot_of;
use serde::{Deserialize, Serialize};

/// The entries that we hold.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Replica<S: Storage> {
    entries: S::Entries,
    versions: S::Versions,
    /// The latest stamp given, or seen and followed: the hybrid logical clock.
    clock: Stamp,
    /// Of the version vector and of the writes held: whoever has the same has seen the same, and made the same of it.
    digest: Digest,
    pending: usize,
    untold: usize,
    /// Where to look first for what is to be told.
    tell_from: usize,
    /// Where to go on with telling again.
    re_announce_from: usize,
}

impl<S: Storage> Replica<S> {
    pub(crate) fn new(cx: &Context<S>) -> Self {
        Self {
            entries: Table::with_limit(cx.config.limits.entries),
            versions: Table::with_limit(cx.config.limits.writers),
            clock: Stamp::default(),
            digest: Digest::default(),
            pending: 0,
            untold: 0,
            tell_from: 0,
            re_announce_from: 0,
        }
    }

    /// The longest key and value together, in bytes.
    pub(crate) fn entry_len_max(cx: &Context<S>) -> usize {
        cx.room(len::PULL_END + len::ENTRY, 2)
    }

    /// How often we wrote in this life.
    pub(crate) fn written(&self, cx: &Context<S>) -> u32 {
        self.seen(cx.me.writer())
    }

    pub(crate) fn put(&mut self, cx: &Context<S>, key: &[u8], value: &[u8]) -> Result<Dot, PutError> {
        let len_max = Self::entry_len_max(cx);
        let too_long = |len: usize, len_max: usize| PutError::TooLong(TooLong { len, len_max });
        if key.len() + value.len() > len_max {
            return Err(too_long(key.len() + value.len(), len_max));
        }
        let key = S::Key::copy_of(key).ok_or_else(|| too_long(key.len(), S::Key::CAPACITY))?;
        let value = S::Blob::copy_of(value).ok_or_else(|| too_long(value.len(), S::Blob::CAPACITY))?;
        let full = PutError::Full { limit: self.entries.limit() };
        if self.entries.slot(key.as_ref()).is_none() && self.entries.is_full() {
            return Err(full);
        }
        if !self.ensure_version(cx.me.writer()) {
            return Err(PutError::WritersFull { limit: self.versions.limit() });
        }
        self.write(cx, key, Operation::Put, value).map_err(|unwritten| match unwritten {
            Unwritten::Exhausted => PutError::Exhausted,
            Unwritten::Unsurpassable => PutError::Unsurpassable,
        })
    }

    /// Leaves a tombstone: a death certificate (Demers et al. 1987, §2), which is kept for good.
    pub(crate) fn delete(&mut self, cx: &Context<S>, key: &[u8]) -> Result<Dot, DeleteError> {
        let present = self.get(key).is_some();
        let key = S::Key::copy_of(key).filter(|_| present).ok_or(DeleteError::Absent)?;
        let nothing = S::Blob::copy_of(&[]).ok_or(DeleteError::Absent)?;
        if !self.ensure_version(cx.me.writer()) {
            return Err(DeleteError::WritersFull { limit: self.versions.limit() });
        }
        self.write(cx, key, Operation::Delete, nothing).map_err(|unwritten| match unwritten {
            Unwritten::Exhausted => DeleteError::Exhausted,
            Unwritten::Unsurpassable => DeleteError::Unsurpassable,
        })
    }

    /// The entry of `key`; `None` when there is none, or it was deleted.
    pub(crate) fn get(&self, key: &[u8]) -> Option<(&Entry<S::Blob>, &[u8])> {
        let entry = self.row(key)?;
        entry.written().map(|value| (entry, value))
    }

    /// What became of `key`: deletions, too.
    pub(crate) fn row(&self, key: &[u8]) -> Option<&Entry<S::Blob>> {
        self.entries.get(key)
    }

    pub(crate) fn rows(&self) -> &[(S::Key, Entry<S::Blob>)] {
        self.entries.as_slice()
    }

    /// A write of another node.
    fn on_entry(&mut self, cx: &mut Context<S>, frame: &EntryFrame<'_>) {
        let writer = frame.dot.writer();
        let (sequence, after) = (frame.dot.sequence, frame.dot.sequence.saturating_sub(frame.span));
        let says_nothing = frame.operation == Operation::Delete && !frame.value.known().is_empty();
        if frame.span == 0 || sequence == 0 || frame.stamp > Stamp::CREDIBLE_MAX || says_nothing {
            cx.count(Counter::EntriesMalformed);
            return;
        }
        let seen = self.seen(writer);
        // Our own writes come from us alone.
        if writer == cx.me.writer() {
            cx.count(Counter::EntriesDuplicate);
            return;
        }
        if after > seen {
            // What came before it is yet to be pulled, and it will come along: taken in now, it would be held here and
            // accounted for nowhere, if its writer died.
            cx.count(Counter::EntriesEarly);
            return;
        }
        if !self.ensure_version(writer) || !self.join_entry(cx, frame) {
            cx.count(Counter::EntriesRefused);
            return;
        }
        if cx.calendar.follows(cx.now, frame.stamp) {
            self.clock = self.clock.max(frame.stamp);
        }
        if sequence > seen {
            self.set_version(cx, writer, sequence);
        }
    }

    /// A span of another's writes, none of which counts any more.
    fn on_superseded_range(&mut self, cx: &Context<S>, range: &SupersededRange) {
        let seen = self.seen(range.writer);
        if range.after <= seen
            && range.upto > seen
            && range.writer != cx.me.writer()
            && self.ensure_version(range.writer)
        {
            self.set_version(cx, range.writer, range.upto);
        }
    }

    /// Takes another's writes up to a number for superseded: nobody is left to tell of them.
    #[cfg(feature = "std")]
    pub(crate) fn give_up(&mut self, cx: &Context<S>, writer: Life, upto: u32) {
        let after = self.seen(writer);
        self.on_superseded_range(cx, &SupersededRange { writer, after, upto });
    }

    /// Tells some entries again, each time others.
    ///
    /// For a difference that version vectors do not show: a peer was told that a write counts no more before it was told
    /// which one took its place, and then lost whoever knew. It has seen all, and holds less.
    pub(crate) fn re_announce(&mut self, cx: &Context<S>) {
        let rows = self.entries.len();
        for _ in 0..rows.min(RE_ANNOUNCED_MAX) {
            self.re_announce_from = (self.re_announce_from + 1) % rows;
            if let Some((_, entry)) = self.entries.at_mut(self.re_announce_from) {
                self.pending += usize::from(!entry.retransmits.is_pending());
                entry.retransmits = cx.retransmit_limit();
                self.entries.set_flag(self.re_announce_from, Flag::Pending, true);
            }
        }
    }

    /// Up to which of a writer's numbers we have seen all that counts.
    pub(crate) fn seen(&self, writer: Life) -> u32 {
        self.versions.get(&writer).copied().unwrap_or(0)
    }

    /// Writes under our next number, so that it prevails over all that we know of the key.
    fn write(&mut self, cx: &Context<S>, key: S::Key, operation: Operation, value: S::Blob) -> Result<Dot, Unwritten> {
        let writer = cx.me.writer();
        let sequence = self.seen(writer).checked_add(1).ok_or(Unwritten::Exhausted)?;
        let dot = writer.dot(sequence);
        let replaced = self.row(key.as_ref()).map(Entry::precedence);
        // Kulkarni et al. 2014, §3: the clock on the wall where it is ahead, else one more than the latest; and whatever
        // the clocks of others show, more than what it replaces.
        let above = replaced.map_or_else(Stamp::default, |replaced| replaced.stamp.next());
        let stamp = cx.calendar.stamp(cx.now).max(self.clock.next()).max(above);
        if replaced.is_some_and(|replaced| replaced.stamp == stamp && replaced.dot > dot) {
            return Err(Unwritten::Unsurpassable);
        }
        if stamp <= Stamp::FOLLOWED_MAX {
            self.clock = stamp;
        }
        let entry = Entry {
            dot,
            stamp,
            span: 1 + self.span_superseded(writer.dot(sequence - 1), key.as_ref()),
            value,
            extension_len: 0,
            operation,
            retransmits: cx.retransmit_limit(),
            untold: true,
        };
        self.store(cx, key, entry);
        self.set_version(cx, writer, sequence);
        Ok(dot)
    }

    /// When the write before ours was to the same key, ours accounts for its span too: a key written again and again
    /// leaves no gaps to be pulled.
    fn span_superseded(&self, before: Dot, key: &[u8]) -> u32 {
        let superseded = self.entries.get(key).filter(|entry| entry.dot == before);
        superseded.map_or(0, |entry| entry.span)
    }

    /// Joins one write; `false` when there is no room for it.
    fn join_entry(&mut self, cx: &mut Context<S>, frame: &EntryFrame<'_>) -> bool {
        let known = self.entries.get(frame.key);
        let incoming = Precedence { stamp: frame.stamp, dot: frame.dot };
        if known.is_some_and(|known| known.precedence().join(&incoming) == Joined::Same) {
            cx.count(Counter::EntriesDuplicate);
            return true;
        }
        if known.is_none() && self.entries.is_full() {
            return false;
        }
        let (Some(key), Some(value), Some(extension_len)) =
            (S::Key::copy_of(frame.key), S::Blob::copy_of(frame.value.bytes()), frame.value.extension_len())
        else {
            return false;
        };
        let entry = Entry {
            dot: frame.dot,
            stamp: frame.stamp,
            span: frame.span,
            value,
            extension_len,
            operation: frame.operation,
            retransmits: cx.relay_retransmits(),
            untold: true,
        };
        self.store(cx, key, entry);
        cx.count(Counter::EntriesApplied);
        true
    }

    /// Puts an entry in place of whatever its key had. There is room: the callers have looked.
    fn store(&mut self, cx: &Context<S>, key: S::Key, mut entry: Entry<S::Blob>) {
        self.pending += usize::from(entry.retransmits.is_pending());
        self.digest += digest_of_entry(cx, key.as_ref(), entry.dot);
        let pending = entry.retransmits.is_pending();
        if let Some(slot) = self.entries.slot(key.as_ref()) {
            self.entries.strike(slot, dot_of);
            if let Some((_, known)) = self.entries.at_mut(slot) {
                self.digest -= digest_of_entry(cx, key.as_ref(), known.dot);
                self.pending -= usize::from(known.retransmits.is_pending());
                self.untold += usize::from(!known.untold);
                *known = entry;
            }
            self.entries.enter(slot, dot_of);
            return self.set_flags(slot, pending, true);
        }
        // A deletion of what we never had changes nothing for the application.
        entry.untold = entry.operation == Operation::Put;
        let untold = entry.untold;
        self.untold += usize::from(untold);
        if self.entries.insert(key, entry).is_ok() {
            let slot = self.entries.len() - 1;
            self.entries.enter(slot, dot_of);
            self.set_flags(slot, pending, untold);
        }
    }

    fn set_flags(&mut self, slot: usize, pending: bool, untold: bool) {
        self.entries.set_flag(slot, Flag::Pending, pending);
        self.entries.set_flag(slot, Flag::Untold, untold);
    }

    fn ensure_version(&mut self, writer: Life) -> bool {
        self.versions.slot(&writer).is_some() || self.versions.insert(writer, 0).is_ok()
    }

    fn set_version(&mut self, cx: &Context<S>, writer: Life, sequence: u32) {
        let Some(row) = self.versions.get_mut(&writer) else { return };
        let before = core::mem::replace(row, sequence);
        self.digest -= digest_of(cx, writer, before);
        self.digest += digest_of(cx, writer, sequence);
    }
}

fn digest_of<S: Storage>(cx: &Context<S>, writer: Life, sequence: u32) -> Digest {
    if sequence == 0 {
        return Digest::default();
    }
    cx.digester.of_words(&[writer.origin.0, u64::from(writer.generation.0), u64::from(sequence)])
}

fn digest_of_entry<S: Storage>(cx: &Context<S>, key: &[u8], dot: Dot) -> Digest {
    let life = u64::from(dot.generation.0) << 32 | u64::from(dot.sequence);
    cx.digester.of_words(&[cx.digester.of_bytes(key).0, dot.origin.0, life])
}

/// Why nothing was written.
enum Unwritten {
    /// No number is left.
    Exhausted,
    /// No stamp is left.
    Unsurpassable,
}
