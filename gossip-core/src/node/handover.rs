//! Handing over, before a farewell, what we wrote and published.
//!
//! What was written just before a farewell has hardly left: it would go with us. So we ask a few members how much of ours
//! they have, tell them what they lack, and say farewell once two of them, or all there are that keep such things, have all of it;
//! or when the time for that is over. Then the application is told what nobody is known to have.
use super::{
    Node,
    holders::{Answered, Extent},
};
use crate::{
    config::{
        farewell::{ASKED_MAX, HOLDERS},
        timing::UNMEASURED_ANSWER_PART,
    },
    id::NodeId,
    io::Event,
    records::Member,
    stats::Counter,
    storage::Storage,
    time::{Instant, Span, micros_u32},
    waiting::NotReached,
    wire::{Store, Stores},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How far leaving has come, beyond what the membership knows of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Parting {
    /// Nobody leaves.
    None,
    /// What is ours is being handed over; the farewell is yet to be said.
    HandingOver(Handover),
    /// The farewell is said, or being said; this much nobody is known to have.
    Left { untold: Option<NotHandedOver> },
}

/// What nobody is known to have.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct NotHandedOver {
    writes: u32,
    rumors: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Handover {
    until: Instant,
    /// When those who have not answered are asked again, and how long we then wait, in microseconds.
    ask_at: Instant,
    wait: u32,
    asked: heapless::Vec<Asked, ASKED_MAX>,
}

/// A member that is asked, and how much of ours it has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Asked {
    id: NodeId,
    has: Extent,
}

impl Parting {
    pub(super) fn next_deadline(&self) -> Instant {
        match self {
            Self::HandingOver(handover) => handover.until.min(handover.ask_at),
            Self::None | Self::Left { .. } => Instant::NEVER,
        }
    }
}

impl<S: Storage> Node<S> {
    /// Begins to leave: to hand over for `patience` at most, unless there is nothing to hand over, or enough others are known to
    /// have it.
    pub(super) fn begin_to_leave(&mut self, patience: Duration) {
        if !self.is_running() {
            return;
        }
        self.end_waits(NotReached::Left);
        let all = self.extent();
        // That somebody was heard with our digest shows that it has all of ours that it keeps.
        let digest = self.digest();
        let is_held = |store| {
            let needed = self.holders_needed(store);
            needed > 0 && self.keeping(store).filter(|(_, member)| member.knows == digest).count() >= needed
        };
        if all.stores().iter().all(is_held) {
            return self.say_farewell(NotHandedOver { writes: 0, rumors: 0 });
        }
        let until = self.cx.now + patience;
        let wait = micros_u32(self.cx.config.gossip_interval.part(UNMEASURED_ANSWER_PART));
        self.parting = Parting::HandingOver(Handover { until, ask_at: self.cx.now, wait, asked: heapless::Vec::new() });
        self.on_handover_timer();
    }

    /// Whether we have not been told to leave.
    pub(crate) fn is_running(&self) -> bool {
        self.membership.is_running() && matches!(self.parting, Parting::None)
    }

    /// Asks again whoever has not shown that it has all; or gives up, when it took too long or nobody else is there.
    pub(super) fn on_handover_timer(&mut self) {
        let Parting::HandingOver(handover) = &self.parting else { return };
        if self.cx.now >= handover.until || self.extent().stores().iter().all(|store| self.holders_needed(store) == 0) {
            return self.finish_handover();
        }
        if self.cx.now < handover.ask_at {
            return;
        }
        let Parting::HandingOver(mut handover) = core::mem::replace(&mut self.parting, Parting::None) else { return };
        handover.ask_at = self.cx.now + Duration::from_micros(handover.wait.into());
        handover.wait = handover.wait.saturating_mul(2).min(micros_u32(self.cx.config.gossip_interval));
        self.draw_asked(&mut handover);
        let all = self.extent();
        for asked in &handover.asked {
            if !self.has_its_part(asked, all) {
                self.ask_to_confirm(asked.id);
            }
        }
        self.parting = Parting::HandingOver(handover);
    }

    /// A member says how much of ours it has.
    pub(super) fn note_handed_over(&mut self, from: NodeId, has: Extent) -> Answered {
        let all = self.extent();
        let Parting::HandingOver(handover) = &mut self.parting else { return Answered::Unasked };
        let Some(asked) = handover.asked.iter_mut().find(|asked| asked.id == from) else { return Answered::Unasked };
        let before = asked.has;
        asked.has = before.and(has);
        let asked = *asked;
        if asked.has == before || self.has_its_part(&asked, all) { Answered::Noted } else { Answered::Progress }
    }

