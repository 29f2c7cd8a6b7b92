//! Time, as told by the caller. Nothing in this crate reads a clock.
use core::{fmt, num::NonZeroU64, ops::Add, time::Duration};
use serde::{Deserialize, Serialize};

/// Microseconds since a moment of the caller's choosing, never running backwards.
///
/// It drives timers, and is no date: the date is told by [`Node::set_wall_clock`](crate::Node::set_wall_clock), and may change
/// at any moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(NonZeroU64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(NonZeroU64::MIN);
    /// A moment that never comes: "no deadline".
    pub const NEVER: Self = Self(NonZeroU64::MAX);

    /// The moment `micros` microseconds after the origin; the very last of them is [`NEVER`](Self::NEVER).
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        // Counted from one: an `Option` of it then takes no more than it does, and there is one with every member.
        Self(NonZeroU64::MIN.saturating_add(micros))
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0.get() - 1
    }

    /// Whole milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.as_micros() / 1_000
    }

    /// The moment so long before; the origin, where there was none.
    #[must_use]
    pub(crate) fn saturating_sub(self, before: Duration) -> Self {
        Self::from_micros(self.as_micros().saturating_sub(micros(before)))
    }

    /// How long ago `earlier` was; zero when it was not earlier.
    #[must_use]
    #[inline(never)] // it divides: one copy will do
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.as_micros().saturating_sub(earlier.as_micros()))
    }
}

impl Default for Instant {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instant").field(&self.as_micros()).finish()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::NEVER`].
    #[inline(never)]
    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(micros(after)))
    }
}

/// `Duration::as_micros` in 64 bits, saturating: 128 of them are much code on a small machine, wherever something is timed.
#[inline(never)]
pub(crate) fn micros(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(duration.subsec_micros()))
}

/// The same in 32 bits: up to an hour and eleven minutes, for waits that are never as long.
pub(crate) fn micros_u32(duration: Duration) -> u32 {
    u32::try_from(micros(duration)).unwrap_or(u32::MAX)
}

/// Multiples and parts of time spans, in whole microseconds. `Duration`'s own may panic, and bring along all that it takes to say so.
pub(crate) trait Span {
    /// So many times the span, saturating.
    #[must_use]
    fn times(self, count: u32) -> Self;

    /// One of so many parts of the span; all of it for none.
    #[must_use]
    fn part(self, count: u32) -> Self;

    /// This or `longest`, whichever is shorter.
    #[must_use]
    fn at_most(self, longest: Self) -> Self;

    /// This or `shortest`, whichever is longer.
    #[must_use]
    fn at_least(self, shortest: Self) -> Self;
}

impl Span for Duration {
    #[inline(never)]
    fn times(self, count: u32) -> Self {
        Self::from_micros(micros(self).saturating_mul(count.into()))
    }

    #[inline(never)]
    fn part(self, count: u32) -> Self {
        let whole = micros(self);
        Self::from_micros(whole.checked_div(count.into()).unwrap_or(whole))
    }

    #[inline(never)]
    fn at_most(self, longest: Self) -> Self {
        self.min(longest)
    }

    #[inline(never)]
    fn at_least(self, shortest: Self) -> Self {
        self.max(shortest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_far_end_holds() {
        assert_eq!(Instant::NEVER + Duration::from_secs(1), Instant::NEVER);
        assert_eq!(Instant::ZERO.saturating_duration_since(Instant::NEVER), Duration::ZERO);
        assert!(Instant::from_micros(u64::MAX) == Instant::NEVER && Instant::from_micros(0) == Instant::ZERO);
        assert_eq!(Instant::from_micros(7).as_micros(), 7);
        assert_eq!((micros(Duration::from_micros(1_999_999)), micros(Duration::MAX)), (1_999_999, u64::MAX));
        assert_eq!(size_of::<Option<Instant>>(), 8);
    }

    #[test]
    fn spans_are_multiplied_and_divided_and_hold_at_both_ends() {
        let span = Duration::from_micros(25_001);
        assert_eq!((span.times(3), span.times(0)), (Duration::from_micros(75_003), Duration::ZERO));
        assert_eq!((span.part(2), span.part(0)), (Duration::from_micros(12_500), span));
        assert_eq!(Duration::MAX.times(u32::MAX), Duration::from_micros(u64::MAX));
    }
}
