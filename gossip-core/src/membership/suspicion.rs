//! How long a suspect may contradict (SWIM §4.2), and the verdict when it did not.
use super::{Change, Membership};
use crate::{
    context::Context,
    records::{Claim, Intent},
    storage::Storage,
    table::Table,
    time::Instant,
    wire::Standing,
};
use core::time::Duration;

impl<S: Storage> Membership<S> {
    /// How long a suspicion lasts: `suspicion_mult` probe intervals for each power of ten of the cluster's size, as
    /// hashicorp/memberlist has it; the news must reach the suspect and its answer come back, both by gossip.
    pub(super) fn suspicion_len(&self, cx: &Context<S>) -> Duration {
        let thousandths = log10_thousandths(cx.live).max(1_000);
        let millis = cx.config.probe_interval.as_millis() * u128::from(cx.config.suspicion_mult);
        Duration::from_millis(u64::try_from(millis * u128::from(thousandths) / 1_000).unwrap_or(u64::MAX))
    }

    /// Passes one verdict that is due.
    pub(super) fn on_verdict_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        while cx.now >= self.verdict_at {
            let due = self.members.as_slice().iter().position(|(_, member)| member.deadline <= cx.now);
            let Some(slot) = due else {
                self.verdict_at = self.earliest_deadline();
                break;
            };
            let change = self.pass_verdict(cx, slot);
            if change.is_some() {
                return change;
            }
        }
        None
    }

    fn pass_verdict(&mut self, cx: &mut Context<S>, slot: usize) -> Option<Change> {
        let (id, member) = self.members.as_slice().get(slot)?;
        // It speaks to us, so it lives; it only has not heard what is said of it. We ask it again, which tells it.
        if member.heard_at.is_some_and(|heard_at| heard_at > member.since) {
            let (id, addr) = (*id, member.addr);
            self.extend_suspicion(cx, slot);
            cx.send(addr, Some(id), Intent::Ping(0));
            return None;
        }
        let claim = Claim { standing: Standing::Down, ..member.claim };
        self.join_claim(cx, slot, claim, cx.me.id)
    }

    fn extend_suspicion(&mut self, cx: &mut Context<S>, slot: usize) {
        let (now, deadline) = (cx.now, cx.now + self.suspicion_len(cx));
        self.update(cx, slot, |member| {
            member.since = now;
            member.deadline = deadline;
        });
    }

    fn earliest_deadline(&self) -> Instant {
        self.members.as_slice().iter().map(|(_, member)| member.deadline).min().unwrap_or(Instant::NEVER)
    }
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
