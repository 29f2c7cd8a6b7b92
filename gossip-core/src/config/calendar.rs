//! The date: when a wall clock counts as wrong.
use core::time::Duration;

/// How far a clock may be from others', in milliseconds, before it counts as wrong: it is told of, and its stamps are not
/// followed.
///
/// From 1,000 to 3,600,000. Lower: honest clocks that nobody sets are told of; higher: of two writes, one of a clock so far ahead
/// wins for as long. By the clocks there are: NTP keeps them within a tenth of a second, and a quartz that nobody sets strays by
/// a second a day. `tests/dates.rs` holds what follows.
pub(crate) const SKEW_MAX: i32 = 10_000;
/// How many peers' calendars are remembered.
///
/// From 3 to 64, six bytes each. Fewer: fewer wrong clocks move the median; more: memory. Eight is a median that three cannot
/// move.
pub(crate) const PEERS_MAX: usize = 8;
/// How many peers it takes to call our clock wrong.
///
/// From 2 to [`PEERS_MAX`]. Of two clocks that differ, nobody can tell which one is right: hence not 1. More: in small clusters,
/// nobody is told.
pub(crate) const PEERS_ENOUGH: u8 = 2;
/// How often we tell the date.
///
/// From a second to an hour. Shorter: ten bytes each; longer: a clock set wrong is told of later. By what it costs, less than a
/// byte a second: `the_date_costs_less_than_a_byte_a_second` in `tests/dates.rs`.
pub(crate) const TELL_INTERVAL: Duration = Duration::from_secs(15);
/// A clock set by more than this, in milliseconds, has made a step: what we knew of others' is measured again.
///
/// From 100 to [`SKEW_MAX`]. Lower: each correction of a poor clock makes us forget; higher: what we knew of others goes on with
/// an error as large, though moved along. A guess: not measured.
pub(crate) const STEP: u64 = 1_000;
