//! The one clock: it gives the core its time, and turns the core's deadlines back into the operating system's.
use crate::time::Instant;
use core::time::Duration;
use std::time::SystemTime;

/// Counts microseconds since the Unix epoch, and never runs backwards.
///
/// The wall clock is read once, at the start; from there on, time passes by the monotonic clock. A calendar that is
/// set back while the node runs therefore moves no timer, and two nodes whose calendars agree write stamps that compare.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch_micros: u64,
    started: std::time::Instant,
}

impl Clock {
    /// Reads the wall clock, for the only time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the core's time comes from")]
    pub fn start() -> Self {
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { epoch_micros: micros(epoch), started: std::time::Instant::now() }
    }

    /// The time, as the core wants it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the core's time comes from")]
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.epoch_micros) + self.started.elapsed()
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

    /// The same moment on the calendar: what a person reads.
    #[must_use]
    pub fn to_system(at: Instant) -> SystemTime {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(at.as_micros())).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_clocks_tell_the_same_time() {
        let clock = Clock::start();
        let (earlier, later) = (clock.now(), clock.now() + Duration::from_millis(1_500));
        assert!(earlier <= clock.now());
        let wait = clock.to_std(later).duration_since(clock.to_std(earlier));
        assert!(wait >= Duration::from_millis(1_500) && wait < Duration::from_secs(60), "{wait:?}");
        assert_eq!(Clock::to_system(Instant::from_micros(7)), SystemTime::UNIX_EPOCH + Duration::from_micros(7));
    }
}
