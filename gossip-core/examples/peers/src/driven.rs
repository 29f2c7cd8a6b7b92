//! A cluster of any [`Contestant`], driven event by event.
use crate::{
    cluster::{Cluster, START_WITHIN},
    contest::{Acquaintance, Contestant, Index, Moment, Wants},
    links::Links,
    observer::Observer,
};
use core::time::Duration;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::collections::BTreeMap;

/// Nodes, what is yet to happen to them, and the network between them.
pub(crate) struct Driven<C: Contestant> {
    nodes: Vec<C>,
    /// By time, and what is due at the same time in the order in which it came up.
    queue: BTreeMap<(Moment, u64), Due<C::Timer>>,
    numbered: u64,
    now: Moment,
    links: Links,
    observer: Observer,
    rng: SmallRng,
}

type Due<T> = (Index, Input<T>);

enum Input<T> {
    Start(Acquaintance),
    Datagram(Index, Vec<u8>),
    Timer(T),
}

impl<C: Contestant> Driven<C> {
    /// `size` nodes that have not started.
    pub(crate) fn new(settings: &C::Settings, size: usize, seed: u64) -> Self {
        let seeds = (seed.wrapping_mul(0x9e37_79b9)..).take(size);
        Self {
            nodes: seeds.enumerate().map(|(me, seed)| C::new(settings, me, seed)).collect(),
            queue: BTreeMap::new(),
            numbered: 0,
            now: Moment::ZERO,
            links: Links::new(size, seed),
            observer: Observer::new(size),
            rng: SmallRng::seed_from_u64(seed ^ 0x626f_6f74),
        }
    }

    fn plan(&mut self, at: Moment, node: Index, input: Input<C::Timer>) {
        self.numbered += 1;
        self.queue.insert((at, self.numbered), (node, input));
    }

    /// Lets a node handle what happens, and does what it wants. Whether it changed its mind about anybody.
    fn handle(&mut self, node: Index, input: Input<C::Timer>) -> bool {
        let size = self.nodes.len();
        let mut wants = Wants::at(self.now);
        let contestant = &mut self.nodes[node];
        match input {
            Input::Start(Acquaintance::Listed) => contestant.know_all(&mut wants, size),
            Input::Start(Acquaintance::Joined) => contestant.join(&mut wants, (node > 0).then_some(0)),
            Input::Datagram(from, bytes) => contestant.on_datagram(&mut wants, from, bytes),
            Input::Timer(timer) => contestant.on_timer(&mut wants, timer),
        }
        for belief in &wants.beliefs {
            self.observer.note(self.now, node, *belief);
        }
        for (at, timer) in wants.timers {
            self.plan(at, node, Input::Timer(timer));
        }
        for (to, bytes) in wants.sends {
            self.links.count(node, bytes.len());
            if let Some(at) = self.links.carry(self.now, node, to, bytes.len()) {
                self.plan(at, to, Input::Datagram(node, bytes));
            }
        }
        !wants.beliefs.is_empty()
    }
}

impl<C: Contestant> Cluster for Driven<C> {
    fn now(&self) -> Moment {
        self.now
    }

    fn acquaintance(&self) -> Acquaintance {
        C::ACQUAINTANCE
    }

    fn start(&mut self, how: Acquaintance) {
        self.plan(self.now, 0, Input::Start(how));
        for node in 1..self.nodes.len() {
            let wait = self.rng.random_range(Duration::ZERO..START_WITHIN);
            let wait = Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(0));
            self.plan(self.now + wait, node, Input::Start(how));
        }
    }

    fn run_until(&mut self, limit: Moment, holds: &mut dyn FnMut(&Observer) -> bool) -> Option<Moment> {
        if holds(&self.observer) {
            return Some(self.now);
        }
        while let Some(due) = self.queue.first_entry().filter(|due| due.key().0 <= limit) {
            let ((at, _), (node, input)) = due.remove_entry();
            self.now = at;
            if self.links.is_up(node) && self.handle(node, input) && holds(&self.observer) {
                return Some(self.now);
            }
        }
        self.now = limit;
        None
    }

    fn crash(&mut self, node: Index) {
        self.links.cut(node);
        self.observer.crash(node);
    }

    fn links(&mut self) -> &mut Links {
        &mut self.links
    }

    fn observer(&mut self) -> &mut Observer {
        &mut self.observer
    }
}
