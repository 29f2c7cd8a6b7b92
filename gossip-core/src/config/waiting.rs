//! Waiting until others have a write: whom we ask for that, and how often. `cargo acceptance a_majority --nocapture` prints how long that takes.

/// So many members are asked at a time, at most, whether they have what is waited for; on small machines, as many as fill half of what
/// may be owed.
///
/// From 1 to 512. Fewer: among more, who is asked last waits for as many rounds; more: their answers come all at once. A guess: not
/// measured apart; one round reaches all others in a cluster of 64.
pub(crate) const ASKED_MAX: usize = 64;
/// For each holder that is lacking, so many are asked at a time.
///
/// From 1 to 4. Fewer: a lost datagram costs another round; more: more datagrams. By that argument: at a loss of one in four each way,
/// 18 of 32 who are asked answer, and 36 of 64.
pub(crate) const ASKED_PER_HOLDER: u32 = 2;
/// The shortest wait between two rounds, as a part of the gossip interval; it is as long as an answer takes, where that is more.
///
/// From 8 to 256. Fewer parts: where answers take a millisecond, what was lost is asked again later; more: who writes and waits again
/// and again sends more. A guess: not measured; at 64, 3 ms on a `lan`, and 4,096 questions in a gossip interval at most.
pub(crate) const PAUSE_PART: u32 = 64;
