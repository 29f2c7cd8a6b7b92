//! Joining, and finding the lost again.

/// A presence as long as this, in bytes, is sure to fit the answer to an announce; a longer one is learned by asking.
///
/// From 0 to what a datagram of 512 bytes has room for. Shorter: members with a presence are learned by one more question;
/// longer: each announce is as long, for its answer may be no longer than it is. A guess: not measured; `tests/presences.rs`
/// holds that longer ones arrive.
pub(crate) const ANNOUNCE_PRESENCE_LEN: usize = 128;
/// For so long after we came, or changed what we say of ourselves, do we say it to all whom we never heard, in probe intervals.
///
/// From 1 to 60. Less: whom the push missed has to ask who we are; more: all who have not heard each other go on introducing
/// themselves: before there was an end, rest cost 69 to 79 bytes a node and second, not 61
/// (`cargo bench -p gossip-core --features sim --bench joins -- --seconds 60`). The number is a guess: not measured.
pub(crate) const NEWCOMER_FOR: u32 = 4;
/// The first announce leaves at random within such a part of a gossip interval.
///
/// From 1 to 16. Fewer, which is longer: joins take longer; more: hundreds that were started together overrun the socket of the
/// seed member that all of them name. A guess: not measured apart; `cargo bench -p gossip-core --features sim --bench joins`.
pub(crate) const JOIN_WITHIN: u32 = 2;
/// The first announces are such a part of a gossip interval apart, or as long as an answer takes.
///
/// From 1 to 16. Fewer, which is longer: a lost announce makes a join that much later; more: each join under loss costs more
/// datagrams. A guess: not measured apart; the bench of joins prints both.
pub(crate) const ANNOUNCE_WAITS: u32 = 4;
/// After so many of them without an answer, the wait doubles.
///
/// From 1 to 8. Fewer: where much is lost, joins take longer; more: what is not there costs more datagrams. A guess: not measured.
pub(crate) const ANNOUNCES_A_DOUBLING: u32 = 2;
/// And it doubles so often, at most.
///
/// From 8 to 20. Fewer: where reconnect intervals are long, an address never becomes one of the lost; more: nothing, for it is
/// one of them before.
pub(crate) const WAIT_DOUBLINGS_MAX: u32 = 16;
/// So many announces without an answer mean that we are isolated.
///
/// From 2 to 20. Fewer: the application is told so for lost datagrams; more: it is told late. A guess: not measured; with one
/// seed, at a loss of one in four each way, one in twelve is told so that is not, for the last announce has just left.
pub(crate) const ANNOUNCES_UNTIL_ISOLATED: u32 = 4;
/// In each reconnect interval, so many of us try one of the members that are down, however many we are.
///
/// From 1 to all. Fewer: a large cluster that was cut heals later; more: each that is gone for good costs as many datagrams. A
/// guess: not measured; `cargo membership partition` prints the first, `cargo bench -p gossip-core --features sim --bench churn`
/// the second: among a thousand, where all tried the dead, that was one of the three things that most bytes went for.
pub(crate) const ANNOUNCERS: usize = 32;
/// What an address counts as asked that comes into the book of those that are lost: it was asked for long before, and waits its
/// turn.
///
/// From 32 on, where the wait after an announce grows no more. Fewer: where reconnect intervals are long, it is taken for one
/// that somebody waits for; more: nothing. On a `lan`, an address is one of the lost after 12.
pub(crate) const ANNOUNCES_AT_LOST: u32 = 64;
/// For so many probe intervals after somebody was refused for want of room, our view is known to be partial: whoever is not in it
/// is heard of more often than that.
///
/// From 10 to 600. Less: a view counts as whole that is not; more: one that is whole again counts as partial. A guess: not
/// measured.
pub(crate) const PARTIAL_FOR: u32 = 60;
/// Among so many of those who are gone is the one looked for that is gone for the longest time, and makes room.
///
/// From 8 to the length of the table. Fewer: one that has just gone may be forgotten; more: a stranger's datagram costs more. A
/// guess: not measured; all of a few, and of thousands one that is gone for longer than 98 in 100.
pub(crate) const COMPARED_MAX: usize = 64;
