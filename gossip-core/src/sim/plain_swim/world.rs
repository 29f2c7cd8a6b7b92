//! Many nodes of plain SWIM under one virtual clock, on the same network as ours: the same seed draws the same latencies and losses
//! for the same link and moment, and hosts ail in the same way.
use super::{Node, Settings};
use crate::{
    id::NodeId,
    sim::{
        Ailment, HostId, Impairment, Measures, Network, Way,
        clock::BEGAN,
        links::Links,
        machine::{Ailments, Machine},
        queue::Queue,
    },
    time::Instant,
};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;
use std::borrow::ToOwned;

/// Many nodes of plain SWIM.
pub struct World {
    pub(super) seed: u64,
    pub(super) settings: Settings,
    pub(super) now: Instant,
    pub(super) hosts: Vec<Host>,
    /// Whose each name is.
    pub(super) names: BTreeMap<NodeId, HostId>,
    pub(super) links: Links,
    pub(super) queue: Queue,
    pub(super) measures: Measures,
}

/// Where a node lives. Its address is its number.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) id: NodeId,
    pub(super) node: Option<Node>,
    pub(super) lives: u64,
    pub(super) datagrams: u64,
    pub(super) bytes: u64,
    pub(super) machine: Machine,
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new(seed: u64, network: Network, settings: Settings) -> Self {
        Self {
            seed,
            settings,
            now: BEGAN,
            hosts: Vec::new(),
            names: BTreeMap::new(),
            links: Links::new(seed, network),
            queue: Queue::default(),
            measures: Measures::default(),
        }
    }

    /// Starts a node called `name` on a host of its own. It knows nobody.
    pub fn spawn(&mut self, name: &str) -> HostId {
        let (host, id) = (HostId(self.hosts.len()), NodeId::from_name(name));
        self.names.insert(id, host);
        self.hosts.push(Host {
            name: name.to_owned(),
            id,
            node: None,
            lives: 0,
            datagrams: 0,
            bytes: 0,
            machine: Machine::of(host),
        });
        self.boot(host);
        host
    }

    /// Tells all nodes of each other: SWIM leaves open how a group comes about (§3.2).
    pub fn acquaint(&mut self) {
        let all: Vec<_> = self.live().map(|host| (self.hosts[host.0].id, host.berth().addr())).collect();
        let now = self.now;
        for host in self.hosts() {
            if let Some(node) = &mut self.hosts[host.0].node {
                all.iter().for_each(|&(id, addr)| node.introduce(now, id, addr));
            }
            self.follow(host);
        }
    }

    /// Has a node join through another's address.
    pub fn join(&mut self, host: HostId, seed: HostId) {
        if let Some(node) = &mut self.hosts[host.0].node {
            node.join(seed.berth().addr());
        }
        self.follow(host);
    }

    /// Kills a node.
    pub fn crash(&mut self, host: HostId) {
        if self.hosts[host.0].node.take().is_some() {
            self.measures.on_crash(self.now, host, self.hosts[host.0].id, self.live().count());
        }
    }

    /// Starts a host's node again, which knows nobody.
    pub fn restart(&mut self, host: HostId) {
        self.crash(host);
        self.boot(host);
    }

    /// Makes a host ill.
    pub fn afflict(&mut self, host: HostId, ailment: Ailment) {
        self.hosts[host.0].machine.ailments.add(ailment, self.now);
        self.rouse(host);
    }

    /// Makes a host well.
    pub fn cure(&mut self, host: HostId) {
        self.hosts[host.0].machine.ailments = Ailments::default();
        self.rouse(host);
    }

    /// Changes what the network does from now on.
    pub fn set_network(&mut self, network: Network) {
        self.links.set_network(network);
    }

    /// Makes one direction of one link worse than the network.
    pub fn impair(&mut self, from: HostId, to: HostId, impairment: Impairment) {
        self.links.impair(from, to, impairment);
    }

    /// Undoes all impairments of one direction of one link.
    pub fn mend(&mut self, from: HostId, to: HostId) {
        self.links.mend(from, to);
    }

    /// Makes one way of a host worse than the network, to whomever it leads.
    pub fn impair_way(&mut self, host: HostId, way: Way, impairment: Impairment) {
        self.links.impair_way(host, way, impairment);
    }

    /// Undoes all impairments of both ways of a host.
    pub fn mend_ways(&mut self, host: HostId) {
        self.links.mend_ways(host);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    /// The moment that it is.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.hosts.len()).map(HostId)
    }

    /// The hosts whose nodes live.
    pub fn live(&self) -> impl Iterator<Item = HostId> {
        self.hosts().filter(|host| self.node(*host).is_some())
    }

    /// The node of a host, while it lives.
    #[must_use]
    pub fn node(&self, host: HostId) -> Option<&Node> {
        self.hosts[host.0].node.as_ref()
    }

    /// A host's name.
    #[must_use]
    pub fn name(&self, host: HostId) -> &str {
        &self.hosts[host.0].name
    }

    /// Whether one host's node, which lives, counts another's as living.
    #[must_use]
    pub fn counts(&self, by: HostId, of: HostId) -> bool {
        self.node(by).is_some_and(|node| node.counts(self.hosts[of.0].id))
    }

    /// How many datagrams a host has sent, and their bytes without the headers of lower layers.
    #[must_use]
    pub fn sent(&self, host: HostId) -> (u64, u64) {
        (self.hosts[host.0].datagrams, self.hosts[host.0].bytes)
    }

    /// Who erred, and who knew what when.
    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.measures
    }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).field("now", &self.now).finish_non_exhaustive()
    }
}
