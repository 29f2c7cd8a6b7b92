//! What a world notes, for a story's log to tell.
use super::told::Told;
use crate::id::Addr;
use alloc::vec::Vec;

/// What a story's log tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing but what is shown.
    Nothing,
    /// What is done to nodes, and what they tell their applications.
    #[default]
    Events,
    /// Also each datagram, with its frames.
    Datagrams,
}

/// Something for a story's log.
pub(super) enum Noted {
    Told(Told),
    Sent { to: Addr, bytes: Vec<u8>, lost: bool },
}
