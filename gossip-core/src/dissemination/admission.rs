//! How many rumors of our own are taken on: no more than can be kept until others have had time to ask for them.
//!
//! A rumor that the push missed is pulled, most surely from its publisher, which is the last to forget it. So each of our own
//! stays for [`KEPT_FOR`] gossip intervals, and for as long as it is yet to be handed out. A bucket of tokens bounds how many
//! that can be: half a table at once, and a quarter of a table (two at least) in each such span, so that a quarter is left for others'.
use crate::{
    config::dissemination::{KEPT_FOR, OWN_AT_ONCE_PART, OWN_REFILLED_PART},
    context::Context,
    dissemination::Dissemination,
    error::PublishError,
    records::Rumor,
    stats::Counter,
    storage::Storage,
    table::Table,
    time::{Instant, Span},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The tokens that were spent, as the moment at which all of them are back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Admission {
    full_at: Instant,
}

impl Admission {
    pub(super) const FULL: Self = Self { full_at: Instant::ZERO };
}

impl<S: Storage> Dissemination<S> {
    /// Takes a token for a rumor of our own.
    pub(super) fn admit(&mut self, cx: &mut Context<S>) -> Result<(), PublishError> {
        let half = self.rumors.limit().div_ceil(OWN_AT_ONCE_PART);
        let refill = refill_of(cx, self.rumors.limit());
        let room = refill.saturating_mul(u32::try_from(half).unwrap_or(u32::MAX));
        let full_at = self.admission.full_at.max(cx.now) + refill;
        let over = full_at.saturating_duration_since(cx.now + room);
        if over.is_zero() && self.own_pending < half {
            self.admission.full_at = full_at;
            return Ok(());
        }
        cx.count(Counter::RumorsBusy);
        let interval = if cx.live > 1 { cx.config.gossip_interval } else { cx.config.reconnect_interval };
        Err(PublishError::Busy { retry_after: if over.is_zero() { interval } else { over } })
    }

    /// Whether a rumor of our own is still kept for those who missed it.
    pub(super) fn is_kept_for_others(cx: &Context<S>, rumor: &Rumor<S::Blob>) -> bool {
        rumor.retransmits.is_pending() || rumor.age(cx.now) < kept_for(cx)
    }
}

/// How long it takes for one token to come back.
fn refill_of<S: Storage>(cx: &Context<S>, limit: usize) -> Duration {
    // Not by `/`, which has a word to say about zero.
    let tokens = u32::try_from(limit.div_ceil(OWN_REFILLED_PART).max(2)).unwrap_or(u32::MAX);
    kept_for(cx).part(tokens)
}

fn kept_for<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.gossip_interval.times(KEPT_FOR)
}
