//! Another life that goes by our name: a ghost, of a life that ended, or a rival that lives.
use crate::{
    config::namesakes::RIVAL_PATIENCE,
    context::{Context, Credit},
    id::{Addr, Generation, Incarnation},
    records::{Claim, Intent},
    storage::Storage,
    time::{Instant, Span},
    wire::{Ping, Standing},
};
use serde::{Deserialize, Serialize};

/// The last one that we heard of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Rival {
    generation: Generation,
    /// The highest incarnation under which we heard of it.
    heard: Incarnation,
    /// Not before this do we answer again: two rivals must not refute each other at the speed of the network.
    answer_at: Instant,
    /// When we last asked, where it is said to be, whether it lives.
    asked_at: Instant,
}

impl Rival {
    pub(super) const NONE: Self =
        Self { generation: Generation(0), heard: Incarnation(0), answer_at: Instant::ZERO, asked_at: Instant::ZERO };

    /// The highest incarnation under which we heard of it.
    pub(super) const fn heard(&self) -> Incarnation {
        self.heard
    }

    /// Another life is said to go by our name, at `addr`: asks there, no more often than once in a probe interval.
    pub(super) fn ask<S: Storage>(&mut self, cx: &mut Context<S>, addr: Addr) {
        let too_soon = cx.now < self.asked_at + cx.config.probe_interval;
        if too_soon || addr == cx.me.addr || cx.received.credit == Credit::Upto(0) {
            return;
        }
        self.asked_at = cx.now;
        cx.send_bare(addr, None, Intent::Ping(Ping::ANNOUNCE));
    }

    /// Takes in that another life goes by our name, asks, where it is said to be, whether it lives, and says whether to answer it.
    ///
    /// That it outdid our answer does not show that: after a restart, what our former life said last may come in piece by
    /// piece. Nobody but a rival speaks to us under our name. While it `is_known` to live, neither answers the other, but where it is
    /// counted as gone: then we may be all that is left of the name.
    pub(super) fn answers<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        claim: Claim,
        addr: Option<Addr>,
        is_known: bool,
    ) -> bool {
        if let Some(addr) = addr {
            self.ask(cx, addr);
        }
        let is_new = self.generation != claim.generation;
        let outdid = !is_new && claim.incarnation > self.heard;
        let is_early = is_known || !is_new && cx.now < self.answer_at;
        if is_new {
            *self = Self { generation: claim.generation, answer_at: cx.now, ..*self };
        }
        self.heard = self.heard.max(claim.incarnation);
        // Of whom others accuse, they hear nothing; but us they will count as gone in its stead.
        if is_early && claim.standing == Standing::Alive {
            return false;
        }
        if outdid {
            self.answer_at = cx.now + cx.config.probe_interval.times(RIVAL_PATIENCE);
        }
        true
    }
}
