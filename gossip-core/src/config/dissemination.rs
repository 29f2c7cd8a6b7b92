//! How often news is told, how much of it at a time, and for how long a rumor is kept.
use core::time::Duration;

/// Each so many doublings of the cluster's size are one copy more of each piece of news, beside `news_mult`.
///
/// From 1 to 10. Fewer: more copies among many; more: a push in a large cluster misses more, which then is pulled. A guess: not measured;
/// at 1,024 members, six copies a node, of which a blind push misses e⁻⁶, one in 400.
pub(crate) const DOUBLINGS_A_COPY: u8 = 3;
/// For so long after a change may others still lack it, in gossip intervals: from whoever differs from us then, nothing follows.
///
/// From 3 to 100. Less: whoever has yet to hear is asked for what it lacks itself; more: whoever is ahead of us is asked later. By churn, of
/// which `cargo bench -p gossip-core --features sim --bench churn` counts the bytes: questions to those who were behind were most of them.
pub(crate) const NEWS_FOR: u32 = 10;
/// Pieces of news of one kind that are written into one datagram, at most: those told least come first.
///
/// From 16, which are about a datagram of members, to 256. Fewer: short pieces leave a datagram half empty; more: each datagram takes longer to
/// write. A guess: not measured.
pub(crate) const PICKED_MAX: usize = 32;
/// How often a member is drawn at random before those that will do are counted and drawn from.
///
/// From 1 to 64. Fewer: more looks at all members; more: more draws where few will do. By arithmetic: where half of them do, one draw in
/// 65,000 ends without any.
pub(crate) const DRAWS_MAX: u32 = 16;

/// How long a rumor of our own is kept for those who missed it, in gossip intervals.
///
/// From 3 to 100. Less: under loss, more rumors are told as missed; more: `publish` is busy sooner. By argument: an exchange that starts within
/// one or two, is asked five times over, and has to try another peer. `tests/rumor_promises.rs` holds what becomes of them.
pub(crate) const KEPT_FOR: u32 = 10;
/// How much of the table rumors of our own may fill at once: one of so many parts.
///
/// From 1 to 8. Fewer: bursts of ours leave less room for others'; more: `publish` is busy sooner. With [`OWN_REFILLED_PART`], a quarter
/// of the table is left for others': by that arithmetic.
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
/// From 100 ms to a minute. Less: more looks through the table; more: the dead take room for longer. Times to live are whole seconds, and so is
/// this.
pub(crate) const EXPIRY_PAUSE: Duration = Duration::from_secs(1);
/// After so long, in probe intervals, we have caught up, whether or not all ever agreed: of a publisher that we hear of then, what we lack
/// was missed.
///
/// From 10 to 1,000. Less: a newcomer is told that it missed what was published before it came; more: it is not told of what it did
/// miss. A guess: not measured; a minute on a `lan`, where 256 nodes agree after 39 s at a loss of one in four.
pub(crate) const CAUGHT_UP_AFTER: u32 = 60;
