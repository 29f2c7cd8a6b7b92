//! What is kept for a next life: entries, rumors and which were seen, addresses, and how often we changed our mind.
//!
//! It is kept as a run of chunks, each of which stands alone, in the very frames of the wire: to restore is to be told
//! once more. A next life draws a new generation, whatever it restores, so that no dot is used twice even where the
//! chunks are old, or a copy of them runs elsewhere.
use super::Node;
use crate::{
    context::Source,
    error::RestoreError,
    id::{Dot, Life, NodeId},
    records::Precedence,
    storage::Storage,
    table::Table,
    time::Instant,
    wire::{ClusterLabel, Frame, Malformed, MemberFrame, Pull, Read, Reader, Standing, Store, Writer},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where [`Node::save`] has come to. Start with the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct SaveCursor(Stage);

#[derive(Debug, Clone, Copy, Default)]
enum Stage {
    #[default]
    Start,
    Members {
        after: Option<NodeId>,
    },
    Windows {
        from: Life,
    },
    Rumors {
        after: Option<Dot>,
    },
    Entries {
        after: Option<Life>,
        seen: u32,
    },
    Done,
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
    /// Nothing may be changed between the first call and the last.
    pub fn save<'b>(&self, cursor: &mut SaveCursor, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        if matches!(cursor.0, Stage::Done) || buffer.len() < usize::from(self.cx.config.datagram_len_max) {
            return None;
        }
        let header = ChunkHeader {
            magic: ChunkHeader::MAGIC,
            version: ChunkHeader::VERSION,
            cluster: self.cx.config.cluster,
            node: self.cx.me.id,
            saved_at: self.cx.now.as_micros(),
        };
        let (start, frames) = buffer.split_at_mut_checked(ChunkHeader::LEN)?;
        postcard::to_slice(&header, start).ok()?;
        let mut writer = Writer::bare(frames);
        cursor.0 = self.save_stage(cursor.0, &mut writer);
        let len = ChunkHeader::LEN + writer.len();
        buffer.get(..len)
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
        self.cx.source = Source::AskedFor;
        let mut restored = Ok(());
        for read in Reader::new(frames) {
            match read {
                Ok(Read::Frame(frame)) => self.restore_frame(&frame, lay_for),
                Ok(Read::Unknown) => {}
                Err(_) => restored = Err(RestoreError::Malformed),
            }
        }
        self.cx.source = Source::Told;
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

    /// Frames that could not be sent, since datagrams were longer then, are left to the peers that can.
    fn restore_frame(&mut self, frame: &Frame<'_>, lay_for: Option<Duration>) {
        match frame {
            Frame::Member(me) if me.id == self.cx.me.id => self.membership.resume(&mut self.cx, me.incarnation),
            // Whether it lives is for itself to say; we only know where to ask.
            Frame::Member(other) => self.membership.remember(&mut self.cx, other.addr),
            Frame::Pull(Pull { store: Store::Rumors, summary, .. }) => {
                self.dissemination.restore_windows(&self.cx, summary);
            }
            Frame::Rumor(rumor) if rumor.payload.bytes().len() <= self.payload_len_max() => {
                self.dissemination.restore_rumor(&mut self.cx, rumor, lay_for);
            }
            Frame::Entry(_) | Frame::SupersededRange(_) => self.on_news(frame),
            _ => {}
        }
    }

    /// Writes what fits, and says where to go on.
    fn save_stage(&self, stage: Stage, writer: &mut Writer<'_>) -> Stage {
        match stage {
            Stage::Start => self.save_members(None, writer),
            Stage::Members { after } => self.save_members(after, writer),
            Stage::Windows { from } => self.save_windows(from, writer),
            Stage::Rumors { after } => self.save_rumors(after, writer),
            Stage::Entries { after, seen } => self.save_entries(after, seen, writer),
            Stage::Done => Stage::Done,
        }
    }

    fn save_members(&self, mut after: Option<NodeId>, writer: &mut Writer<'_>) -> Stage {
        // Those who are gone, too: when all were stopped one after the other, that is where to look for them.
        for (id, member) in self.membership.rows_after(after) {
            let frame = MemberFrame {
                id: *id,
                generation: member.generation,
                incarnation: member.incarnation,
                standing: Standing::Alive,
                addr: member.addr,
                capabilities: member.capabilities,
                presence: b"".into(),
            };
            if !writer.put(&Frame::Member(frame)) {
                return Stage::Members { after };
            }
            after = Some(*id);
        }
        self.save_windows(Life::FIRST, writer)
    }

    /// Which rumors were seen, as we would say so to somebody whom we ask for others: also of those that are kept no more. That none
    /// was seen is said, too.
    fn save_windows(&self, from: Life, writer: &mut Writer<'_>) -> Stage {
        let Some(summary) = writer.tail() else { return Stage::Windows { from } };
        let (len, until) = self.dissemination.summarise(from, summary);
        if len > 0 || from == Life::FIRST {
            let (token, store, len_max, summary) = (0, Store::Rumors, 0, &[][..]);
            let _ = writer.put_tailed(&Frame::Pull(Pull { token, store, from, until, len_max, summary }), len);
        }
        if until == Life::LAST { self.save_rumors(None, writer) } else { Stage::Windows { from: until } }
    }

    fn save_rumors(&self, mut after: Option<Dot>, writer: &mut Writer<'_>) -> Stage {
        for (dot, frame) in self.dissemination.told_frames(self.cx.now, after) {
            if !writer.put(&frame) {
                return Stage::Rumors { after };
            }
            after = Some(dot);
        }
        self.save_entries(None, 0, writer)
    }

    fn save_entries(&self, mut after: Option<Life>, mut seen: u32, writer: &mut Writer<'_>) -> Stage {
        for (life, upto) in self.replica.versions().ascending(after) {
            seen = self.replica.serve_writer(*life, seen, *upto, writer);
            if seen < *upto {
                return Stage::Entries { after, seen };
            }
            (after, seen) = (Some(*life), 0);
        }
        Stage::Done
    }
}
