//! How long to wait for an answer.
use super::{Peer, Reconcile};
use crate::{
    config::exchange::{TIMEOUT_DOUBLINGS_MAX, TIMEOUT_MAX, TIMEOUT_MIN_PART, TRIES_MAX, UNMEASURED_TIMEOUT_PART},
    context::Context,
    round_trip::RoundTrip,
    storage::Storage,
    time::Span,
};
use core::time::Duration;

impl Reconcile {
    /// How long to wait for an answer: longer every second time, and the last time long enough for any that comes at all. A question
    /// asked again is the same question, and whichever answer comes first will do.
    pub(super) fn timeout<S: Storage>(&self, cx: &Context<S>, peer: &Peer, tries: u8) -> Duration {
        let interval = cx.config.gossip_interval;
        // Where nothing was measured, the first wait is a guess, and the second one longer: a long answer may be on its way.
        let (first, doublings) = match self.round_trip_to(cx, peer).timeout() {
            Some(known) => {
                (known.at_least(interval.part(TIMEOUT_MIN_PART)).at_most(TIMEOUT_MAX), tries.saturating_sub(1) / 2)
            }
            None => (interval.part(UNMEASURED_TIMEOUT_PART), tries / 2),
        };
        let wait = first.times(1 << doublings.min(TIMEOUT_DOUBLINGS_MAX));
        if tries < TRIES_MAX { wait } else { wait.at_least(cx.config.probe_timeout) }
    }

    /// How long answers of `peer` take, as far as is known: of it, of the long answers to our questions, or of anybody.
    pub(super) fn round_trip_to<S: Storage>(&self, cx: &Context<S>, peer: &Peer) -> RoundTrip {
        let known = peer.round_trip.slower(self.round_trip);
        if known == RoundTrip::UNKNOWN { cx.round_trip } else { known }
    }
}
