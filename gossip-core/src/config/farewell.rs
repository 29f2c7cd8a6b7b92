//! Leaving: what is ours is handed over before the farewell. `tests/farewells.rs` holds what comes of these.

/// Members that are asked at a time how much of ours they have.
///
/// From [`HOLDERS`] to 8. Fewer: each that is slow or lossy holds up the farewell; more: as many datagrams of what is handed
/// over. A guess: not measured; one more than have to answer.
pub(crate) const ASKED_MAX: usize = 3;
/// Members that must have all of it.
///
/// From 1 to [`ASKED_MAX`]. One may be about to crash, and takes it along; more: a farewell takes as many answers. By that
/// argument.
pub(crate) const HOLDERS: usize = 2;
/// How long we try, as long as the caller sets no bound, in gossip intervals.
///
/// From 1 to 100. Less: under loss, something is told as not handed over that a moment later was; more: a program that nobody
/// answers takes long to end. A guess: not measured; there is time for ten askings, none of which one member in 4,000 answers at
/// a loss of one in four each way.
pub(crate) const PATIENCE: u32 = 10;
