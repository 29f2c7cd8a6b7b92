//! Asking one member a period whether it is there (SWIM §3.1), directly and through helpers.
//!
//! SWIM asks once, directly, and then its helpers once: at a loss of one in four that suspects the healthy in 14 of 100
//! probes ((1-q²)(1-q⁴)ᵏ of §3.1, k = 3). We ask on, at the pace of the round trips that were measured: whoever answers late
//! in this costs a few datagrams, and whoever never does has been asked many times before it is accused.
use super::{
    Membership,
    health::Health,
    suspicion::{is_confirmed, leniency},
};
use crate::{
    context::Context,
    id::{Addr, NodeId},
    records::{Intent, Member, Retransmits},
    storage::Storage,
    table::Table,
    time::{Instant, Span},
    wire::{Accusers, Ack, Cause, Header, Ping, Relayed, Standing, Unreached},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Whose turn it is, and who is being asked.
#[derive(Serialize, Deserialize)]
pub(super) struct Prober {
    turn: Turn,
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

/// So often is a member asked before it is accused. At a loss of one in four, two in a million that live answer none of it.
const ASKS_MAX: u8 = 16;
/// Which ask of a probe a number stands for: its low bits. An answer to a question that was asked again tells nothing of time,
/// unless it says which asking it answers (Karn, Partridge 1987).
const ASK: u16 = ASKS_MAX as u16 - 1;
const _: () = assert!(ASKS_MAX.is_power_of_two() && ASK > Ping::DIGEST_PROBE);
/// Whoever answers one of the first few is well.
const ASKS_EASY: u8 = 3;
/// Whoever did not must answer so many of the rest. Where others answer as they should, five of thirteen: of those that lose
/// four in five of all that comes in or goes out, nine in ten do not.
const ANSWERS_ENOUGH: u8 = 5;
/// Where losses are common, two: at one in four, all but four in 10,000 do.
const ANSWERS_ENOUGH_AMID_LOSS: u8 = 2;
/// Helpers are asked when it was asked so often in vain; each time, others. Those of the third time are spared where those of
/// the first have confirmed enough by then, as they have where nothing is lost; their answers come just before we conclude.
const HELP_AFTER: [u8; 3] = [6, 9, 11];
/// What was lost of this probe puts off the next one, by half an interval for each ask beyond the first, up to two: a lossy
/// network is no reason to load it more.
const PUT_OFF_MAX: u8 = 2;

/// A round over all rows in random order, without remembering the order: from a random row on, by a random stride that
/// has no divisor in common with their number. Rows that come or go during a round may be met twice or not at all in
/// that one; every member is met in each full round, which bounds the time to its first probe (SWIM §4.3).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Turn {
    slot: usize,
    stride: usize,
    left: usize,
}

impl Probe {
    /// Who could not reach it: we, and helpers.
    const fn accusers(&self, us: NodeId) -> Accusers {
        self.unreached_by.and(Accusers::of(us))
    }
}

impl Prober {
    pub(super) fn new<S: Storage>(cx: &mut Context<S>) -> Self {
        Self {
            turn: Turn { slot: 0, stride: 1, left: 0 },
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

impl<S: Storage> Membership<S> {
    pub(crate) fn on_ping(&self, cx: &mut Context<S>, from: Addr, header: &Header, ping: Ping) {
        // To where it came from: behind a translator of addresses, only that path leads back.
        cx.answer(from, header.sender, Intent::Ack(ping.probe));
    }

    pub(crate) fn on_ack(&mut self, cx: &mut Context<S>, header: &Header, ack: Ack) {
        if ack.probe > Ping::PATH_PROBE && !self.on_probe_ack(cx, header.sender, ack.probe) {
            cx.stats.stale_answers += u64::from(!self.on_indirect_ack(cx, header.sender, ack.probe));
        }
        self.health.on_answer(cx.now, cx.config.probe_interval);
        self.clear_suspicion(cx, header.sender);
    }

    /// Whether this answers the probe under way.
    fn on_probe_ack(&mut self, cx: &mut Context<S>, target: NodeId, number: u16) -> bool {
        let Some(probe) = self.prober.awaited(number, target) else { return false };
        probe.answers = probe.answers.saturating_add(1);
        let probe = *probe;
        if number == probe.number && probe.answers == 1 {
            // However late: where a round trip takes longer than we wait at first, that is how we come to know it.
            self.record_round_trip(cx, target, cx.now.saturating_duration_since(probe.asked_at));
        }
        if probe.asks == 1 {
            self.health.record_probe(cx.now, cx.config.probe_interval, true);
            self.health.improve();
            if let Some(member) = self.members.get_mut(&target) {
                // It is well again: little by little, it is trusted to answer as soon as others.
                member.false_alarms = member.false_alarms.saturating_sub(1);
            }
        }
        let enough = if self.health.sees_no_loss() { ANSWERS_ENOUGH } else { ANSWERS_ENOUGH_AMID_LOSS };
        if probe.asks <= ASKS_EASY || probe.answers >= enough {
            self.prober.finish(cx);
        }
        true
    }

    fn record_round_trip(&mut self, cx: &mut Context<S>, target: NodeId, sample: Duration) {
        cx.round_trip.record(sample);
        if let Some(member) = self.members.get_mut(&target) {
            member.round_trip.record(sample);
        }
    }

    /// It is there, if not for us.
    pub(crate) fn on_relayed(&mut self, cx: &mut Context<S>, relayed: Relayed) {
        if self.prober.awaited(relayed.probe, relayed.target).is_some() {
            self.prober.finish(cx);
            self.vouch_for(cx, relayed.target);
        } else {
            cx.stats.stale_answers += 1;
        }
        self.health.on_answer(cx.now, cx.config.probe_interval);
    }

    /// A helper cannot reach it either, and can reach us.
    pub(crate) fn on_unreached(&mut self, cx: &mut Context<S>, header: &Header, unreached: Unreached) {
        let helper = header.sender;
        let Some(probe) = self.prober.awaited(unreached.probe, unreached.target) else {
            cx.stats.stale_answers += 1;
            return;
        };
        if probe.asked.may_include(helper) {
            probe.helpers_heard = probe.helpers_heard.saturating_add(1);
            probe.unreached_by = probe.unreached_by.and(Accusers::of(helper));
            cx.stats.helpers_failed += 1;
            self.health.on_answer(cx.now, cx.config.probe_interval);
        }
    }

    pub(super) fn on_probe_timer(&mut self, cx: &mut Context<S>) {
        if let Some(probe) = self.prober.probe
            && cx.now >= probe.until
        {
            self.go_on(cx, probe);
        }
        if self.prober.probe.is_none() && cx.now >= self.prober.next_at {
            self.start_probe(cx);
            // In self-quarantine, we accuse nobody, and probe to find out whether our links are good again.
            let stretched = self.health.stretch(cx.config.probe_interval);
            let interval = if self.is_quarantined() { cx.config.probe_interval } else { stretched };
            let next_at = self.prober.next_at + interval;
            // Late by more than a period: what was missed is not made up for.
            self.prober.next_at = if next_at > cx.now { next_at } else { cx.now + interval };
        }
    }

    fn start_probe(&mut self, cx: &mut Context<S>) {
        let Some(target) = self.next_target(cx) else { return };
        cx.stats.probes += 1;
        let number = self.prober.next_number();
        let probe = Probe {
            target,
            number,
            asked_at: cx.now,
            asks: 0,
            answers: 0,
            helpers: 0,
            helpers_heard: 0,
            asked: Accusers::NONE,
            unreached_by: Accusers::NONE,
            until: cx.now,
        };
        self.ask(cx, probe);
    }

    /// Asks again, or, when that was often enough, comes to a conclusion.
    fn go_on(&mut self, cx: &mut Context<S>, mut probe: Probe) {
        if probe.asks == 1 {
            cx.stats.pings_unanswered += 1;
            self.health.record_probe(cx.now, cx.config.probe_interval, false);
        }
        if probe.asks >= ASKS_MAX {
            self.prober.finish(cx);
            self.conclude(cx, &probe);
        } else {
            let help_is_due = probe.answers == 0 && HELP_AFTER.contains(&probe.asks);
            if help_is_due && !is_confirmed(cx, probe.accusers(cx.me.id)) {
                self.ask_helpers(cx, &mut probe);
            }
            self.ask(cx, probe);
        }
    }

    fn ask(&mut self, cx: &mut Context<S>, mut probe: Probe) {
        let Some(member) = self.get(probe.target).filter(|member| member.is_live()) else {
            return self.prober.finish(cx);
        };
        cx.send(member.addr, Some(probe.target), Intent::Ping(probe.number | u16::from(probe.asks)));
        probe.asks += 1;
        // The last answer is waited for as long as the first few; between them, a quarter of that will do.
        let timeouts = Timeouts::with(cx, &self.health, member);
        let patient = probe.asks <= ASKS_EASY || probe.asks == ASKS_MAX;
        let wait = if patient { timeouts.answer } else { timeouts.repeat };
        self.prober.probe = Some(Probe { until: cx.now + wait, ..probe });
    }

    /// Accuses whoever did not answer, or too seldom.
    fn conclude(&mut self, cx: &mut Context<S>, probe: &Probe) {
        cx.stats.probes_failed += 1;
        let accusers = probe.accusers(cx.me.id);
        // Lifeguard counts each answer of a helper that is missing; where losses are common, some always are.
        if probe.helpers_heard * 4 < probe.helpers {
            self.health.worsen();
        }
        let cause = if probe.answers == 0 { Cause::Silence } else { Cause::Loss };
        // If nobody at all has answered meanwhile, it may be us whom nobody hears. To accuse others of it helps nobody.
        let heard = self.health.is_answered_since(probe.asked_at) || cx.live <= 2;
        let retransmits = if heard && !self.is_quarantined() { cx.retransmit_limit() } else { Retransmits::NONE };
        self.suspect(cx, probe.target, cause, accusers, retransmits);
    }

    /// Asks helpers, others each time, and rather those that have answered us before: to them, the path is known to lead, and
    /// they have heard us, so that they take us for no stranger. Rather those, too, that are told apart from us among accusers: what
    /// others find counts as found by us.
    fn ask_helpers(&self, cx: &mut Context<S>, probe: &mut Probe) {
        for _ in 0..cx.config.indirect_probes {
            let (asked, target) = (probe.asked, probe.target);
            let told_apart = asked.and(Accusers::of(cx.me.id));
            let strange = |id: NodeId| self.get(id).is_none_or(|member| member.round_trip.mean().is_none());
            let drawn = self.sample(cx, &|id| id == target || told_apart.may_include(id) || strange(id));
            let Some((helper, addr)) = drawn.or_else(|| self.sample(cx, &|id| id == target || asked.may_include(id)))
            else {
                return;
            };
            cx.send(addr, Some(helper), Intent::PingRequest(probe.number, probe.target));
            probe.asked = probe.asked.and(Accusers::of(helper));
            probe.helpers = probe.helpers.saturating_add(1);
        }
    }

    /// Whom to ask this period; mostly nobody, when whose turn it is has been heard within the last one anyway. Not never:
    /// one that can speak and not hear would go unnoticed.
    fn next_target(&mut self, cx: &mut Context<S>) -> Option<NodeId> {
        let rows = self.members.len();
        for _ in 0..rows {
            let slot = self.prober.turn.next(cx, rows);
            let Some((id, member)) = self.members.as_slice().get(slot) else { continue };
            if *id == cx.me.id || !member.is_live() {
                continue;
            }
            let recently = member.heard_at.is_some_and(|at| cx.now < at + cx.config.probe_interval);
            let may_be_spared = !self.is_quarantined() && recently && member.standing == Standing::Alive;
            let spared = may_be_spared && cx.rng.below(SPARED_OF) != 0;
            return (!spared).then_some(*id);
        }
        None
    }
}

/// One in so many is asked although it was heard.
const SPARED_OF: usize = 4;

/// How long to wait for a member.
pub(super) struct Timeouts {
    /// Until an answer is missed.
    pub(super) answer: Duration,
    /// Before it is asked again, once it missed a few.
    pub(super) repeat: Duration,
}

impl Timeouts {
    pub(super) fn with<S: Storage>(cx: &Context<S>, health: &Health, member: &Member<S::Blob>) -> Self {
        let longest = cx.config.probe_timeout;
        let shortest = longest.part(16);
        let measured = member.round_trip.timeout().or_else(|| cx.round_trip.timeout());
        // Not by `clamp`, which has a word to say where the bounds are the wrong way round: these cannot be.
        let answer = measured.unwrap_or_else(|| longest.part(4)).min(longest).max(shortest);
        // Whoever was slow lately is asked as often, over a longer time.
        let repeat = answer.part(4).max(shortest).times(leniency(member.false_alarms));
        Self { answer: health.stretch(answer), repeat: health.stretch(repeat) }
    }
}

impl Turn {
    fn next<S: Storage>(&mut self, cx: &mut Context<S>, rows: usize) -> usize {
        if self.left == 0 {
            self.left = rows;
            self.slot = cx.rng.below(rows);
            self.stride = 1 + cx.rng.below(rows.saturating_sub(1));
            while gcd(self.stride, rows) > 1 {
                self.stride = 1 + self.stride % rows;
            }
        }
        self.left -= 1;
        self.slot = (self.slot + self.stride) % rows.max(1);
        self.slot
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::gcd;

    #[test]
    fn a_stride_meets_every_row() {
        for rows in 1..40_usize {
            for stride in (1..=rows).filter(|&stride| gcd(stride, rows) == 1) {
                let mut met = std::collections::BTreeSet::new();
                (0..rows).for_each(|turn| {
                    met.insert(turn * stride % rows);
                });
                assert_eq!(met.len(), rows);
            }
        }
    }
}
