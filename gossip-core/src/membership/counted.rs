//! What is counted over all rows.
use super::Membership;
use crate::{
    context::Context,
    digest::Digest,
    id::{Incarnation, NodeId},
    records::{Member, Namesake, Suspicion, Untold},
    storage::Storage,
    table::{Flag, Table},
    wire::{Store, Stores},
};

/// What a row adds to what is counted over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// What of it is part of the digest, while it lives.
    pub(super) live: Option<Words>,
    /// Which stores it keeps.
    pub(super) stores: Stores,
    pub(super) pending: bool,
    pub(super) untold: bool,
    pub(super) under_suspicion: bool,
}

/// In whose words a member lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    stated: Incarnation,
    lives: u64,
}

impl Counted {
    pub(super) fn of<B>(member: &Member<B>) -> Self {
        Self {
            live: member.is_live().then_some(Words::of(member)),
            stores: member.capabilities.stores(),
            pending: member.retransmits.is_pending(),
            untold: member.untold != Untold::Nothing,
            under_suspicion: member.suspicion != Suspicion::None,
        }
    }
}

impl Words {
    /// Of a name that two bear. Nobody says so of itself: no incarnation is as high.
    const OF_TWO: Self = Self { stated: Incarnation(u32::MAX), lives: 0 };

    /// Of one that lives. Where two bear a name, that is all that counts, whichever of them the row holds.
    pub(super) fn of<B>(member: &Member<B>) -> Self {
        match member.namesake {
            Namesake::Known => Self::OF_TWO,
            Namesake::None | Namesake::Heard => Self { stated: member.stated, lives: member.lives() },
        }
    }

    pub(super) fn digest<S: Storage>(self, cx: &Context<S>, id: NodeId) -> Digest {
        cx.digester.of_words(&[id.0, u64::from(self.stated.0), self.lives])
    }
}

impl<S: Storage> Membership<S> {
    /// Which stores some other live member keeps.
    pub(crate) fn kept_by_others(&self) -> Stores {
        let kept = self.keepers.iter().zip(Store::ALL).filter(|(keepers, _)| **keepers > 0);
        kept.fold(Stores::NONE, |stores, (_, store)| stores.with(store))
    }

    /// Keeps in step what is counted and flagged of all rows, after one of them has changed.
    pub(super) fn recount(&mut self, cx: &mut Context<S>, slot: usize, id: NodeId, before: Counted) {
        let Some((_, member)) = self.members.as_slice().get(slot) else { return };
        let after = Counted::of(member);
        if before != after {
            let was = self.digest;
            self.uncount(cx, id, before);
            self.count(cx, id, after);
            self.recent.record(cx, id, was, self.digest);
            self.set_flags(slot, after);
        }
    }

    pub(super) fn count(&mut self, cx: &mut Context<S>, id: NodeId, row: Counted) {
        if let Some(words) = row.live {
            self.digest += words.digest(cx, id);
            cx.live += usize::from(id != cx.me.id);
            if id != cx.me.id {
                self.keepers_of(row.stores).for_each(|keepers| *keepers += 1);
            }
        }
        self.pending += usize::from(row.pending);
        self.untold += usize::from(row.untold);
    }

    pub(super) fn uncount(&mut self, cx: &mut Context<S>, id: NodeId, row: Counted) {
        if let Some(words) = row.live {
            self.digest -= words.digest(cx, id);
            cx.live -= usize::from(id != cx.me.id);
            if id != cx.me.id {
                self.keepers_of(row.stores).for_each(|keepers| *keepers -= 1);
            }
        }
        self.pending -= usize::from(row.pending);
        self.untold -= usize::from(row.untold);
    }

    fn keepers_of(&mut self, stores: Stores) -> impl Iterator<Item = &mut u32> {
        self.keepers.iter_mut().zip(Store::ALL).filter(move |(_, store)| stores.contains(*store)).map(|(of, _)| of)
    }

    pub(super) fn set_flags(&mut self, slot: usize, row: Counted) {
        self.members.set_flag(slot, Flag::Pending, row.pending);
        self.members.set_flag(slot, Flag::Untold, row.untold);
        self.members.set_flag(slot, Flag::Waiting, row.under_suspicion);
        self.members.set_flag(slot, Flag::Gone, row.live.is_none());
    }
}
