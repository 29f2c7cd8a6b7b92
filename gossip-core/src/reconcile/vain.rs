//! Whom to ask would be in vain, as far as was seen of late.
use super::Peer;
use crate::{
    context::Context,
    id::NodeId,
    storage::Storage,
    time::{Instant, Span},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Exchanges that brought us nothing, of two kinds.
///
/// Over which difference it was: the other one lacks something, or we have no room. As long as the difference lasts, to ask
/// anybody who knows the same is to ask in vain. And with whom: whoever catches up, with us or with others, has another digest
/// after each step, and most likely knows nothing that we do not. It will ask us.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Vain {
    rests: [Rest; RESTS_MAX],
}

/// Lasting differences are few, one for each group of nodes that agree with each other; and so are those who catch up at the same
/// time. Of more, some are asked in vain.
const RESTS_MAX: usize = 5;
/// The first wait, in gossip intervals.
const WAIT: u32 = 2;
/// How often that is doubled, until a lasting difference is looked into every 128 gossip intervals.
const DIFFERENCE_DOUBLINGS: u8 = 6;
/// For a peer, fewer times: any time, it may be the first to hear of something.
const PEER_DOUBLINGS: u8 = 3;

/// For how long there is nothing to ask: twice as long each time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rest {
    /// Stands for a difference, or for a peer.
    of: u64,
    until: Instant,
    doublings: u8,
    cause: Cause,
}

/// Why there is nothing to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Cause {
    /// The answers brought nothing.
    Nothing,
    /// There was no answer: the peer may have no room for us, and tells us nothing.
    Silence,
}

/// Whether the same was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Yes,
    No,
}

impl Vain {
    pub(super) const NONE: Self = Self { rests: [Rest::NONE; RESTS_MAX] };

    /// Whether to ask `peer` now would be in vain.
    pub(super) fn is_in_vain<S: Storage>(&self, cx: &Context<S>, peer: &Peer) -> bool {
        let of = [difference_of(peer), peer.id.0];
        self.rests.iter().any(|rest| cx.now < rest.until && of.contains(&rest.of))
    }

    /// `peer` had something for us.
    pub(super) fn on_fruit(&mut self, peer: &Peer) {
        if let Some(rest) = self.rest_of(peer.id) {
            *rest = Rest::NONE;
        }
    }

    /// `peer`, whose answers take up to `round_trip`, had nothing for us. Whether that was found of the same difference before.
    pub(super) fn on_nothing<S: Storage>(&mut self, cx: &Context<S>, peer: &Peer, round_trip: Duration) -> Again {
        let first = cx.config.gossip_interval.times(WAIT).max(round_trip);
        self.extend(peer.id.0, cx.now, first, PEER_DOUBLINGS);
        self.extend(difference_of(peer), cx.now, first, DIFFERENCE_DOUBLINGS)
    }

    /// `peer` answered nothing that it was asked.
    pub(super) fn on_silence<S: Storage>(&mut self, cx: &Context<S>, peer: NodeId) {
        let _ = self.extend(peer.0, cx.now, cx.config.gossip_interval.times(WAIT), PEER_DOUBLINGS);
        if let Some(rest) = self.rest_of(peer) {
            rest.cause = Cause::Silence;
        }
    }

    /// `peer` answers.
    pub(super) fn on_answer(&mut self, peer: NodeId) {
        if let Some(rest) = self.rest_of(peer) {
            rest.cause = Cause::Nothing;
        }
    }

    /// Whether `peer` answered nothing when it was asked last, as far as is remembered.
    pub(super) fn is_silent(&mut self, peer: NodeId) -> bool {
        self.rest_of(peer).is_some_and(|rest| rest.cause == Cause::Silence)
    }

    #[inline(never)]
    fn rest_of(&mut self, peer: NodeId) -> Option<&mut Rest> {
        self.rests.iter_mut().find(|rest| rest.of == peer.0)
    }

    /// Once more in vain. What is new takes the place of what matters least.
    fn extend(&mut self, of: u64, now: Instant, first: Duration, doublings_max: u8) -> Again {
        let known = |rest: &&mut Rest| rest.of == of;
        // Whatever is known comes first, and then whatever ends first.
        let Some(rest) = self.rests.iter_mut().min_by_key(|rest| (!known(rest), rest.until)) else { return Again::No };
        let again = if known(&rest) { Again::Yes } else { Again::No };
        if again == Again::No {
            *rest = Rest { of, ..Rest::NONE };
        }
        rest.until = now + first.times(1 << rest.doublings);
        rest.doublings = (rest.doublings + 1).min(doublings_max);
        again
    }
}

impl Rest {
    const NONE: Self = Self { of: 0, until: Instant::ZERO, doublings: 0, cause: Cause::Nothing };
}

/// Stands for the difference between us and a peer.
fn difference_of(peer: &Peer) -> u64 {
    peer.difference.ours.0.rotate_left(1) ^ peer.difference.theirs.0
}