    /// What a member that we hand over to keeps, and has of ours.
    pub(super) fn handed_over_to(&self, id: NodeId) -> Option<(Stores, Extent)> {
        let Parting::HandingOver(handover) = &self.parting else { return None };
        let asked = handover.asked.iter().find(|asked| asked.id == id)?;
        Some((self.stores_of(id), asked.has))
    }

    /// Ends the handover once enough others have all.
    pub(super) fn finish_when_handed_over(&mut self) {
        let Parting::HandingOver(handover) = &self.parting else { return };
        let all = self.extent();
        let holders = |store| handover.asked.iter().filter(|asked| self.has(asked, store, all)).count();
        if all.stores().iter().all(|store| holders(store) >= self.holders_needed(store)) {
            self.finish_handover();
        }
    }

    /// Tells what nobody is known to have.
    pub(super) fn tell_not_handed_over(&mut self) -> Option<Event<'static>> {
        let Parting::Left { untold } = &mut self.parting else { return None };
        let NotHandedOver { writes, rumors } = untold.take()?;
        Some(Event::NotHandedOver { writes, rumors })
    }

    /// Says farewell, whatever was handed over by now.
    fn finish_handover(&mut self) {
        let Parting::HandingOver(handover) = &self.parting else { return };
        let all = self.extent();
        let held = handover.asked.iter().map(|asked| asked.has).fold(self.held, Extent::and);
        let Extent { written: writes, published: rumors } = all.beyond(held);
        self.say_farewell(NotHandedOver { writes, rumors });
    }

    fn say_farewell(&mut self, lacking: NotHandedOver) {
        let NotHandedOver { writes, rumors } = lacking;
        self.cx.count_by(Counter::WritesNotHandedOver, u64::from(writes));
        self.cx.count_by(Counter::RumorsNotHandedOver, u64::from(rumors));
        self.parting = Parting::Left { untold: (writes > 0 || rumors > 0).then_some(lacking) };
        self.membership.leave(&mut self.cx);
    }

    /// Members to ask: others in place of those that are gone.
    fn draw_asked(&mut self, handover: &mut Handover) {
        handover.asked.retain(|asked| self.membership.is_live(asked.id));
        while !handover.asked.is_full() {
            let (members, asked) = (&self.membership, &handover.asked);
            let wanted = self.wanting(asked);
            let stores_of = |id| members.get(id).map_or(Stores::NONE, |member| member.capabilities.stores());
            let will_not_do = |id| asked.iter().any(|asked| asked.id == id) || wanted.and(stores_of(id)).is_empty();
            let Some((id, _)) = members.sample(&mut self.cx, &will_not_do) else { return };
            let _ = handover.asked.push(Asked { id, has: Extent::default() });
        }
    }

    /// In which stores there is something of ours for others to be asked for: first those that too few who are asked keep.
    fn wanting(&self, asked: &[Asked]) -> Stores {
        let ours = self.extent().stores();
        let keepers = |store| asked.iter().filter(|asked| self.stores_of(asked.id).contains(store)).count();
        let lacking = ours.iter().filter(|&store| keepers(store) < self.holders_needed(store));
        let lacking = lacking.fold(Stores::NONE, Stores::with);
        if lacking.is_empty() { ours } else { lacking }
    }

    /// So many must have all of ours in a store, or all that keep it.
    fn holders_needed(&self, store: Store) -> usize {
        self.keeping(store).take(HOLDERS).count()
    }

    /// The other live members that keep a store.
    fn keeping(&self, store: Store) -> impl Iterator<Item = &(NodeId, Member<S::Blob>)> {
        let us = self.cx.me.id;
        let keeps = move |(id, member): &&(NodeId, Member<S::Blob>)| {
            *id != us && member.is_live() && member.capabilities.stores().contains(store)
        };
        self.membership.rows().iter().filter(keeps)
    }

    /// Whether a member that is asked has all of ours in a store.
    fn has(&self, asked: &Asked, store: Store, all: Extent) -> bool {
        self.stores_of(asked.id).contains(store) && asked.has.of(store) >= all.of(store)
    }

    /// Whether it has all of ours that it keeps.
    fn has_its_part(&self, asked: &Asked, all: Extent) -> bool {
        let stores = self.stores_of(asked.id);
        Store::ALL.into_iter().all(|store| !stores.contains(store) || asked.has.of(store) >= all.of(store))
    }

    /// Which stores a member keeps.
    fn stores_of(&self, id: NodeId) -> Stores {
        self.membership.get(id).map_or(Stores::NONE, |member| member.capabilities.stores())
    }
}
