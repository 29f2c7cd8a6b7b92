//! Local health (Lifeguard §IV-A): whoever is slow, deaf or cut off must not suspect others.
//!
//! Lifeguard's local health (Dadgar, Phillips, Currey 2018, §IV-A) is a score that stretches our own probe interval and
//! timeouts. Beside it stands a record of the latest probes, which says what no score can: whether it is our own links that
//! are bad, so that those who suspect us are right.
use crate::{
    config::health::{CLEAR, FIT_OF_EIGHT, FRESH, JUDGED_BY, JUDGED_BY_MIN, JUST_BACK, OUTAGE, POOR_ONE_OF, SCORE_MAX},
    time::{Instant, Span},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// What we know of ourselves.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Health {
    /// From 0, well, to [`SCORE_MAX`].
    score: u8,
    /// Of the latest probes, whether the first ping was answered; the latest is the lowest bit.
    record: u32,
    /// How many probes that are.
    recorded: u8,
    recorded_at: Instant,
    /// When somebody last answered a question of ours: proof that we can be heard, and hear.
    answered_at: Option<Instant>,
    /// When somebody did so for the first time after an outage.
    back_at: Option<Instant>,
}

/// So many are remembered.
const RECORD_MAX: u8 = 32;

impl Health {
    pub(super) const fn new() -> Self {
        Self { score: 0, record: 0, recorded: 0, recorded_at: Instant::ZERO, answered_at: None, back_at: None }
    }

    /// A sign that we are slow, or not heard.
    pub(super) fn worsen(&mut self) {
        self.score = (self.score + 1).min(SCORE_MAX);
    }

    /// A sign that we are well.
    pub(super) fn improve(&mut self) {
        self.score = self.score.saturating_sub(1);
    }

    /// What is waited for takes longer, the worse we do (Lifeguard, LHA-Probe).
    pub(super) fn stretch(&self, span: Duration) -> Duration {
        span.times(u32::from(self.score) + 1)
    }

    /// Somebody answered us.
    pub(super) fn on_answer(&mut self, now: Instant, interval: Duration) {
        if self.is_cut_off(now, interval) {
            self.back_at = Some(now);
        }
        self.answered_at = Some(now);
    }

    /// Whether nobody answers us, or nobody did until just now: those who give us up do so with reason.
    pub(super) fn was_cut_off(&self, now: Instant, interval: Duration) -> bool {
        let just_back = |at: Instant| now < at + interval.times(JUST_BACK);
        self.is_cut_off(now, interval) || self.back_at.is_some_and(just_back)
    }

    fn is_cut_off(&self, now: Instant, interval: Duration) -> bool {
        self.answered_at.is_some_and(|at| at + interval.times(OUTAGE) < now)
    }

    /// Whether anybody has answered us since then.
    pub(super) fn is_answered_since(&self, then: Instant) -> bool {
        self.answered_at.is_some_and(|at| at >= then)
    }

    /// Whether the first ping of a probe was answered. Without probes for a while, the record is begun anew.
    pub(super) fn record_probe(&mut self, now: Instant, interval: Duration, answered: bool) {
        if !self.is_fresh(now, interval) {
            self.recorded = 0;
        }
        self.record = self.record << 1 | u32::from(answered);
        self.recorded = (self.recorded + 1).min(RECORD_MAX);
        self.recorded_at = now;
    }

    /// Whether our own links lose so much that others can rightly do without us: of the first pings of the last twelve to
    /// sixteen probes, no more than a quarter were answered. At a loss of one in four each way, nine in sixteen are; at
    /// four in five one way, one in five.
    pub(super) fn is_poor(&self, now: Instant, interval: Duration) -> bool {
        let seen = self.recorded.min(JUDGED_BY);
        self.is_fresh(now, interval)
            && seen >= JUDGED_BY_MIN
            && self.answered_of(0, seen) * POOR_ONE_OF <= u32::from(seen)
    }

