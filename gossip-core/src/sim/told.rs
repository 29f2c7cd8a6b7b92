//! What a node told its application, as it can be kept.
use crate::{
    id::{Dot, NodeId, WaitId},
    io::{Arrival, ClockStanding, Departure, Event},
    waiting::NotReached,
};
use alloc::vec::Vec;

/// What a node told its application: an [`Event`] that can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A member is there.
    Up(NodeId, Arrival),
    /// A member changed its address or presence.
    Updated(NodeId),
    /// A member did not answer.
    Suspect(NodeId),
    /// A suspected member contradicted.
    Refuted(NodeId),
    /// A member is gone.
    Down(NodeId, Departure),
    /// Two living nodes go by one name, ours or another.
    NameConflict(NodeId),
    /// One at most goes by it again.
    NameConflictOver(NodeId),
    /// Datagrams up to so many bytes reach a member, and longer ones do not.
    PathLen(NodeId, u16),
    /// A member has something for us that is too long for the path.
    PathBlocks(NodeId),
    /// There is no live member but us.
    Alone,
    /// It quarantined itself: its own links are bad.
    Quarantined,
    /// It takes part again.
    Resumed,
    /// A rumor.
    Delivered(Dot, Vec<u8>),
    /// An entry changed.
    Changed(Vec<u8>, Option<Vec<u8>>, Dot),
    /// All agree: so many.
    Converged(usize),
    /// Not all agree any more.
    Diverged,
    /// Its wall clock is wrong, or right again.
    ClockSkew(ClockStanding),
    /// Rumors of a publisher were missed: so many.
    RumorsMissed(NodeId, u32),
    /// We leave, and so many writes and rumors of ours nobody is known to have.
    NotHandedOver(u32, u32),
    /// What was waited for has come true, at so many out of so many.
    WaitReached(WaitId, usize, usize),
    /// A wait ended in vain, of which so many out of so many are known to have it, or to agree.
    WaitFailed(WaitId, NotReached, usize, usize),
    /// The farewell is said.
    Departed,
}

impl Told {
    /// Of which member it speaks.
    #[must_use]
    pub const fn about(&self) -> Option<NodeId> {
        match self {
            Self::Up(id, _)
            | Self::Updated(id)
            | Self::Suspect(id)
            | Self::Refuted(id)
            | Self::Down(id, _)
            | Self::PathLen(id, _)
            | Self::PathBlocks(id)
            | Self::NameConflict(id)
            | Self::NameConflictOver(id) => Some(*id),
            _ => None,
        }
    }
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::MemberUp { id, arrival } => Self::Up(id, arrival),
            Event::MemberUpdated(id) => Self::Updated(id),
            Event::MemberSuspect(id) => Self::Suspect(id),
            Event::MemberRefuted(id) => Self::Refuted(id),
            Event::MemberDown { id, departure } => Self::Down(id, departure),
            Event::NameConflict { id, .. } => Self::NameConflict(id),
            Event::NameConflictOver(id) => Self::NameConflictOver(id),
            Event::PathLen { id, len } => Self::PathLen(id, len),
            Event::PathBlocks { id, .. } => Self::PathBlocks(id),
            Event::Alone => Self::Alone,
            Event::Quarantined => Self::Quarantined,
            Event::Resumed => Self::Resumed,
            Event::Delivered { dot, payload, .. } => Self::Delivered(dot, payload.to_vec()),
            Event::Changed { key, value, dot } => Self::Changed(key.to_vec(), value.map(<[u8]>::to_vec), dot),
            Event::Converged { live } => Self::Converged(live),
            Event::Diverged { .. } => Self::Diverged,
            Event::ClockSkew { standing, .. } => Self::ClockSkew(standing),
            Event::RumorsMissed { publisher, count } => Self::RumorsMissed(publisher, count),
            Event::NotHandedOver { writes, rumors } => Self::NotHandedOver(writes, rumors),
            Event::WaitReached { wait, holders, of } => Self::WaitReached(wait, holders, of),
            Event::WaitFailed { wait, why, holders, of } => Self::WaitFailed(wait, why, holders, of),
            Event::Departed => Self::Departed,
        }
    }
}
