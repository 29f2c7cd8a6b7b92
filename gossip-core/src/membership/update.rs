//! What is said of a member, as SWIM disseminates it: a membership update (§4.1).
use crate::{
    id::NodeId,
    records::Claim,
    wire::{Accusers, Cause, MemberFrame, Standing},
};

/// What is said of a member, by whom, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) claim: Claim,
    pub(super) by: NodeId,
    pub(super) cause: Cause,
    pub(super) accusers: Accusers,
}

impl Update {
    /// What a member's own words claim, or what was claimed against it when they were passed on.
    pub(super) fn of(frame: &MemberFrame<'_>, claim: Claim, teller: NodeId) -> Self {
        let by = if claim.standing == Standing::Alive { frame.id } else { teller };
        Self { claim, by, cause: Cause::default(), accusers: Accusers::NONE }
    }
}

/// What became of a member: other machines listen to this, and need not look at all rows.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberChange {
    /// It is there: it came, came back, or refuted a suspicion.
    Up(NodeId),
    /// It is under suspicion.
    Suspected(NodeId),
    /// It is gone, by verdict.
    Down(NodeId),
    /// It is gone, by its own word.
    Left(NodeId),
    /// It was gone, and is forgotten.
    Forgotten(NodeId),
    /// It is at another address.
    Moved(NodeId),
}

impl MemberChange {
    /// What it means for a member to stand so, and no more as it did. Of one that is gone, another verdict changes nothing.
    pub(super) fn of(id: NodeId, before: Standing, standing: Standing) -> Option<Self> {
        match standing {
            _ if standing == before || standing.min(before) > Standing::Suspect => None,
            Standing::Alive => Some(Self::Up(id)),
            Standing::Suspect => Some(Self::Suspected(id)),
            Standing::Down => Some(Self::Down(id)),
            Standing::Left => Some(Self::Left(id)),
        }
    }
}

/// What one input changed, in the order in which it came about.
pub(crate) type Changes = [Option<MemberChange>; 2];
