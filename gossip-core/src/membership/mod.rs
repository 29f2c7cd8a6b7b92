//! Who is there: SWIM (Das, Gupta, Motivala 2002), over a table of everyone.
//!
//! One machine among several; it knows none of the others. Its parts, each of which owns its fields, and is lent those of others
//! that it needs:
//!
//! - here: our own row, and whether we run, leave or have left;
//! - `list`: the membership list, a row for each member; `counted`: what is counted over all rows;
//! - `claims`: what is said of members, by themselves and by others; `refutation`: what is said of us; `update`: what that is, and
//!   what it changes;
//! - `probe`: asking one member a period whether it is there, directly and through helpers; `round_robin`: whose turn it is;
//!   `timeouts`: how long to wait;
//! - `indirect_probe`: probing for others, as a helper;
//! - `suspicion`: how long a suspect may refute, and declaring it down;
//! - `health`: our local health, so that whoever is slow or deaf suspects nobody else;
//! - `self_quarantine`: declaring ourselves down, when the accusers are right;
//! - `namesakes`: a name that two living nodes go by; `rival`: another life that goes by ours;
//! - `discovery`: joining, and finding the lost again; `book`: which addresses are kept for that;
//! - `sample`: drawing a peer;
//! - `news`: which of this rides on a datagram; `store`: what a peer lacks of it;
//! - `recent`: what changed last, and who lacks just that;
//! - `events`: what the application is told.
//!
//! A verdict's way: `suspicion` finds that a suspect did not refute; here, it is handed to `claims`, which enters it in the `list`;
//! what that changed is returned, and `Node` tells the other machines.
//!
//! Unlike SWIM, nothing here depends on luck to end well: news that the push missed shows in the digest that every
//! datagram carries, and is pulled.
mod book;
mod claims;
mod counted;
mod discovery;
mod events;
mod health;
mod hearing;
mod indirect_probe;
mod list;
mod namesakes;
mod news;
mod probe;
mod recent;
mod refutation;
mod retention;
mod rival;
mod round_robin;
mod sample;
mod self_quarantine;
mod store;
mod suspicion;
mod timeouts;
mod update;

use crate::{
    columns::{Column, Lent},
    context::{Context, Identity},
    error::{PresenceError, TooLong},
    id::{Addr, Incarnation, NodeId},
    path::Path,
    records::{Claim, Member, Retransmits},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::Blob,
    time::{Instant, Span},
    wire::{Cause, Standing, Store, Stores},
};
use core::time::Duration;
use discovery::Discovery;
use events::Isolation;
use health::Health;
use indirect_probe::IndirectProbes;
use list::MemberList;
use namesakes::Namesakes;
use news::relays_little;
use probe::Prober;
use rival::Rival;
use self_quarantine::SelfQuarantine;
use serde::{Deserialize, Serialize};
use suspicion::Suspicions;

pub(crate) use recent::Fallback;
pub(crate) use update::{Changes, MemberChange};

