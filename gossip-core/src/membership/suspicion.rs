//! How long a suspect may refute (SWIM §4.2), and declaring it down when it did not.
//!
//! A suspicion is long while one observer alone has it, and shrinks with each that confirms it (Lifeguard §IV-B,
//! LHA-Suspicion). Ours mostly begins confirmed: helpers that could not reach the suspect are counted as observers.
use super::{Change, Membership, claims::Update};
use crate::{
    context::{Context, Credit},
    id::{Addr, NodeId},
    records::{Claim, Intent, Member, Namesake, Retransmits, Suspicion},
    storage::Storage,
    table::{Flag, Table},
    time::{Instant, Span, micros},
    wire::{Accusers, Cause, Ping, Standing},
};
use core::time::Duration;

/// With so many observers beside the first, a suspicion is as short as it gets (Lifeguard's *K*).
pub(super) const CONFIRMATIONS_MAX: u32 = 3;

impl<S: Storage> Membership<S> {
    /// A suspicion begins, or has a new beginning: says until when. Before its end, there is time for probes of our own.
    pub(super) fn open_suspicion(
        &mut self,
        cx: &Context<S>,
        accusers: Accusers,
        false_alarms: u8,
    ) -> (Suspicion, Instant) {
        let until = suspicion_deadline(cx, cx.now, accusers, false_alarms);
        self.suspicion_at = self.suspicion_at.min(until);
        (Suspicion::Suspected, until)
    }

    /// Somebody confirms a suspicion: it is shorter from now on.
    pub(super) fn shorten_suspicion(&mut self, cx: &mut Context<S>, slot: usize) {
        let Some((_, member)) = self.members.as_slice().get(slot) else { return };
        if member.suspicion == Suspicion::Suspected {
            let until = suspicion_deadline(cx, member.since, member.accusers, member.false_alarms).max(cx.now);
            self.suspicion_at = self.suspicion_at.min(until);
            self.update(cx, slot, |member| member.until = until);
        }
    }

    /// Somebody counts a member as gone whom we do not even suspect: the news of a suspicion passed us by, or it comes from the
    /// other side of a partition that healed. It is told, and a round of gossip later we probe it ourselves: in the second
    /// case, its contradiction is there by then.
    pub(super) fn doubt(&mut self, cx: &mut Context<S>, slot: usize) {
        let Some((id, member)) = self.members.as_slice().get(slot) else { return };
        let (id, addr) = (*id, member.addr);
        if member.suspicion != Suspicion::None {
            return;
        }
        cx.stats.verdicts_doubted += 1;
        let until = cx.now + cx.config.gossip_interval;
        self.suspicion_at = self.suspicion_at.min(until);
        self.update(cx, slot, |member| (member.suspicion, member.until) = (Suspicion::Doubted, until));
        // A few of all those who hear of it will do, and at the word of somebody unproven, nobody is asked.
        if cx.rng.below(cx.live) < NOTIFIERS && cx.received.credit == Credit::Full {
            cx.send(addr, Some(id), Intent::Ping(Ping::DIGEST_PROBE));
        }
    }

    /// A member answered us: its last probes are called off, and a doubt is over; it is not declared down before it was
    /// asked again.
    pub(super) fn clear_suspicion(&mut self, cx: &mut Context<S>, id: NodeId) {
        let Some(slot) = self.members.slot(&id) else { return };
        let Some((_, member)) = self.members.as_slice().get(slot) else { return };
        match (member.standing, member.suspicion) {
            (_, Suspicion::LastProbes { .. }) | (Standing::Alive, Suspicion::Doubted) => {
                self.reopen_suspicion(cx, slot)
            }
            _ => {}
        }
    }

    /// A member answered somebody who asked for us: it lives, and has only not heard what is said of it.
    pub(super) fn vouch_for(&mut self, cx: &mut Context<S>, id: NodeId) {
        let Some(slot) = self.members.slot(&id) else { return };
        if self.members.as_slice().get(slot).is_some_and(|(_, member)| member.standing == Standing::Suspect) {
            self.reopen_suspicion(cx, slot);
        }
        self.clear_suspicion(cx, id);
    }

