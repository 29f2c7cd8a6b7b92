//! How long those that are gone are remembered, and who of them makes room.
use super::{Membership, list::Row, update::MemberChange};
use crate::{
    config::joining::{ANNOUNCES_AT_LOST, COMPARED_MAX},
    context::Context,
    id::NodeId,
    stats::Counter,
    storage::Storage,
    time::Instant,
    wire::Standing,
};

impl<S: Storage> Membership<S> {
    /// Forgets one that was gone for too long.
    pub(super) fn forget_overdue(&mut self, cx: &mut Context<S>) -> Option<MemberChange> {
        let is_overdue = |since: Instant| since + cx.config.remember_gone <= cx.now;
        let mut gone = self.list.gone_from(0).filter(|row| may_forget(cx, row));
        let id = gone.find(|(_, member)| is_overdue(member.since)).map(|(id, _)| *id)?;
        drop(gone);
        self.forget(cx, id);
        Some(MemberChange::Forgotten(id))
    }

    /// Forgets whoever is gone for the longest time, of some of those who are gone.
    pub(super) fn forget_longest_gone(&mut self, cx: &mut Context<S>) -> Option<NodeId> {
        // From anywhere on, if there are many; else, or when there is none, all of them.
        let start = cx.rng.below(self.list.rows().len().saturating_sub(COMPARED_MAX));
        let id = [start, 0].into_iter().find_map(|from| {
            let gone = self.list.gone_from(from).take(COMPARED_MAX).filter(|row| may_forget(cx, row));
            gone.min_by_key(|(id, member)| (member.since, *id)).map(|(id, _)| *id)
        })?;
        self.forget(cx, id);
        Some(id)
    }

    /// Forgets a member, and keeps its address where it did not say farewell.
    pub(super) fn forget(&mut self, cx: &mut Context<S>, id: NodeId) {
        let Some(member) = self.list.get(id) else { return };
        let (standing, addr) = (member.standing, member.addr);
        self.list.remove(cx, id);
        cx.count(Counter::MembersForgotten);
        if standing == Standing::Down {
            self.discovery.book.keep(cx, addr, ANNOUNCES_AT_LOST);
        }
    }
}

/// Not ourselves, nor one of whose end the application is yet to be told.
fn may_forget<S: Storage>(cx: &Context<S>, (id, member): &Row<S>) -> bool {
    *id != cx.me.id && !member.is_missed()
}
