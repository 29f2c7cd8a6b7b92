//! How long a suspect may refute (SWIM §4.2), and declaring it down when it did not.
//!
//! A suspicion is long while one observer alone has it, and shrinks with each that confirms it (Lifeguard §IV-B,
//! LHA-Suspicion). Ours mostly begins confirmed: helpers that could not reach the suspect are counted as observers.
use super::{health::Health, list::MemberList, namesakes::Namesakes, news::relays_little, update::Update};
use crate::{
    config::detector::{
        CONFIRMATIONS_MAX, FALSE_ALARM, FALSE_ALARMS_MAX, LAST_PROBE_WAITS, LAST_PROBES, LAST_PROBES_OF_MANY, LOG_MIN,
        MANY, NOTIFIERS,
    },
    context::{Context, Credit},
    id::NodeId,
    records::{Claim, Intent, Member, Namesake, Suspicion},
    stats::Counter,
    storage::Storage,
    time::{Instant, Span, micros},
    wire::{Accusers, Cause, Ping, Standing},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// When suspicions go on. How far each has come lies with the member.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Suspicions {
    /// The first of them, or earlier.
    next_at: Instant,
}

/// What a suspicion goes by, beside what lies with the member.
pub(super) struct Surroundings<'m, S: Storage> {
    pub(super) list: &'m mut MemberList<S>,
    pub(super) names: &'m Namesakes<S>,
    pub(super) health: &'m Health,
}

/// What a suspicion that is due comes to.
enum Step {
    /// It goes on.
    On,
    /// It ends in a verdict.
    DeclareDown(Update),
}

impl Suspicions {
    pub(super) const fn new() -> Self {
        Self { next_at: Instant::NEVER }
    }

    pub(super) const fn next_deadline(&self) -> Instant {
        self.next_at
    }

    /// The suspicion that goes with a standing, and when it goes on. Before its end, there is time for probes of our own.
    pub(super) fn open<S: Storage>(
        &mut self,
        cx: &Context<S>,
        standing: Standing,
        accusers: Accusers,
        false_alarms: u8,
    ) -> (Suspicion, Instant) {
        if standing != Standing::Suspect {
            return (Suspicion::None, Instant::NEVER);
        }
        let until = suspicion_deadline(cx, cx.now, accusers, false_alarms);
        self.next_at = self.next_at.min(until);
        (Suspicion::Suspected, until)
    }