    /// The suspicion begins again, with us as the only observer; or is over, where there was only a doubt.
    fn reopen_suspicion(&mut self, cx: &mut Context<S>, slot: usize) {
        let Some((_, member)) = self.members.as_slice().get(slot) else { return };
        if member.standing == Standing::Alive {
            return self
                .update(cx, slot, |member| (member.suspicion, member.until) = (Suspicion::None, Instant::NEVER));
        }
        let (now, accusers) = (cx.now, Accusers::NONE);
        let suspicion = self.open_suspicion(cx, accusers, member.false_alarms);
        self.update(cx, slot, |member| {
            (member.since, member.accusers, (member.suspicion, member.until)) = (now, accusers, suspicion);
        });
    }

    /// Our timer fired late by so much: suspicions are extended by the time in which we could not hear a refutation.
    pub(super) fn postpone_suspicions(&mut self, cx: &mut Context<S>, late: Duration) {
        let mut from = 0;
        loop {
            let Some((slot, _)) = self.suspicions_from(from).next() else { break };
            self.update(cx, slot, |member| member.until = member.until + late);
            from = slot + 1;
        }
        self.suspicion_at = self.suspicion_at + late;
    }

    /// Goes on with the suspicions that are due, up to one that ends in a verdict.
    pub(super) fn on_suspicion_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        if cx.now < self.suspicion_at {
            return None;
        }
        let (mut from, mut next_at) = (0, Instant::NEVER);
        loop {
            let Some((slot, until)) = self.suspicions_from(from).next() else { break };
            if until <= cx.now {
                let change = self.proceed(cx, slot);
                if change.is_some() {
                    return change;
                }
            }
            let until = self.members.as_slice().get(slot).map_or(Instant::NEVER, |(_, member)| member.until);
            next_at = next_at.min(until);
            from = slot + 1;
        }
        self.suspicion_at = next_at;
        None
    }

    /// Who is under suspicion, and when that goes on.
    fn suspicions_from(&self, from: usize) -> impl Iterator<Item = (usize, Instant)> {
        let slots = self.members.flagged(from, Flag::Waiting, |(_, member)| member.suspicion != Suspicion::None);
        slots.filter_map(|slot| self.members.as_slice().get(slot).map(|(_, member)| (slot, member.until)))
    }

    fn proceed(&mut self, cx: &mut Context<S>, slot: usize) -> Option<Change> {
        let (_, member) = self.members.as_slice().get(slot)?;
        match member.suspicion {
            Suspicion::LastProbes { probes_left: 0 } if self.is_excused(cx, member) => {
                self.reopen_suspicion(cx, slot);
                None
            }
            Suspicion::LastProbes { probes_left: 0 } => self.declare_down(cx, slot),
            Suspicion::LastProbes { probes_left } => {
                self.probe_suspect(cx, slot, probes_left - 1);
                None
            }
            Suspicion::None | Suspicion::Suspected | Suspicion::Doubted => {
                let probes = self.last_probes(cx, member);
                self.probe_suspect(cx, slot, probes - 1);
                None
            }
        }
    }

    /// How many last probes to send, with so many who confirm the suspicion: among many that lose nothing, hardly ever
    /// more than one.
    fn last_probes(&self, cx: &Context<S>, member: &Member<S::Blob>) -> u8 {
        match last_probes(cx, member.accusers) {
            LAST_PROBES_OF_MANY if self.relays_little(cx) => 1,
            _ if member.suspicion == Suspicion::Doubted && self.relays_little(cx) => LAST_PROBES_OF_MANY,
            probes => probes,
        }
    }

    /// Whether a member speaks that does not answer. Either it is deaf, and then others find the same; or nobody hears us, or not
    /// on this path, and then it has not failed.
    fn is_excused(&self, cx: &Context<S>, member: &Member<S::Blob>) -> bool {
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
        speaks && !(confirmed && self.health.is_answered_since(since))
    }

    fn declare_down(&mut self, cx: &mut Context<S>, slot: usize) -> Option<Change> {
        let (_, member) = self.members.as_slice().get(slot)?;
        let claim = Claim { standing: Standing::Down, ..member.claim() };
        // Who found it first stays the one that is named.
        let (by, cause) = match member.standing {
            Standing::Suspect => (member.by, member.cause),
            _ => (cx.me.id, Cause::Silence),
        };
        let was_shared = member.standing == Standing::Suspect && self.relays_little(cx);
        let change = self.adopt(cx, slot, Update { claim, by, cause, accusers: member.accusers });
        if was_shared {
            // All who heard of the suspicion come to the same by themselves; to others, the digest shows it.
            self.update(cx, slot, |member| member.retransmits = Retransmits::NONE);
        }
        change
    }

    /// Begins the last probes of a suspicion before their time.
    pub(super) fn probe_unless_probing(&mut self, cx: &mut Context<S>, slot: usize) {
        let suspicion = self.members.as_slice().get(slot).map(|(_, member)| member.suspicion);
        if suspicion == Some(Suspicion::Suspected) {
            self.probe_suspect(cx, slot, LAST_PROBES - 1);
        }
    }

    /// Asks whether somebody is there; that tells it what is said of it, too. Of two that bear its name, either may say so.
    pub(super) fn send_digest_probe(&self, cx: &mut Context<S>, id: NodeId, addr: Addr) {
        cx.send(addr, Some(id), Intent::Ping(Ping::DIGEST_PROBE));
        if let Some(rival) = self.get(id).and_then(|member| self.rival_of(id, member.generation)) {
            cx.send(rival, Some(id), Intent::Ping(Ping::DIGEST_PROBE));
        }
    }

    /// Asks the suspect.
    fn probe_suspect(&mut self, cx: &mut Context<S>, slot: usize, probes_left: u8) {
        let Some((id, member)) = self.members.as_slice().get(slot) else { return };
        self.send_digest_probe(cx, *id, member.addr);
        let until = cx.now + self.health.stretch(last_probe_wait(cx));
        self.suspicion_at = self.suspicion_at.min(until);
        self.update(cx, slot, |member| {
            (member.suspicion, member.until) = (Suspicion::LastProbes { probes_left }, until)
        });
    }
}

