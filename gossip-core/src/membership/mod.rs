//! Who is there: SWIM (Das, Gupta, Motivala 2002), over a table of everyone.
//!
//! One machine among several; it knows none of the others. Its parts:
//!
//! - `claims`: what is said of members, by themselves and by others; `refutation`: what is said of us;
//! - `probe`: asking one member a period whether it is there, directly and through helpers;
//! - `indirect_probe`: probing for others, as a helper;
//! - `suspicion`: how long a suspect may refute, and declaring it down;
//! - `health`: our local health, so that whoever is slow or deaf suspects nobody else;
//! - `self_quarantine`: declaring ourselves down, when the accusers are right;
//! - `namesakes`: a name that two living nodes go by;
//! - `seeds`: joining, and finding the lost again; `book`: which addresses are kept for that;
//! - `sample`: drawing a peer;
//! - `news`: which of this rides on a datagram; `store`: what a peer lacks of it;
//! - `recent`: what changed last, and who lacks just that;
//! - `events`: what the application is told.
//!
//! Unlike SWIM, nothing here depends on luck to end well: news that the push missed shows in the digest that every
//! datagram carries, and is pulled.
mod self_quarantine;
mod book;
mod claims;
mod counted;
mod indirect_probe;
mod events;
mod health;
mod namesakes;
mod news;
mod probe;
mod recent;
mod refutation;
mod sample;
mod seeds;
mod store;
mod suspicion;

use crate::{
    context::{Context, Identity},
    digest::Digest,
    error::{PresenceError, TooLong},
    id::{Addr, Incarnation, NodeId},
    path::Path,
    records::{Claim, Member},
    storage::{Snapshot, Storage},
    table::{Blob, Flag, Table},
    time::{Instant, Span},
    wire::{Cause, Standing, Store},
};
use core::time::Duration;
use counted::Counted;
use events::Isolation;
use health::Health;
use indirect_probe::IndirectProbes;
use probe::Prober;
pub(crate) use recent::Fallback;
use recent::Recent;
use self_quarantine::SelfQuarantine;
use serde::{Deserialize, Serialize};

/// What an input changed, for `Node` to route to the other machines.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A member is gone, by verdict or farewell.
    Gone(NodeId),
    /// A member that was gone is forgotten.
    Forgotten(NodeId),
}

/// Who is there.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Membership<S: Storage> {
    members: S::Members,
    seeds: S::Seeds,
    prober: Prober,
    indirect_probes: IndirectProbes,
    health: Health,
    /// Who spoke to us lately without being counted in.
    caller: Option<seeds::Caller>,
    /// When the next of those is tried that were named just now.
    announce_at: Instant,
    /// When the next of the lost is tried.
    reconnect_at: Instant,
    /// When the first suspicion goes on.
    suspicion_at: Instant,
    lifecycle: Lifecycle,
    quarantine: SelfQuarantine,
    /// Another life under our name.
    rival: refutation::Rival,
    conflicts: S::NameConflicts,
    isolation: Isolation,
    /// When somebody was last refused for want of room.
    refused_at: Option<Instant>,
    /// Of the live rows.
    digest: Digest,
    recent: Recent,
    /// How many other live members keep each store.
    keepers: [u32; Store::COUNT],
    /// How many rows are news.
    pending: usize,
    /// How many rows the application is to be told of.
    untold: usize,
}

/// For so many probe intervals after somebody was refused, our view is known to be partial: whoever is not in it is heard of
/// more often than that.
const PARTIAL_FOR: u32 = 60;

/// Whether we run, say farewell, or have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Lifecycle {
    Running,
    Leaving { until: Instant },
    Departed { told: bool },
}

impl<S: Storage> Membership<S> {
    pub(crate) fn new(cx: &mut Context<S>) -> Self {
        Self {
            members: Table::with_limit(cx.config.limits.members),
            seeds: Table::with_limit(cx.config.limits.seeds),
            prober: Prober::new(cx),
            indirect_probes: IndirectProbes::default(),
            health: Health::new(),
            caller: None,
            announce_at: Instant::NEVER,
            reconnect_at: Instant::NEVER,
            suspicion_at: Instant::NEVER,
            lifecycle: Lifecycle::Running,
            quarantine: SelfQuarantine::OFF,
            rival: refutation::Rival::NONE,
            conflicts: Table::with_limit(cx.config.limits.name_conflicts),
            isolation: Isolation::Untried,
            refused_at: None,
            digest: Digest::default(),
            recent: Recent::new(),
            keepers: [0; Store::COUNT],
            pending: 0,
            untold: 0,
        }
    }

