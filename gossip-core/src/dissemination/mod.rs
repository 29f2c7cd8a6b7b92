//! Rumors: pushed while they have retransmits left, pulled by whoever the push missed, told to the application once, or told as
//! missed.
//!
//! Rumor mongering: push with a counted budget (Demers et al. 1987, §1.4, "counter", blind): each node tells a rumor a few times to
//! random members, and then rests. A rumor is named by its dot, so that one window of 64 bits for each publisher tells
//! new from heard, however often and in whatever order copies come.
//!
//! - here: publishing, hearing, telling the application;
//! - `delta`: what rides on a datagram, and what a peer lacks; `store`: all that is asked of a store;
//! - `admission`: how many of our own are taken on;
//! - `windows`: which were seen, given up and missed;
//! - `retention`: how long a rumor is kept, and which goes when there is no room.
//!
//! Every rumor that is published while a node is there is delivered to it, or counted as missed and told so: its window
//! rises only over what was seen, or over what it is told nobody can tell any more.
mod admission;
mod delta;
mod retention;
mod store;
mod windows;

use crate::{
    config::ranges::{TTL_MAX, TTL_MIN},
    context::Context,
    error::{PublishError, TooLong},
    id::{Dot, Life},
    io::Event,
    records::{Retransmits, Rumor, SequenceStatus, Window},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::{Blob, Flag, Table},
    time::Instant,
    wire::{Horizon, RumorFrame, Urgency, len},
};
use admission::Admission;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use windows::Windows;

/// The rumors that we have heard.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Dissemination<S: Storage> {
    rumors: S::Rumors,
    windows: Windows<S>,
    published: u32,
    arrivals: u32,
    /// How many have retransmits left.
    pending: usize,
    /// How many are our own, and how many of those have retransmits left.
    own: usize,
    own_pending: usize,
    admission: Admission,
    untold: usize,
    /// When we came: what was published before, we did not miss.
    since: Instant,
    history: History,
    /// When we next look for rumors whose time is over.
    expire_at: Instant,
}

/// Whether we know which publishers were heard of before we came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum History {
    /// We are catching up: of one not heard of before, nothing was missed.
    CatchingUp,
    /// Whoever was not heard of until now came later than we did.
    Known,
}

/// Who says that a rumor can no longer be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Its publisher; or anybody, when that is dead.
    Final,
    /// Somebody else, who has less reason to keep it.
    Hearsay,
}

/// Whether a publisher may still tell what another cannot.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskPublisher {
    Yes,
    No,
}

impl<S: Storage> Dissemination<S> {
    pub(crate) fn new(cx: &Context<S>) -> Self {
        Self {
            rumors: Table::with_limit(cx.config.limits.rumors),
            windows: Windows::new(cx),
            published: 0,
            arrivals: 0,
            pending: 0,
            own: 0,
            own_pending: 0,
            admission: Admission::FULL,
            untold: 0,
            since: Instant::ZERO,
            history: History::CatchingUp,
            expire_at: Instant::NEVER,
        }
    }

    /// The longest payload, in bytes: it must fit a datagram in the worst case.
    pub(crate) fn payload_len_max(cx: &Context<S>) -> usize {
        cx.room(len::PULL_END + len::RUMOR, 1).min(S::Blob::CAPACITY)
    }

    /// How many rumors we published in this life.
    pub(crate) fn published(&self) -> u32 {
        self.published
    }

    /// Up to which number we have seen all rumors of somebody, or given them up.
    pub(crate) fn seen(&self, writer: Life) -> u32 {
        self.windows.get(writer).floor()
    }

