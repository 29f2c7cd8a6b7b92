//! Many nodes, a network with faults, and virtual time (feature `sim`): a whole cluster as a function of one number.
//!
//! The nodes are real [`Node`]s, and nothing of them is mocked. A [`World`] owns time, the network and chance; chance
//! is drawn from one stream for each node and for each link, so that adding a node does not shift another's draws. The
//! same seed and the same calls give the same world, which [`World::trace`] proves.
//!
//! ```
//! use gossip_core::{Config, sim::{Network, World}};
//! use std::time::Duration;
//!
//! let mut world = World::new(7, Network::lan().with_loss(0.10));
//! let nodes: Vec<_> = (0..8).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
//! nodes[1..].iter().for_each(|&node| world.join(node, nodes[0]));
//! let converged = |world: &World| world.live().all(|node| world.node(node).is_some_and(|n| n.agreement().is_converged()));
//! assert!(world.run_until(Duration::from_secs(20), converged).is_some());
//! ```
mod host;
mod network;

use crate::{
    config::Config,
    digest::{Digest, Digester},
    id::{Addr, NodeId},
    io::{Event, Input, Output},
    node::{Node, SaveCursor},
    rng::Rng,
    storage::{Heap, Storage},
    time::Instant,
};
use alloc::{collections::BinaryHeap, string::String, vec, vec::Vec};
use core::{cmp::Reverse, convert::Infallible, time::Duration};
use host::Host;
use network::Links;
use std::borrow::ToOwned;

pub use host::{Told, Traffic};
pub use network::Network;

/// Many nodes under one virtual clock.
pub struct World<S: Storage = Heap> {
    seed: u64,
    now: Instant,
    hosts: Vec<Host<S>>,
    links: Links,
    queue: BinaryHeap<Reverse<Pending>>,
    sequence: u64,
    trace: Digest,
}

/// A host of a [`World`]: a place and a name, at which a node may live, die and live again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(usize);

impl HostId {
    /// Hosts are numbered as they were spawned, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What a node starts its next life with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What it saved when [`World::keep`] was last called, which may be long before it died.
    Kept,
    /// Its name and address alone.
    Lost,
}

/// Something that will happen. Ordered by time, then by when it was decided.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    at: Instant,
    sequence: u64,
    what: What,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Deliver { to: usize, from: Addr, bytes: Vec<u8> },
    Wake { host: usize },
}

impl World<Heap> {
    /// An empty world, of nodes that keep their state on the heap.
    #[must_use]
    pub fn new(seed: u64, network: Network) -> Self {
        Self::with_storage(seed, network)
    }
}

impl<S: Storage> World<S> {
    /// An empty world, of nodes that keep their state where `S` says.
    #[must_use]
    pub fn with_storage(seed: u64, network: Network) -> Self {
        Self {
            seed,
            // Some time after the epoch, as clocks have it; and not zero, which is a special case nowhere.
            now: Instant::from_micros(1_000_000_000_000),
            hosts: Vec::new(),
            links: Links::new(seed, network),
            queue: BinaryHeap::new(),
            sequence: 0,
            trace: Digest::default(),
        }
    }

    /// Starts a node called `name` on a host of its own.
    ///
    /// # Panics
    /// When `config` is refused: a world is a test, and its configuration part of it.
    pub fn spawn(&mut self, name: &str, config: Config) -> HostId {
        let index = self.hosts.len();
        self.hosts.push(Host::new(name.to_owned(), addr_of(index), config));
        self.boot(index, Memory::Lost);
        HostId(index)
    }

    /// Has a live node join through another's address.
    ///
    /// # Panics
    /// When the node refuses the seed: a world is a test, and its seeds part of it.
    pub fn join(&mut self, host: HostId, seed: HostId) {
        let addr = self.hosts[seed.0].addr;
        if let Some(Err(error)) = self.command(host, |node, now| node.join(now, addr)) {
            panic!("{host:?} cannot join through {seed:?}: {error}");
        }
    }

    /// Gives a command to a live node, and takes up what follows from it; `None` when it is dead.
    pub fn command<R>(&mut self, host: HostId, command: impl FnOnce(&mut Node<S>, Instant) -> R) -> Option<R> {
        let now = self.now;
        let answer = self.hosts[host.0].node.as_mut().map(|node| command(node, now));
        self.drain(host.0);
        answer
    }