    /// Somebody confirms a suspicion: it is shorter from now on.
    pub(super) fn shorten<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, slot: usize) {
        let Some((_, member)) = list.row(slot) else { return };
        if member.suspicion == Suspicion::Suspected {
            let until = suspicion_deadline(cx, member.since, member.accusers, member.false_alarms).max(cx.now);
            self.next_at = self.next_at.min(until);
            list.update(cx, slot, |member| member.until = until);
        }
    }

    /// Somebody counts a member as gone whom we do not even suspect: the news of a suspicion passed us by, or it comes from the
    /// other side of a partition that healed. It is told, and a round of gossip later we probe it ourselves: in the second
    /// case, its contradiction is there by then.
    pub(super) fn doubt<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, slot: usize) {
        let Some((id, member)) = list.row(slot) else { return };
        let (id, addr) = (*id, member.addr);
        if member.suspicion != Suspicion::None {
            return;
        }
        cx.count(Counter::VerdictsDoubted);
        let until = cx.now + cx.config.gossip_interval;
        self.next_at = self.next_at.min(until);
        list.update(cx, slot, |member| (member.suspicion, member.until) = (Suspicion::Doubted, until));
        // A few of all those who hear of it will do, and at the word of somebody unproven, nobody is asked.
        if cx.rng.below(cx.live) < NOTIFIERS && cx.received.credit == Credit::Full {
            cx.send(addr, Some(id), Intent::Ping(Ping::DIGEST_PROBE));
        }
    }

    /// A member answered us: its last probes are called off, and a doubt is over; it is not declared down before it was
    /// asked again.
    pub(super) fn clear<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, id: NodeId) {
        let Some(slot) = list.slot(id) else { return };
        let Some((_, member)) = list.row(slot) else { return };
        match (member.standing, member.suspicion) {
            (_, Suspicion::LastProbes { .. }) | (Standing::Alive, Suspicion::Doubted) => self.reopen(cx, list, slot),
            _ => {}
        }
    }

    /// A member answered somebody who asked for us: it lives, and has only not heard what is said of it.
    pub(super) fn vouch_for<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, id: NodeId) {
        let Some(slot) = list.slot(id) else { return };
        if list.row(slot).is_some_and(|(_, member)| member.standing == Standing::Suspect) {
            self.reopen(cx, list, slot);
        }
        self.clear(cx, list, id);
    }

    /// Our timer fired late by so much: suspicions are extended by the time in which we could not hear a refutation.
    pub(super) fn postpone<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, late: Duration) {
        let mut from = 0;
        loop {
            let Some(slot) = list.suspects_from(from).next() else { break };
            list.update(cx, slot, |member| member.until = member.until + late);
            from = slot + 1;
        }
        self.next_at = self.next_at + late;
    }

    /// Goes on with the suspicions that are due, up to one that ends in a verdict: whose, and which.
    pub(super) fn on_timer<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        around: &mut Surroundings<'_, S>,
    ) -> Option<(usize, Update)> {
        if cx.now < self.next_at {
            return None;
        }
        let (mut from, mut next_at) = (0, Instant::NEVER);
        loop {
            let Some(slot) = around.list.suspects_from(from).next() else { break };
            if until(around.list, slot) <= cx.now
                && let Step::DeclareDown(verdict) = self.proceed(cx, around, slot)
            {
                return Some((slot, verdict));
            }
            next_at = next_at.min(until(around.list, slot));
            from = slot + 1;
        }
        self.next_at = next_at;
        None
    }

    /// Begins the last probes of a suspicion before their time.
    pub(super) fn probe_unless_probing<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        around: &mut Surroundings<'_, S>,
        slot: usize,
    ) {
        if around.list.row(slot).is_some_and(|(_, member)| member.suspicion == Suspicion::Suspected) {
            self.probe_suspect(cx, around, slot, LAST_PROBES - 1);
        }
    }

    fn proceed<S: Storage>(&mut self, cx: &mut Context<S>, around: &mut Surroundings<'_, S>, slot: usize) -> Step {
        let Surroundings { list, health, .. } = around;
        let Some((_, member)) = list.row(slot) else { return Step::On };
        match member.suspicion {
            Suspicion::LastProbes { probes_left: 0 } if is_excused(cx, health, member) => self.reopen(cx, list, slot),
            Suspicion::LastProbes { probes_left: 0 } => return Step::DeclareDown(verdict_on(cx, member)),
            Suspicion::LastProbes { probes_left } => {
                self.probe_suspect(cx, around, slot, probes_left - 1);
            }
            Suspicion::None | Suspicion::Suspected | Suspicion::Doubted => {
                let probes = probes_due(cx, health, member);
                self.probe_suspect(cx, around, slot, probes - 1);
            }
        }
        Step::On
    }

    /// The suspicion begins again, with us as the only observer; or is over, where there was only a doubt.
    fn reopen<S: Storage>(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, slot: usize) {
        let Some((_, member)) = list.row(slot) else { return };
        if member.standing == Standing::Alive {
            return list
                .update(cx, slot, |member| (member.suspicion, member.until) = (Suspicion::None, Instant::NEVER));
        }
        let (now, accusers) = (cx.now, Accusers::NONE);
        let suspicion = self.open(cx, Standing::Suspect, accusers, member.false_alarms);
        list.update(cx, slot, |member| {
            (member.since, member.accusers, (member.suspicion, member.until)) = (now, accusers, suspicion);
        });
    }

    /// Asks the suspect.
    fn probe_suspect<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        around: &mut Surroundings<'_, S>,
        slot: usize,
        probes_left: u8,
    ) {
        let Surroundings { list, names, health } = around;
        let Some(row) = list.row(slot) else { return };
        names.send_digest_probe(cx, row);
        let until = cx.now + health.stretch(last_probe_wait(cx));
        self.next_at = self.next_at.min(until);
        list.update(cx, slot, |member| {
            (member.suspicion, member.until) = (Suspicion::LastProbes { probes_left }, until)
        });
    }
}

/// When the suspicion of a member goes on.
fn until<S: Storage>(list: &MemberList<S>, slot: usize) -> Instant {
    list.row(slot).map_or(Instant::NEVER, |(_, member)| member.until)
}

/// That a suspect did not refute. Who found it first stays the one that is named.
fn verdict_on<S: Storage>(cx: &Context<S>, member: &Member<S::Blob>) -> Update {
    let claim = Claim { standing: Standing::Down, ..member.claim() };
    let (by, cause) = match member.standing {
        Standing::Suspect => (member.by, member.cause),
        _ => (cx.me.id, Cause::Silence),
    };
    Update { claim, by, cause, accusers: member.accusers }
}

/// How many last probes to send, with so many who confirm the suspicion: among many that lose nothing, hardly ever
/// more than one.
fn probes_due<S: Storage>(cx: &Context<S>, health: &Health, member: &Member<S::Blob>) -> u8 {
    match last_probes(cx, member.accusers) {
        LAST_PROBES_OF_MANY if relays_little(cx, health) => 1,
        _ if member.suspicion == Suspicion::Doubted && relays_little(cx, health) => LAST_PROBES_OF_MANY,
        probes => probes,
    }
}

/// Whether a member speaks that does not answer. Either it is deaf, and then others find the same; or nobody hears us, or not
/// on this path, and then it has not failed.
fn is_excused<S: Storage>(cx: &Context<S>, health: &Health, member: &Member<S::Blob>) -> bool {
    if member.namesake == Namesake::Known {
        // The other one of its name is there, for all that is known; if not, that is soon over.
        return true;
    }
    let since = match member.standing {
        Standing::Suspect => member.since,
        _ => cx.now.saturating_sub(cx.config.gossip_interval).saturating_sub(last_probes_wait(cx, LAST_PROBES)),
    };
    let confirmed = is_confirmed(cx, member.accusers);
    let speaks = member.heard_at.is_some_and(|heard_at| heard_at > since);
    speaks && !(confirmed && health.is_answered_since(since))
}