    /// Starts a rumor of our own, to be told for `ttl` from now on: one that is shorter or longer than any may live is taken for
    /// the shortest or longest.
    ///
    /// It stays in the table until it was told as often as one rumor is, and others have had time to ask for it.
    pub(crate) fn publish(
        &mut self,
        cx: &mut Context<S>,
        urgency: Urgency,
        payload: &[u8],
        ttl: Duration,
    ) -> Result<Dot, PublishError> {
        let len_max = Self::payload_len_max(cx);
        let too_long = PublishError::TooLong(TooLong { len: payload.len(), len_max });
        if payload.len() > len_max {
            return Err(too_long);
        }
        let payload = S::Blob::copy_of(payload).ok_or(too_long)?;
        let writer = cx.me.writer();
        let sequence = self.published.checked_add(1).ok_or(PublishError::Exhausted)?;
        if !self.windows.ensure(writer) || !self.make_room(cx) {
            return Err(PublishError::Full { limit: self.rumors.limit() });
        }
        self.admit(cx)?;
        self.published = sequence;
        self.windows.see(cx, writer.dot(sequence));
        let ttl = ttl.clamp(TTL_MIN, TTL_MAX);
        let ttl_secs = u32::try_from(ttl.as_secs()).unwrap_or(RumorFrame::TTL_SECS_MAX);
        let rumor = Rumor {
            urgency,
            payload,
            extension_len: 0,
            retransmits: cx.retransmit_limit(),
            arrival: self.arrivals,
            untold: false,
            ttl_secs,
            expires_at: cx.now + Duration::from_secs(ttl_secs.into()),
        };
        self.keep(cx, writer.dot(sequence), rumor);
        Ok(writer.dot(sequence))
    }

    /// A peer can tell none of the rumors up to a horizon. If it is their publisher, or that is dead, nobody else can, and
    /// we do not wait for them; else their publisher may, and is to be asked: says whether.
    ///
    /// Of somebody whom we had not heard of before we had caught up, we missed nothing: we came later.
    pub(crate) fn on_horizon(&mut self, cx: &mut Context<S>, horizon: &Horizon, authority: Authority) -> AskPublisher {
        if horizon.writer == cx.me.writer() {
            return AskPublisher::No;
        }
        if !self.windows.ensure(horizon.writer) {
            cx.count(Counter::RumorsRefused);
            return AskPublisher::No;
        }
        let window = self.windows.get(horizon.writer);
        let came_later = self.history == History::CatchingUp && window == Window::default();
        if authority == Authority::Hearsay && !came_later {
            return if horizon.upto > window.floor() { AskPublisher::Yes } else { AskPublisher::No };
        }
        let missed = self.windows.raise(cx, horizon.writer, horizon.upto);
        if !came_later {
            self.windows.miss(cx, horizon.writer, missed);
        }
        AskPublisher::No
    }

    /// A live member knows what we know: what its part of the cluster heard of before we came, we know now.
    pub(crate) fn on_caught_up(&mut self) {
        self.history = History::Known;
    }

    /// All live members know what we know: which publishers there were is known, and holes that nobody but the dead could fill
    /// are given up.
    pub(crate) fn on_unanimous(&mut self, cx: &mut Context<S>, may_live: &dyn Fn(Life) -> bool) {
        self.on_caught_up();
        self.give_up_holes(cx, may_live, |_| true);
    }

    /// Joins what a former life of ours had seen, as it [said](Self::put_windows).
    fn restore_windows(&mut self, cx: &Context<S>, summary: &[u8]) {
        self.history = History::Known;
        for (writer, window) in delta::seen(summary) {
            self.windows.join(cx, writer, window);
        }
    }

    /// Takes back a rumor that a former life of ours could still tell, and had told the application. It lay for so long since; if
    /// that is not known, it may be older than it says, and is told to nobody any more.
    fn restore_rumor(&mut self, cx: &mut Context<S>, frame: &RumorFrame<'_>, lay_for: Option<Duration>) {
        if !self.windows.ensure(frame.dot.writer()) {
            return;
        }
        self.windows.see(cx, frame.dot);
        let left = lay_for.and_then(|lay_for| time_left(frame, lay_for));
        let copy = (S::Blob::copy_of(frame.payload.bytes()), frame.payload.extension_len());
        let (Some(left), (Some(payload), Some(extension_len))) = (left, copy) else {
            cx.count(Counter::RumorsExpired);
            return;
        };
        if !self.rumors.is_full() {
            let retransmits = Retransmits::NONE;
            let (urgency, ttl_secs) = (frame.urgency, frame.ttl_secs);
            let expires_at = cx.now + left;
            let (arrival, untold) = (self.arrivals, false);
            let rumor = Rumor { urgency, payload, extension_len, retransmits, arrival, untold, ttl_secs, expires_at };
            self.keep(cx, frame.dot, rumor);
        }
    }

    #[cfg(feature = "sim")]
    pub(crate) fn hears(&self, dot: Dot) -> bool {
        self.windows.rows().slot(&dot.writer()).is_some()
    }

    #[cfg(feature = "sim")]
    pub(crate) fn can_tell(&self, now: Instant, dot: Dot) -> bool {
        self.rumors.get(&dot).is_some_and(|rumor| now < rumor.expires_at)
    }

