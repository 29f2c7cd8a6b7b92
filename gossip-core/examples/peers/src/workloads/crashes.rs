//! W3: some nodes stop at the same moment, without a word.
use super::{Case, Figures, figure, seconds};
use crate::{cluster::Cluster, contest::Index};
use core::time::Duration;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::SliceRandom};

/// Long enough to let the joining fade.
const SETTLE: Duration = Duration::from_secs(20);
/// So long before the crash packets begin to be lost; up to a second more, drawn from the seed.
const LOSSY_BEFORE: Duration = Duration::from_secs(5);
/// How long the others may take.
const LIMIT: Duration = Duration::from_secs(180);

pub(super) fn run(cluster: &mut dyn Cluster, case: Case, seed: u64) -> Figures {
    cluster.settle(SETTLE);
    cluster.links().loss_percent = case.loss_percent;
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x6b69_6c6c);
    let mut nodes: Vec<Index> = (1..case.size).collect();
    nodes.shuffle(&mut rng);
    cluster.run_for(LOSSY_BEFORE + Duration::from_micros(rng.random_range(0..1_000_000)));

    let crash = cluster.now();
    cluster.observer().verdicts.clear();
    nodes.iter().take(case.killed).for_each(|&node| cluster.crash(node));
    let known = cluster.run_until(crash + LIMIT, &mut |observer| observer.stale == 0);
    let observer = cluster.observer();
    let found = observer.first_verdicts();
    let of_all = found.last().filter(|_| found.len() == case.killed);
    vec![
        ("first found s", found.first().map(|&at| seconds(crash, at))),
        ("each found by one s", of_all.map(|&at| seconds(crash, at))),
        ("all know s", known.map(|at| seconds(crash, at))),
        ("pairs still wrong", Some(figure(observer.stale))),
        ("false verdicts", Some(figure(observer.false_verdicts().count()))),
    ]
}
