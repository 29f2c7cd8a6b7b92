//! What a node remembers, as plain data. How it changes is the machines' business.
mod member;
mod wait;
mod window;

use crate::{
    digest::Digest,
    id::{Addr, Dot, Generation, Life, NodeId},
    lattice::{Joined, Lattice},
    stamp::Stamp,
    time::Instant,
    wire::{Extended, Operation, Position, Store, Urgency},
};
pub use member::{Claim, InLife, Member, NameConflict, NameStanding, Namesake, Suspicion, Told, Untold};
pub use wait::{Awaited, Confirmation, Wait, WaitStanding};
pub use window::{SequenceStatus, Window};

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Retransmits left of a piece of news: counts down with each datagram that carries it (SWIM §4.1; Demers et al. 1987, §1.4,
/// "counter").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Retransmits(pub u8);

impl Retransmits {
    /// None left: it is not pushed.
    pub const NONE: Self = Self(0);

    /// Whether any are left.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        self.0 > 0
    }

    /// One fewer.
    #[must_use]
    pub const fn after_one(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// An address to join through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    /// Who answered from there last.
    pub answered: Option<NodeId>,
    /// How many announces were sent there since.
    pub announces: u32,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Where an address to join through came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// The application named it.
    Named,
    /// A member was there that we have forgotten, or that a former life knew: it makes room for a named one.
    Remembered,
}

/// A replicated entry: the write to a key that prevails.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry<B> {
    /// The write's name.
    pub dot: Dot,
    /// Decides between concurrent writes.
    pub stamp: Stamp,
    /// How many of the writer's numbers up to `dot` this accounts for.
    pub span: u32,
    /// What was written, and nothing when the key was deleted; and the extension of the write.
    pub value: B,
    /// How long that is, at the end.
    pub extension_len: u8,
    /// What was done.
    pub operation: Operation,
    /// How many times the write is still to be told.
    pub retransmits: Retransmits,
    /// Whether the application has yet to be told.
    pub untold: bool,
}

impl<B> Entry<B> {
    /// What decides between this write and another to its key.
    #[must_use]
    pub const fn precedence(&self) -> Precedence {
        Precedence { stamp: self.stamp, dot: self.dot }
    }
}

impl<B: AsRef<[u8]>> Entry<B> {
    /// What was written; `None` when the key was deleted.
    #[must_use]
    pub fn written(&self) -> Option<&[u8]> {
        (self.operation == Operation::Put).then(|| self.extended().known())
    }

    /// The same with its extension.
    #[must_use]
    pub fn extended(&self) -> Extended<'_> {
        Extended::new(self.value.as_ref(), self.extension_len.into())
    }
}

/// What decides between two writes to a key: the later stamp wins, then the greater dot. A lattice, ordered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Precedence {
    /// When it was written.
    pub stamp: Stamp,
    /// Its name, for want of anything fairer.
    pub dot: Dot,
}

impl Lattice for Precedence {
    fn join(&mut self, other: &Self) -> Joined {
        if *other <= *self {
            return Joined::Same;
        }
        *self = *other;
        Joined::Grew
    }
}

/// A rumor that we can still tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rumor<B> {
    /// How urgent its publisher found it.
    pub urgency: Urgency,
    /// What it says, and its extension.
    pub payload: B,
    /// How long that is, at the end.
    pub extension_len: u8,
    /// How many times it is still to be told.
    pub retransmits: Retransmits,
    /// Its place in the order in which rumors came here.
    pub arrival: u32,
    /// Whether the application has yet to be told.
    pub untold: bool,
    /// How long it lives, from when it was published, in seconds.
    pub ttl_secs: u32,
    /// When that is over.
    pub expires_at: Instant,
}

impl<B: AsRef<[u8]>> Rumor<B> {
    /// What it says, with its extension.
    #[must_use]
    pub fn extended(&self) -> Extended<'_> {
        Extended::new(self.payload.as_ref(), self.extension_len.into())
    }
}

impl<B> Rumor<B> {
    /// How long ago it was published, as far as is known: without what it took from node to node.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        let left = self.expires_at.saturating_duration_since(now);
        Duration::from_secs(self.ttl_secs.into()).saturating_sub(left)
    }
}

/// A datagram we owe: its intent, not its bytes. Bytes are written when it leaves, so that it carries the freshest news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub to: Addr,
    /// Whom we believe to be there.
    pub peer: Option<NodeId>,
    /// Why.
    pub intent: Intent,
    /// How long it may be, in bytes: an answer to somebody unproven is no longer than the question.
    pub len_max: u16,
}

/// Why a datagram leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// To ask whether somebody is there.
    Ping(u16),
    /// To answer that we are.
    Ack(u16),
    /// To have somebody else ask.
    PingRequest(u16, NodeId),
    /// To report that somebody is there.
    Relayed(u16, NodeId),
    /// To report that somebody does not answer.
    Unreached(u16, NodeId),
    /// To tell what is held against somebody who is gone.
    Verdict(NodeId),
    /// To tell news, whatever there is.
    News,
    /// To say, in the header, that all below us have our digest, or that all agree.
    Agreement,
    /// To ask in what we differ.
    Compare,
    /// To answer that, to one whose members have this digest.
    StoreDigests(Digest),
    /// To ask how much of ours somebody has.
    Confirm,
    /// To answer that, of the asker's life.
    Confirmed(Life),
    /// To ask for what we lack.
    Pull {
        /// Ties the answer to the question.
        token: u8,
        /// Of which store.
        store: Store,
        /// From where on.
        from: Position,
    },
}

/// A question that is yet to be answered, kept whole: the answer needs nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Question<B> {
    /// Who asked.
    pub peer: NodeId,
    /// In which life: two may go by one name, and are at two addresses.
    pub generation: Generation,
    /// The question's number.
    pub token: u8,
    /// What about.
    pub store: Store,
    /// From where on.
    pub from: Position,
    /// Up to where.
    pub until: Position,
    /// How long the answer may be.
    pub len_max: u16,
    /// What the asker has.
    pub summary: B,
}
