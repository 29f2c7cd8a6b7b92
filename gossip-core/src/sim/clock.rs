//! A host's clock and its calendar, which need not agree with the world's.
use crate::time::Instant;
use core::time::Duration;

/// When every world begins, by its monotonic clock, which knows no date: not zero, which is a special case nowhere.
pub(super) const BEGAN: Instant = Instant::from_micros(1_000_000_000_000);
/// Parts in a million: what a clock's drift is measured in.
const MILLION: i128 = 1_000_000;

/// A clock that may run fast or slow, and may have been set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// When it was last set or regulated, by the world's time.
    since: Instant,
    /// What it showed then.
    shown: Instant,
    /// By how many parts in a million it runs fast; below zero, slow.
    drift: i32,
}

/// By how much a clock is set, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leap {
    /// It shows a later time at once.
    Ahead(Duration),
    /// It shows an earlier time: to the node, time stands still until it is caught up.
    Back(Duration),
}

/// What a host's calendar is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// The right date, as NTP sets it.
    Right,
    /// A later date than the right one, by so much.
    Ahead(Duration),
    /// An earlier one.
    Back(Duration),
    /// The beginning of 1970, as on a board without a battery.
    Epoch,
    /// Nothing: the host has no calendar. Its node learns of that in its next life.
    Missing,
}

/// The date on which every world begins: 2026-01-01, in milliseconds since the Unix epoch.
const DATE: i128 = 1_767_225_600_000;

impl Calendar {
    /// What is to be added to the milliseconds of a host's clock, which is `shown` at the world's `now`, to make the date.
    pub(super) fn origin(self, now: Instant, began: Instant, shown: Instant) -> Option<i128> {
        let right = DATE + i128::from(now.as_millis()) - i128::from(began.as_millis());
        let millis = |time: Duration| i128::try_from(time.as_millis()).unwrap_or(i128::MAX);
        let date = match self {
            Self::Right => right,
            Self::Ahead(time) => right + millis(time),
            Self::Back(time) => right - millis(time),
            Self::Epoch => 0,
            Self::Missing => return None,
        };
        Some(date - i128::from(shown.as_millis()))
    }
}

/// The date that a host's calendar shows, by its clock.
pub(super) fn shown_date(origin: Option<i128>, shown: Instant) -> Option<u64> {
    origin.map(|origin| u64::try_from((origin + i128::from(shown.as_millis())).max(0)).unwrap_or(u64::MAX))
}

impl Clock {
    pub(super) const fn true_since(now: Instant) -> Self {
        Self { since: now, shown: now, drift: 0 }
    }

    /// What it shows at `now`.
    pub(super) fn at(&self, now: Instant) -> Instant {
        if self.drift == 0 && self.shown == self.since {
            return now;
        }
        let passed = i128::from(now.as_micros()) - i128::from(self.since.as_micros());
        let passed = passed * (MILLION + i128::from(self.drift)) / MILLION;
        from_wide(i128::from(self.shown.as_micros()) + passed)
    }

    /// When it will show `shown`: rounded up, so that it then does.
    pub(super) fn when(&self, shown: Instant) -> Instant {
        if shown == Instant::NEVER || (self.drift == 0 && self.shown == self.since) {
            return shown;
        }
        let ahead = i128::from(shown.as_micros()) - i128::from(self.shown.as_micros());
        let speed = MILLION + i128::from(self.drift);
        let passed = (ahead * MILLION).div_euclid(speed) + 1;
        from_wide(i128::from(self.since.as_micros()) + passed)
    }

    /// Makes it run fast or slow from `now` on.
    pub(super) fn regulate(&mut self, now: Instant, drift: i32) {
        // A clock that stands or runs backwards would never reach a deadline.
        *self = Self { since: now, shown: self.at(now), drift: drift.max(-900_000) };
    }

    /// Sets it.
    pub(super) fn leap(&mut self, now: Instant, leap: Leap) {
        let shown = self.at(now).as_micros();
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let shown = match leap {
            Leap::Ahead(time) => shown.saturating_add(micros(time)),
            Leap::Back(time) => shown.saturating_sub(micros(time)),
        };
        *self = Self { since: now, shown: Instant::from_micros(shown), drift: self.drift };
    }
}

fn from_wide(micros: i128) -> Instant {
    Instant::from_micros(u64::try_from(micros.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_reached_when_the_clock_says_so_and_not_before() {
        let start = Instant::from_micros(1_000_000);
        for drift in [-300_000, -1, 0, 7, 250_000] {
            for leap in [Leap::Ahead(Duration::from_secs(3)), Leap::Back(Duration::from_micros(700_001))] {
                let mut clock = Clock::true_since(start);
                clock.leap(start + Duration::from_secs(1), leap);
                clock.regulate(start + Duration::from_secs(2), drift);
                let shown = clock.at(start + Duration::from_secs(5)) + Duration::from_micros(12_345);
                let when = clock.when(shown);
                assert!(clock.at(when) >= shown, "{drift} {leap:?}");
                let two_micros_before = Instant::from_micros(when.as_micros() - 2);
                assert!(clock.at(two_micros_before) < shown, "{drift} {leap:?}");
            }
        }
    }

    #[test]
    fn a_true_clock_shows_the_time() {
        let clock = Clock::true_since(Instant::from_micros(5));
        assert_eq!(clock.at(Instant::from_micros(9)), Instant::from_micros(9));
        assert_eq!(clock.when(Instant::NEVER), Instant::NEVER);
    }
}
