//! What a node remembers, as plain data. How it changes is the machines' business.
mod window;

use crate::{
    digest::Digest,
    id::{Addr, Dot, Generation, Incarnation, Life, NodeId},
    lattice::{Joined, Lattice},
    path::Path,
    round_trip::RoundTrip,
    stamp::Stamp,
    time::Instant,
    wire::{Accusers, Bearer, Capabilities, Cause, Extended, Operation, Position, Standing, Store, Urgency},
};
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

/// What is claimed of a member's life: a lattice, ordered by incarnation, then standing, then generation.
///
/// The generation decides only between two lives that claim one incarnation; the node itself then raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// As of which change of mind of the member.
    pub incarnation: Incarnation,
    /// How it stands.
    pub standing: Standing,
    /// Which life is meant.
    pub generation: Generation,
}

impl Lattice for Claim {
    fn join(&mut self, other: &Self) -> Joined {
        if *other <= *self {
            return Joined::Same;
        }
        *self = *other;
        Joined::Grew
    }
}

/// What we remember of a member, ourselves included.
///
/// There may be as many of these as there are pairs of nodes: values lie side by side rather than one in another, so that
/// no byte is lost between them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member<B> {
    /// Of the strongest [claim](Self::claim) known: as of which change of mind of the member.
    pub incarnation: Incarnation,
    /// Of that claim: which life is meant.
    pub generation: Generation,
    /// Of that claim: how it stands.
    pub standing: Standing,
    /// Who first said so, where it is an accusation.
    pub by: NodeId,
    /// On what grounds, where it is an accusation.
    pub cause: Cause,
    /// Who found the same, where it is a suspicion.
    pub accusers: Accusers,
    /// What its false alarms of late add up to: it is given more time.
    pub false_alarms: u8,
    /// How long its answers take.
    pub round_trip: RoundTrip,
    /// How long a datagram to it may be.
    pub path: Path,
    /// As of which incarnation we have its own words: address and presence. An accusation may run ahead of them.
    pub stated: Incarnation,
    /// And of which of its lives: where two lives claim one incarnation, a suspicion of the one may stand above the words of the other.
    pub stated_in: Generation,
    /// Where it can be reached.
    pub addr: Addr,
    /// What it can be asked.
    pub capabilities: Capabilities,
    /// What it tells of itself, and the extension of its words.
    pub presence: B,
    /// How long that is, at the end.
    pub extension_len: u8,
    /// Since when it stands as it stands.
    pub since: Instant,
    /// When we last had a datagram from it.
    pub heard_at: Option<Instant>,
    /// How far a suspicion has come.
    pub suspicion: Suspicion,
    /// When that goes on; never, while there is none.
    pub until: Instant,
    /// The fingerprint of all that it was last known to know; [`UNHEARD`](Self::UNHEARD) before that.
    pub knows: Digest,
    /// How many writes it was seen to lack; the highest number stands for more.
    pub behind: u16,
    /// How many times its claim is still to be told.
    pub retransmits: Retransmits,
    /// Whether another life goes by its name.
    pub namesake: Namesake,
    /// What the application knows of it.
    pub told: Told,
    /// Whether there is something to tell the application.
    pub untold: Untold,
}

impl<B> Member<B> {
    /// What is known of a member that has not been heard.
    pub const UNHEARD: Digest = Digest(0);

    /// The strongest claim known.
    #[must_use]
    pub const fn claim(&self) -> Claim {
        Claim { incarnation: self.incarnation, standing: self.standing, generation: self.generation }
    }

    /// Takes over a claim.
    pub fn set_claim(&mut self, claim: Claim) {
        if claim.generation != self.generation
            && let Told::Standing(standing, _) = self.told
        {
            self.told = Told::Standing(standing, InLife::Former);
        }
        Claim { incarnation: self.incarnation, standing: self.standing, generation: self.generation } = claim;
    }

    /// Whether it is there, as far as is known.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.standing, Standing::Alive | Standing::Suspect)
    }

    /// Of which lives a row tells: most often, the words that we have are of the life that the claim is about.
    pub(crate) fn lives(&self) -> u64 {
        u64::from(self.generation.0) | u64::from(self.generation.0 ^ self.stated_in.0) << 32
    }

    /// Whether the application takes it to be there: before it is forgotten, that has to be put right.
    pub(crate) const fn is_missed(&self) -> bool {
        matches!(self.told, Told::Standing(Standing::Alive | Standing::Suspect, _))
    }
}

impl<B: AsRef<[u8]>> Member<B> {
    /// What it tells of itself, with the extension of its words.
    #[must_use]
    pub fn extended(&self) -> Extended<'_> {
        Extended::new(self.presence.as_ref(), self.extension_len.into())
    }
}

/// Whether another life goes by a member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Namesake {
    /// None, as far as we know.
    None,
    /// One spoke that is not the one we know: it is to be told what is said of it, so that it can contradict.
    Heard,
    /// Two live: there is a [`NameConflict`].
    Known,
}

/// A name that two living nodes go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameConflict {
    /// The two.
    pub bearers: [Bearer; 2],
    /// When we last heard each of them ourselves, from where it is said to be.
    pub heard_at: [Option<Instant>; 2],
    /// When both were last known to live.
    pub seen_at: Instant,
    /// When we ask them ourselves, unless others tell before that they live.
    pub ask_at: Instant,
    /// How many times that is still to be told.
    pub retransmits: Retransmits,
    /// What the application knows of it.
    pub standing: NameStanding,
}

/// What the application knows of a name that two go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameStanding {
    /// Nothing yet.
    Untold,
    /// That it is so.
    Told,
    /// That it is so, which is over.
    OverUntold,
}

/// How far a suspicion has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suspicion {
    /// There is none.
    None,
    /// Others may hear of it and contradict; then we probe it ourselves.
    Suspected,
    /// Somebody counts it as gone, and we did not even suspect it: if nothing contradicts that, we probe it ourselves.
    Doubted,
    /// We ask the suspect ourselves, and wait for an answer; then comes the verdict.
    LastProbes {
        /// How many more there are.
        probes_left: u8,
    },
}

/// What the application was last told of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// Nothing yet.
    Nothing,
    /// That it stands so, in that life.
    Standing(Standing, InLife),
}

/// In which of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InLife {
    /// The one that is known now.
    Present,
    /// Another.
    Former,
}

/// What the application is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untold {
    /// Nothing.
    Nothing,
    /// It may stand otherwise.
    Standing,
    /// Its address or presence changed.
    Update,
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
