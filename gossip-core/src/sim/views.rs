//! What can be seen of a world.
use super::{HostId, Measures, Told, Traffic, World};
use crate::{
    digest::Digest,
    id::{Addr, NodeId},
    node::Node,
    storage::Storage,
    time::Instant,
};
use alloc::vec::Vec;

impl<S: Storage> World<S> {
    /// The moment that it is.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many datagrams arrived and timers fired so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The node of a host, while it lives.
    #[must_use]
    pub fn node(&self, host: HostId) -> Option<&Node<S>> {
        self.hosts[host.0].node.as_ref()
    }

    /// A host's name.
    #[must_use]
    pub fn name(&self, host: HostId) -> &str {
        &self.hosts[host.0].name
    }

    /// The id that a host's node goes by.
    #[must_use]
    pub fn id(&self, host: HostId) -> NodeId {
        self.hosts[host.0].id
    }

    /// A host's address.
    #[must_use]
    pub fn addr(&self, host: HostId) -> Addr {
        self.hosts[host.0].addr()
    }

    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> + use<S> {
        (0..self.hosts.len()).map(HostId)
    }

    /// The hosts whose nodes live.
    pub fn live(&self) -> impl Iterator<Item = HostId> {
        self.hosts().filter(|host| self.node(*host).is_some())
    }

    /// The hosts that go by a name.
    #[must_use]
    pub fn hosts_of(&self, id: NodeId) -> &[HostId] {
        self.namesakes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether more than one live node goes by a name.
    pub(super) fn has_name_conflict(&self, id: NodeId) -> bool {
        self.hosts_of(id).iter().filter(|&&host| self.node(host).is_some()).count() > 1
    }

    /// What a host's nodes told their application, with the time, in all their lives. Nothing, under
    /// [`Scrutiny::Loose`](super::Scrutiny::Loose).
    #[must_use]
    pub fn told(&self, host: HostId) -> &[(Instant, Told)] {
        &self.hosts[host.0].told
    }

    /// What a host has sent and received.
    #[must_use]
    pub fn traffic(&self, host: HostId) -> &Traffic {
        &self.hosts[host.0].traffic
    }

    /// Who erred, and who knew what when.
    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// A fingerprint of every datagram and event so far, each with its time and host.
    #[must_use]
    pub fn trace(&self) -> Digest {
        self.trace
    }
}
