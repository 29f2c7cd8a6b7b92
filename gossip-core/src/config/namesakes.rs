//! A name that two living nodes go by: for how long that is believed, and who asks. `tests/names.rs` holds what comes of these:
//! that it ends, and that `two_of_one_name_cost_next_to_nothing`.

/// So long after both were last known to live, in probe intervals, they are not known to any more.
///
/// From 30 to 35, while the others are what they are: see the assertion. Less: under loss, a conflict ends while both live; more:
/// when one is gone, nobody agrees for longer. A guess: not measured.
pub(crate) const LEASE: u32 = 30;
/// How often the two ask each other, in probe intervals: three times within the lease.
///
/// From 1 to 11, which is less than [`ASKED_FROM`]. Less: more datagrams while it lasts; more: losses end it. A guess: not
/// measured.
pub(crate) const RENEWED_EVERY: u32 = LEASE / 3;
/// In probe intervals: what is told at a greater age than this is taken from nobody. It is about to end, and is not to go round
/// once more: whoever knew of it asked by itself from [`ASKED_FROM`] and [`ASKED_WITHIN`] on, so that where it has ended, at an
/// age of [`LEASE`], others know of nothing that is younger than the difference.
///
/// From 10 to 12, less than that difference. Less: it reaches fewer before it is renewed; more: it does not end. By that
/// argument.
pub(crate) const TOLD_FOR: u32 = 12;
/// In probe intervals: who heard nothing for so long asks by itself.
///
/// 11 or 12, more than [`RENEWED_EVERY`]: as long as the two tell it in time, nobody else asks. More: less time is left to ask.
/// By that argument.
pub(crate) const ASKED_FROM: u32 = 12;
/// In probe intervals: each that asks by itself begins at a moment of its own within this.
///
/// From 1 to 5. Less: all ask the two at once; more: less time is left to ask. By the assertion, as much as there is.
pub(crate) const ASKED_WITHIN: u32 = 5;
const _: () = assert!(RENEWED_EVERY < ASKED_FROM && TOLD_FOR < LEASE - (ASKED_FROM + ASKED_WITHIN));
/// In probe intervals: and so often, until both have answered.
///
/// From 1 to 10. Less: more datagrams at one that does not answer; more: fewer askings before the lease ends. A guess: not
/// measured; there are six or more.
pub(crate) const ASKED_AGAIN: u32 = 2;
/// In probe intervals: who was heard so lately may be there still, when another life of its name speaks from elsewhere.
///
/// From 1 to 60. Less: a rival goes unnoticed until it hears of the other; more: each restart at another address is asked about.
/// A guess: not measured.
pub(crate) const LATELY: u32 = 4;
/// So many of a cluster ask then.
///
/// From 1 to all. Fewer: losses hide it; more: as many datagrams at an address where most often nobody is. A guess: not measured.
pub(crate) const ASKERS: usize = 4;
/// In probe intervals: so long do two rivals wait before they contradict each other again.
///
/// From 1 to 100. Less: each outdoes the other at the speed of the network, for ever; more: after a restart, our former life's
/// words stand for longer. A guess: not measured.
pub(crate) const RIVAL_PATIENCE: u32 = 10;
