//! When a write was made: wall clocks where they serve, causality where they fail.
use serde::{Deserialize, Serialize};

/// When a write was made, as a hybrid logical clock tells it (Kulkarni et al. 2014): 48 bits of milliseconds, 16 of a counter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp(#[serde(with = "postcard::fixint::le")] u64);

impl Stamp {
    /// The last stamp of all, in the year 6429: no version of this crate writes a greater one.
    pub const CREDIBLE_MAX: Self = Self(1 << 63);
    /// Stamps beyond the year 4199 are followed by nobody: whoever made one up has spoilt one key, and no clock.
    pub(crate) const FOLLOWED_MAX: Self = Self(1 << 62);

    /// The first stamp of a millisecond.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        let millis = if millis < 1 << 47 { millis } else { (1 << 47) - 1 };
        Self(millis << 16)
    }

    /// The stamp after this one; the last has none after it, and writers then decide.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::CREDIBLE_MAX.0 { Self(self.0 + 1) } else { Self::CREDIBLE_MAX }
    }

    /// Milliseconds since the Unix epoch, where the writer had a calendar; else a mere count.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_stamps_are_greater_and_the_end_holds() {
        let noon = Stamp::from_millis(1_780_000_000_000);
        assert!(noon < noon.next() && noon.next() < Stamp::from_millis(1_780_000_000_001));
        assert_eq!(noon.next().as_millis(), noon.as_millis());
        assert!(Stamp::from_millis(u64::MAX) <= Stamp::CREDIBLE_MAX);
        assert_eq!(Stamp::CREDIBLE_MAX.next(), Stamp::CREDIBLE_MAX);
    }
}