    /// Enters ourselves, and sets the clocks going, at the first moment that we hear of.
    pub(crate) fn start(&mut self, cx: &mut Context<S>) {
        self.insert_self(cx);
        self.prober.start(cx);
        self.reconnect_at = cx.now + cx.config.gossip_interval;
    }

    /// Says farewell: from now on we are gone, by our own word.
    pub(crate) fn leave(&mut self, cx: &mut Context<S>) {
        if self.lifecycle != Lifecycle::Running {
            return;
        }
        cx.me.incarnation = cx.me.incarnation.next();
        // Long enough for every copy of the farewell that we owe, and one round to spare.
        let rounds = u32::from(cx.retransmit_limit().0) + 2;
        self.lifecycle = Lifecycle::Leaving { until: cx.now + cx.config.gossip_interval.times(rounds) };
        self.restate(cx);
    }

    /// Whether somebody was refused for want of room lately, and there is none still.
    pub(crate) fn is_partial(&self, cx: &Context<S>) -> bool {
        let lately = |at: Instant| cx.now < at + cx.config.probe_interval.times(PARTIAL_FOR);
        self.members.is_full() && self.refused_at.is_some_and(lately)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lifecycle == Lifecycle::Running
    }

    /// Whether the farewell is over, and nothing more is to be done.
    pub(crate) fn is_departed(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Departed { .. })
    }

    /// Changes what we tell of ourselves.
    pub(crate) fn set_presence(
        &mut self,
        cx: &mut Context<S>,
        presence: &[u8],
        len_max: usize,
    ) -> Result<(), PresenceError> {
        if !self.is_running() {
            return Err(PresenceError::Left);
        }
        let too_long = TooLong { len: presence.len(), len_max: len_max.min(S::Blob::CAPACITY) };
        if presence.len() > too_long.len_max {
            return Err(PresenceError::TooLong(too_long));
        }
        let presence = S::Blob::copy_of(presence).ok_or(PresenceError::TooLong(too_long))?;
        cx.me.incarnation = cx.me.incarnation.next();
        if let Some(slot) = self.members.slot(&cx.me.id) {
            self.update(cx, slot, |me| me.presence = presence);
        }
        self.restate(cx);
        Ok(())
    }

    /// Resumes after a former life that had come as far as `incarnation`.
    pub(crate) fn resume(&mut self, cx: &mut Context<S>, incarnation: Incarnation) {
        if incarnation <= Incarnation::MAX && self.is_running() {
            cx.me.incarnation = cx.me.incarnation.max(incarnation.next());
            self.restate(cx);
        }
    }

    /// Begins a new generation under our name, as if restarted: the old one's numbers are spoilt.
    pub(crate) fn begin_generation(&mut self, cx: &mut Context<S>) {
        cx.draw_generation();
        cx.me.incarnation = cx.me.incarnation.next();
        self.restate(cx);
    }

    pub(crate) fn on_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        if let Lifecycle::Leaving { until } = self.lifecycle {
            if cx.now >= until {
                self.lifecycle = Lifecycle::Departed { told: false };
            }
            return None;
        }
        if self.is_departed() {
            return None;
        }
        self.on_probe_timer(cx);
        self.on_indirect_probe_timer(cx);
        self.leave_quarantine_when_fit(cx);
        self.on_announce_timer(cx);
        self.on_namesake_timer(cx);
        self.on_reconnect_timer(cx).or_else(|| self.on_suspicion_timer(cx))
    }

    pub(crate) fn next_deadline(&self, cx: &Context<S>) -> Instant {
        match self.lifecycle {
            Lifecycle::Running => {
                let of_others = self.indirect_probes.next_deadline().min(self.next_announce()).min(self.suspicion_at);
                let of_others = of_others.min(self.next_of_namesakes(cx));
                self.prober.next_deadline().min(of_others)
            }
            Lifecycle::Leaving { until } => until,
            Lifecycle::Departed { .. } => Instant::NEVER,
        }
    }

    /// Our timer fired late: timeouts that elapsed meanwhile are ignored. Answers and refutations may be waiting to be read, so
    /// that the only conclusion is that we are slow ourselves (Lifeguard §IV-A).
    pub(crate) fn on_late(&mut self, cx: &mut Context<S>, late: Duration) {
        cx.stats.late += 1;
        self.health.worsen();
        self.prober.give_up();
        self.postpone_suspicions(cx, late);
    }

    pub(crate) fn rows(&self) -> &[(NodeId, Member<S::Blob>)] {
        self.members.as_slice()
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Member<S::Blob>> {
        self.members.get(&id)
    }

    /// Whether `id` is another member that lives, as far as we know.
    pub(crate) fn is_live(&self, id: NodeId) -> bool {
        self.get(id).is_some_and(Member::is_live)
    }

    /// Whether `id` is a member, living or not, that spoke to us before from where we know it to be.
    ///
    /// That is some proof that it is there: whoever forges one datagram has to forge two. It will take a key to do better.
    pub(crate) fn is_proven(&self, id: NodeId, addr: Addr) -> bool {
        let is_known = |member: &Member<S::Blob>| member.addr == addr && member.heard_at.is_some();
        self.get(id).is_some_and(is_known) || self.is_heard_bearer(id, addr)
    }

    /// The table of everyone. Who is there, and what is said of them, only we change.
    pub(crate) fn table(&self) -> &S::Members {
        &self.members
    }

    /// The same, for what others keep with each member.
    pub(crate) fn table_mut(&mut self) -> &mut S::Members {
        &mut self.members
    }

    /// Adds our own row. There is room: the table is empty, and a limit of zero was refused.
    fn insert_self(&mut self, cx: &mut Context<S>) {
        let Some(presence) = S::Blob::copy_of(&[]) else { return };
        let Identity { id, generation, incarnation, addr } = cx.me;
        let claim = Claim { incarnation, standing: Standing::Alive, generation };
        let path = Path::untried(cx.config.datagram_len_max);
        let me = Member { capabilities: cx.capabilities(), ..Member::new(id, claim, addr, presence, path, cx.now) };
        self.add(cx, cx.me.id, me);
    }

    /// Makes our own row say what we say of ourselves now, and makes it news.
    fn restate(&mut self, cx: &mut Context<S>) {
        let standing = self.own_standing();
        let Some(slot) = self.members.slot(&cx.me.id) else { return };
        let (me, retransmits, now) = (cx.me, cx.retransmit_limit(), cx.now);
        self.update(cx, slot, |row| {
            row.set_claim(Claim { incarnation: me.incarnation, standing, generation: me.generation });
            (row.stated, row.stated_in) = (me.incarnation, me.generation);
            (row.by, row.cause) = (me.id, Cause::OwnWord);
            row.since = now;
            row.retransmits = retransmits;
        });
        if standing != Standing::Alive && self.is_borne_by_two(slot) {
            self.end_conflict(cx, me.id);
        }
    }

    /// Those who are gone.
    fn gone(&self) -> impl Iterator<Item = &(NodeId, Member<S::Blob>)> {
        self.gone_from(0)
    }

    /// Those who are gone, from a slot on.
    fn gone_from(&self, from: usize) -> impl Iterator<Item = &(NodeId, Member<S::Blob>)> {
        let slots = self.members.flagged(from, Flag::Gone, |(_, member)| !member.is_live());
        slots.filter_map(|slot| self.members.as_slice().get(slot))
    }

    /// Adds a row, when there is room.
    fn add(&mut self, cx: &mut Context<S>, id: NodeId, member: Member<S::Blob>) -> bool {
        let row = Counted::of(&member);
        if self.members.insert(id, member).is_err() {
            cx.stats.members_refused += 1;
            self.refused_at = Some(cx.now);
            return false;
        }
        let was = self.digest;
        self.count(cx, id, row);
        self.recent.record(cx, id, was, self.digest);
        self.set_flags(self.members.len() - 1, row);
        true
    }

    /// Changes a row.
    fn update(&mut self, cx: &mut Context<S>, slot: usize, change: impl FnOnce(&mut Member<S::Blob>)) {
        let Some((id, member)) = self.members.at_mut(slot) else { return };
        let (id, before) = (*id, Counted::of(member));
        change(member);
        self.recount(cx, slot, id, before);
    }

    fn remove(&mut self, cx: &mut Context<S>, id: NodeId) {
        if let Some(member) = self.members.swap_remove(&id) {
            self.uncount(cx, id, Counted::of(&member));
        }
    }
}
