//! Asking one member a period whether it is there (SWIM §3.1), directly and through helpers.
//!
//! SWIM asks once, directly, and then its helpers once: at a loss of one in four that suspects the healthy in 14 of 100
//! probes ((1-q²)(1-q⁴)ᵏ of §3.1, k = 3). We ask on, at the pace of the round trips that were measured: whoever answers late
//! in this costs a few datagrams, and whoever never does has been asked many times before it is accused.
use super::{
    Membership, health::Health, list::MemberList, namesakes::Namesakes, round_robin::RoundRobin,
    suspicion::is_confirmed, timeouts::Timeouts, update::MemberChange,
};
use crate::{
    config::detector::{
        ANSWERS_ENOUGH, ANSWERS_ENOUGH_AMID_LOSS, ASKS_EASY, ASKS_MAX, HELP_AFTER, PUT_OFF_MAX, SPARED_OF,
    },
    context::Context,
    id::{Addr, NodeId},
    records::{Intent, Retransmits},
    stats::Counter,
    storage::Storage,
    time::{Instant, Span},
    wire::{Accusers, Ack, Cause, Header, Ping, Relayed, Standing, Unreached},
};
use serde::{Deserialize, Serialize};

/// Whose turn it is, and who is being asked.
#[derive(Serialize, Deserialize)]
pub(super) struct Prober {
    turn: RoundRobin,
    probe: Option<Probe>,
    next_at: Instant,
    number: u16,
}

/// Whom we ask, until it has answered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Probe {
    target: NodeId,
    number: u16,
    asked_at: Instant,
    /// How often we asked it ourselves, and how often it answered.
    asks: u8,
    answers: u8,
    /// How many helpers we asked, and how many said anything.
    helpers: u8,
    helpers_heard: u8,
    /// Which these were, and which of them could not reach it either.
    asked: Accusers,
    unreached_by: Accusers,
    /// When we go on.
    until: Instant,
}

/// Which ask of a probe a number stands for: its low bits. An answer to a question that was asked again tells nothing of time,
/// unless it says which asking it answers (Karn, Partridge 1987).
const ASK: u16 = ASKS_MAX as u16 - 1;
// The numbers that stand for something else lie below those of probes.
const _: () = assert!(ASKS_MAX.is_power_of_two() && ASK >= Ping::PATH_PROBE);

impl Prober {
    pub(super) fn new<S: Storage>(cx: &mut Context<S>) -> Self {
        Self {
            turn: RoundRobin::new(),
            probe: None,
            next_at: Instant::NEVER,
            number: u16::try_from(cx.rng.next_u64() >> 48).unwrap_or(0),
        }
    }

    /// The first probe comes at a random moment of the first period, so that nodes started together do not probe in step.
    pub(super) fn start<S: Storage>(&mut self, cx: &mut Context<S>) {
        self.next_at = cx.now + cx.random_part(cx.config.probe_interval);
    }

    pub(super) fn next_deadline(&self) -> Instant {
        self.probe.map_or(self.next_at, |probe| probe.until)
    }

    /// Forgets whom we asked: we were not there to hear the answer.
    pub(super) fn give_up(&mut self) {
        self.probe = None;
    }

    /// A number that ties an answer to its question. Those up to the next one are for the same question, asked again.
    pub(super) fn next_number(&mut self) -> u16 {
        self.number = (self.number & !ASK).wrapping_add(ASK + 1).max(ASK + 1);
        self.number
    }

    /// The probe that an answer is for, whichever of its asks that answers.
    fn awaited(&mut self, number: u16, target: NodeId) -> Option<&mut Probe> {
        self.probe.as_mut().filter(|probe| (probe.number, probe.target) == (number & !ASK, target))
    }

    fn finish<S: Storage>(&mut self, cx: &Context<S>) {
        let Some(probe) = self.probe.take() else { return };
        let half = cx.config.probe_interval.part(2);
        self.next_at = self.next_at + half.times(u32::from((probe.asks - 1).min(PUT_OFF_MAX)));
    }
}

/// What a probe came to, where its target did not answer, or too seldom.
pub(super) struct Failed {
    pub(super) target: NodeId,
    pub(super) cause: Cause,
    pub(super) accusers: Accusers,
    /// How often others are to hear of it.
    pub(super) retransmits: Retransmits,
}

/// What a probe goes by, beside what it is about.
struct Surroundings<'m, S: Storage> {
    list: &'m MemberList<S>,
    names: &'m Namesakes<S>,
    /// Whether we are in self-quarantine.
    is_quarantined: bool,
}

impl<S: Storage> Membership<S> {
    pub(crate) fn on_ping(&self, cx: &mut Context<S>, from: Addr, header: &Header, ping: Ping) {
        // To where it came from: behind a translator of addresses, only that path leads back.
        cx.answer(from, header.sender, Intent::Ack(ping.probe));
    }