/// When the last probes of a suspicion begin that began at `since`.
fn suspicion_deadline<S: Storage>(cx: &Context<S>, since: Instant, accusers: Accusers, false_alarms: u8) -> Instant {
    let confirmations = confirmations(cx, accusers);
    let probes = last_probes(cx, accusers);
    since + span(cx, confirmations, false_alarms).saturating_sub(last_probes_wait(cx, probes))
}

/// By how much a member is given more time, for its false alarms of late: it is asked again up to eight times as slowly, and its
/// suspicion is so much longer, up to the longest that there is.
pub(super) const fn leniency(false_alarms: u8) -> u32 {
    1 << false_alarms.div_ceil(FALSE_ALARM)
}

/// How many false alarms a member has to its credit when `joined` is claimed of it: one more for a suspicion contradicted,
/// two for a verdict. Another life begins without any.
pub(super) fn false_alarms<B>(member: &Member<B>, joined: Claim) -> u8 {
    let more = match (member.standing, joined.standing) {
        _ if joined.generation != member.generation => return 0,
        (Standing::Suspect, Standing::Alive) => FALSE_ALARM,
        (Standing::Down, Standing::Alive) => 2 * FALSE_ALARM,
        _ => 0,
    };
    (member.false_alarms + more).min(FALSE_ALARMS_MAX)
}

/// How long to wait for the answer to each of the last probes.
fn last_probe_wait<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.probe_timeout.part(LAST_PROBE_WAITS)
}

/// How long so many of them take.
fn last_probes_wait<S: Storage>(cx: &Context<S>, probes: u8) -> Duration {
    last_probe_wait(cx).times(u32::from(probes))
}

/// How many last probes to send to whom so many accuse.
fn last_probes<S: Storage>(cx: &Context<S>, accusers: Accusers) -> u8 {
    if cx.live >= MANY && is_confirmed(cx, accusers) { LAST_PROBES_OF_MANY } else { LAST_PROBES }
}

/// Whether enough observers found the same for a suspicion to be as short as it gets.
pub(super) fn is_confirmed<S: Storage>(cx: &Context<S>, accusers: Accusers) -> bool {
    confirmations(cx, accusers) == needed(cx)
}

/// How many observers confirm a suspicion, beside the first.
fn confirmations<S: Storage>(cx: &Context<S>, accusers: Accusers) -> u32 {
    accusers.count().saturating_sub(1).min(needed(cx))
}

/// How many are enough: all others, where those are fewer.
fn needed<S: Storage>(cx: &Context<S>) -> u32 {
    u32::try_from(cx.live.saturating_sub(2)).unwrap_or(u32::MAX).min(CONFIRMATIONS_MAX)
}

/// How long a suspicion lasts (Lifeguard §IV-B): max - (max - min) · log(confirmations + 1) / log(needed + 1).
///
/// Twice as long for each false alarm of late, up to max: whoever is slow now and then shows it by contradicting late.
fn span<S: Storage>(cx: &Context<S>, confirmations: u32, false_alarms: u8) -> Duration {
    let needed = needed(cx);
    let share = match (confirmations.min(needed), needed) {
        // Of two, nobody can confirm anything.
        (_, 0) => 500,
        (confirmed, needed) if confirmed == needed => 1_000,
        (0, _) => 0,
        // log 2 / log 3, log 2 / log 4 and log 3 / log 4, in thousandths.
        (1, 2) => 631,
        (1, _) => 500,
        _ => 792,
    };
    let interval = micros(cx.config.probe_interval);
    let beyond_few = log10_thousandths(cx.live).saturating_sub(LOG_MIN);
    let shortest = interval.saturating_mul(LOG_MIN + beyond_few / 2) / 1_000;
    let shortest = shortest.saturating_mul(u64::from(cx.config.suspicion_mult));
    let beyond = shortest.saturating_mul(u64::from(cx.config.suspicion_max_mult - 1));
    let found = shortest.saturating_add(beyond / 1_000 * (1_000 - share));
    let patient = found.saturating_mul(u64::from(leniency(false_alarms)));
    Duration::from_micros(patient.min(shortest.saturating_add(beyond)))
}

/// The decimal logarithm of `n` in thousandths, to within 28: linear between powers of two, so that
/// every platform agrees.
fn log10_thousandths(n: usize) -> u64 {
    let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX >> 1);
    let doublings = u64::from(n.ilog2());
    let fraction = (n - (1 << doublings)) * 1_000 / (1 << doublings);
    (doublings * 1_000 + fraction) * 30_103 / 100_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near_enough() {
        for n in 1..5_000_u32 {
            let exact = f64::from(n).log10() * 1_000.0;
            let ours = f64::from(u32::try_from(log10_thousandths(usize::try_from(n).unwrap())).unwrap());
            assert!((exact - ours).abs() < 28.0, "log10({n}) = {exact}, not {ours}");
        }
    }
}