    /// Whether our links lose next to nothing: of the last sixteen probes, fourteen were answered at once. At a loss of one in
    /// ten each way, half the time they are; at one in four, hardly ever.
    pub(super) fn sees_no_loss(&self) -> bool {
        self.recorded >= JUDGED_BY && self.answered_of(0, JUDGED_BY) >= CLEAR
    }

    /// Whether our links have been good for long enough: of the last 32 probes, some of each eight in a row were answered. An
    /// outage of a third of that time shows, wherever in it it lies.
    pub(super) fn is_fit_again(&self) -> bool {
        let eights = [0, 8, 16, 24];
        self.recorded == RECORD_MAX && eights.iter().all(|&from| self.answered_of(from, 8) >= FIT_OF_EIGHT)
    }

    /// Begins the record anew.
    pub(super) fn forget_probes(&mut self) {
        self.recorded = 0;
    }

    fn is_fresh(&self, now: Instant, interval: Duration) -> bool {
        now < self.recorded_at + interval.times(FRESH)
    }

    /// How many of the `count` probes were answered that came before the last `skipped` ones.
    fn answered_of(&self, skipped: u8, count: u8) -> u32 {
        (self.record >> skipped & ((1 << count) - 1)).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: u64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    fn after(answers: impl IntoIterator<Item = bool>) -> (Health, Instant) {
        let (mut health, mut second) = (Health::new(), 0);
        for answered in answers {
            second += 1;
            health.record_probe(at(second), SECOND, answered);
        }
        (health, at(second))
    }

    fn poor(answers: impl IntoIterator<Item = bool>) -> bool {
        let (health, now) = after(answers);
        health.is_poor(now, SECOND)
    }

    fn fit(answers: impl IntoIterator<Item = bool>) -> bool {
        after(answers).0.is_fit_again()
    }

    #[test]
    fn links_are_judged_by_enough_probes_of_late() {
        assert!(!poor([false; 11]) && poor([false; 12]));
        assert!(after([true; 16]).0.sees_no_loss() && !after((0..16).map(|n| n % 5 != 0)).0.sees_no_loss());
        assert!(poor((0..16).map(|n| n % 4 == 0)));
        assert!(!poor((0..16).map(|n| n % 2 == 0)));
        let (mut stale, _) = after([false; 16]);
        assert!(!stale.is_poor(at(3_600), SECOND), "what was an hour ago counts no more");
        stale.record_probe(at(3_600), SECOND, false);
        assert!(!stale.is_poor(at(3_600), SECOND));
    }

    #[test]
    fn links_are_fit_again_only_without_an_outage() {
        assert!(!fit([true; 31]) && fit([true; 32]));
        assert!(fit((0..32).map(|n| n % 2 == 0)));
        let flipping = |from: u32| fit((from..from + 32).map(|n| n % 40 < 20));
        assert!((0..40).all(|from| !flipping(from)), "good for twenty, bad for twenty");
    }

    #[test]
    fn an_outage_is_remembered_for_a_moment() {
        let mut health = Health::new();
        assert!(!health.was_cut_off(at(100), SECOND), "nobody was asked yet");
        health.on_answer(at(100), SECOND);
        assert!(!health.was_cut_off(at(110), SECOND) && health.was_cut_off(at(120), SECOND));
        health.on_answer(at(120), SECOND);
        assert!(health.was_cut_off(at(122), SECOND) && !health.was_cut_off(at(125), SECOND));
    }

    #[test]
    fn a_score_stretches_what_we_wait_for_and_has_an_end() {
        let mut health = Health::new();
        assert_eq!(health.stretch(Duration::from_secs(1)), Duration::from_secs(1));
        (0..20).for_each(|_| health.worsen());
        assert_eq!(health.stretch(Duration::from_secs(1)), Duration::from_secs(9));
        (0..20).for_each(|_| health.improve());
        assert_eq!(health.stretch(Duration::from_secs(1)), Duration::from_secs(1));
    }
}
