//! Whom to ask would be in vain, as far as was seen of late.
use super::{Difference, Peer};
use crate::{context::Context, digest::Digest, id::NodeId, storage::Storage, time::Instant};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Exchanges that brought us nothing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Vain {
    /// Over which differences. The other one lacks something, or we have no room: as long as the difference lasts, to ask
    /// anybody who knows the same is to ask in vain.
    differences: [Rest<Difference>; DIFFERENCES_MAX],
    /// With whom. Whoever catches up, with us or with others, has another digest after each step, and most likely knows nothing
    /// that we do not. It will ask us.
    peers: [Rest<NodeId>; PEERS_MAX],
}

/// Lasting differences are few: one for each group of nodes that agree with each other.
const DIFFERENCES_MAX: usize = 2;
/// Those who catch up at the same time are few, too; of more, some are asked in vain.
const PEERS_MAX: usize = 4;
/// How seldom a lasting difference is looked into, in reconnect intervals.
const DIFFERENCE_WAIT_MAX: u32 = 8;
/// How seldom a peer is asked that had nothing, in gossip intervals: any time, it may be the first to hear of something.
const PEER_WAIT_MAX: u32 = 16;

/// For how long there is nothing to ask: twice as long each time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rest<T> {
    of: T,
    until: Instant,
    doublings: u8,
}

const DOUBLINGS_MAX: u8 = 16;

/// Whether the same was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Yes,
    No,
}

impl Vain {
    pub(super) const NONE: Self = Self {
        differences: [Rest::new(Difference { ours: Digest(0), theirs: Digest(0) }); DIFFERENCES_MAX],
        peers: [Rest::new(NodeId(0)); PEERS_MAX],
    };

    /// Whether to ask `peer` now would be in vain.
    pub(super) fn is_in_vain<S: Storage>(&self, cx: &Context<S>, peer: &Peer) -> bool {
        self.differences.iter().any(|rest| rest.of == peer.difference && cx.now < rest.until)
            || self.peers.iter().any(|rest| rest.of == peer.id && cx.now < rest.until)
    }

    /// `peer` had something for us.
    pub(super) fn on_fruit(&mut self, peer: &Peer) {
        if let Some(rest) = self.peers.iter_mut().find(|rest| rest.of == peer.id) {
            *rest = Rest::new(peer.id);
        }
    }

    /// `peer`, whose answers take up to `round_trip`, had nothing for us. Whether that was found of the same difference before.
    pub(super) fn on_nothing<S: Storage>(&mut self, cx: &Context<S>, peer: &Peer, round_trip: Duration) -> Again {
        let (now, interval) = (cx.now, cx.config.gossip_interval);
        let first = interval.saturating_mul(2).max(round_trip);
        let longest = cx.config.reconnect_interval.max(first).saturating_mul(DIFFERENCE_WAIT_MAX);
        let again = extend(&mut self.differences, peer.difference, now, first, longest);
        extend(&mut self.peers, peer.id, now, first, interval.saturating_mul(PEER_WAIT_MAX).max(first));
        again
    }
}

impl<T> Rest<T> {
    const fn new(of: T) -> Self {
        Self { of, until: Instant::ZERO, doublings: 0 }
    }
}

/// Once more in vain. What is new takes the place of what matters least.
fn extend<T: Copy + PartialEq>(
    rests: &mut [Rest<T>],
    of: T,
    now: Instant,
    first: Duration,
    longest: Duration,
) -> Again {
    let known = rests.iter().position(|rest| rest.of == of);
    let at = known.or_else(|| (0..rests.len()).min_by_key(|&at| rests.get(at).map(|rest| rest.until)));
    if let Some(rest) = at.and_then(|at| rests.get_mut(at)) {
        if known.is_none() {
            *rest = Rest::new(of);
        }
        rest.until = now + first.saturating_mul(1 << rest.doublings.min(DOUBLINGS_MAX)).min(longest);
        rest.doublings = rest.doublings.saturating_add(1);
    }
    if known.is_some() { Again::Yes } else { Again::No }
}
