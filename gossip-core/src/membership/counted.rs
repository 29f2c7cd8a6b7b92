//! What is counted over all rows.
use crate::{
    context::Context,
    digest::Digest,
    id::{Incarnation, NodeId},
    records::{Member, Namesake, Suspicion, Untold},
    storage::Storage,
    wire::Stores,
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
