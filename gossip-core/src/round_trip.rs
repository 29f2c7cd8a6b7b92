//! How long answers take, from what was measured.
use crate::time::micros;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How long answers take: a mean and a mean deviation, both fading (Jacobson 1988, "Congestion Avoidance and Control",
/// appendix A), in whole microseconds, so that every platform agrees. Up to an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// Zero stands for: not known.
    mean: u32,
    deviation: u32,
}

impl RoundTrip {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { mean: 0, deviation: 0 };

    /// How long an answer takes, on the whole.
    #[must_use]
    pub const fn mean(self) -> Option<Duration> {
        if self.mean == 0 { None } else { Some(Duration::from_micros(self.mean as u64)) }
    }

    /// How far answers stray from that.
    #[must_use]
    pub const fn deviation(self) -> Duration {
        Duration::from_micros(self.deviation as u64)
    }

    /// An answer took this long.
    pub fn record(&mut self, sample: Duration) {
        let sample = u32::try_from(micros(sample)).unwrap_or(u32::MAX).clamp(1, Self::LONGEST);
        if self.mean == 0 {
            *self = Self { mean: sample, deviation: sample / 2 };
            return;
        }
        self.deviation = self.deviation - self.deviation / 4 + self.mean.abs_diff(sample) / 4;
        self.mean = (self.mean - self.mean / 8 + sample / 8).max(1);
    }

    /// How long to wait for an answer before it is missed: four deviations beyond the mean.
    #[must_use]
    pub const fn timeout(self) -> Option<Duration> {
        if self.mean == 0 { None } else { Some(Duration::from_micros(self.mean as u64 + 4 * self.deviation as u64)) }
    }

    /// Of two, the one whose answers are waited for longer.
    pub(crate) fn slower(self, other: Self) -> Self {
        let reach = |of: Self| u64::from(of.mean) + 4 * u64::from(of.deviation);
        if reach(other) > reach(self) { other } else { self }
    }

    const LONGEST: u32 = 3_600_000_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_follows_what_is_measured_and_waits_longer_where_that_varies() {
        let mut steady = RoundTrip::UNKNOWN;
        assert_eq!((steady.mean(), steady.timeout()), (None, None));
        (0..50).for_each(|_| steady.record(Duration::from_millis(8)));
        assert_eq!(steady.mean(), Some(Duration::from_millis(8)));
        assert!(steady.timeout().unwrap() < Duration::from_millis(9), "{steady:?}");
        let mut restless = RoundTrip::UNKNOWN;
        (0..50).for_each(|n| restless.record(Duration::from_millis(if n % 2 == 0 { 4 } else { 12 })));
        assert!(restless.timeout().unwrap() > Duration::from_millis(16), "{restless:?}");
    }

    #[test]
    fn no_sample_is_too_short_or_too_long() {
        for sample in [Duration::ZERO, Duration::MAX] {
            let mut estimate = RoundTrip::UNKNOWN;
            (0..3).for_each(|_| estimate.record(sample));
            assert!(estimate.mean().is_some() && estimate.timeout().is_some());
        }
    }
}
