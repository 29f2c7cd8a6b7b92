//! The exchange under way.
use crate::{
    digest::Digest,
    id::{Addr, NodeId},
    round_trip::RoundTrip,
    time::Instant,
    wire::{Position, Store, Stores},
};
use serde::{Deserialize, Serialize};

/// Whom to ask.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Peer {
    pub(crate) id: NodeId,
    pub(crate) addr: Addr,
    /// How long it took to answer pings.
    pub(crate) round_trip: RoundTrip,
    pub(crate) difference: Difference,
}

/// Two nodes that know different things: our digest, and theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) ours: Digest,
    pub(crate) theirs: Digest,
}

/// What was asked last, and whom: at `asked_at` for the first time; until when we wait for an answer before we ask again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Exchange {
    Idle,
    Comparing { peer: Peer, asked_at: Instant, until: Instant, tries: u8 },
    Pulling { peer: Peer, asked_at: Instant, until: Instant, tries: u8, pull: Pulling },
}

/// One question of an exchange.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Pulling {
    pub(super) store: Store,
    /// The range asked for; its end is known once the question is written.
    pub(super) from: Position,
    pub(super) end: Position,
    pub(super) token: u8,
    /// How many answers in a row brought nothing.
    pub(super) no_progress: u8,
    /// Our digest when we asked: an answer that changes nothing is no progress.
    pub(super) had: Digest,
    /// What is still to be pulled after this.
    pub(super) later: Stores,
}

impl Pulling {
    pub(super) const fn all_of(store: Store, later: Stores) -> Self {
        Self { store, from: Position::First, end: Position::First, token: 0, no_progress: 0, had: Digest(0), later }
    }
}

/// Which asking of a question a token stands for: its low bits. Whichever is answered first, that will do; the answer to the first
/// one tells how long it took, however late it comes while we wait (Karn, Partridge 1987).
pub(super) const TRY: u8 = 7;

impl Exchange {
    /// Who is asked.
    pub(super) fn peer(&self) -> Option<NodeId> {
        match self {
            Self::Idle => None,
            Self::Comparing { peer, .. } | Self::Pulling { peer, .. } => Some(peer.id),
        }
    }
}
