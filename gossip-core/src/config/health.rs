//! Our own health: when we are slow, deaf or lossy ourselves, and what follows. `cargo membership gray slow` print what comes of
//! these, and hold it to bounds.

/// How far our local health may fall: Lifeguard's *S* (Dadgar, Phillips, Currey 2018, §IV-A), which has 8 too.
///
/// From 1 to 16. Intervals and timeouts are stretched by one more than this. Less: the slow accuse others; more: one that was
/// slow finds crashes late for longer.
pub(crate) const SCORE_MAX: u8 = 8;
/// Our links are judged by so many of the latest probes.
///
/// From [`JUDGED_BY_MIN`] to 32, which are remembered. Fewer: chance decides; more: trouble is seen later. A
/// guess: not measured.
pub(crate) const JUDGED_BY: u8 = 16;
/// And by no fewer than these.
///
/// From 4 to [`JUDGED_BY`]. Fewer: chance decides after a start; more: one that starts on bad links is of no use for longer. A
/// guess: not measured.
pub(crate) const JUDGED_BY_MIN: u8 = 12;
/// With no more than one in so many of those answered, our links are poor.
///
/// From 2 to 16. Fewer: one that others can do with is taken out; more: one that loses most stays, and accuses. By arithmetic: at a
/// loss of one in four each way, nine in sixteen first pings are answered; at four in five one way, one in five.
pub(crate) const POOR_ONE_OF: u32 = 4;
/// So many of [`JUDGED_BY`] answered at once mean that nothing is lost.
///
/// From 12 to 16. Fewer: members are held to more answers than a lossy network lets through; more: one chance loss, and pushes
/// cost what they need not. By arithmetic: at a loss of one in ten each way, half the time so many are; at one in four, hardly
/// ever.
pub(crate) const CLEAR: u32 = 14;
/// Without an answer for so many probe intervals, we are cut off.
///
/// From 8 to 60. Less: who spares most probes takes itself for cut off; more: a short outage goes unnoticed, and is contradicted.
/// By argument: in a cluster so busy that three probes in four are spared, one is due every four.
pub(crate) const OUTAGE: u32 = 16;
/// For so many probe intervals after that do we hear what was said of us meanwhile.
///
/// From 1 to [`OUTAGE`]. Less: accusations that were right are contradicted; more: one that is about something new is not. A
/// guess: not measured apart; `cargo membership gray` has a way in that is cut every other 20 s.
pub(crate) const JUST_BACK: u32 = 4;
/// How many of each eight in a row, of the 32 that are remembered, must have been answered for our links to be good again.
///
/// From 1 to 8. Fewer: one that loses most comes back, and goes again; more: where losses are common, nobody comes back. By
/// arithmetic: at a loss of one in four each way, four in five eights have as many; at four in five one way, one in eighteen.
pub(crate) const FIT_OF_EIGHT: u32 = 4;
/// For how many probe intervals a record says anything of the present.
///
/// From 4 to 100. Less: where most probes are spared, there is never a record; more: what is long over is held against us. A
/// guess: not measured.
pub(crate) const FRESH: u32 = 20;
/// Accusations nearer to each other than this, in probe intervals, are about the same trouble: we do not quarantine ourselves for
/// one.
///
/// From 1 to 10. Less: two that speak of one outage count as two; more: one that is in trouble all the time refutes for longer. A
/// guess: not measured apart.
pub(crate) const SAME_TROUBLE: u32 = 2;
/// Accusations further apart than this, in probe intervals, are not related.
///
/// From [`SAME_TROUBLE`] to 600. Less: one that is cut off now and then comes and goes for ever; more: two chance outages make
/// one that is well step aside. A guess: not measured apart.
pub(crate) const UNRELATED: u32 = 60;
