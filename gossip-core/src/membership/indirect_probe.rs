//! Indirect probes: pinging on behalf of others (SWIM §3.1, `ping-req`), and telling them when there was no answer (Lifeguard's
//! `nack`).
use super::{Membership, health::Health, list::MemberList, timeouts::Timeouts};
use crate::{
    config::detector::{INDIRECT_PROBES_MAX, RELAYED_ASKS_MAX},
    context::{Context, Credit},
    id::NodeId,
    records::Intent,
    stats::Counter,
    storage::Storage,
    time::Instant,
    wire::{Header, PingRequest},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The probes that we relay for others.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct IndirectProbes(heapless::Vec<IndirectProbe, INDIRECT_PROBES_MAX>);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct IndirectProbe {
    number: u16,
    target: NodeId,
    asker: NodeId,
    probe: u16,
    asks: u8,
    until: Instant,
}

impl IndirectProbes {
    pub(super) fn next_deadline(&self) -> Instant {
        self.0.iter().map(|indirect| indirect.until).min().unwrap_or(Instant::NEVER)
    }

    /// Our timer fired late by so much: that a target did not answer meanwhile is no word against it, for its answer may be waiting to be
    /// read.
    pub(super) fn postpone(&mut self, late: Duration) {
        self.0.iter_mut().for_each(|indirect| indirect.until = indirect.until + late);
    }

    fn add(&mut self, indirect: IndirectProbe) {
        if self.0.is_full() {
            let _ = self.take_at(0);
        }
        // There is room.
        let _ = self.0.push(indirect);
    }

    /// Takes out the first that is meant.
    fn take(&mut self, is_meant: impl Fn(&IndirectProbe) -> bool) -> Option<IndirectProbe> {
        let at = self.0.iter().position(is_meant)?;
        self.take_at(at)
    }

    /// Exchanged with all that came later, the last one first, and taken off the end: so those keep their order, and to move
    /// them up by one takes no `memmove`, which is longer than any function of ours.
    fn take_at(&mut self, at: usize) -> Option<IndirectProbe> {
        let (indirect, later) = self.0.get_mut(at..)?.split_first_mut()?;
        later.iter_mut().rev().for_each(|other| core::mem::swap(indirect, other));
        self.0.pop()
    }
}

impl<S: Storage> Membership<S> {
    /// Pings `target` for a member. Strangers are not served, nor members that speak from elsewhere, and nobody unknown is
    /// pinged: we are no reflector.
    pub(crate) fn on_ping_request(&mut self, cx: &mut Context<S>, header: &Header, request: PingRequest) {
        let proven = cx.received.credit == Credit::Full;
        let asker = self.list.get(header.sender).filter(|asker| proven && asker.is_live() && asker.heard_at.is_some());
        if asker.is_none() || self.list.get(request.target).is_none() {
            cx.count(Counter::QuestionsOfStrangers);
            return;
        }
        if request.target != cx.me.id {
            let number = self.prober.next_number();
            let (asker, PingRequest { probe, target }) = (header.sender, request);
            let indirect = IndirectProbe { number, target, asker, probe, asks: 0, until: cx.now };
            self.indirect_probes.relay(cx, &self.list, &self.health, indirect);
        }
    }
}

impl IndirectProbes {
    /// Whether this answers somebody else's question, which is then passed on.
    pub(super) fn on_ack<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        list: &MemberList<S>,
        target: NodeId,
        number: u16,
    ) -> bool {
        let indirect = self.take(|indirect| (indirect.number, indirect.target) == (number, target));
        if let Some(indirect) = indirect {
            report(cx, list, indirect.asker, Intent::Relayed(indirect.probe, target));
        }
        indirect.is_some()
    }

    pub(super) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, list: &MemberList<S>, health: &Health) {
        let now = cx.now;
        while let Some(indirect) = self.take(|indirect| indirect.until <= now) {
            if indirect.asks < RELAYED_ASKS_MAX {
                self.relay(cx, list, health, indirect);
            } else {
                report(cx, list, indirect.asker, Intent::Unreached(indirect.probe, indirect.target));
            }
        }
    }

    fn relay<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        list: &MemberList<S>,
        health: &Health,
        mut indirect: IndirectProbe,
    ) {
        let Some(member) = list.get(indirect.target) else { return };
        cx.send(member.addr, Some(indirect.target), Intent::Ping(indirect.number));
        let timeouts = Timeouts::with(cx, health, member);
        indirect.asks += 1;
        indirect.until = cx.now + if indirect.asks < RELAYED_ASKS_MAX { timeouts.repeat } else { timeouts.answer };
        self.add(indirect);
    }
}

fn report<S: Storage>(cx: &mut Context<S>, list: &MemberList<S>, asker: NodeId, intent: Intent) {
    if let Some(member) = list.get(asker) {
        cx.send(member.addr, Some(asker), intent);
    }
}
