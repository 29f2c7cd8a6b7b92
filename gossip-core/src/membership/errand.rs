//! Asking on behalf of others (SWIM §3.1, `ping-req`), and saying so when it was in vain (Lifeguard's `nack`).
use super::{Membership, probe::Patience};
use crate::{
    context::{Context, Credit},
    id::NodeId,
    records::Intent,
    storage::Storage,
    table::Table,
    time::Instant,
    wire::{Header, PingRequest},
};
use serde::{Deserialize, Serialize};

/// What we ask on behalf of others.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Errands(heapless::Vec<Errand, ERRANDS_MAX>);

/// A helper forgets the oldest errand beyond these; the asker has other helpers.
const ERRANDS_MAX: usize = 6;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Errand {
    number: u16,
    target: NodeId,
    asker: NodeId,
    probe: u16,
    asks: u8,
    until: Instant,
}

/// So often is a target asked for somebody else.
const ASKS_MAX: u8 = 4;

impl Errands {
    pub(super) fn next_deadline(&self) -> Instant {
        self.0.iter().map(|errand| errand.until).min().unwrap_or(Instant::NEVER)
    }

    fn add(&mut self, errand: Errand) {
        if self.0.is_full() {
            let _ = self.take_at(0);
        }
        // There is room.
        let _ = self.0.push(errand);
    }

    /// Takes out the first that is meant.
    fn take(&mut self, is_meant: impl Fn(&Errand) -> bool) -> Option<Errand> {
        let at = self.0.iter().position(is_meant)?;
        self.take_at(at)
    }

    /// Exchanged with all that came later, the last one first, and taken off the end: so those keep their order, and to move
    /// them up by one takes no `memmove`, which is longer than any function of ours.
    fn take_at(&mut self, at: usize) -> Option<Errand> {
        let (errand, later) = self.0.get_mut(at..)?.split_first_mut()?;
        later.iter_mut().rev().for_each(|other| core::mem::swap(errand, other));
        self.0.pop()
    }
}

impl<S: Storage> Membership<S> {
    /// Pings `target` for a member. Strangers are not served, nor members that speak from elsewhere, and nobody unknown is
    /// pinged: we are no reflector.
    pub(crate) fn on_ping_request(&mut self, cx: &mut Context<S>, header: &Header, request: PingRequest) {
        let proven = cx.credit == Credit::Full;
        let asker = self.get(header.sender).filter(|asker| proven && asker.is_live() && asker.heard_at.is_some());
        if asker.is_none() || self.get(request.target).is_none() {
            cx.stats.questions_of_strangers += 1;
            return;
        }
        if request.target != cx.me.id {
            let number = self.prober.next_number();
            let (asker, PingRequest { probe, target }) = (header.sender, request);
            self.run_errand(cx, Errand { number, target, asker, probe, asks: 0, until: cx.now });
        }
    }

    /// Whether this answers somebody else's question, which is then passed on.
    pub(super) fn on_errand_ack(&mut self, cx: &mut Context<S>, target: NodeId, number: u16) -> bool {
        let errand = self.errands.take(|errand| (errand.number, errand.target) == (number, target));
        if let Some(errand) = errand {
            self.report(cx, errand.asker, Intent::Relayed(errand.probe, target));
        }
        errand.is_some()
    }

    pub(super) fn on_errand_timer(&mut self, cx: &mut Context<S>) {
        let now = cx.now;
        while let Some(errand) = self.errands.take(|errand| errand.until <= now) {
            if errand.asks < ASKS_MAX && !cx.config.detection.is_plain() {
                self.run_errand(cx, errand);
            } else if !cx.config.detection.is_plain() {
                self.report(cx, errand.asker, Intent::Unreached(errand.probe, errand.target));
            }
        }
    }

    fn run_errand(&mut self, cx: &mut Context<S>, mut errand: Errand) {
        let Some(member) = self.get(errand.target) else { return };
        cx.send(member.addr, Some(errand.target), Intent::Ping(errand.number));
        let patience = Patience::with(cx, &self.health, member);
        errand.asks += 1;
        errand.until = cx.now + if errand.asks < ASKS_MAX { patience.repeat } else { patience.answer };
        if cx.config.detection.is_plain() {
            errand.until = cx.now + cx.config.probe_interval;
        }
        self.errands.add(errand);
    }

    fn report(&self, cx: &mut Context<S>, asker: NodeId, intent: Intent) {
        if let Some(member) = self.members.get(&asker) {
            cx.send(member.addr, Some(asker), intent);
        }
    }
}
