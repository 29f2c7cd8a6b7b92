//! How long a datagram to a member may be: a search as of RFC 8899.
use core::time::Duration;

/// How often a length is tried before it counts as lost: `MAX_PROBES` of RFC 8899, §5.1.2, which has 3.
///
/// From 2 to 10. Fewer: paths are taken for shorter than they are, for chance losses; more: a search of a short path takes
/// longer.
pub(crate) const TRIES_MAX: u8 = 3;
/// How long a path that was found to be short is left at that: `PMTU_RAISE_TIMER` of RFC 8899, §5.1.1, which has ten minutes.
///
/// From a minute to a day. Less: short paths are searched in vain; more: what became longer is used later.
pub(crate) const REVISED_AFTER: Duration = Duration::from_mins(10);
/// And where something is missing here for as long as it is short.
///
/// From ten seconds to [`REVISED_AFTER`]. Less: padded pings for nothing; more: what is missing comes later. By what it costs: 40
/// bytes a second at most, for one such path. `tests/paths.rs`.
pub(crate) const BLOCKED_REVISED_AFTER: Duration = Duration::from_mins(2);
/// Each length that is tried is longer than the last one that arrived by one of so many parts of it.
///
/// From 2 to 10. Fewer parts: the part that is left for halving is longer; more: a search takes more steps. A guess: not
/// measured; by a fifth, six steps lead from 512 bytes to 1,400.
pub(crate) const STEP_PART: u16 = 5;
/// Halves of a step that are no longer than this, in bytes, are not looked into.
///
/// From 1 to 64. Less: more tries, for a little; more: as much of a path stays unused, and an entry as long as that does not
/// arrive. `a_path_is_found_to_within_sixteen_bytes` in `path_search.rs` holds it and counts the tries.
pub(crate) const STEP_MIN: u16 = 16;
/// Searches that find nothing wrong come ever more seldom, down to one in two to the power of this, in gossip intervals: where
/// losses are common, each of them is cause for doubt.
///
/// From 0 to 12. Less: on lossy links, searches cost more than all else; more: a path that has become short there is found out
/// later. A guess: not measured; 256 gossip intervals are 51 s on a `lan`.
pub(crate) const CLEAN_SEARCHES_MAX: u8 = 8;
