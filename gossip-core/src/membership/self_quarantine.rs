//! Self-quarantine: a node whose own links are so bad that others can rightly do without it declares itself down.
//!
//! A node that loses four in five of all that it is sent is reached often enough to contradict every suspicion, and too
//! seldom to be of use: it would be suspected and refuted for ever. Others cannot settle that, since each sees but one
//! link; the node itself sees all of its own. When it is suspected, and its own record says that the accusers are right, it
//! does not refute. The same goes for one that is cut off and back, again and again. It counts as gone, by its own word, which
//! nobody has to doubt, until its links have been good for a while.
//!
//! This is our own answer to what Rapid (Suresh et al., ATC 2018, §7) shows of others under one-way loss: there, a view
//! change removes such nodes by agreement.
use super::{Membership, health::Health};
use crate::{
    config::health::{SAME_TROUBLE, UNRELATED},
    context::Context,
    id::Incarnation,
    io::Event,
    stats::Counter,
    storage::Storage,
    time::{Instant, Span},
    wire::Standing,
};
use serde::{Deserialize, Serialize};

/// Whether we quarantine ourselves, and whether the application knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SelfQuarantine {
    Off {
        /// When we were last accused while our links were poor.
        accused_at: Option<Instant>,
        told: bool,
    },
    On {
        told: bool,
    },
}

impl SelfQuarantine {
    pub(super) const OFF: Self = Self::Off { accused_at: None, told: true };

    /// We are suspected: whether we accept that instead of refuting it. Not the first time: it may be about something that is over.
    pub(super) fn accepts_suspicion<S: Storage>(&mut self, cx: &Context<S>, health: &Health) -> bool {
        let Self::Off { accused_at, told } = *self else { return false };
        let interval = cx.config.probe_interval;
        let poor = health.is_poor(cx.now, interval) || health.was_cut_off(cx.now, interval);
        if !poor || cx.live <= 2 {
            return false;
        }
        match accused_at {
            Some(at) if cx.now < at + interval.times(SAME_TROUBLE) => false,
            Some(at) if cx.now < at + interval.times(UNRELATED) => true,
            _ => {
                *self = Self::Off { accused_at: Some(cx.now), told };
                false
            }
        }
    }

    pub(super) fn next_event(&mut self) -> Option<Event<'static>> {
        match self {
            Self::Off { told, .. } if !*told => {
                *told = true;
                Some(Event::Resumed)
            }
            Self::On { told } if !*told => {
                *told = true;
                Some(Event::Quarantined)
            }
            _ => None,
        }
    }
}

impl<S: Storage> Membership<S> {
    /// Whether we are in self-quarantine: down, by our own word.
    pub(crate) fn is_quarantined(&self) -> bool {
        matches!(self.quarantine, SelfQuarantine::On { .. })
    }

    /// Our standing by our own word.
    pub(super) fn own_standing(&self) -> Standing {
        match self.quarantine {
            _ if !self.is_running() => Standing::Left,
            SelfQuarantine::Off { .. } => Standing::Alive,
            SelfQuarantine::On { .. } => Standing::Down,
        }
    }

    pub(super) fn enter_quarantine(&mut self, cx: &mut Context<S>, incarnation: Incarnation) {
        cx.count(Counter::Withdrawals);
        cx.me.incarnation = incarnation.next();
        self.quarantine = SelfQuarantine::On { told: false };
        self.health.forget_probes();
        self.restate(cx);
    }

    /// Comes back, once our links are good.
    pub(super) fn leave_quarantine_when_fit(&mut self, cx: &mut Context<S>) {
        if self.is_quarantined() && self.is_running() && self.health.is_fit_again() {
            cx.me.incarnation = cx.me.incarnation.next();
            self.quarantine = SelfQuarantine::Off { accused_at: None, told: false };
            self.restate(cx);
        }
    }
}
