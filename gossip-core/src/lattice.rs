//! What makes gossip safe: everything replicated is a join-semilattice (Shapiro et al. 2011, "Conflict-free Replicated
//! Data Types").
//!
//! Loss, duplication, reordering, replay and partition then are one question: *did every join happen yet?*

/// A value that grows towards agreement.
///
/// `join` must be commutative, associative and idempotent; `tests/lattice.rs` checks it for every type of this crate.
pub trait Lattice {
    /// Takes in what `other` knows, and says whether that was news.
    fn join(&mut self, other: &Self) -> Joined;
}

/// Whether a join told us anything.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// We knew it all.
    Same,
    /// We know more than before.
    Grew,
}