/// When the last probes of a suspicion begin that began at `since`.
fn suspicion_deadline<S: Storage>(cx: &Context<S>, since: Instant, accusers: Accusers, false_alarms: u8) -> Instant {
    let confirmations = confirmations(cx, accusers);
    let probes = last_probes(cx, accusers);
    since + span(cx, confirmations, false_alarms).saturating_sub(last_probes_wait(cx, probes))
}

/// So many times do we probe a suspect ourselves before we declare it down: at a loss of one in four, 99 in 100 that live are heard.
const LAST_PROBES: u8 = 8;
/// So many where several observers agree, and so many others probe that the suspect has heard of it from one of them.
const LAST_PROBES_OF_MANY: u8 = 2;
/// From so many members on, they are many.
const MANY: usize = 33;
/// How many tell somebody that it is counted as gone.
const NOTIFIERS: usize = 8;

/// However few there are, a suspicion is as long as among 32: most pauses of a program are shorter. Among more, it grows by half
/// of the logarithm, so that it covers the rounds that a contradiction takes to reach them all: two and a half more for a thousand
/// than for 32, where each tells three others, and that is half a probe interval where ours grows by three quarters of one.
const LOG_MIN: u64 = 1_500;

/// By how much a member is given more time, for its false alarms of late: up to eight times.
pub(super) const fn leniency(false_alarms: u8) -> u32 {
    1 << false_alarms.div_ceil(FALSE_ALARM)
}

/// What a false alarm counts; an answer in time takes one off.
const FALSE_ALARM: u8 = 8;
/// More than three are not remembered.
const FALSE_ALARMS_MAX: u8 = 3 * FALSE_ALARM;

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
    cx.config.probe_timeout.part(8)
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
