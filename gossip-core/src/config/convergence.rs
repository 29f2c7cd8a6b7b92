//! Agreement: when it is worth finding out who agrees. `cargo acceptance --nocapture` prints when all claim it, and
//! `cargo bench -p gossip-core --features sim --bench churn` what it costs where it does not last.

/// How many of our own former digests are remembered, in four bytes each: whoever was heard with one of them was behind us, not
/// ahead.
///
/// From 4 to 64. Fewer: under a stream of changes, evidence of agreement is not believed, and claims come later; more: memory. It
/// was 8; at 32, evidence was believed sooner; 20 is what a sensor's 8 KiB have room for.
pub(crate) const PAST: u8 = 20;
/// So many children has each node in the tree of those that agree.
///
/// From 2 to 8, a bit each in a byte. Fewer: the tree is deeper, and a claim takes more steps; more: who is in the middle sends more at
/// once. A guess: not measured; by 8, 585 nodes are three steps deep.
pub(crate) const CHILDREN: usize = 8;
/// For so long after a change is the tree waited for, in gossip intervals, before evidence goes along any path.
///
/// From 4 to 100. Less: what the tree is about to find out is paid for once more; more: where an edge of it is cut, agreement is
/// claimed later by as much. `cargo agreement edges` prints the second, `writes` the first: at 10, two seconds on a `lan`, which is
/// longer than the tree takes at a loss of one in four.
pub(crate) const TREE_PATIENCE: u32 = 10;
/// Before it asks them, a node waits for those below it, as many times as long as an answer takes.
///
/// From 1 to 8. Fewer: they are asked for what they are about to say; more: what was lost on the way is asked for later. A guess: not
/// measured apart.
pub(crate) const PATIENCE_BELOW: u32 = 2;
/// The longest wait between two digest probes while nothing new is learned, in probe intervals.
///
/// From 1 to 60. Less: where somebody cannot agree, more is asked in vain; more: agreement is found out later. A guess: not
/// measured.
pub(crate) const WAIT_MAX: u32 = 8;
/// Each wait between two digest probes is longer by one of so many parts of it.
///
/// From 1 to 8. Fewer parts: agreement is found out later; more: more is asked in vain. A guess: not measured; by a half.
pub(crate) const WAIT_GROWTH_PART: u32 = 2;
/// An agreement that lasts for so many gossip intervals was worth finding out.
///
/// From 2 to 100. Fewer: where things change all the time, each change is paid for twice; more: after a few changes in a row, the next
/// agreement is claimed later. By what `cargo bench -p gossip-core --features sim --bench churn` prints: at 10, 1,000 that change every two
/// seconds sent 1 % more.
pub(crate) const LASTING: u32 = 20;
/// So often in a row may it be found out in vain before that is waited with for longer than a gossip interval.
///
/// From 1 to 32. Fewer: after ten writes in a row among hundreds, agreement is claimed later: at 3 it took up to 1.1 s among 256 at a loss
/// of one in ten, at 5 up to 0.8 (`cargo agreement writes`). More: it takes longer until a cluster that never rests saves what that
/// costs; at 8, 1,000 that change every two seconds sent 1 % more in the first two minutes (the bench of churn).
pub(crate) const VAIN_FREE: u8 = 5;
/// An agreement that lasted makes up for so many that did not.
///
/// From 1 to [`VAIN_FREE`]. One: a cluster in which something changes every few seconds claims seldom; more: one in which it does each
/// second pays for claims that do not last: at 2, 1,000 that change every two seconds sent 2 % more (the bench of churn).
pub(crate) const VAIN_PAID_BACK: u8 = 1;
/// How often the wait doubles, at most.
///
/// From 5 to 16: with 6, it is longer than the longest wait.
pub(crate) const DOUBLINGS_MAX: u8 = 6;
/// So many members are a crowd: how long things have to stand still before it is asked and passed on who agrees grows with the
/// square of the crowds.
///
/// From 32 to 1,024. Fewer: among hundreds, agreement is claimed later; more: among thousands, evidence is sent that nobody
/// believes, for something has changed. By the bits: of 128 members, they are 16 bytes of a datagram. It was 32, and 64 members
/// waited that need not.
pub(crate) const CROWD: usize = 128;
/// And so many are one that has to save: how seldom it may be found out who agrees, where things change all the time, grows with
/// the third power of these.
///
/// From 32 to 1,024. Fewer: 256 that changed once wait for 20 s where 5 will do, as they did at 24 and the square; more: among a
/// thousand, agreement that does not last is paid for. By arithmetic: among 1,000, it takes some two kilobytes a node to find out
/// that all agree; once in six minutes, that is a tenth of what rest costs.
pub(crate) const CROWD_TO_PAY_FOR: usize = 80;
/// The longest of that, in probe intervals, however many we are.
///
/// From 60 to 3,600. Less: clusters of thousands pay more where agreement does not last; more: they claim it later. A guess: not
/// measured; ten minutes on a `lan`.
pub(crate) const PRICE_MAX: u32 = 600;
/// When nothing has changed for so long, in probe intervals, it is found out at whatever price.
///
/// From 5 to 600. Less: a pause amid changes is paid for; more: large clusters claim late after a handful of changes: a thousand
/// equal nodes did, five minutes late, before there was this bound. The number is a guess: not measured.
pub(crate) const CALM: u32 = 30;
/// After a rest, so many changes in a row are agreed on at once.
///
/// From 1 to 10. Fewer: the second change after a rest waits for its price; more: churn costs more at first. A guess: not
/// measured.
pub(crate) const IN_A_ROW: u32 = 3;
