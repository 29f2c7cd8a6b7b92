//! What is counted over all rows.
use crate::{
    context::Context,
    digest::Digest,
    id::{Incarnation, NodeId},
    records::{Member, Namesake, Suspicion, Untold},
    storage::Storage,
    wire::{Store, Stores},
};
use serde::{Deserialize, Serialize};

/// What a row adds to what is counted over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// What of it is part of the digest, while it lives.
    pub(super) live: Option<Words>,
    /// Which stores it keeps.
    stores: Stores,
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
    fn of<B>(member: &Member<B>) -> Self {
        match member.namesake {
            Namesake::Known => Self::OF_TWO,
            Namesake::None | Namesake::Heard => Self { stated: member.stated, lives: member.lives() },
        }
    }

    pub(super) fn digest<S: Storage>(self, cx: &Context<S>, id: NodeId) -> Digest {
        cx.digester.of_words(&[id.0, u64::from(self.stated.0), self.lives])
    }
}

/// What is counted over all rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Of the live rows.
    pub(super) digest: Digest,
    /// How many other live members keep each store.
    keepers: [u32; Store::COUNT],
    /// How many rows are news.
    pub(super) pending: u32,
    /// How many rows the application is to be told of.
    pub(super) untold: u32,
}

impl Counts {
    /// Which stores some other live member keeps.
    pub(super) fn kept_by_others(&self) -> Stores {
        let kept = self.keepers.iter().zip(Store::ALL).filter(|(keepers, _)| **keepers > 0);
        kept.fold(Stores::NONE, |stores, (_, store)| stores.with(store))
    }

    /// How many other live members keep one.
    pub(super) fn keepers(&self, store: Store) -> u32 {
        self.keepers.iter().zip(Store::ALL).find(|(_, of)| *of == store).map_or(0, |(keepers, _)| *keepers)
    }

    pub(super) fn count<S: Storage>(&mut self, cx: &mut Context<S>, id: NodeId, row: Counted) {
        if let Some(words) = row.live {
            self.digest += words.digest(cx, id);
            cx.live += usize::from(id != cx.me.id);
            if id != cx.me.id {
                self.keepers_of(row.stores).for_each(|keepers| *keepers += 1);
            }
        }
        self.pending += u32::from(row.pending);
        self.untold += u32::from(row.untold);
    }

    pub(super) fn uncount<S: Storage>(&mut self, cx: &mut Context<S>, id: NodeId, row: Counted) {
        if let Some(words) = row.live {
            self.digest -= words.digest(cx, id);
            cx.live -= usize::from(id != cx.me.id);
            if id != cx.me.id {
                self.keepers_of(row.stores).for_each(|keepers| *keepers -= 1);
            }
        }
        self.pending -= u32::from(row.pending);
        self.untold -= u32::from(row.untold);
    }

    fn keepers_of(&mut self, stores: Stores) -> impl Iterator<Item = &mut u32> {
        self.keepers.iter_mut().zip(Store::ALL).filter(move |(_, store)| stores.contains(*store)).map(|(of, _)| of)
    }
}
