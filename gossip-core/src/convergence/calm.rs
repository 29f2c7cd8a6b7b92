//! How long to wait before it is worth finding out who agrees.
use crate::{
    config::{
        convergence::{
            CALM, CROWD, CROWD_TO_PAY_FOR, DOUBLINGS_MAX, IN_A_ROW, LASTING, PRICE_MAX, VAIN_FREE, VAIN_PAID_BACK,
            WAIT_GROWTH_PART, WAIT_MAX,
        },
        timing::UNMEASURED_ANSWER_PART,
    },
    context::Context,
    storage::Storage,
    time::{Instant, Span},
};
use core::time::Duration;

/// As long as nothing else is known: no sooner than an answer can be here.
#[inline(never)]
pub(super) fn first_wait<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.gossip_interval.part(UNMEASURED_ANSWER_PART).at_least(cx.answer_takes())
}

/// How long things have to stand still before it is found out who agrees: longer each time that what was found out did not last. The
/// first few times, which come with any change of more than one piece, no longer than a gossip interval; then, up to what so many
/// members ask for.
pub(super) fn patience<S: Storage>(cx: &Context<S>, vain: u8) -> Duration {
    let doubled = |span: Duration, times: u8| span.times(1 << times.min(DOUBLINGS_MAX));
    let first = first_wait(cx);
    match vain.checked_sub(VAIN_FREE) {
        None => doubled(first, vain).at_most(cx.config.gossip_interval),
        Some(more) => doubled(cx.config.gossip_interval, more).at_most(growing(cx, CROWD, 2, WAIT_MAX)),
    }
    .at_least(first)
}

/// Half as long again.
#[inline(never)]
pub(super) fn grown(wait: Duration) -> Duration {
    wait.times(WAIT_GROWTH_PART + 1).part(WAIT_GROWTH_PART)
}

/// How often it was in vain of late, once our digest has changed again, and all agreed `since` then, if they did. Where most of what is
/// found out does not last, it grows.
pub(super) fn vain_after<S: Storage>(cx: &Context<S>, vain: u8, since: Option<Instant>, tried: bool) -> u8 {
    let lasted = |span: Duration| since.is_some_and(|since| since + span <= cx.now);
    if lasted(cx.config.probe_interval.times(CALM)) {
        0
    } else if lasted(cx.config.gossip_interval.times(LASTING)) {
        vain.saturating_sub(VAIN_PAID_BACK)
    } else if tried {
        vain.saturating_add(1).min(VAIN_FREE + DOUBLINGS_MAX)
    } else {
        vain
    }
}

/// How seldom it may be found out who agrees, where things change all the time: it grows with the third power of the members.
/// Each of them sends a bit for each of them, a few times, whenever one of them comes or goes.
pub(super) fn price<S: Storage>(cx: &Context<S>) -> Duration {
    growing(cx, CROWD_TO_PAY_FOR, 3, PRICE_MAX)
}

/// From when on it is worth passing on who agrees, if nothing changes any more: after `patience`, and once most of what it cost so far is made up
/// for; or when nothing has changed for so long that it is found out at whatever price.
pub(super) fn hearsay_at<S: Storage>(cx: &Context<S>, patience: Duration, paid_at: Instant) -> Instant {
    let affordable_at = paid_at.saturating_sub(price(cx).times(IN_A_ROW - 1));
    let calm_at = cx.now + cx.config.probe_interval.times(CALM);
    (cx.now + patience).max(affordable_at.min(calm_at))
}

/// A gossip interval, and another one for each crowd of members, to some power; up to `longest` probe intervals.
fn growing<S: Storage>(cx: &Context<S>, crowd: usize, power: u32, longest: u32) -> Duration {
    let crowds = u32::try_from(cx.live / crowd).unwrap_or(u32::MAX);
    let span = cx.config.gossip_interval.times(crowds.saturating_pow(power).saturating_add(1));
    span.at_most(cx.config.probe_interval.times(longest))
}
