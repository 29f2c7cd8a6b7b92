//! What a configuration may say: all that is formed of these fits its type, and the wire.
use crate::wire::RumorFrame;
use core::time::Duration;

/// Members that news is pushed to at a time, at most. Sets the array of those who are drawn; and 16 a round reach a million in
/// five rounds (ln *n* / ln (*f* + 1)), so that more is no sooner.
pub(crate) const FANOUT_MAX: u8 = 16;
/// Helpers asked at a time, at most. A guess: not measured; each time others are asked, and one that hears the member will do.
pub(crate) const HELPERS_MAX: u8 = 7;
/// Copies of one piece of news a node, at most: push alone would miss a share of e⁻⁶⁴ then, so that more is noise.
pub(crate) const NEWS_MULT_MAX: u8 = 64;
/// The shortest life of a rumor: the wire counts in seconds.
pub(crate) const TTL_MIN: Duration = Duration::from_secs(1);
/// And the longest, as the wire has it.
pub(crate) const TTL_MAX: Duration = Duration::from_secs(RumorFrame::TTL_SECS_MAX as u64);
/// The shortest interval: common timers are no finer.
pub(crate) const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// The longest: within this, no sum or multiple of intervals that we form overflows.
pub(crate) const INTERVAL_MAX: Duration = Duration::from_hours(24);
/// In bytes: in anything shorter, no write of some use fits.
pub(crate) const DATAGRAM_LEN_MIN: u16 = 96;
/// In bytes: a frame's length takes two bytes at most, 16,383, and there is some room beside it.
pub(crate) const DATAGRAM_LEN_MAX: u16 = 16_000;
