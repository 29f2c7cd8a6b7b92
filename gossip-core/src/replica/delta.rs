//! Which writes ride on a datagram, and what a peer lacks of them.
use super::Replica;
use crate::{
    config::{dissemination::PICKED_MAX, exchange::WRITERS_MAX},
    id::{Dot, Life},
    path::Proof,
    records::{Entry, Question},
    storage::Storage,
    table::{Flag, Smallest, Table},
    wire::{EntryFrame, Frame, Items, Position, SupersededRange, Writer, write_items},
};
use serde::{Deserialize, Serialize};

/// Up to where an asker has seen one writer: an item of a summary.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    writer: Life,
    sequence: u32,
}

/// How often a write was told, its name, and where it lies.
type Pick = (u8, Dot, usize);

impl<S: Storage> Replica<S> {
    /// Fills what is left of a datagram with writes: those told least first, and of one writer in order. One that is too long
    /// for a path that is known counts as told: the receiver has to have it from others.
    pub(super) fn put_pending(&mut self, path: Proof, writer: &mut Writer<'_>) {
        if self.pending == 0 {
            return;
        }
        let rank = |slot| {
            let (_, entry): &(S::Key, Entry<S::Blob>) = self.entries.as_slice().get(slot)?;
            Some((u8::MAX - entry.retransmits.0, entry.dot, slot))
        };
        let pending = self.entries.flagged(0, Flag::Pending, |(_, entry)| entry.retransmits.is_pending());
        let picked = Smallest::<Pick, PICKED_MAX>::of(pending.filter_map(rank));
        for &(_, _, slot) in picked.as_slice() {
            let Some((key, entry)) = self.entries.as_slice().get(slot) else { continue };
            let told = writer.put(&frame_of(key.as_ref(), entry, entry.span));
            if (told || writer.is_bare() && path == Proof::Settled)
                && let Some((_, entry)) = self.entries.at_mut(slot)
            {
                entry.retransmits = entry.retransmits.after_one();
                if !entry.retransmits.is_pending() {
                    self.pending -= 1;
                    self.entries.set_flag(slot, Flag::Pending, false);
                }
            }
        }
    }

    /// Writes our version vector from `from` on, and says up to where it fitted.
    pub(super) fn put_versions(&self, from: Position, out: &mut [u8]) -> (usize, Position) {
        let items = self.versions_from(from).map(|(writer, sequence)| Seen { writer: *writer, sequence: *sequence });
        let (len, unfit) = write_items(out, items);
        (len, unfit.map_or(Position::Last, |seen| Position::before(seen.writer)))
    }

    /// Writes what the asker lacks, in order of dots, and says up to where, if that was not all of it. Of a writer whose next
    /// write no answer can hold, nothing is told, and others are told all the same.
    pub(super) fn put_lacking(&self, question: &Question<S::Summary>, writer: &mut Writer<'_>) -> Option<Position> {
        let mut lacks = self.lacks(question);
        let unserved = lacks
            .find(|(life, seen, ours)| self.serve_writer(*life, *seen, *ours, writer) != *ours && !writer.is_bare());
        unserved.map(|(life, ..)| Position::before(life))
    }

    /// How many writes the asker was seen to lack, of the first few hundred writers that it asks about.
    pub(crate) fn behind(&self, question: &Question<S::Summary>) -> u32 {
        let lacks = self.lacks(question).take(WRITERS_MAX);
        lacks.fold(0, |behind, (_, seen, ours)| behind.saturating_add(ours - seen))
    }

    /// Writes what still counts of `life` after `seen` and up to `upto`, each write with the span that it accounts for,
    /// and says how far it came.
    pub(crate) fn serve_writer(&self, life: Life, seen: u32, upto: u32, writer: &mut Writer<'_>) -> u32 {
        let mut after = seen;
        for slot in self.entries.by_name(life.dot(seen), dot_of) {
            let Some((key, entry)) = self.entries.as_slice().get(slot) else { break };
            let sequence = entry.dot.sequence;
            if entry.dot.writer() != life || sequence > upto {
                break;
            }
            if !writer.put(&frame_of(key.as_ref(), entry, sequence - after)) {
                return after;
            }
            after = sequence;
        }
        if after == upto || writer.put(&Frame::SupersededRange(SupersededRange { writer: life, after, upto })) {
            upto
        } else {
            after
        }
    }

    /// Of which writers the asker lacks something: from where, and up to where we have it.
    fn lacks<'a>(&'a self, question: &'a Question<S::Summary>) -> impl Iterator<Item = (Life, u32, u32)> + 'a {
        let mut items = Items::<Seen>::of(question.summary.as_ref());
        let rows = self.versions_from(question.from);
        let mut rows = rows.take_while(|(life, _)| Position::behind(*life) <= question.until);
        core::iter::from_fn(move || {
            rows.find_map(|(life, ours)| {
                let seen = items.seek(*life, |seen| seen.writer).map_or(0, |seen| seen.sequence);
                (seen < *ours).then_some((*life, seen, *ours))
            })
        })
    }

    /// Our version vector.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Life, u32)> {
        self.versions_from(Position::First).copied()
    }

    fn versions_from(&self, from: Position) -> impl Iterator<Item = &(Life, u32)> {
        self.versions.ascending(from.life()).filter(|(_, sequence)| *sequence > 0)
    }
}

/// By what else entries are found.
pub(super) fn dot_of<K, B>((_, entry): &(K, Entry<B>)) -> Dot {
    entry.dot
}

fn frame_of<'a, B: AsRef<[u8]>>(key: &'a [u8], entry: &'a Entry<B>, span: u32) -> Frame<'a> {
    let (operation, value) = (entry.operation, entry.extended());
    Frame::Entry(EntryFrame { dot: entry.dot, span, stamp: entry.stamp, key, operation, value })
}