/// Who is there.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Membership<S: Storage> {
    list: MemberList<S>,
    names: Namesakes<S>,
    discovery: Discovery<S>,
    prober: Prober,
    indirect_probes: IndirectProbes,
    suspicions: Suspicions,
    health: Health,
    quarantine: SelfQuarantine,
    rival: Rival,
    lifecycle: Lifecycle,
    isolation: Isolation,
}

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
            list: MemberList::with_limit(cx.config.limits.members),
            names: Namesakes::with_limit(cx.config.limits.name_conflicts),
            discovery: Discovery::new(cx),
            prober: Prober::new(cx),
            indirect_probes: IndirectProbes::default(),
            suspicions: Suspicions::new(),
            health: Health::new(),
            quarantine: SelfQuarantine::OFF,
            rival: Rival::NONE,
            lifecycle: Lifecycle::Running,
            isolation: Isolation::Untried,
        }
    }

    /// Enters ourselves, and sets the clocks going, at the first moment that we hear of.
    pub(crate) fn start(&mut self, cx: &mut Context<S>) {
        self.insert_self(cx);
        self.prober.start(cx);
        self.discovery.start(cx);
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
        self.list.is_partial(cx)
    }

    /// Which stores some other live member keeps.
    pub(crate) fn kept_by_others(&self) -> Stores {
        self.list.counts.kept_by_others()
    }

    /// How many other live members keep a store.
    pub(crate) fn keepers(&self, store: Store) -> u32 {
        self.list.counts.keepers(store)
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
        if let Some(slot) = self.list.slot(cx.me.id) {
            self.list.update(cx, slot, |me| me.presence = presence);
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

    pub(crate) fn on_timer(&mut self, cx: &mut Context<S>) -> Option<MemberChange> {
        if let Lifecycle::Leaving { until } = self.lifecycle {
            if cx.now >= until {
                self.lifecycle = Lifecycle::Departed { told: false };
            }
            return None;
        }
        if self.is_departed() {
            return None;
        }
        let suspected = self.on_probe_timer(cx);
        if suspected.is_some() {
            return suspected;
        }
        self.indirect_probes.on_timer(cx, &self.list, &self.health);
        self.leave_quarantine_when_fit(cx);
        if self.discovery.on_announce_timer(cx) {
            self.update_isolation(cx);
        }
        self.on_namesake_timer(cx);
        self.on_reconnect_timer(cx).or_else(|| self.on_suspicion_timer(cx))
    }

    pub(crate) fn next_deadline(&self, cx: &Context<S>) -> Instant {
        match self.lifecycle {
            Lifecycle::Running => {
                let of_others = self.indirect_probes.next_deadline().min(self.discovery.next_deadline());
                let of_others = of_others.min(self.suspicions.next_deadline()).min(self.names.next_deadline(cx));
                self.prober.next_deadline().min(of_others)
            }
            Lifecycle::Leaving { until } => until,
            Lifecycle::Departed { .. } => Instant::NEVER,
        }
    }

    /// Our timer fired late: timeouts that elapsed meanwhile are ignored. Answers and refutations may be waiting to be read, so
    /// that the only conclusion is that we are slow ourselves (Lifeguard §IV-A).
    pub(crate) fn on_late(&mut self, cx: &mut Context<S>, late: Duration) {
        cx.count(Counter::Late);
        self.health.worsen();
        self.prober.give_up();
        self.indirect_probes.postpone(late);
        self.suspicions.postpone(cx, &mut self.list, late);
    }

    pub(crate) fn rows(&self) -> &[(NodeId, Member<S::Blob>)] {
        self.list.rows()
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Member<S::Blob>> {
        self.list.get(id)
    }

    /// Whether `id` is another member that lives, as far as we know.
    pub(crate) fn is_live(&self, id: NodeId) -> bool {
        self.list.is_live(id)
    }

    /// Whether `id` is a member that spoke to us before from where we know it to be.
    pub(crate) fn is_proven(&self, id: NodeId, addr: Addr) -> bool {
        discovery::is_proven(&self.list, &self.names, id, addr)
    }

    /// The table of everyone. Who is there, and what is said of them, only we change.
    pub(crate) fn table(&self) -> &S::Members {
        self.list.table()
    }

    /// The same, for a machine that keeps a column of its own in it.
    pub(crate) fn lend<C: Column>(&mut self) -> Lent<'_, S, C> {
        self.list.lend()
    }

    /// Goes on with the suspicions that are due, up to one that ends in a verdict.
    fn on_suspicion_timer(&mut self, cx: &mut Context<S>) -> Option<MemberChange> {
        let Self { list, names, health, suspicions, .. } = self;
        let (slot, verdict) = suspicions.on_timer(cx, &mut suspicion::Surroundings { list, names, health })?;
        let is_suspect = self.list.row(slot).is_some_and(|(_, member)| member.standing == Standing::Suspect);
        let is_shared = is_suspect && relays_little(cx, &self.health);
        let change = self.adopt(cx, slot, verdict);
        if is_shared {
            // All who heard of the suspicion come to the same by themselves; to others, the digest shows it.
            self.list.update(cx, slot, |member| member.retransmits = Retransmits::NONE);
        }
        change
    }

    /// Adds our own row. There is room: the table is empty, and a limit of zero was refused.
    fn insert_self(&mut self, cx: &mut Context<S>) {
        let Some(presence) = S::Blob::copy_of(&[]) else { return };
        let Identity { id, generation, incarnation, addr } = cx.me;
        let claim = Claim { incarnation, standing: Standing::Alive, generation };
        let path = Path::untried(cx.config.datagram_len_max);
        let me = Member { capabilities: cx.capabilities(), ..Member::new(id, claim, addr, presence, path, cx.now) };
        self.list.add(cx, cx.me.id, me);
    }

    /// Makes our own row say what we say of ourselves now, and makes it news.
    fn restate(&mut self, cx: &mut Context<S>) {
        let standing = self.own_standing();
        let Some(slot) = self.list.slot(cx.me.id) else { return };
        let (me, retransmits, now) = (cx.me, cx.retransmit_limit(), cx.now);
        self.list.update(cx, slot, |row| {
            row.set_claim(Claim { incarnation: me.incarnation, standing, generation: me.generation });
            (row.stated, row.stated_in) = (me.incarnation, me.generation);
            (row.by, row.cause) = (me.id, Cause::OwnWord);
            row.since = now;
            row.retransmits = retransmits;
        });
        if standing != Standing::Alive && self.list.has_name_conflict(slot) {
            self.end_conflict(cx, me.id);
        }
    }
}