    pub(crate) fn on_ack(&mut self, cx: &mut Context<S>, header: &Header, ack: Ack) {
        if ack.probe > Ping::PATH_PROBE
            && !self.prober.on_ack(cx, &mut self.list, &mut self.health, header.sender, ack.probe)
        {
            let is_relayed = self.indirect_probes.on_ack(cx, &self.list, header.sender, ack.probe);
            cx.count_by(Counter::StaleAnswers, u64::from(!is_relayed));
        }
        self.health.on_answer(cx.now, cx.config.probe_interval);
        self.suspicions.clear(cx, &mut self.list, header.sender);
    }

    /// It is there, if not for us.
    pub(crate) fn on_relayed(&mut self, cx: &mut Context<S>, relayed: Relayed) {
        if self.prober.on_relayed(cx, relayed) {
            self.suspicions.vouch_for(cx, &mut self.list, relayed.target);
        } else {
            cx.count(Counter::StaleAnswers);
        }
        self.health.on_answer(cx.now, cx.config.probe_interval);
    }

    /// A helper cannot reach it either, and can reach us.
    pub(crate) fn on_unreached(&mut self, cx: &mut Context<S>, header: &Header, unreached: Unreached) {
        self.prober.on_unreached(cx, &mut self.health, header.sender, unreached);
    }

    pub(super) fn on_probe_timer(&mut self, cx: &mut Context<S>) -> Option<MemberChange> {
        let is_quarantined = self.is_quarantined();
        let around = Surroundings { list: &self.list, names: &self.names, is_quarantined };
        let failed = self.prober.on_timeout(cx, &around, &mut self.health);
        let change = failed.and_then(|failed| self.suspect(cx, &failed));
        let around = Surroundings { list: &self.list, names: &self.names, is_quarantined };
        self.prober.on_period(cx, &around, &self.health);
        change
    }
}

impl Prober {
    /// Whether this answers the probe under way.
    fn on_ack<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        list: &mut MemberList<S>,
        health: &mut Health,
        target: NodeId,
        number: u16,
    ) -> bool {
        let Some(probe) = self.awaited(number, target) else { return false };
        probe.answers = probe.answers.saturating_add(1);
        let probe = *probe;
        if number == probe.number && probe.answers == 1 {
            // However late: where a round trip takes longer than we wait at first, that is how we come to know it.
            let sample = cx.now.saturating_duration_since(probe.asked_at);
            cx.round_trip.record(sample);
            if let Some(member) = list.get_mut(target) {
                member.round_trip.record(sample);
            }
        }
        if probe.asks == 1 {
            health.record_probe(cx.now, cx.config.probe_interval, true);
            health.improve();
            if let Some(member) = list.get_mut(target) {
                // It is well again: little by little, it is trusted to answer as soon as others.
                member.false_alarms = member.false_alarms.saturating_sub(1);
            }
        }
        let enough = if health.sees_no_loss() { ANSWERS_ENOUGH } else { ANSWERS_ENOUGH_AMID_LOSS };
        if probe.asks <= ASKS_EASY || probe.answers >= enough {
            self.finish(cx);
        }
        true
    }

    /// Whether somebody else reached whom we ask.
    fn on_relayed<S: Storage>(&mut self, cx: &Context<S>, relayed: Relayed) -> bool {
        let is_awaited = self.awaited(relayed.probe, relayed.target).is_some();
        if is_awaited {
            self.finish(cx);
        }
        is_awaited
    }

    fn on_unreached<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        health: &mut Health,
        helper: NodeId,
        unreached: Unreached,
    ) {
        let Some(probe) = self.awaited(unreached.probe, unreached.target) else {
            cx.count(Counter::StaleAnswers);
            return;
        };
        if probe.asked.may_include(helper) {
            // Said again and again, it is no more than one has said: a network doubles datagrams, and a member may lie.
            probe.helpers_heard = probe.helpers_heard.saturating_add(1).min(probe.helpers);
            probe.unreached_by = probe.unreached_by.and(Accusers::of(helper));
            cx.count(Counter::HelpersFailed);
            health.on_answer(cx.now, cx.config.probe_interval);
        }
    }

    /// Goes on with the probe under way, where it is time: asks again, or comes to a conclusion.
    fn on_timeout<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        around: &Surroundings<'_, S>,
        health: &mut Health,
    ) -> Option<Failed> {
        let mut probe = self.probe.filter(|probe| cx.now >= probe.until)?;
        if probe.asks == 1 {
            cx.count(Counter::PingsUnanswered);
            health.record_probe(cx.now, cx.config.probe_interval, false);
        }
        if probe.asks >= ASKS_MAX {
            self.finish(cx);
            return Some(probe.conclude(cx, around, health));
        }
        let help_is_due = probe.answers == 0 && HELP_AFTER.contains(&probe.asks);
        if help_is_due && !is_confirmed(cx, probe.accusers(cx.me.id)) {
            probe.ask_helpers(cx, around);
        }
        self.ask(cx, around, health, probe);
        None
    }

    /// Begins the next probe, where it is time.
    fn on_period<S: Storage>(&mut self, cx: &mut Context<S>, around: &Surroundings<'_, S>, health: &Health) {
        if self.probe.is_some() || cx.now < self.next_at {
            return;
        }
        if let Some(target) = self.next_target(cx, around) {
            cx.count(Counter::Probes);
            let number = self.next_number();
            self.ask(cx, around, health, Probe::new(target, number, cx.now));
        }
        // In self-quarantine, we accuse nobody, and probe to find out whether our links are good again.
        let stretched = health.stretch(cx.config.probe_interval);
        let interval = if around.is_quarantined { cx.config.probe_interval } else { stretched };
        let next_at = self.next_at + interval;
        // Late by more than a period: what was missed is not made up for.
        self.next_at = if next_at > cx.now { next_at } else { cx.now + interval };
    }

    fn ask<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        around: &Surroundings<'_, S>,
        health: &Health,
        mut probe: Probe,
    ) {
        let Some(member) = around.list.get(probe.target).filter(|member| member.is_live()) else {
            return self.finish(cx);
        };
        cx.send(member.addr, Some(probe.target), Intent::Ping(probe.number | u16::from(probe.asks)));
        probe.asks += 1;
        // The last answer is waited for as long as the first few; between them, a quarter of that will do.
        let timeouts = Timeouts::with(cx, health, member);
        let patient = probe.asks <= ASKS_EASY || probe.asks == ASKS_MAX;
        let wait = if patient { timeouts.answer } else { timeouts.repeat };
        self.probe = Some(Probe { until: cx.now + wait, ..probe });
    }

    /// Whom to ask this period; mostly nobody, when whose turn it is has been heard within the last one anyway. Not never:
    /// one that can speak and not hear would go unnoticed.
    fn next_target<S: Storage>(&mut self, cx: &mut Context<S>, around: &Surroundings<'_, S>) -> Option<NodeId> {
        let rows = around.list.rows();
        for _ in 0..rows.len() {
            let slot = self.turn.next(cx, rows.len());
            let Some((id, member)) = rows.get(slot) else { continue };
            if *id == cx.me.id || !member.is_live() {
                continue;
            }
            let recently = member.heard_at.is_some_and(|at| cx.now < at + cx.config.probe_interval);
            let may_be_spared = !around.is_quarantined && recently && member.standing == Standing::Alive;
            let spared = may_be_spared && cx.rng.below(SPARED_OF) != 0;
            return (!spared).then_some(*id);
        }
        None
    }
}