    /// Tells of rumors that were missed.
    pub(crate) fn tell_missed(&mut self) -> Option<Event<'static>> {
        let (writer, count) = self.windows.take_missed()?;
        Some(Event::RumorsMissed { publisher: writer.origin, count })
    }

    fn take_in(&mut self, cx: &mut Context<S>, frame: &RumorFrame<'_>) {
        let writer = frame.dot.writer();
        let is_older_than_we = age_of(frame) > cx.now.saturating_duration_since(self.since);
        let Some(left) = time_left(frame, Duration::ZERO) else {
            return self.pass_over(cx, frame.dot, is_older_than_we);
        };
        let payload = S::Blob::copy_of(frame.payload.bytes()).zip(frame.payload.extension_len());
        let room = |_: &_| self.windows.ensure(writer) && self.make_room(cx);
        let Some((payload, extension_len)) = payload.filter(room) else {
            // Not marked as seen: it can still be pulled, once there is room.
            cx.count(Counter::RumorsRefused);
            return;
        };
        self.windows.see(cx, frame.dot);
        // What a former life of ours published is no news to our application; what another of our name publishes now is.
        let is_our_own = writer.origin == cx.me.id && is_older_than_we;
        let rumor = Rumor {
            urgency: frame.urgency,
            payload,
            extension_len,
            retransmits: cx.relay_retransmits(),
            arrival: self.arrivals,
            untold: !is_our_own,
            ttl_secs: frame.ttl_secs.min(RumorFrame::TTL_SECS_MAX),
            expires_at: cx.now + left,
        };
        self.keep(cx, frame.dot, rumor);
    }

    /// A rumor came too late to be told: it was missed, unless it was published before we came.
    fn pass_over(&mut self, cx: &mut Context<S>, dot: Dot, is_older_than_we: bool) {
        if !self.windows.ensure(dot.writer()) {
            cx.count(Counter::RumorsRefused);
            return;
        }
        cx.count(Counter::RumorsExpired);
        self.windows.see(cx, dot);
        self.windows.miss(cx, dot.writer(), u32::from(!is_older_than_we));
    }

    fn keep(&mut self, cx: &Context<S>, dot: Dot, rumor: Rumor<S::Blob>) {
        let (retransmits, untold, expires_at) = (rumor.retransmits, rumor.untold, rumor.expires_at);
        if self.rumors.insert(dot, rumor).is_ok() {
            self.arrivals = self.arrivals.wrapping_add(1);
            self.own += usize::from(dot.writer() == cx.me.writer());
            self.pending += usize::from(retransmits.is_pending());
            self.own_pending += usize::from(is_own_pending(cx, dot, retransmits));
            self.untold += usize::from(untold);
            let slot = self.rumors.len() - 1;
            self.rumors.set_flag(slot, Flag::Pending, retransmits.is_pending());
            self.rumors.set_flag(slot, Flag::Untold, untold);
            self.expire_by(cx, expires_at);
        }
    }

    /// The rumor in `slot` was sent once more.
    fn spend_retransmit(&mut self, cx: &Context<S>, slot: usize) {
        let Some((dot, rumor)) = self.rumors.at_mut(slot) else { return };
        let was_own_pending = is_own_pending(cx, *dot, rumor.retransmits);
        rumor.retransmits = rumor.retransmits.after_one();
        let is_pending = rumor.retransmits.is_pending();
        if !is_pending {
            self.pending -= 1;
            self.own_pending -= usize::from(was_own_pending);
            self.rumors.set_flag(slot, Flag::Pending, false);
        }
    }
}

/// Whether a rumor is our own, and has retransmits left.
fn is_own_pending<S: Storage>(cx: &Context<S>, dot: Dot, retransmits: Retransmits) -> bool {
    retransmits.is_pending() && dot.writer() == cx.me.writer()
}

fn age_of(frame: &RumorFrame<'_>) -> Duration {
    Duration::from_millis(frame.age_millis.into())
}

/// How long a rumor still lives that lay for a while since it said its age; `None` when that is over.
fn time_left(frame: &RumorFrame<'_>, lay_for: Duration) -> Option<Duration> {
    let ttl = Duration::from_secs(frame.ttl_secs.min(RumorFrame::TTL_SECS_MAX).into());
    ttl.checked_sub(age_of(frame).saturating_add(lay_for)).filter(|left| !left.is_zero())
}
