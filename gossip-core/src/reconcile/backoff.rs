//! Whom not to ask for now: exponential backoff after exchanges that brought nothing.
use super::Peer;
use crate::{
    config::exchange::{DIFFERENCE_DOUBLINGS, FIRST_WAIT, PEER_DOUBLINGS, WAITS_MAX},
    context::Context,
    id::NodeId,
    storage::Storage,
    time::{Instant, Span},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The waits after exchanges that brought us nothing, of two kinds.
///
/// Over which difference it was: the other one lacks something, or we have no room. As long as the difference lasts, nobody who
/// knows the same has anything for us. And with whom: whoever catches up, with us or with others, has another digest
/// after each step, and most likely knows nothing that we do not. It will ask us.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Backoff {
    waits: [Wait; WAITS_MAX],
}

/// How long not to ask: twice as long each time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Wait {
    /// Stands for a difference, or for a peer.
    of: u64,
    until: Instant,
    doublings: u8,
    cause: Cause,
}

/// What was wrong with the last exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Cause {
    /// The answers brought nothing.
    Nothing,
    /// There was no answer to a few tries: chance, most likely.
    Unanswered,
    /// There was none to many, or to a few once more: the peer may have no room for us, and tells us nothing.
    Silence,
}

/// Whether the same was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Yes,
    No,
}

impl Backoff {
    pub(super) const NONE: Self = Self { waits: [Wait::NONE; WAITS_MAX] };

    /// Whether `peer`, or anybody with its difference, is not to be asked yet.
    pub(super) fn is_backed_off<S: Storage>(&self, cx: &Context<S>, peer: &Peer) -> bool {
        let of = [difference_of(peer), peer.id.0];
        self.waits.iter().any(|wait| cx.now < wait.until && of.contains(&wait.of))
    }

    /// `peer` had something for us.
    pub(super) fn on_progress(&mut self, peer: &Peer) {
        if let Some(wait) = self.wait_of(peer.id) {
            *wait = Wait::NONE;
        }
    }

    /// `peer`, whose answers take up to `round_trip`, had nothing for us. Whether that was found of the same difference before.
    pub(super) fn on_no_progress<S: Storage>(&mut self, cx: &Context<S>, peer: &Peer, round_trip: Duration) -> Again {
        let first = cx.config.gossip_interval.times(FIRST_WAIT).at_least(round_trip);
        self.extend(peer.id.0, cx.now, first, PEER_DOUBLINGS);
        self.extend(difference_of(peer), cx.now, first, DIFFERENCE_DOUBLINGS)
    }

    /// `peer` answered nothing that it was asked.
    pub(super) fn on_silence<S: Storage>(&mut self, cx: &Context<S>, peer: NodeId) {
        let _ = self.extend(peer.0, cx.now, cx.config.gossip_interval.times(FIRST_WAIT), PEER_DOUBLINGS);
        if let Some(wait) = self.wait_of(peer) {
            wait.cause = Cause::Silence;
        }
    }

    /// `peer` answered none of a few tries, and somebody else is asked. The first time, it may be asked again at once.
    pub(super) fn on_unanswered<S: Storage>(&mut self, cx: &Context<S>, peer: NodeId) {
        match self.wait_of(peer) {
            Some(wait) if wait.cause == Cause::Nothing => wait.cause = Cause::Unanswered,
            Some(_) => self.on_silence(cx, peer),
            None => {
                let _ = self.extend(peer.0, cx.now, Duration::ZERO, 0);
                if let Some(wait) = self.wait_of(peer) {
                    wait.cause = Cause::Unanswered;
                }
            }
        }
    }

    /// `peer` answers.
    pub(super) fn on_answer(&mut self, peer: NodeId) {
        if let Some(wait) = self.wait_of(peer) {
            wait.cause = Cause::Nothing;
        }
    }

    /// Whether `peer` answered nothing when it was asked last, as far as is remembered.
    pub(super) fn is_silent(&mut self, peer: NodeId) -> bool {
        self.wait_of(peer).is_some_and(|wait| wait.cause == Cause::Silence)
    }

    #[inline(never)]
    fn wait_of(&mut self, peer: NodeId) -> Option<&mut Wait> {
        self.waits.iter_mut().find(|wait| wait.of == peer.0)
    }

    /// Another exchange that brought nothing: doubles the wait. What is new takes the place of what ends first.
    fn extend(&mut self, of: u64, now: Instant, first: Duration, doublings_max: u8) -> Again {
        let known = |wait: &&mut Wait| wait.of == of;
        // Whatever is known comes first, and then whatever ends first.
        let Some(wait) = self.waits.iter_mut().min_by_key(|wait| (!known(wait), wait.until)) else { return Again::No };
        let again = if known(&wait) { Again::Yes } else { Again::No };
        if again == Again::No {
            *wait = Wait { of, ..Wait::NONE };
        }
        wait.until = now + first.times(1 << wait.doublings);
        wait.doublings = (wait.doublings + 1).min(doublings_max);
        again
    }
}

impl Wait {
    const NONE: Self = Self { of: 0, until: Instant::ZERO, doublings: 0, cause: Cause::Nothing };
}

/// Stands for the difference between us and a peer.
fn difference_of(peer: &Peer) -> u64 {
    peer.difference.ours.0.rotate_left(1) ^ peer.difference.theirs.0
}
