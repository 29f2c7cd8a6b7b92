//! The world, as a test sees it: what can be done to it, and what can be seen of it.
use super::{
    Ailment, HostId, Impairment, Measures, Memory, Network, News, Place, Way,
    clock::{BEGAN, Calendar, Leap, shown_date},
    host::Host,
    journal::{Detail, Noted},
    links::Links,
    machine::Ailments,
    oracle::{End, Oracles},
    queue::{Berth, Queue},
};
use crate::{
    config::Config,
    digest::Digest,
    error::{DeleteError, PublishError, PutError},
    id::{Addr, Dot, NodeId},
    node::Node,
    storage::{Heap, Storage},
    time::Instant,
    wire::Urgency,
};
use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};
use core::time::Duration;
use std::borrow::ToOwned;

/// Many nodes under one virtual clock.
pub struct World<S: Storage = Heap> {
    pub(super) seed: u64,
    pub(super) now: Instant,
    pub(super) hosts: Vec<Host<S>>,
    /// Whose each address is. A host that moved has left one behind.
    pub(super) berths: Vec<HostId>,
    /// The hosts that go by each name: more than one, where a test wants a conflict.
    pub(super) namesakes: BTreeMap<NodeId, Vec<HostId>>,
    pub(super) links: Links,
    pub(super) queue: Queue,
    pub(super) trace: Digest,
    pub(super) events: u64,
    pub(super) measures: Measures,
    pub(super) scrutiny: Scrutiny,
    pub(super) oracles: Oracles,
    /// What happened, for a story's log to tell.
    pub(super) journal: Vec<(Instant, HostId, Noted)>,
    pub(super) journaled: Detail,
    /// What nodes write their output into.
    pub(super) buffer: Vec<u8>,
}

/// How closely a world is watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scrutiny {
    /// All that nodes tell is kept, and the [oracles](super::Oracle) look at everything.
    #[default]
    Close,
    /// Only what takes no room is counted: for worlds of thousands.
    Loose,
}

