//! The one clock: it gives the core its time, turns the core's deadlines back into the operating system's, and follows the
//! calendar.
use crate::time::Instant;
use core::time::Duration;
use std::time::SystemTime;

/// How often the wall clock is looked at, at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// By how many milliseconds the wall clock must have moved against the monotonic one to be told of: more than the reading of
/// the two takes, so that nothing is told at rest, and far less than concurrent writes are apart.
const MOVED: u64 = 5;

/// Counts microseconds by the monotonic clock, and never runs backwards: a calendar that is set moves no timer.
///
/// It counts from the Unix epoch as the wall clock showed it at the start, so that a recording can be read. That is no date: the
/// date is what [`follow`](Self::follow) tells.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch_micros: u64,
    started: std::time::Instant,
    wall: Wall,
}

/// What the wall clock has shown so far, against the monotonic one.
#[derive(Debug, Clone, Copy)]
struct Wall {
    look_at: Instant,
    /// From the node's time to the date, in milliseconds, as it was told last.
    told: Option<i64>,
}

impl Clock {
    /// Starts to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the core's time comes from")]
    pub fn start() -> Self {
        let wall = Wall { look_at: Instant::ZERO, told: None };
        Self { epoch_micros: micros(since_epoch()), started: std::time::Instant::now(), wall }
    }

    /// The time, as the core wants it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the core's time comes from")]
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.epoch_micros) + self.started.elapsed()
    }

    /// What the node is to be told of the wall clock, in milliseconds since the Unix epoch: at first, and whenever it has
    /// moved against the monotonic clock, by a step or little by little. It is looked at once a second at most.
    pub fn follow(&mut self, now: Instant) -> Option<u64> {
        if now < self.wall.look_at {
            return None;
        }
        self.wall.read(now, since_epoch())
    }

    /// How long the node has been running.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the core's time comes from")]
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The same moment on the operating system's monotonic clock: what a runtime sleeps until.
    #[must_use]
    pub fn to_std(&self, at: Instant) -> std::time::Instant {
        let since_start = at.saturating_duration_since(Instant::from_micros(self.epoch_micros));
        self.started.checked_add(since_start).unwrap_or(self.started)
    }
}

impl Wall {
    /// The wall clock shows this, so long after the Unix epoch, at the moment `now` of the node's time.
    fn read(&mut self, now: Instant, since_epoch: Duration) -> Option<u64> {
        self.look_at = now + LOOK_INTERVAL;
        let unix_millis = micros(since_epoch) / 1_000;
        let apart = unix_millis.cast_signed().wrapping_sub(now.as_millis().cast_signed());
        if self.told.is_some_and(|told| told.abs_diff(apart) < MOVED) {
            return None;
        }
        self.told = Some(apart);
        Some(unix_millis)
    }
}

/// How long ago the Unix epoch was, by the wall clock. One that shows an earlier date shows that.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the date comes from")]
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn deadlines_come_back_as_they_were_given() {
        let clock = Clock::start();
        let (earlier, later) = (clock.now(), clock.now() + Duration::from_millis(1_500));
        assert!(earlier <= clock.now());
        let wait = clock.to_std(later).duration_since(clock.to_std(earlier));
        assert!(wait >= Duration::from_millis(1_500) && wait < Duration::from_secs(60), "{wait:?}");
    }

    #[test]
    fn the_wall_clock_is_told_at_first_and_whenever_it_has_moved() {
        let seconds = Duration::from_secs;
        // The monotonic clock shows anything; the wall clock 1970, then what NTP says, then a slewed second, then back.
        let mut wall = Wall { look_at: Instant::ZERO, told: None };
        let now = |after: u64| Instant::from_micros(77) + seconds(after);
        assert_eq!(wall.read(now(0), seconds(5)), Some(5_000));
        assert_eq!(wall.look_at, now(1));
        assert_eq!(
            wall.read(now(1), seconds(6) + Duration::from_millis(4)),
            None,
            "the reading of two clocks takes time"
        );
        assert_eq!(wall.read(now(2), seconds(1_800_000_000)), Some(1_800_000_000_000), "a step ahead");
        let slewed = |after: u64| seconds(1_800_000_000 + after - 2) + Duration::from_micros(500 * (after - 2));
        let told: Vec<u64> = (3..33).filter_map(|after| wall.read(now(after), slewed(after))).collect();
        assert_eq!(told.len(), 3, "half a millisecond a second: {told:?}");
        assert_eq!(wall.read(now(33), seconds(1_700_000_000)), Some(1_700_000_000_000), "a step back");
        assert_eq!(wall.read(now(34), seconds(1_700_000_001)), None);
    }

    #[test]
    fn the_wall_clock_is_looked_at_once_a_second() {
        let mut clock = Clock::start();
        let now = clock.now();
        assert!(clock.follow(now).is_some());
        clock.wall.told = None;
        assert_eq!(clock.follow(now + Duration::from_millis(900)), None);
        assert!(clock.follow(now + Duration::from_secs(1)).is_some());
    }
}
