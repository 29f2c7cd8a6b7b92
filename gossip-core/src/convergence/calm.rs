//! How long to wait before it is worth finding out who agrees.
use crate::{context::Context, storage::Storage};
use core::time::Duration;

/// The longest wait between two inquiries while nothing new is learned, in probe intervals.
pub(super) const WAIT_MAX: u32 = 8;

/// As long as nothing else is known.
pub(super) fn first_wait<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.gossip_interval / 4
}

/// How long things have to stand still at most, before it is asked and passed on who agrees: the longer, the more there are, and
/// with their square, since each of them sends a bit for each of them.
pub(super) fn patience_max<S: Storage>(cx: &Context<S>) -> Duration {
    let crowds = u32::try_from(cx.live / CROWD).unwrap_or(u32::MAX);
    let longest = cx.config.probe_interval.saturating_mul(WAIT_MAX);
    cx.config.gossip_interval.saturating_mul(crowds.saturating_mul(crowds).saturating_add(1)).min(longest)
}

/// Of so many members, the bits are a small part of a datagram.
const CROWD: usize = 128;
