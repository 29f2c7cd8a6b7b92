//! What the others have shown to have of our writes, while the application waits for that; and who is asked for more.
use super::{
    Node,
    holders::{Answered, Extent},
};
use crate::{
    config::{
        timing::UNMEASURED_ANSWER_PART,
        waiting::{ASKED_MAX, ASKED_PER_HOLDER, PAUSE_PART},
    },
    context::Context,
    id::{Generation, NodeId},
    records::{Awaited, Confirmation, Intent, Member, Namesake, Wait},
    replicated::Replicated,
    storage::Storage,
    table::Table,
    time::{Instant, Span, micros_u32},
    wire::{Header, Store, Stores},
};
use core::time::Duration;

impl<S: Storage> Node<S> {
    /// A member has shown to have so much of ours: noted while somebody waits for that.
    pub(super) fn note_confirmed(&mut self, header: &Header, has: Extent) -> Answered {
        let Some((last, _)) = self.waits.wanted(0) else { return Answered::Unasked };
        let (ours, id) = (self.extent().written, header.sender);
        let written = has.written.min(ours);
        let Some(before) = self.note_confirmation(id, header.generation, written) else { return Answered::Unasked };
        if before.is_some_and(|before| before >= written) {
            return Answered::Noted;
        }
        self.held.written = self.held.written.max(written);
        self.waits.count_holder(before.unwrap_or(0), written);
        let pause = self.shortest_pause();
        self.waits.pause = pause;
        self.waits.ask_at = self.waits.ask_at.min(self.cx.now + Duration::from_micros(pause.into()));
        if written < last { Answered::Progress } else { Answered::Noted }
    }

    /// What a member that is asked keeps of ours, and is taken to have.
    pub(super) fn confirmed_by(&self, id: NodeId) -> Option<(Stores, Extent)> {
        self.waits.wanted(0)?;
        let generation = self.membership.get(id)?.generation;
        let shown = self.waits.confirmations.get(&id).filter(|shown| shown.generation == generation);
        let written = match shown {
            Some(shown) if shown.lags => shown.written,
            shown => shown.map_or(0, |shown| shown.written).max(self.held.written),
        };
        Some((Stores::NONE.with(Store::Entries), Extent { written, published: 0 }))
    }

    /// Asks again, when it is time.
    pub(super) fn on_wait_timer(&mut self) {
        if !self.waits.is_empty() && self.cx.now >= self.waits.ask_at {
            self.ask_holders();
        }
    }

    /// Asks some of those who are not known to have what is waited for.
    pub(super) fn ask_holders(&mut self) {
        let living = self.living();
        let Some((last, lacking)) = self.waits.wanted(living) else { return };
        let Self { cx, membership, waits, .. } = self;
        let room = cx.config.limits.outbox.saturating_sub(cx.owed()) / 2;
        let spare = usize::try_from(lacking.saturating_mul(ASKED_PER_HOLDER)).unwrap_or(usize::MAX).saturating_add(1);
        let (most, rows) = (spare.min(ASKED_MAX).min(room).max(1), membership.rows());
        let start = cx.rng.below(rows.len());
        let mut asked = 0;
        for (id, member) in rows.iter().skip(start).chain(rows.iter().take(start)) {
            if asked == most {
                break;
            }
            let counts = keeps_entries(cx, *id, member) && member.namesake != Namesake::Known;
            if counts && !waits.has(*id, member, last) {
                asked += 1;
                cx.send(member.addr, Some(*id), Intent::Confirm);
            }
        }
        if asked == 0 {
            waits.ask_at = Instant::NEVER;
            return;
        }
        waits.ask_at = cx.now + Duration::from_micros(waits.pause.into());
        waits.pause = waits.pause.saturating_mul(2).min(micros_u32(cx.config.gossip_interval));
    }

    /// Whoever was last heard with our digest has all of ours.
    pub(super) fn note_agreeing(&mut self) {
        let (digest, written) = (self.digest(), self.extent().written);
        for slot in 0..self.membership.rows().len() {
            let Some((id, member)) = self.membership.rows().get(slot).filter(|(_, member)| member.knows == digest)
            else {
                continue;
            };
            let (id, generation) = (*id, member.generation);
            self.note_confirmation(id, generation, written);
        }
    }

    /// Counts who has what is waited for, and forgets what those have shown who are gone.
    pub(super) fn count_holders(&mut self) {
        self.waits.counted = self.membership.digest();
        let Self { cx, membership, waits, .. } = self;
        let mut slot = 0;
        while let Some((id, shown)) = waits.confirmations.as_slice().get(slot) {
            let is_same = |member: &&Member<S::Blob>| member.generation == shown.generation;
            if membership.get(*id).filter(is_same).is_some_and(|member| keeps_entries(cx, *id, member)) {
                slot += 1;
            } else {
                let id = *id;
                waits.confirmations.swap_remove(&id);
            }
        }
        for slot in 0..waits.rows.len() {
            let Some((_, Wait { awaited: Awaited::Write { sequence, .. }, .. })) = waits.rows.as_slice().get(slot)
            else {
                continue;
            };
            let has = |(id, member): &&(NodeId, Member<S::Blob>)| {
                keeps_entries(cx, *id, member) && waits.has(*id, member, *sequence)
            };
            let others = u32::try_from(membership.rows().iter().filter(has).count()).unwrap_or(u32::MAX);
            if let Some((_, Wait { awaited: Awaited::Write { holders, .. }, .. })) = waits.rows.at_mut(slot) {
                *holders = others.saturating_add(1);
            }
        }
        self.hurry();
    }

    /// There may be somebody to ask who was not asked before: as soon as may be.
    pub(super) fn hurry(&mut self) {
        self.waits.pause = self.shortest_pause();
        let soon = self.cx.now + Duration::from_micros(self.waits.pause.into());
        self.waits.ask_at = if self.waits.ask_at == Instant::NEVER { self.cx.now } else { self.waits.ask_at.min(soon) };
    }

    /// Notes what a member has shown in its present life, and says what it had shown before; `None` where it does not count.
    fn note_confirmation(&mut self, id: NodeId, generation: Generation, written: u32) -> Option<Option<u32>> {
        let member = self.membership.get(id)?;
        if member.generation != generation || member.namesake == Namesake::Known || !keeps_entries(&self.cx, id, member)
        {
            return None;
        }
        let lags = written < self.held.written;
        let Some(shown) = self.waits.confirmations.get_mut(&id) else {
            self.waits.confirmations.insert(id, Confirmation { generation, written, lags }).ok()?;
            return Some(None);
        };
        let before = (shown.generation == generation).then_some(shown.written);
        *shown = Confirmation { generation, written: before.unwrap_or(0).max(written), lags };
        Some(before)
    }

    fn shortest_pause(&self) -> u32 {
        let interval = self.cx.config.gossip_interval;
        let answer = self.cx.round_trip.timeout().unwrap_or_else(|| interval.part(UNMEASURED_ANSWER_PART));
        micros_u32(answer.max(interval.part(PAUSE_PART)).min(interval))
    }
}

/// Whether it is another member that lives and keeps entries: one that counts.
pub(super) fn keeps_entries<S: Storage>(cx: &Context<S>, id: NodeId, member: &Member<S::Blob>) -> bool {
    is_other(cx, id, member) && member.capabilities.stores().contains(Store::Entries)
}

pub(super) fn is_other<S: Storage>(cx: &Context<S>, id: NodeId, member: &Member<S::Blob>) -> bool {
    id != cx.me.id && member.is_live()
}
