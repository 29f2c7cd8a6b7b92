//! How long to wait before it is worth finding out who agrees.
use crate::{
    config::{
        convergence::{CALM, CROWD, CROWD_TO_PAY_FOR, IN_A_ROW, PRICE_MAX, WAIT_MAX},
        timing::UNMEASURED_ANSWER_PART,
    },
    context::Context,
    storage::Storage,
    time::{Instant, Span},
};
use core::time::Duration;

/// As long as nothing else is known: no sooner than an answer can be here.
pub(super) fn first_wait<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.gossip_interval.part(UNMEASURED_ANSWER_PART).max(cx.answer_takes())
}

/// How long things have to stand still at most, before it is asked and passed on who agrees.
pub(super) fn patience_max<S: Storage>(cx: &Context<S>) -> Duration {
    growing(cx, CROWD, 2, WAIT_MAX).max(first_wait(cx))
}

/// How seldom it may be found out who agrees, where things change all the time: it grows with the third power of the members.
/// Each of them sends a bit for each of them, a few times, whenever one of them comes or goes.
pub(super) fn price<S: Storage>(cx: &Context<S>) -> Duration {
    growing(cx, CROWD_TO_PAY_FOR, 3, PRICE_MAX)
}

/// From when on it is worth it, if nothing changes any more: after `patience`, and once most of what it cost so far is made up
/// for; or when nothing has changed for so long that it is found out at whatever price.
pub(super) fn settled_at<S: Storage>(cx: &Context<S>, patience: Duration, paid_at: Instant) -> Instant {
    let affordable_at = paid_at.saturating_sub(price(cx).times(IN_A_ROW - 1));
    let calm_at = cx.now + cx.config.probe_interval.times(CALM);
    (cx.now + patience).max(affordable_at.min(calm_at))
}

/// A gossip interval, and another one for each crowd of members, to some power; up to `longest` probe intervals.
fn growing<S: Storage>(cx: &Context<S>, crowd: usize, power: u32, longest: u32) -> Duration {
    let crowds = u32::try_from(cx.live / crowd).unwrap_or(u32::MAX);
    let span = cx.config.gossip_interval.times(crowds.saturating_pow(power).saturating_add(1));
    span.min(cx.config.probe_interval.times(longest))
}