impl Probe {
    const fn new(target: NodeId, number: u16, now: Instant) -> Self {
        Self {
            target,
            number,
            asked_at: now,
            asks: 0,
            answers: 0,
            helpers: 0,
            helpers_heard: 0,
            asked: Accusers::NONE,
            unreached_by: Accusers::NONE,
            until: now,
        }
    }

    /// Who could not reach it: we, and helpers.
    const fn accusers(&self, us: NodeId) -> Accusers {
        self.unreached_by.and(Accusers::of(us))
    }

    /// Whoever did not answer, or too seldom, is accused.
    fn conclude<S: Storage>(&self, cx: &mut Context<S>, around: &Surroundings<'_, S>, health: &mut Health) -> Failed {
        cx.count(Counter::ProbesFailed);
        let (target, accusers) = (self.target, self.accusers(cx.me.id));
        // Lifeguard counts each answer of a helper that is missing; where losses are common, some always are.
        if u16::from(self.helpers_heard) * 4 < u16::from(self.helpers) {
            health.worsen();
        }
        let cause = if self.answers == 0 { Cause::Silence } else { Cause::Loss };
        // If nobody at all has answered meanwhile, it may be us whom nobody hears. To accuse others of it helps nobody.
        let heard = health.is_answered_since(self.asked_at) || cx.live <= 2;
        let retransmits = if heard && !around.is_quarantined { cx.retransmit_limit() } else { Retransmits::NONE };
        Failed { target, cause, accusers, retransmits }
    }

