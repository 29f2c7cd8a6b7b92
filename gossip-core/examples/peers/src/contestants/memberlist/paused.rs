//! A runtime whose clock stands still unless it is told to go on, and the network that its tasks share.
use crate::{
    cluster::START_WITHIN,
    contest::{Index, Moment},
    links::Links,
};
use core::{mem, time::Duration};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep_until},
};

/// What a simulated socket needs.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    links: Arc<Mutex<Links>>,
    start: Instant,
}

impl Shared {
    /// The present.
    pub(super) fn now(&self) -> Moment {
        self.start.elapsed()
    }

    /// A moment, as tokio has it.
    pub(super) fn instant(&self, at: Moment) -> Instant {
        self.start + at
    }

    /// Uses the network.
    pub(super) fn with_links<T>(&self, f: impl FnOnce(&mut Links) -> T) -> T {
        f(&mut self.links.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The runtime.
#[derive(Debug)]
pub(super) struct Paused {
    runtime: Runtime,
    pub(super) shared: Shared,
    /// The network while nothing runs; the sockets have it while something does.
    pub(super) links: Links,
    /// Nodes yet to be started, the last ones first.
    waiting: Vec<(Moment, Index)>,
}

impl Paused {
    /// A runtime at the beginning of time.
    pub(super) fn new(size: usize, seed: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let start = runtime.block_on(async { Instant::now() });
        let shared = Shared { links: Arc::new(Mutex::new(Links::new(0, 0))), start };
        Self { runtime, shared, links: Links::new(size, seed), waiting: Vec::new() }
    }

    /// The present.
    pub(super) fn now(&self) -> Moment {
        self.runtime.block_on(async { self.shared.now() })
    }

    /// Runs something with the network in the sockets' hands.
    pub(super) fn block_on<T>(&mut self, future: impl Future<Output = T>) -> T {
        self.swap_links();
        let result = self.runtime.block_on(future);
        self.swap_links();
        result
    }

    /// Plans to start the first node now, and each of the others at random.
    pub(super) fn plan_start(&mut self, size: usize, seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0x626f_6f74);
        let now = self.now();
        let mut at =
            |node| now + if node == 0 { Duration::ZERO } else { rng.random_range(Duration::ZERO..START_WITHIN) };
        self.waiting = (0..size).map(|node| (at(node), node)).collect();
        self.waiting.sort();
        self.waiting.reverse();
    }

    /// Goes on to the next multiple of `step`, to the start of a node, or to `until`, whichever comes first; says whom to
    /// start now.
    pub(super) fn step(&mut self, step: Duration, until: Moment) -> Vec<Index> {
        let now = self.now();
        let steps = u32::try_from(now.as_micros() / step.as_micros()).unwrap_or(u32::MAX);
        let start = self.waiting.last().map_or(Moment::MAX, |&(at, _)| at);
        let next = self.shared.instant((step * (steps + 1)).min(until).min(start));
        self.block_on(async { sleep_until(next).await });
        let now = self.now();
        let mut due = Vec::new();
        while let Some((_, node)) = self.waiting.pop_if(|(at, _)| *at <= now) {
            due.push(node);
        }
        due
    }

    fn swap_links(&mut self) {
        let links = &mut self.links;
        self.shared.with_links(|shared| mem::swap(links, shared));
    }
}