    /// Kills a node: it says nothing more, and hears nothing. What it has not [kept](Self::keep) is lost.
    pub fn crash(&mut self, host: HostId) {
        let host = &mut self.hosts[host.0];
        host.node = None;
        host.wake_at = Instant::NEVER;
    }

    /// Has a live node save what its next life may start with: that is what [`Memory::Kept`] means, until it is called
    /// again.
    pub fn keep(&mut self, host: HostId) {
        let host = &mut self.hosts[host.0];
        let Some(node) = &host.node else { return };
        let mut cursor = SaveCursor::default();
        let mut buffer = vec![0; usize::from(host.config.datagram_len_max)];
        host.kept.clear();
        while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
            host.kept.push(chunk.to_vec());
        }
    }

    /// Starts a dead node again, under its name and at its address.
    pub fn restart(&mut self, host: HostId, memory: Memory) {
        self.hosts[host.0].node = None;
        self.boot(host.0, memory);
    }

    /// Cuts the network into the given groups; hosts in none of them are cut off from all. `heal` undoes it.
    pub fn partition(&mut self, groups: &[&[HostId]]) {
        self.links.partition(self.hosts.len(), groups);
    }

    /// Makes the network whole again.
    pub fn heal(&mut self) {
        self.links.heal();
    }

    /// Changes what the network does from now on.
    pub fn set_network(&mut self, network: Network) {
        self.links.set_network(network);
    }

    /// Hands a node some bytes, as if they had come from `from`.
    pub fn inject(&mut self, host: HostId, from: Addr, bytes: &[u8]) {
        self.deliver(host.0, from, &mut bytes.to_vec());
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until `done`, and says how much did; `None` when it was not done within `limit`.
    ///
    /// It looks whenever something has happened.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> Option<Duration> {
        let start = self.now;
        let end = start + limit;
        loop {
            if done(self) {
                return Some(self.now.saturating_duration_since(start));
            }
            if !self.step(end) {
                self.now = end;
                return None;
            }
        }
    }

    /// The moment that it is.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The node of a host, while it lives.
    #[must_use]
    pub fn node(&self, host: HostId) -> Option<&Node<S>> {
        self.hosts[host.0].node.as_ref()
    }

    /// The id that a host's node goes by.
    #[must_use]
    pub fn id(&self, host: HostId) -> NodeId {
        self.hosts[host.0].id
    }

    /// A host's address.
    #[must_use]
    pub fn addr(&self, host: HostId) -> Addr {
        self.hosts[host.0].addr
    }

    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> + use<S> {
        (0..self.hosts.len()).map(HostId)
    }

    /// The hosts whose nodes live.
    pub fn live(&self) -> impl Iterator<Item = HostId> {
        self.hosts().filter(|host| self.node(*host).is_some())
    }

    /// What a host's nodes told their application, with the time, in all their lives.
    #[must_use]
    pub fn told(&self, host: HostId) -> &[(Instant, Told)] {
        &self.hosts[host.0].told
    }

    /// What a host has sent.
    #[must_use]
    pub fn traffic(&self, host: HostId) -> Traffic {
        self.hosts[host.0].traffic
    }

    /// A fingerprint of every datagram and event so far, each with its time and host.
    #[must_use]
    pub fn trace(&self) -> Digest {
        self.trace
    }

    /// Does the next thing, if it comes before `end`.
    fn step(&mut self, end: Instant) -> bool {
        if self.queue.peek().is_none_or(|Reverse(next)| next.at > end) {
            return false;
        }
        let Some(Reverse(Pending { at, what, .. })) = self.queue.pop() else { return false };
        self.now = at;
        match what {
            What::Deliver { to, from, mut bytes } => self.deliver(to, from, &mut bytes),
            What::Wake { host } => self.wake(host, at),
        }
        true
    }

    fn deliver(&mut self, to: usize, from: Addr, bytes: &mut [u8]) {
        if let Some(node) = &mut self.hosts[to].node {
            node.handle_input(self.now, Input::Received { from, bytes });
            self.drain(to);
        }
    }

    /// Fires a node's timer, unless it has asked for another moment since.
    fn wake(&mut self, host: usize, at: Instant) {
        if self.hosts[host].wake_at != at {
            return;
        }
        self.hosts[host].wake_at = Instant::NEVER;
        if let Some(node) = &mut self.hosts[host].node {
            node.handle_input(self.now, Input::TimerFired);
            self.drain(host);
        }
    }

    fn boot(&mut self, index: usize, memory: Memory) {
        let host = &mut self.hosts[index];
        let mut chance = Chance(stream(self.seed, &[1, index, host.lives]));
        host.lives += 1;
        let node = Node::with_storage(host.id, host.addr, host.config.clone(), &mut chance);
        let mut node = node.unwrap_or_else(|error| panic!("{}: {error}", host.name));
        if memory == Memory::Kept {
            for chunk in &host.kept {
                node.restore(self.now, chunk).unwrap_or_else(|error| panic!("{}: {error}", host.name));
            }
        }
        node.handle_input(self.now, Input::TimerFired);
        host.node = Some(node);
        self.drain(index);
    }

    /// Takes up all that a node puts out.
    fn drain(&mut self, index: usize) {
        let mut buffer = [0; 16_000];
        loop {
            let host = &mut self.hosts[index];
            let Some(node) = &mut host.node else { return };
            match node.poll_output(&mut buffer) {
                Output::Send { to, bytes } => {
                    host.traffic.count(bytes);
                    let from = host.addr;
                    self.record(index, to.as_bytes(), bytes);
                    self.send(index, from, to, bytes);
                }
                Output::Event(event) => {
                    host.told.push((self.now, Told::from(event)));
                    if event == Event::Departed {
                        host.node = None;
                        host.wake_at = Instant::NEVER;
                    }
                    let told = alloc::format!("{event:?}");
                    self.record(index, &[], told.as_bytes());
                }
                Output::Schedule(at) => return self.schedule(index, at),
            }
        }
    }

    fn schedule(&mut self, host: usize, at: Instant) {
        if self.hosts[host].wake_at != at && at != Instant::NEVER {
            // A moment that has passed comes at once.
            let at = at.max(self.now);
            self.hosts[host].wake_at = at;
            self.push(at, What::Wake { host });
        }
    }

    fn send(&mut self, from_index: usize, from: Addr, to: Addr, bytes: &[u8]) {
        let Some(to) = index_of(to).filter(|&to| to < self.hosts.len()) else { return };
        for latency in self.links.transmit(from_index, to) {
            self.push(self.now + latency, What::Deliver { to, from, bytes: bytes.to_vec() });
        }
    }

    fn push(&mut self, at: Instant, what: What) {
        self.sequence += 1;
        self.queue.push(Reverse(Pending { at, sequence: self.sequence, what }));
    }

    fn record(&mut self, host: usize, to: &[u8], bytes: &[u8]) {
        let digester = Digester::unkeyed();
        let words =
            [self.trace.0, self.now.as_micros(), word(host), digester.of_bytes(to).0, digester.of_bytes(bytes).0];
        self.trace = digester.of_words(&words);
    }
}

impl<S: Storage> core::fmt::Debug for World<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<&String> = self.hosts.iter().map(|host| &host.name).collect();
        f.debug_struct("World")
            .field("seed", &self.seed)
            .field("now", &self.now)
            .field("hosts", &names)
            .finish_non_exhaustive()
    }
}

/// A stream of chance for one purpose.
fn stream(seed: u64, purpose: &[usize]) -> Rng {
    let words: Vec<u64> = core::iter::once(seed).chain(purpose.iter().map(|&part| word(part))).collect();
    Rng::from_seed(Digester::unkeyed().of_words(&words).0)
}

fn word(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn addr_of(index: usize) -> Addr {
    let bytes = u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes();
    Addr::new(&bytes).unwrap_or_else(|| unreachable!("four bytes are an address"))
}

fn index_of(addr: Addr) -> Option<usize> {
    let bytes = <[u8; 4]>::try_from(addr.as_bytes()).ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

/// Our own generator, as the boundary wants it.
struct Chance(Rng);

impl rand_core::TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.0.next_u64() >> 32).unwrap_or(0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let draw = self.0.next_u64().to_le_bytes();
            chunk.copy_from_slice(&draw[..chunk.len()]);
        }
        Ok(())
    }
}
