//! What the oracles remember of each host.
use super::farewell::FarewellOutcome;
use crate::{
    id::{Addr, Dot, Generation, Incarnation, NodeId, WaitId},
    node::Liveness,
    records::Precedence,
    sim::Memory,
    time::Instant,
    waiting::Quorum,
    wire::StoreDigests,
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

/// So many of a host's digests are remembered. A claim of agreement speaks of what was heard within the last few seconds.
const DIGESTS_MAX: usize = 256;

/// What the oracles remember of a host.
#[derive(Debug)]
pub(super) struct Watched {
    /// Which name it goes by.
    pub(super) name: NodeId,
    digests: Digests,
    pub(super) life: Life,
    /// What its next life may start with.
    kept: Option<Kept>,
}

/// The digests that a host's nodes had, of each store, the latest last.
#[derive(Debug, Default)]
struct Digests {
    latest: VecDeque<StoreDigests>,
    /// Whether there were more of them.
    forgot: bool,
}

/// Whether a host ever had some digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Had {
    Yes,
    No,
    /// It had more of them than are remembered.
    Perhaps,
}

/// One life of a node, and what its application knows.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// Since when it is there, as one that remembers: a life that starts with memory goes on with the one that saved it.
    pub(super) since: Instant,
    /// Which rumors its application was told.
    pub(super) told: BTreeSet<Dot>,
    /// Which it published.
    pub(super) published: BTreeSet<Dot>,
    /// Which it was told or published before, as far as it remembers.
    pub(super) remembered: BTreeSet<Dot>,
    /// How many rumors of each publisher its application was told that it missed; in this life, and in those that it remembers.
    pub(super) missed: BTreeMap<NodeId, u64>,
    /// In this life alone, of all publishers.
    pub(super) missed_here: u64,
    /// When it first claimed that all agree: then it had caught up.
    pub(super) agreed_at: Option<Instant>,
    pub(super) farewell: FarewellOutcome,
    /// Whether it told that something of its own could not be handed over.
    pub(super) is_not_handed_over: bool,
    /// By which write each key is what its application was told last.
    pub(super) entries: BTreeMap<Box<[u8]>, Precedence>,
    /// Who its application takes to be there.
    pub(super) there: BTreeSet<NodeId>,
    /// Where those were that it was told of, unless they left.
    pub(super) whereabouts: BTreeMap<NodeId, Addr>,
    /// Who its application was told is gone.
    pub(super) gone: BTreeMap<NodeId, Gone>,
    /// What its application waits for, or waited.
    pub(super) waits: BTreeMap<WaitId, Waited>,
    pub(super) me: Option<Myself>,
    pub(super) silence: Silence,
}

/// What an application waits for.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim) struct Waited {
    /// Until when, by the host's clock.
    pub(in crate::sim) until: Instant,
    /// A write, and how many are to have it; or agreement.
    pub(in crate::sim) write: Option<(Dot, Quorum)>,
    pub(in crate::sim) ended: bool,
}

/// What was known of a member when its end was told of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    pub(super) incarnation: Incarnation,
    /// How many members had been forgotten by then.
    pub(super) forgotten: u64,
}

/// A node in its own eyes.
#[derive(Debug)]
pub(super) struct Myself {
    pub(super) liveness: Liveness,
    pub(super) incarnation: Incarnation,
    pub(super) generation: Generation,
    pub(super) rebirths: u64,
    pub(super) presence: Vec<u8>,
}

/// Timers that fired for nothing, one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence {
    /// When the first of them did, by the host's clock.
    pub(super) since: Instant,
    pub(super) timers: u32,
    /// How many of them left the clock where it was.
    pub(super) idle: u32,
}

/// What a node kept for its next life.
#[derive(Debug, Clone)]
struct Kept {
    since: Instant,
    rumors: BTreeSet<Dot>,
    missed: BTreeMap<NodeId, u64>,
}

impl Watched {
    pub(super) fn new(name: NodeId) -> Self {
        Self { name, digests: Digests::default(), life: Life::default(), kept: None }
    }

    /// A life begins.
    pub(super) fn begin(&mut self, now: Instant, memory: Memory) {
        let kept = self.kept.clone().filter(|_| memory == Memory::Kept);
        self.life = match kept {
            None => Life { since: now, ..Life::default() },
            Some(Kept { since, rumors, missed }) => Life { since, remembered: rumors, missed, ..Life::default() },
        };
    }

    /// What its application knows by now is kept for a next life.
    pub(super) fn keep(&mut self) {
        let Life { since, told, published, remembered, missed, .. } = &self.life;
        let rumors = told.iter().chain(published).chain(remembered).copied().collect();
        self.kept = Some(Kept { since: *since, rumors, missed: missed.clone() });
    }

    /// Its digests are these now.
    pub(super) fn note_digests(&mut self, digests: StoreDigests) {
        let Digests { latest, forgot } = &mut self.digests;
        if latest.back() == Some(&digests) {
            return;
        }
        if latest.len() == DIGESTS_MAX {
            latest.pop_front();
            *forgot = true;
        }
        latest.push_back(digests);
    }

    /// Whether it ever had these digests, of the stores that it keeps too.
    pub(super) fn had(&self, digests: &StoreDigests) -> Had {
        let Digests { latest, forgot } = &self.digests;
        // Where all agree, it is the last.
        if latest.iter().rev().any(|had| had.differing(digests).is_empty()) {
            Had::Yes
        } else if *forgot {
            Had::Perhaps
        } else {
            Had::No
        }
    }
}

impl Life {
    /// Whether its application knows a rumor.
    pub(super) fn knows(&self, rumor: Dot) -> bool {
        self.told.contains(&rumor) || self.published.contains(&rumor) || self.remembered.contains(&rumor)
    }

    /// All rumors that its application knows.
    pub(super) fn known(&self) -> impl Iterator<Item = Dot> {
        self.told.iter().chain(&self.published).chain(&self.remembered).copied()
    }
}
