//! The membership list: a row for each member that we know, ourselves included, and what is counted over all of them.
use super::{
    counted::{Counted, Counts},
    recent::Recent,
};
use crate::{
    columns::{Column, Lent},
    config::joining::PARTIAL_FOR,
    context::Context,
    id::NodeId,
    records::{Member, Namesake, Suspicion, Untold},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::{Flag, Table},
    time::{Instant, Span},
};
use serde::{Deserialize, Serialize};

/// The rows. Whoever changes one does it here, so that what is counted and flagged of all of them stays in step.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct MemberList<S: Storage> {
    members: S::Members,
    pub(super) counts: Counts,
    pub(super) recent: Recent,
    /// When somebody was last refused for want of room.
    refused_at: Option<Instant>,
}

/// A member, and what we remember of it.
pub(super) type Row<S> = (NodeId, Member<<S as Storage>::Blob>);

impl<S: Storage> MemberList<S> {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { members: Table::with_limit(limit), counts: Counts::default(), recent: Recent::new(), refused_at: None }
    }

    /// Adds a row, when there is room.
    pub(super) fn add(&mut self, cx: &mut Context<S>, id: NodeId, member: Member<S::Blob>) -> bool {
        let row = Counted::of(&member);
        if self.members.insert(id, member).is_err() {
            cx.count(Counter::MembersRefused);
            self.refused_at = Some(cx.now);
            return false;
        }
        let was = self.counts.digest;
        self.counts.count(cx, id, row);
        self.recent.record(cx, id, was, self.counts.digest);
        self.set_flags(self.members.len() - 1, row);
        true
    }

    /// Changes a row.
    pub(super) fn update(&mut self, cx: &mut Context<S>, slot: usize, change: impl FnOnce(&mut Member<S::Blob>)) {
        let Some((id, member)) = self.members.at_mut(slot) else { return };
        let (id, before) = (*id, Counted::of(member));
        change(member);
        self.recount(cx, slot, id, before);
    }

    pub(super) fn remove(&mut self, cx: &mut Context<S>, id: NodeId) {
        if let Some(member) = self.members.swap_remove(&id) {
            self.counts.uncount(cx, id, Counted::of(&member));
        }
    }

    /// The table of everyone.
    pub(super) const fn table(&self) -> &S::Members {
        &self.members
    }

    /// The same, for a machine that keeps a column of its own in it.
    pub(super) fn lend<C: Column>(&mut self) -> Lent<'_, S, C> {
        Lent::new(&mut self.members)
    }

    pub(super) fn rows(&self) -> &[Row<S>] {
        self.members.as_slice()
    }

    pub(super) fn row(&self, slot: usize) -> Option<&Row<S>> {
        self.members.as_slice().get(slot)
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Member<S::Blob>> {
        self.members.get(&id)
    }

    /// To change what is not counted: when it was heard, how long its answers take, its false alarms, and whether a namesake of
    /// it spoke, but not whether one is known.
    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Member<S::Blob>> {
        self.members.get_mut(&id)
    }

    pub(super) fn slot(&self, id: NodeId) -> Option<usize> {
        self.members.slot(&id)
    }

    /// Whether `id` is a member that lives, as far as we know.
    pub(super) fn is_live(&self, id: NodeId) -> bool {
        self.get(id).is_some_and(Member::is_live)
    }

    /// Whether two live that go by the name of the one in a row, as far as is known.
    pub(super) fn has_name_conflict(&self, slot: usize) -> bool {
        self.row(slot).is_some_and(|(_, member)| member.namesake == Namesake::Known)
    }

    /// Whether somebody was refused for want of room lately, and there is none still.
    pub(super) fn is_partial(&self, cx: &Context<S>) -> bool {
        let lately = |at: Instant| cx.now < at + cx.config.probe_interval.times(PARTIAL_FOR);
        self.members.is_full() && self.refused_at.is_some_and(lately)
    }

    /// Those who are gone, from a slot on.
    pub(super) fn gone_from(&self, from: usize) -> impl Iterator<Item = &Row<S>> {
        let slots = self.members.flagged(from, Flag::Gone, |(_, member)| !member.is_live());
        slots.filter_map(|slot| self.row(slot))
    }

    /// Who is news, from a slot on.
    pub(super) fn pending_from(&self, from: usize) -> impl Iterator<Item = usize> {
        self.members.flagged(from, Flag::Pending, |(_, member)| member.retransmits.is_pending())
    }

    /// Who is under suspicion, from a slot on.
    pub(super) fn suspects_from(&self, from: usize) -> impl Iterator<Item = usize> {
        self.members.flagged(from, Flag::Waiting, |(_, member)| member.suspicion != Suspicion::None)
    }

    /// Of whom there is something to tell the application.
    pub(super) fn first_untold(&self) -> Option<usize> {
        if self.counts.untold == 0 {
            return None;
        }
        self.members.flagged(0, Flag::Untold, |(_, member)| member.untold != Untold::Nothing).next()
    }

    /// Keeps in step what is counted and flagged, after a row has changed: not in [`update`](Self::update), which there is a copy of
    /// for each change.
    fn recount(&mut self, cx: &mut Context<S>, slot: usize, id: NodeId, before: Counted) {
        let Some((_, member)) = self.row(slot) else { return };
        let after = Counted::of(member);
        if before != after {
            let was = self.counts.digest;
            self.counts.uncount(cx, id, before);
            self.counts.count(cx, id, after);
            self.recent.record(cx, id, was, self.counts.digest);
            self.set_flags(slot, after);
        }
    }

    fn set_flags(&mut self, slot: usize, row: Counted) {
        self.members.set_flag(slot, Flag::Pending, row.pending);
        self.members.set_flag(slot, Flag::Untold, row.untold);
        self.members.set_flag(slot, Flag::Waiting, row.under_suspicion);
        self.members.set_flag(slot, Flag::Gone, row.live.is_none());
    }
}
