//! How often to do something that is worth doing at once, and a nuisance if done all the time.
use crate::{
    config::timing::{PACE_AFTER_PROGRESS, PACE_FIRST_WAIT, PACE_REST},
    time::{Instant, Span},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The first time at once, then after ever longer waits, up to an interval; after a rest, at once again.
///
/// News thus takes its first few hops at the speed of the network, while a steady stream of it goes out once an interval.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Pace {
    last_at: Option<Instant>,
    wait: Duration,
}

impl Pace {
    pub(crate) const fn new() -> Self {
        Self { last_at: None, wait: Duration::ZERO }
    }

    /// Whether it was never done.
    pub(crate) fn is_untried(&self) -> bool {
        self.last_at.is_none()
    }

    /// From when on it may be done again.
    pub(crate) fn next_at(&self, now: Instant) -> Instant {
        self.last_at.map_or(now, |last_at| now.max(last_at + self.wait))
    }

    /// It was worth it: cuts the next wait.
    pub(crate) fn reset_backoff(&mut self, interval: Duration) {
        self.wait = self.wait.at_most(interval.part(PACE_AFTER_PROGRESS));
    }

    /// It was done now.
    pub(crate) fn mark(&mut self, now: Instant, interval: Duration) {
        let rested = self.last_at.is_none_or(|last_at| now >= last_at + interval.times(PACE_REST));
        self.wait = if rested { interval.part(PACE_FIRST_WAIT) } else { interval.at_most(self.wait.times(2)) };
        self.last_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_a_rest_resets_them() {
        let interval = Duration::from_millis(800);
        let mut pace = Pace::new();
        let mut now = Instant::from_micros(5);
        let waits: [u128; 6] = core::array::from_fn(|_| {
            let at = pace.next_at(now);
            let wait = at.saturating_duration_since(now).as_millis();
            now = at;
            pace.mark(now, interval);
            wait
        });
        assert_eq!(waits, [0, 100, 200, 400, 800, 800]);
        now = now + interval * 2;
        assert_eq!(pace.next_at(now), now);
    }
}