/// The longest datagram that any configuration allows.
const BUFFER_LEN: usize = 16_000;

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
            now: BEGAN,
            hosts: Vec::new(),
            berths: Vec::new(),
            namesakes: BTreeMap::new(),
            oracles: Oracles::watching(&network),
            links: Links::new(seed, network),
            queue: Queue::default(),
            trace: Digest::default(),
            events: 0,
            measures: Measures::default(),
            scrutiny: Scrutiny::Close,
            journal: Vec::new(),
            journaled: Detail::Nothing,
            buffer: vec![0; BUFFER_LEN],
        }
    }

    /// Chooses how closely the world is watched from now on. Choose before the first [`spawn`](Self::spawn).
    pub fn set_scrutiny(&mut self, scrutiny: Scrutiny) {
        self.scrutiny = scrutiny;
    }

    /// Starts a node called `name` on a host of its own. Two hosts of one name are two nodes that claim it.
    ///
    /// # Panics
    /// When `config` is refused: a world is a test, and its configuration part of it.
    pub fn spawn(&mut self, name: &str, config: Config) -> HostId {
        let host = HostId(self.hosts.len());
        let berth = self.new_berth(host);
        self.hosts.push(Host::new(host, name.to_owned(), berth, config, self.now));
        self.namesakes.entry(self.hosts[host.0].id).or_default().push(host);
        self.boot(host, Memory::Lost);
        host
    }

    /// Has a live node join through another's address.
    ///
    /// # Panics
    /// When the node refuses the seed: a world is a test, and its seeds part of it.
    pub fn join(&mut self, host: HostId, seed: HostId) {
        let addr = self.addr(seed);
        if let Some(Err(error)) = self.command(host, |node, now| node.join(now, addr)) {
            panic!("{host:?} cannot join through {seed:?}: {error}");
        }
    }

    /// Has a node say farewell.
    pub fn leave(&mut self, host: HostId) {
        self.command(host, Node::leave);
    }

    /// Has a node write an entry; `None` when it is dead. As by [`command`](Self::command), but the world remembers the
    /// write: [`measures`](Self::measures) tell how it spread, and the oracles that it is not lost.
    pub fn put(&mut self, host: HostId, key: &[u8], value: &[u8]) -> Option<Result<Dot, PutError>> {
        let answer = self.ask(host, |node, now| node.put(now, key, value))?;
        if let Ok(dot) = answer {
            self.give_out(host, News::Write(dot));
        }
        self.drain(host);
        Some(answer)
    }

    /// Has a node delete an entry; the rest is as for [`put`](Self::put).
    pub fn delete(&mut self, host: HostId, key: &[u8]) -> Option<Result<Dot, DeleteError>> {
        let answer = self.ask(host, |node, now| node.delete(now, key))?;
        if let Ok(dot) = answer {
            self.give_out(host, News::Write(dot));
        }
        self.drain(host);
        Some(answer)
    }

    /// Has a node publish a rumor; the rest is as for [`put`](Self::put).
    pub fn publish(&mut self, host: HostId, urgency: Urgency, payload: &[u8]) -> Option<Result<Dot, PublishError>> {
        let answer = self.ask(host, |node, now| node.publish(now, urgency, payload))?;
        if let Ok(dot) = answer {
            self.give_out(host, News::Rumor(dot));
        }
        self.drain(host);
        Some(answer)
    }

    /// Gives any command to a live node, and takes up what follows from it; `None` when it is dead.
    pub fn command<R>(&mut self, host: HostId, command: impl FnOnce(&mut Node<S>, Instant) -> R) -> Option<R> {
        let answer = self.ask(host, command);
        self.drain(host);
        answer
    }

    /// Kills a node: it says nothing more, and hears nothing. What it has not [kept](Self::keep) is lost.
    pub fn crash(&mut self, host: HostId) {
        self.note_last_holdings(host);
        let now = self.now;
        let crashed = &mut self.hosts[host.0];
        if crashed.node.is_some() {
            crashed.end_life(now);
            let id = crashed.id;
            self.measures.on_crash(now, host, id, self.live().count());
            self.oracles.on_ended(now, host, End::Crashed);
        }
    }

    /// Has a live node save what its next life may start with: that is what [`Memory::Kept`] means, until it is called
    /// again.
    pub fn keep(&mut self, host: HostId) {
        if self.node(host).is_some() {
            self.hosts[host.0].keep();
            self.oracles.on_kept(host);
        }
    }

    /// Starts a host's node again, under its name and at its address.
    pub fn restart(&mut self, host: HostId, memory: Memory) {
        self.crash(host);
        self.boot(host, memory);
    }

    /// Gives a host another address, which its next life will have. What is sent to the old one reaches nobody.
    pub fn readdress(&mut self, host: HostId) {
        self.crash(host);
        self.hosts[host.0].berth = self.new_berth(host);
    }

    /// Says where a host is, for networks to which that matters.
    pub fn place(&mut self, host: HostId, place: Place) {
        self.hosts[host.0].place = place;
    }

    /// Cuts the network into the given groups; hosts in none of them are cut off from all. It replaces all cuts there
    /// were; [`heal`](Self::heal) undoes it.
    pub fn partition(&mut self, groups: &[&[HostId]]) {
        self.links.partition(self.hosts.len(), groups);
    }

    /// Cuts one way: nothing that `from` send reaches `to`. [`heal`](Self::heal) undoes it.
    pub fn cut(&mut self, from: &[HostId], to: &[HostId]) {
        self.links.cut(self.hosts.len(), from, to);
    }

    /// Undoes all partitions and cuts.
    pub fn heal(&mut self) {
        self.links.heal();
    }

    /// Makes one direction of one link worse than the network.
    pub fn impair(&mut self, from: HostId, to: HostId, impairment: Impairment) {
        self.note_delay(impairment);
        self.links.impair(from, to, impairment);
    }

    /// Undoes all impairments of one direction of one link.
    pub fn mend(&mut self, from: HostId, to: HostId) {
        self.links.mend(from, to);
    }

    /// Makes one way of a host worse than the network, to whomever it leads. From then on the host counts as
    /// [ailing](super::Truth::OfAiling).
    pub fn impair_way(&mut self, host: HostId, way: Way, impairment: Impairment) {
        self.note_delay(impairment);
        self.links.impair_way(host, way, impairment);
    }

    /// Undoes all impairments of both ways of a host.
    pub fn mend_ways(&mut self, host: HostId) {
        self.links.mend_ways(host);
    }

    /// Undoes all impairments, of links and of hosts' ways.
    pub fn mend_all(&mut self) {
        self.links.mend_all();
    }

    /// Makes a host ill.
    pub fn afflict(&mut self, host: HostId, ailment: Ailment) {
        let since = self.now;
        if matches!(ailment, Ailment::Slow { .. } | Ailment::Blocked { .. }) {
            self.oracles.on_delays();
        }
        self.hosts[host.0].machine.ailments.add(ailment, since);
        self.rouse(host);
    }

    /// Makes a host well.
    pub fn cure(&mut self, host: HostId) {
        self.hosts[host.0].machine.ailments = Ailments::default();
        self.rouse(host);
    }

    /// Makes a host's clock run fast from now on, by so many parts in a million; below zero, slow. The slowest is a tenth
    /// of the right speed.
    pub fn regulate(&mut self, host: HostId, drift: i32) {
        self.oracles.on_delays();
        self.hosts[host.0].clock.regulate(self.now, drift);
        self.set_timer(host);
    }

    /// Sets a host's clock.
    pub fn leap(&mut self, host: HostId, leap: Leap) {
        self.oracles.on_delays();
        self.hosts[host.0].clock.leap(self.now, leap);
        self.set_timer(host);
    }

    /// Sets a host's calendar, and tells its node, as an adapter does that follows the wall clock.
    pub fn date(&mut self, host: HostId, calendar: Calendar) {
        self.oracles.on_delays();
        let now = self.now;
        let dated = &mut self.hosts[host.0];
        let shown = dated.clock.at(now);
        dated.calendar = calendar.origin(now, BEGAN, shown);
        if let Some(date) = shown_date(dated.calendar, shown) {
            self.command(host, |node, now| node.set_wall_clock(now, date));
        }
    }

    /// What the network does.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.links.network()
    }

    /// Changes what the network does from now on.
    pub fn set_network(&mut self, network: Network) {
        self.oracles.on_network(&network);
        self.links.set_network(network);
    }

    /// Hands a node some bytes, as if they had come from `from`. From now on, only those [oracles](super::Oracle) watch that
    /// nobody can lie to.
    pub fn inject(&mut self, host: HostId, from: Addr, bytes: &[u8]) {
        self.oracles.on_forgery();
        self.hand_over(host, from, &mut bytes.to_vec());
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

    /// What is noted from now on, until it is [taken](Self::take_journal).
    pub(super) fn set_journal(&mut self, detail: Detail) {
        self.journaled = detail;
    }

    pub(super) fn take_journal(&mut self) -> Vec<(Instant, HostId, Noted)> {
        core::mem::take(&mut self.journal)
    }

    fn note_delay(&mut self, impairment: Impairment) {
        if matches!(impairment, Impairment::Delay(_)) {
            self.oracles.on_delays();
        }
    }

    pub(super) fn ask<R>(&mut self, host: HostId, question: impl FnOnce(&mut Node<S>, Instant) -> R) -> Option<R> {
        let host = &mut self.hosts[host.0];
        let shown = host.clock.at(self.now);
        host.node.as_mut().map(|node| question(node, shown))
    }

    fn give_out(&mut self, host: HostId, news: News) {
        self.measures.on_news(self.now, host, news, self.live().count());
        if self.scrutiny == Scrutiny::Close {
            self.oracles.on_news(self.now, host, news);
        }
    }

    fn new_berth(&mut self, host: HostId) -> Berth {
        let berth = Berth::numbered(self.berths.len());
        self.berths.push(host);
        berth
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
