//! How often news is told, how much of it at a time, and for how long a rumor is kept.
use crate::records::Retransmits;
use core::time::Duration;

/// Each so many doublings of the cluster's size are one copy more of each piece of news, beside `news_mult`.
///
/// From 1 to 10. Fewer: more copies among many; more: a push in a large cluster misses more, which then is pulled. A guess: not
/// measured; at 1,024 members, six copies a node, of which a blind push misses e⁻⁶, one in 400.
pub(crate) const DOUBLINGS_A_COPY: u8 = 3;
/// For so long after a change may others still lack it, in gossip intervals: from whoever differs from us then, nothing follows.
///
/// From 3 to 100. Less: whoever has yet to hear is asked for what it lacks itself; more: whoever is ahead of us is asked later.
/// `cargo bench -p gossip-core --features sim --bench churn` counts the bytes that questions to those who were behind would cost;
/// the number is a guess: not measured.
pub(crate) const NEWS_FOR: u32 = 10;
/// Pieces of news of one kind that are written into one datagram, at most: those told least come first.
///
/// From [`PUSHED_MAX`] to 256. Fewer: short pieces leave a datagram half empty; more: each datagram takes longer to write. A guess:
/// not measured.
pub(crate) const PICKED_MAX: usize = 32;
/// How often a member is drawn at random before those that will do are counted and drawn from.
///
/// From 1 to 64. Fewer: more looks at all members; more: more draws where few will do. By arithmetic: where half of them do, one
/// draw in 65,000 ends without any.
pub(crate) const DRAWS_MAX: u32 = 16;

/// Changed rows of members beyond these are not pushed at all, but left to be pulled.
///
/// From 4 to [`PICKED_MAX`]. Fewer: a few that join at once are learned by questions; more: a crowd is told several times over to
/// whoever knows. A push is blind, where an exchange costs as much as that for some ten rows, and then tells what is lacking and
/// nothing else. By `cargo bench -p gossip-core --features sim --bench joins`: 256 that join for 1.18 times their table, with
/// this and what went with it, not 4.26.
pub(crate) const PUSHED_MAX: u32 = 16;
/// From so many members on, somebody comes or goes every few seconds, even where all live for hours, and is told as seldom as
/// will do.
///
/// From 64 to 4,096. Fewer: changes take longer among dozens, where there is little to save; more: churn among hundreds costs
/// more. A guess: not measured apart; `cargo bench -p gossip-core --features sim --bench churn` prints what churn costs.
pub(crate) const CROWD: usize = 256;
/// Copies a node of what others said of a member, among so many, where nothing is lost.
///
/// From 1 to `news_mult`. Fewer: more is told in passing, by answers to pings; more: as many more datagrams for each change. A
/// blind push of *m* copies misses a share of e⁻ᵐ (Demers et al. 1987, §1.4): two reach six of seven. By churn, as above: 158
/// bytes a node and second among 1,000 that live for an hour, with this and what went with it, not 1,000.
pub(crate) const RELAYED_BY_MANY: Retransmits = Retransmits(2);
/// Changes of the membership that are remembered, so that whoever lacks just those is told them in passing.
///
/// From 1 to 10. Fewer: more is asked for by questions; more: each datagram of one who differs is compared with twice as many
/// subsets. By churn, as above; the number is a guess: not measured.
pub(crate) const CHANGES_MAX: usize = 6;
/// All subsets of so many differences are tried: of the changes, and of the verdicts on two who are under suspicion.
///
/// From [`CHANGES_MAX`] to 12. As above: 256 sums at eight.
pub(crate) const DIFFERENCES_MAX: usize = CHANGES_MAX + 2;
/// For so long after more changes than that, in gossip intervals, are they left untold in passing: until all who join have come.
///
/// From 1 to 50. Less: the last few of a crowd are told to each that asks for all; more: a change after a crowd is asked for. A
/// guess: not measured; a second on a `lan`, where the last of 256 that join at once has its full view after a third of one.
pub(crate) const CROWDED_FOR: u32 = 5;

/// How long a rumor of our own is kept for those who missed it, in gossip intervals.
///
/// From 3 to 100. Less: under loss, more rumors are told as missed; more: `publish` is busy sooner. By argument: an exchange that
/// starts within one or two, is asked five times over, and has to try another peer. `tests/rumor_promises.rs` holds what becomes
/// of them.
pub(crate) const KEPT_FOR: u32 = 10;
/// How much of the table rumors of our own may fill at once: one of so many parts.
///
/// From 1 to 8. Fewer: bursts of ours leave less room for others'; more: `publish` is busy sooner. With [`OWN_REFILLED_PART`], a
/// quarter of the table is left for others': by that arithmetic.
pub(crate) const OWN_AT_ONCE_PART: usize = 2;
/// And how much more in each span of [`KEPT_FOR`]: one of so many parts.
///
/// From 2 to 16; the trade-off is the same.
pub(crate) const OWN_REFILLED_PART: usize = 4;
/// Rumors that make room at a time, at most: the table is looked through once for all of them.
///
/// From 1 to 64. Fewer: more looks through a full table; more: rumors are forgotten before there is need. A guess: not measured.
pub(crate) const EVICTED_MAX: usize = 8;
/// Of so many rumors, one makes room: in a small table, fewer at a time.
///
/// From 8 to 1,024. Fewer: a small table is emptied for one rumor; more: more looks through it. A guess: not measured.
pub(crate) const EVICTED_OF: usize = 64;
/// How often, at most, those are forgotten whose time is over.
///
/// From 100 ms to a minute. Less: more looks through the table; more: the dead take room for longer. Times to live are whole
/// seconds, and so is this.
pub(crate) const EXPIRY_PAUSE: Duration = Duration::from_secs(1);
/// After so long, in probe intervals, we have caught up, whether or not all ever agreed: of a publisher that we hear of then,
/// what we lack was missed.
///
/// From 10 to 1,000. Less: a newcomer is told that it missed what was published before it came; more: it is not told of what it
/// did miss. A guess: not measured; a minute on a `lan`, where 256 nodes agree after 39 s at a loss of one in four.
pub(crate) const CAUGHT_UP_AFTER: u32 = 60;
