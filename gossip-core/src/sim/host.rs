//! One place in the world: a node, what it told, and what it sent.
use crate::{
    config::Config,
    id::{Addr, Dot, NodeId},
    io::{Arrival, Departure, Event},
    node::Node,
    storage::Storage,
    time::Instant,
};
use alloc::{string::String, vec::Vec};

pub(super) struct Host<S: Storage> {
    pub(super) name: String,
    pub(super) id: NodeId,
    pub(super) addr: Addr,
    pub(super) config: Config,
    pub(super) node: Option<Node<S>>,
    pub(super) lives: usize,
    pub(super) kept: Vec<Vec<u8>>,
    pub(super) told: Vec<(Instant, Told)>,
    pub(super) traffic: Traffic,
    /// The moment for which its timer is set.
    pub(super) wake_at: Instant,
}

impl<S: Storage> Host<S> {
    pub(super) fn new(name: String, addr: Addr, config: Config) -> Self {
        Self {
            id: NodeId::from_name(&name),
            name,
            addr,
            config,
            node: None,
            lives: 0,
            kept: Vec::new(),
            told: Vec::new(),
            traffic: Traffic::default(),
            wake_at: Instant::NEVER,
        }
    }
}

/// What a host has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams.
    pub datagrams: u64,
    /// Their bytes, without the headers of lower layers.
    pub bytes: u64,
}

impl Traffic {
    pub(super) fn count(&mut self, bytes: &[u8]) {
        self.datagrams += 1;
        self.bytes += u64::try_from(bytes.len()).unwrap_or(0);
    }
}

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
    /// Another living node goes by our name.
    NameConflict,
    /// There is no live member but us.
    Alone,
    /// A rumor.
    Delivered(Dot, Vec<u8>),
    /// An entry changed.
    Changed(Vec<u8>, Option<Vec<u8>>, Dot),
    /// All agree: so many.
    Converged(usize),
    /// Not all agree any more.
    Diverged,
    /// The farewell is said.
    Departed,
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::MemberUp { id, arrival } => Self::Up(id, arrival),
            Event::MemberUpdated(id) => Self::Updated(id),
            Event::MemberSuspect(id) => Self::Suspect(id),
            Event::MemberRefuted(id) => Self::Refuted(id),
            Event::MemberDown { id, departure } => Self::Down(id, departure),
            Event::NameConflict { .. } => Self::NameConflict,
            Event::Alone => Self::Alone,
            Event::Delivered { dot, payload, .. } => Self::Delivered(dot, payload.to_vec()),
            Event::Changed { key, value, dot } => Self::Changed(key.to_vec(), value.map(<[u8]>::to_vec), dot),
            Event::Converged { live } => Self::Converged(live),
            Event::Diverged { .. } => Self::Diverged,
            Event::Departed => Self::Departed,
        }
    }
}
