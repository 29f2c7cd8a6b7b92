//! memberlist-core, the port of HashiCorp's memberlist: SWIM with Lifeguard's suspicion and awareness, gossip over
//! datagrams, and exchanges of everything over streams.
//!
//! It is made of tasks, but its transport is a trait and its timers are tokio's, so that whole nodes run by a clock that
//! stands still. Three things to know about that:
//!
//! - it begins some intervals by the real clock. The loop of its exchanges, which makes a new interval each time, would never
//!   wait here: it is switched off, and the exchanges are asked for from outside, on the same schedule;
//! - for the same reason the gossip and the probes of all nodes come in step;
//! - its random choices cannot be seeded, so that no two runs are alike.
mod paused;
mod stream;
mod transport;

use crate::{
    cluster::Cluster,
    contest::{Acquaintance, Belief, Index, Moment},
    links::Links,
    observer::Observer,
};
use core::{mem, net::SocketAddr, time::Duration};
use memberlist_core::{
    Memberlist, Options,
    delegate::{CompositeDelegate, EventDelegate, VoidDelegate},
    proto::{MaybeResolvedAddress, NodeState},
};
use paused::{Paused, Shared};
use smol_str::SmolStr;
use std::sync::{Arc, Mutex, PoisonError};
use transport::{Doors, Sockets, addr_of, index_at};

/// Its preset for a local network, as it comes: it has the probe's interval and timeout the other way round than the
/// original, 0.5 s and 1 s.
pub(crate) fn shipped() -> Options {
    Options::lan().with_push_pull_interval(Duration::ZERO)
}

/// The same, with the original's interval of 1 s and timeout of 0.5 s.
pub(crate) fn original() -> Options {
    shipped().with_probe_interval(Duration::from_secs(1)).with_probe_timeout(Duration::from_millis(500))
}

/// How often everything is exchanged with one other member, in a cluster of up to 32: and one such interval less often for
/// each doubling of that.
const EXCHANGE_INTERVAL: Duration = Duration::from_secs(30);
const EXCHANGE_SCALES_FROM: usize = 32;
/// How finely time passes between two looks at what the nodes believe.
const STEP: Duration = Duration::from_millis(10);

/// A cluster of it.
pub(crate) struct Memberlists {
    time: Paused,
    doors: Doors,
    news: News,
    seed: u64,
    options: Options,
    nodes: Vec<Option<Node>>,
    observer: Observer,
}

type Node = Memberlist<Sockets, Reports>;
type Void = VoidDelegate<SmolStr, SocketAddr>;
type Reports = CompositeDelegate<SmolStr, SocketAddr, Void, Void, Reporter>;

impl Memberlists {
    /// `size` nodes that have not started.
    pub(crate) fn new(options: Options, size: usize, seed: u64) -> Self {
        Self {
            time: Paused::new(size, seed),
            doors: Doors::default(),
            news: News::default(),
            seed,
            options,
            nodes: (0..size).map(|_| None).collect(),
            observer: Observer::new(size),
        }
    }

    fn start_one(&mut self, me: Index) {
        let shared = self.time.shared.clone();
        let reporter = Reporter { me, shared: shared.clone(), news: self.news.clone() };
        let (doors, options) = (self.doors.clone(), self.options.clone());
        let node = self.time.block_on(async {
            let delegate = CompositeDelegate::new().with_event_delegate(reporter);
            let node = Memberlist::with_delegate(delegate, (me, shared, doors), options).await;
            let node = node.expect("its preset is sound");
            tokio::spawn(join_and_exchange(node.clone(), me));
            node
        });
        self.nodes[me] = Some(node);
    }
}

impl Cluster for Memberlists {
    fn now(&self) -> Moment {
        self.time.now()
    }

    fn acquaintance(&self) -> Acquaintance {
        Acquaintance::Joined
    }

    fn start(&mut self, _how: Acquaintance) {
        self.time.plan_start(self.nodes.len(), self.seed);
    }

    fn run_until(&mut self, limit: Moment, holds: &mut dyn FnMut(&Observer) -> bool) -> Option<Moment> {
        loop {
            if holds(&self.observer) {
                return Some(self.now());
            }
            if self.now() >= limit {
                return None;
            }
            for node in self.time.step(STEP, limit) {
                self.start_one(node);
            }
            for (at, by, belief) in self.news.take() {
                self.observer.note(at, by, belief);
            }
        }
    }

    fn crash(&mut self, node: Index) {
        self.time.links.cut(node);
        self.observer.crash(node);
        if let Some(node) = self.nodes[node].take() {
            // It does what it likes; nothing of it goes out any more.
            self.time.block_on(async { drop(tokio::spawn(async move { node.shutdown().await })) });
        }
    }

    fn links(&mut self) -> &mut Links {
        &mut self.time.links
    }

    fn observer(&mut self) -> &mut Observer {
        &mut self.observer
    }
}

/// Joins through the first node, trying until it works, and then exchanges everything with a random member, again and again.
async fn join_and_exchange(node: Node, me: Index) {
    let contact = MaybeResolvedAddress::resolved;
    while me != 0 && node.join(contact(addr_of(0))).await.is_err() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(rand::random_range(Duration::ZERO..EXCHANGE_INTERVAL)).await;
    loop {
        let members = node.online_members().await;
        let doublings = members.len().div_ceil(EXCHANGE_SCALES_FROM).next_power_of_two().ilog2();
        tokio::time::sleep(EXCHANGE_INTERVAL * (1 + doublings)).await;
        let Some(to) = members.get(rand::random_range(0..members.len().max(1))) else { continue };
        if *to.address() != addr_of(me) {
            // The next exchange is with somebody else.
            let _ = node.join(contact(*to.address())).await;
        }
    }
}

/// What nodes said that they believe, and when.
#[derive(Debug, Clone, Default)]
struct News(Arc<Mutex<Vec<(Moment, Index, Belief)>>>);

impl News {
    fn take(&self) -> Vec<(Moment, Index, Belief)> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes it down.
#[derive(Debug)]
struct Reporter {
    me: Index,
    shared: Shared,
    news: News,
}

impl Reporter {
    fn report(&self, belief: Belief) {
        let mut news = self.news.0.lock().unwrap_or_else(PoisonError::into_inner);
        news.push((self.shared.now(), self.me, belief));
    }
}

impl EventDelegate for Reporter {
    type Id = SmolStr;
    type Address = SocketAddr;

    async fn notify_join(&self, node: Arc<NodeState<SmolStr, SocketAddr>>) {
        self.report(Belief::Up(index_at(node.address())));
    }

    async fn notify_leave(&self, node: Arc<NodeState<SmolStr, SocketAddr>>) {
        self.report(Belief::Down(index_at(node.address())));
    }

    async fn notify_update(&self, _: Arc<NodeState<SmolStr, SocketAddr>>) {}
}
