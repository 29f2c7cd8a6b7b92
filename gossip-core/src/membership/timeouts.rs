//! How long to wait for a member's answer.
use super::{health::Health, suspicion::leniency};
use crate::{
    config::timing::{PING_TIMEOUT_MIN_PART, UNMEASURED_PING_PART},
    context::Context,
    records::Member,
    storage::Storage,
    time::Span,
};
use core::time::Duration;

/// How long to wait for a member.
pub(super) struct Timeouts {
    /// Until an answer is missed.
    pub(super) answer: Duration,
    /// Before it is asked again, once it missed a few.
    pub(super) repeat: Duration,
}

impl Timeouts {
    pub(super) fn with<S: Storage>(cx: &Context<S>, health: &Health, member: &Member<S::Blob>) -> Self {
        let longest = cx.config.probe_timeout;
        let shortest = longest.part(PING_TIMEOUT_MIN_PART);
        let measured = member.round_trip.timeout().or_else(|| cx.round_trip.timeout());
        // Not by `clamp`, which has a word to say where the bounds are the wrong way round: these cannot be.
        let answer = measured.unwrap_or_else(|| longest.part(UNMEASURED_PING_PART)).min(longest).max(shortest);
        // Whoever was slow lately is asked as often, over a longer time.
        let repeat = answer.part(4).max(shortest).times(leniency(member.false_alarms));
        Self { answer: health.stretch(answer), repeat: health.stretch(repeat) }
    }
}
