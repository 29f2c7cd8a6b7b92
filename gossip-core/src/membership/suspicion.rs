//! How long a suspect may contradict (SWIM §4.2), and the verdict when it did not.
use super::{Change, Membership};
use crate::{
    context::Context,
    records::{Claim, Intent, Trial},
    storage::Storage,
    table::{Mark, Table},
    time::{Instant, micros},
    wire::{Ping, Standing},
};
use core::time::Duration;

impl<S: Storage> Membership<S> {
    /// How long a suspicion lasts: `suspicion_mult` probe intervals for each power of ten of the cluster's size, as
    /// hashicorp/memberlist has it; the news must reach the suspect and its answer come back, both by gossip.
    fn suspicion_len(&self, cx: &Context<S>) -> Duration {
        let thousandths = log10_thousandths(cx.live).max(1_000);
        let per_power = micros(cx.config.probe_interval).saturating_mul(u64::from(cx.config.suspicion_mult));
        Duration::from_micros(per_power.saturating_mul(thousandths) / 1_000)
    }

    /// A suspicion begins: says until when. Before it ends, there is time for one look of our own.
    pub(super) fn open_trial(&mut self, cx: &Context<S>) -> (Trial, Instant) {
        let until = cx.now + self.suspicion_len(cx).saturating_sub(cx.config.probe_interval);
        self.trial_at = self.trial_at.min(until);
        (Trial::Suspected, until)
    }

    /// Goes on with one suspicion that is due.
    pub(super) fn on_trial_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        while cx.now >= self.trial_at {
            let Some(slot) = self.trials().find(|(_, until)| *until <= cx.now).map(|(slot, _)| slot) else {
                self.trial_at = self.trials().map(|(_, until)| until).min().unwrap_or(Instant::NEVER);
                break;
            };
            let change = self.proceed(cx, slot);
            if change.is_some() {
                return change;
            }
        }
        None
    }

    /// Who is suspected, and when that goes on.
    fn trials(&self) -> impl Iterator<Item = (usize, Instant)> {
        let slots = self.members.marked(0, Mark::Waiting, |(_, member)| member.trial != Trial::None);
        slots.filter_map(|slot| self.members.as_slice().get(slot).map(|(_, member)| (slot, member.until)))
    }

    fn proceed(&mut self, cx: &mut Context<S>, slot: usize) -> Option<Change> {
        let (_, member) = self.members.as_slice().get(slot)?;
        let (claim, trial) = (member.claim(), member.trial);
        // Whoever speaks to us lives, and has only not heard what is said of it.
        let speaks = member.heard_at.is_some_and(|heard_at| heard_at > member.since);
        match trial {
            Trial::LastLook { .. } if speaks => {
                let (now, trial) = (cx.now, self.open_trial(cx));
                self.update(cx, slot, |member| (member.since, (member.trial, member.until)) = (now, trial));
            }
            Trial::LastLook { asks_left: 0 } => {
                let verdict = Claim { standing: Standing::Down, ..claim };
                return self.join_claim(cx, slot, verdict, cx.me.id);
            }
            Trial::LastLook { asks_left } => self.look(cx, slot, asks_left - 1),
            Trial::None | Trial::Suspected => self.look(cx, slot, LOOKS - 1),
        }
        None
    }

    /// Begins the last look of a suspicion before its time.
    pub(super) fn look_unless_looking(&mut self, cx: &mut Context<S>, slot: usize) {
        let trial = self.members.as_slice().get(slot).map(|(_, member)| member.trial);
        if trial == Some(Trial::Suspected) {
            self.look(cx, slot, LOOKS - 1);
        }
    }

    /// Asks the suspect; that tells it what is said of it, too.
    fn look(&mut self, cx: &mut Context<S>, slot: usize, asks_left: u8) {
        let Some((id, member)) = self.members.as_slice().get(slot) else { return };
        cx.send(member.addr, Some(*id), Intent::Ping(Ping::INQUIRY));
        let until = cx.now + cx.config.probe_interval / u32::from(LOOKS);
        self.trial_at = self.trial_at.min(until);
        self.update(cx, slot, |member| (member.trial, member.until) = (Trial::LastLook { asks_left }, until));
    }
}

/// So many times do we ask a suspect ourselves, all within one probe interval: at a loss of one in four, 96 of 100 that live
/// are heard.
const LOOKS: u8 = 4;

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
