//! What a node remembers of the others.
use super::Retransmits;
use crate::{
    digest::Digest,
    id::{Addr, Generation, Incarnation, NodeId},
    lattice::{Joined, Lattice},
    path::Path,
    round_trip::RoundTrip,
    time::Instant,
    wire::{Accusers, Bearer, Capabilities, Cause, Extended, Standing, Stores},
};
use serde::{Deserialize, Serialize};

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

    /// A member at `addr` as it says itself, which was never heard and of which the application was told nothing.
    #[must_use]
    pub const fn new(id: NodeId, claim: Claim, addr: Addr, presence: B, path: Path, now: Instant) -> Self {
        let Claim { incarnation, standing, generation } = claim;
        Self {
            incarnation,
            generation,
            standing,
            by: id,
            cause: Cause::OwnWord,
            accusers: Accusers::NONE,
            false_alarms: 0,
            round_trip: RoundTrip::UNKNOWN,
            path,
            stated: incarnation,
            stated_in: generation,
            addr,
            capabilities: Capabilities::keeping(Stores::NONE),
            presence,
            extension_len: 0,
            since: now,
            heard_at: None,
            suspicion: Suspicion::None,
            until: Instant::NEVER,
            knows: Self::UNHEARD,
            behind: 0,
            retransmits: Retransmits::NONE,
            namesake: Namesake::None,
            told: Told::Nothing,
            untold: Untold::Nothing,
        }
    }

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
