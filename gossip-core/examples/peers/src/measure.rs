//! Runs the cells of a table on several threads, each cell on one.
use crate::{
    contestants::Peer,
    plan,
    workloads::{Case, Figures, Workload},
};
use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// All that a table is made of.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) workload: Workload,
    /// What each contestant did in each case, seed by seed, in the order of the seeds.
    runs: Vec<(Run, Figures)>,
}

/// One cell, and one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    case: Case,
    peer: Peer,
    seed: u64,
}

impl Measured {
    /// Runs everything that is planned for `workload`, and says on standard error how far it is.
    pub(crate) fn of(workload: Workload, threads: NonZero<usize>) -> Self {
        let planned = planned(workload);
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..threads.get() {
                scope.spawn(|| {
                    // The last ones take longest, and go first, so that no thread ends up alone with them.
                    while let Some(at) = planned.len().checked_sub(1 + next.fetch_add(1, Ordering::Relaxed)) {
                        let figures = planned[at].make(workload);
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((at, figures));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(at, _)| *at);
        Self { workload, runs: planned.into_iter().zip(done.into_iter().map(|(_, figures)| figures)).collect() }
    }

    /// What a contestant did in a case, with each seed. Nothing, where it was not run.
    pub(crate) fn figures(&self, case: Case, peer: Peer) -> Vec<&Figures> {
        let runs = self.runs.iter().filter(|(run, _)| (run.case, run.peer) == (case, peer));
        runs.map(|(_, figures)| figures).collect()
    }
}

impl Run {
    fn make(self, workload: Workload) -> Figures {
        let Self { case, peer, seed } = self;
        let began = Instant::now();
        let figures = workload.run(peer, case, seed);
        let Case { size, loss_percent, killed } = case;
        let (name, took) = (peer.name(), began.elapsed().as_secs_f64());
        eprintln!("{workload:?} {name} N={size} loss={loss_percent}% killed={killed} seed={seed}: {took:.1} s");
        figures
    }
}

fn planned(workload: Workload) -> Vec<Run> {
    let mut runs = Vec::new();
    for case in plan::cases(workload) {
        for peer in Peer::ALL {
            runs.extend((1..=plan::seeds(workload, case, peer)).map(|seed| Run { case, peer, seed }));
        }
    }
    runs
}