    /// Asks helpers, others each time, and rather those that have answered us before: to them, the path is known to lead, and
    /// they have heard us, so that they take us for no stranger. Rather those, too, that are told apart from us among accusers: what
    /// others find counts as found by us.
    fn ask_helpers<S: Storage>(&mut self, cx: &mut Context<S>, around: &Surroundings<'_, S>) {
        let Surroundings { list, names, .. } = around;
        for _ in 0..cx.config.indirect_probes {
            let (asked, target) = (self.asked, self.target);
            let told_apart = asked.and(Accusers::of(cx.me.id));
            let strange = |id: NodeId| list.get(id).is_none_or(|member| member.round_trip.mean().is_none());
            let drawn = list.sample(cx, names, &|id| id == target || told_apart.may_include(id) || strange(id));
            let any = |cx: &mut _| list.sample(cx, names, &|id| id == target || asked.may_include(id));
            let Some((helper, addr)) = drawn.or_else(|| any(cx)) else { return };
            cx.send(addr, Some(helper), Intent::PingRequest(self.number, target));
            self.asked = asked.and(Accusers::of(helper));
            self.helpers = self.helpers.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        context::{Credit, Received},
        digest::Digest,
        id::{Generation, Incarnation},
        storage::Heap,
        wire::{Capabilities, ClusterLabel, MemberFrame, PingRequest, Stores},
    };
    use core::time::Duration;

    const TARGET: NodeId = NodeId(2);
    const HELPER: NodeId = NodeId(3);

    fn addr(id: NodeId) -> Addr {
        Addr::new(&id.0.to_le_bytes()).unwrap()
    }

    /// A node that knows two others, the second of which alone answers it.
    fn node() -> (Context<Heap>, Membership<Heap>) {
        let mut cx = Context::<Heap>::new(NodeId(1), addr(NodeId(1)), Config::lan(), 1);
        cx.now = Instant::from_micros(1_000_000);
        let mut membership = Membership::new(&mut cx);
        membership.start(&mut cx);
        for id in [TARGET, HELPER] {
            let frame = MemberFrame {
                id,
                generation: Generation(7),
                incarnation: Incarnation(0),
                standing: Standing::Alive,
                addr: addr(id),
                capabilities: Capabilities::keeping(Stores::ALL),
                presence: b"".into(),
            };
            let _ = membership.on_member(&mut cx, id, &frame);
        }
        (cx, membership)
    }

    #[test]
    fn what_a_helper_says_over_and_over_counts_no_more_than_once_for_each_that_was_asked() {
        let (mut cx, mut membership) = node();
        let header = Header::new(ClusterLabel::default(), HELPER, Generation(7), Incarnation(0), Digest(0));
        let end = cx.now + Duration::from_secs(60);
        let mut asked = 0;
        while cx.stats.probes_failed == 0 && cx.now < end {
            cx.now = membership.next_deadline(&cx).max(cx.now);
            while membership.on_timer(&mut cx).is_some() {}
            while let Some(outgoing) = cx.next_outgoing() {
                match outgoing.intent {
                    Intent::Ping(probe) if outgoing.peer == Some(HELPER) => {
                        membership.on_ack(&mut cx, &header, Ack { probe });
                    }
                    Intent::PingRequest(probe, TARGET) => {
                        asked += 1;
                        for _ in 0..1_000 {
                            membership.on_unreached(&mut cx, &header, Unreached { probe, target: TARGET });
                        }
                    }
                    _ => {}
                }
            }
        }
        assert_eq!((cx.stats.probes_failed, asked > 0), (1, true));
        assert!(cx.stats.helpers_failed >= 1_000, "and all of it is counted: {}", cx.stats.helpers_failed);
    }

    /// What its target answered may be waiting to be read, in a helper that was held up.
    #[test]
    fn a_helper_that_is_late_itself_says_nothing_against_a_target() {
        let (mut cx, mut membership) = node();
        membership.list.get_mut(HELPER).unwrap().heard_at = Some(cx.now);
        cx.received = Received::new(100, Credit::Full);
        let header = Header::new(ClusterLabel::default(), HELPER, Generation(7), Incarnation(0), Digest(0));
        let request = PingRequest { probe: 5, target: TARGET };
        let accuses = |cx: &mut Context<Heap>, membership: &mut Membership<Heap>, after| {
            cx.now = cx.now + after;
            let _ = membership.on_timer(cx);
            let mut said = core::iter::from_fn(|| cx.next_outgoing());
            said.any(|outgoing| outgoing.intent == Intent::Unreached(5, TARGET))
        };
        let step = Duration::from_millis(10);
        membership.on_ping_request(&mut cx, &header, request);
        let steps =
            (0..500).position(|_| accuses(&mut cx, &mut membership, step)).expect("one that is not late accuses");
        membership.on_ping_request(&mut cx, &header, request);
        assert!(!(0..steps).any(|_| accuses(&mut cx, &mut membership, step)));
        membership.on_late(&mut cx, Duration::from_secs(5));
        assert!(!accuses(&mut cx, &mut membership, Duration::from_secs(5)), "it had no time to read");
        assert!((0..500).any(|_| accuses(&mut cx, &mut membership, step)), "and then it does");
    }
}
