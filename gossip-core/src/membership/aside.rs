//! Stepping aside: a node whose own links are so bad that others can rightly do without it says so itself.
//!
//! A node that loses four in five of all that it is sent is reached often enough to contradict every suspicion, and too
//! seldom to be of use: it would be suspected and refuted for ever. Others cannot settle that, since each sees but one
//! link; the node itself sees all of its own. When it is accused, and its own record says that the accusers are right, it
//! does not contradict. The same goes for one that is cut off and back, again and again. It counts as gone, by its own word, which nobody has to doubt, until its links have been good for a while.
//!
//! This is our own answer to what Rapid (Suresh et al., ATC 2018, §7) shows of others under one-way loss: there, a view
//! change removes such nodes by agreement.
use super::Membership;
use crate::{
    context::Context,
    id::Incarnation,
    io::Event,
    storage::Storage,
    time::{Instant, Span},
    wire::Standing,
};
use serde::{Deserialize, Serialize};

/// Whether we take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    Taking {
        /// When we were last accused while our links were poor.
        accused_at: Option<Instant>,
        told: bool,
    },
    Aside {
        told: bool,
    },
}

impl Part {
    pub(super) const TAKING: Self = Self::Taking { accused_at: None, told: true };
}

/// Accusations nearer to each other than this, in probe intervals, are about the same trouble.
const SAME_TROUBLE: u32 = 2;
/// Accusations further apart than this are not related.
const UNRELATED: u32 = 60;

impl<S: Storage> Membership<S> {
    /// Whether we stepped aside.
    pub(crate) fn is_aside(&self) -> bool {
        matches!(self.part, Part::Aside { .. })
    }

    /// How we stand by our own word, while we stay.
    pub(super) fn own_standing(&self) -> Standing {
        match self.part {
            _ if !self.is_staying() => Standing::Left,
            Part::Taking { .. } => Standing::Alive,
            Part::Aside { .. } => Standing::Down,
        }
    }

    /// We are suspected: whether we accept that instead of refuting it. Not the first time: it may be about something that is over.
    pub(super) fn accepts_suspicion(&mut self, cx: &Context<S>) -> bool {
        let Part::Taking { accused_at, told } = self.part else { return false };
        let interval = cx.config.probe_interval;
        let poor = self.health.is_poor(cx.now, interval) || self.health.was_cut_off(cx.now, interval);
        if !poor || cx.live <= 2 || cx.config.detection.is_plain() {
            return false;
        }
        match accused_at {
            Some(at) if cx.now < at + interval.times(SAME_TROUBLE) => false,
            Some(at) if cx.now < at + interval.times(UNRELATED) => true,
            _ => {
                self.part = Part::Taking { accused_at: Some(cx.now), told };
                false
            }
        }
    }

    pub(super) fn step_aside(&mut self, cx: &mut Context<S>, incarnation: Incarnation) {
        cx.stats.withdrawals += 1;
        cx.me.incarnation = incarnation.next();
        self.part = Part::Aside { told: false };
        self.health.forget_probes();
        self.restate(cx);
    }

    /// Comes back, once our links are good.
    pub(super) fn come_back_when_fit(&mut self, cx: &mut Context<S>) {
        if self.is_aside() && self.is_staying() && self.health.is_fit_again() {
            cx.me.incarnation = cx.me.incarnation.next();
            self.part = Part::Taking { accused_at: None, told: false };
            self.restate(cx);
        }
    }

    pub(super) fn event_of_part(&mut self) -> Option<Event<'static>> {
        match &mut self.part {
            Part::Taking { told, .. } if !*told => {
                *told = true;
                Some(Event::Resumed)
            }
            Part::Aside { told } if !*told => {
                *told = true;
                Some(Event::SteppedAside)
            }
            _ => None,
        }
    }
}
