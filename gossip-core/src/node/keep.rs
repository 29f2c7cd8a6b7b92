//! What is kept for a next life: entries, rumors and which were seen, addresses, and how often we changed our mind.
//!
//! It is kept as a run of chunks, each of which stands alone, in the very frames of the wire: to restore is to be told
//! once more. A next life draws a new generation, whatever it restores, so that no dot is used twice even where the
//! chunks are old, or a copy of them runs elsewhere.
use super::{
    Node,
    stores::{ask_store, each_store},
};
use crate::{
    context::{Received, Source},
    error::RestoreError,
    id::{Life, NodeId},
    records::Precedence,
    replicated::{Replicated, ReplicatedData, SavePoint},
    storage::Storage,
    time::Instant,
    wire::{ClusterLabel, Frame, Malformed, Read, Reader, Store, Stores, Writer},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where [`Node::save`] has come to. Start with the default, for all stores.
#[derive(Debug, Clone, Copy)]
pub struct SaveCursor {
    /// Which are to be saved.
    stores: Stores,
    /// How many stores are done, in their order.
    done: usize,
    point: SavePoint,
}

impl SaveCursor {
    /// For some stores alone.
    #[must_use]
    pub const fn of(stores: Stores) -> Self {
        Self { stores, done: 0, point: SavePoint::FIRST }
    }
}

impl Default for SaveCursor {
    fn default() -> Self {
        Self::of(Stores::ALL)
    }
}

/// Begins every chunk.
#[derive(Debug, Serialize, Deserialize)]
struct ChunkHeader {
    magic: [u8; 3],
    version: u8,
    cluster: ClusterLabel,
    node: NodeId,
    /// By the saving node's clock, in microseconds: how old a rumor has become since.
    #[serde(with = "postcard::fixint::le")]
    saved_at: u64,
}

impl ChunkHeader {
    const MAGIC: [u8; 3] = *b"gsp";
    const VERSION: u8 = 3;
    const LEN: usize = 3 + 1 + 4 + 8 + 8;
}

impl<S: Storage> Node<S> {
    /// Writes the next chunk of what a next life should know into `buffer`, which must hold
    /// `config.datagram_len_max` bytes; `None` when all is written, or `buffer` is too short.
    ///
    /// After a drain, for what the application has yet to be told is left out. What changes between the first call and the last may be
    /// missing, both as it was and as it is: whoever goes on in between saves it by itself, with [`save_writes`](Self::save_writes).
    pub fn save<'b>(&self, cursor: &mut SaveCursor, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        if cursor.done >= Store::COUNT || buffer.len() < usize::from(self.cx.config.datagram_len_max) {
            return None;
        }
        let mut writer = self.begin_chunk(buffer)?;
        self.save_on(cursor, &mut writer);
        let len = ChunkHeader::LEN + writer.len();
        buffer.get(..len)
    }

    /// Writes a chunk of what `writer` wrote after its write number `after`, as far as this node has seen it and it still counts; says
    /// up to which number that goes, and is to be called again from there. `None` when there is nothing after that, or `buffer` is too
    /// short for any datagram.
    ///
    /// Whoever has the chunks of all [`versions`](Self::versions), from 0 on, lacks no entry: it is what a peer that has seen `after`
    /// would be answered. After a drain, as [`save`](Self::save). It takes as long as there are such writes.
    pub fn save_writes<'b>(&self, writer: Life, after: u32, buffer: &'b mut [u8]) -> Option<(&'b [u8], u32)> {
        let upto = self.stores.entries.seen(writer);
        if after >= upto || buffer.len() < usize::from(self.cx.config.datagram_len_max) {
            return None;
        }
        let mut frames = self.begin_chunk(buffer)?;
        let reached = self.stores.entries.serve_writer(writer, after, upto, &mut frames);
        let len = ChunkHeader::LEN + frames.len();
        (reached > after).then_some((buffer.get(..len)?, reached))
    }

    /// Whose writes this node has seen, and up to which number of each.
    pub fn versions(&self) -> impl Iterator<Item = (Life, u32)> {
        self.stores.entries.versions()
    }

    /// Takes in one chunk that a former life of this node saved. Before the first `join`; in any order.
    ///
    /// # Errors
    /// When the chunk is damaged, of another version, or another node's. What could be read of it counts.
    pub fn restore(&mut self, now: Instant, chunk: &[u8]) -> Result<(), RestoreError> {
        self.set_now(now);
        let (header, frames) = postcard::take_from_bytes::<ChunkHeader>(chunk).map_err(|_| RestoreError::Malformed)?;
        if header.magic != ChunkHeader::MAGIC {
            return Err(RestoreError::Malformed);
        }
        if header.version != ChunkHeader::VERSION {
            return Err(RestoreError::Version(header.version));
        }
        if header.node != self.cx.me.id || header.cluster != self.cx.config.cluster {
            return Err(RestoreError::Foreign);
        }
        // A clock that is set back tells nothing.
        let lay_for = self.cx.now.as_micros().checked_sub(header.saved_at).map(Duration::from_micros);
        self.cx.received.source = Source::AskedFor;
        let mut restored = Ok(());
        for read in Reader::new(frames) {
            match read {
                Ok(Read::Frame(frame)) => self.restore_frame(&frame, lay_for),
                Ok(Read::Unknown) => {}
                Err(_) => restored = Err(RestoreError::Malformed),
            }
        }
        self.cx.received = Received::NOTHING;
        self.settle();
        restored
    }

    /// How much of a chunk that was [saved](Self::save) this node does not hold: entries in whose place it has nothing, or
    /// something earlier; and what it cannot read. After a [restore](Self::restore), that is what got lost on the way.
    #[must_use]
    pub fn lacking(&self, chunk: &[u8]) -> usize {
        let Ok((_, frames)) = postcard::take_from_bytes::<ChunkHeader>(chunk) else { return 1 };
        let lacks = |read: &Result<Read<'_>, Malformed>| match read {
            Ok(Read::Frame(Frame::Entry(entry))) => {
                self.precedence(entry.key) < Some(Precedence { stamp: entry.stamp, dot: entry.dot })
            }
            Ok(Read::Frame(_)) => false,
            Ok(Read::Unknown) | Err(Malformed) => true,
        };
        Reader::new(frames).filter(lacks).count()
    }

    fn begin_chunk<'b>(&self, buffer: &'b mut [u8]) -> Option<Writer<'b>> {
        let header = ChunkHeader {
            magic: ChunkHeader::MAGIC,
            version: ChunkHeader::VERSION,
            cluster: self.cx.config.cluster,
            node: self.cx.me.id,
            saved_at: self.cx.now.as_micros(),
        };
        let (start, frames) = buffer.split_at_mut_checked(ChunkHeader::LEN)?;
        postcard::to_slice(&header, start).ok()?;
        Some(Writer::bare(frames))
    }

    /// Gives up what came before the writes of a chunk and is lost: [restored](Self::restore) once more, the chunk is taken in then.
    /// Peers that have what was lost tell it all the same, for their digests differ from ours.
    #[cfg(feature = "std")]
    pub(crate) fn give_up_before(&mut self, chunk: &[u8]) {
        let Ok((_, frames)) = postcard::take_from_bytes::<ChunkHeader>(chunk) else { return };
        for read in Reader::new(frames).flatten() {
            if let Read::Frame(Frame::Entry(entry)) = read {
                let upto = entry.dot.sequence.saturating_sub(entry.span);
                self.stores.entries.give_up(&self.cx, entry.dot.writer(), upto);
            }
        }
    }

    fn restore_frame(&mut self, frame: &Frame<'_>, lay_for: Option<Duration>) {
        match frame {
            Frame::Member(me) if me.id == self.cx.me.id => self.membership.resume(&mut self.cx, me.incarnation),
            // Whether it lives is for itself to say; we only know where to ask.
            Frame::Member(other) => self.membership.remember(&mut self.cx, other.addr),
            _ if self.claims_our_future(frame) => self.begin_generation(),
            _ => each_store!(self.stores, (number, store) => if self.cx.stores().contains(number) {
                store.restore(&mut self.cx, frame, lay_for);
            }),
        }
    }

    /// Up to which of a writer's numbers this node has seen all that counts.
    #[cfg(feature = "std")]
    pub(crate) fn seen(&self, writer: Life) -> u32 {
        self.stores.entries.seen(writer)
    }

    /// Writes what fits, store by store.
    fn save_on(&self, cursor: &mut SaveCursor, writer: &mut Writer<'_>) {
        while let Some(&number) = Store::ALL.get(cursor.done) {
            if !cursor.stores.contains(number) {
                cursor.done += 1;
                continue;
            }
            match ask_store!(self, number, store => store.save(&self.cx, cursor.point, writer)) {
                Some(point) => {
                    cursor.point = point;
                    return;
                }
                None => *cursor = SaveCursor { done: cursor.done + 1, ..SaveCursor::of(cursor.stores) },
            }
        }
    }
}
