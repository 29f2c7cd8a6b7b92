//! Days in which nobody dies: nobody may be said to, whatever the network loses.
use super::{
    Case, LAN, Outcome, Scope, Trial, Workload,
    figures::{Bound, Findings, Judged},
    ground::{deaths, is_false},
};
use core::time::Duration;
use gossip_core::sim::Network;

pub(super) const WORKLOAD: Workload = Workload { name: "false-deaths", compares: true, seeds: 30, cases, across };

const DAYS: &str = "node-days";
const DEATHS: &str = "false deaths";
const RAISED: &str = "suspicions raised/node-hour";
const REFUTED: &str = "of these refuted/node-hour";
const TOLD: &str = "suspicions told/node-hour";
const DATAGRAMS: &str = "datagrams/node/s";
const BYTES: &str = "payload B/node/s";

/// From such losses on, a tenth of the time must do.
const HEAVY: f64 = 0.25;

fn cases(scope: &Scope) -> Vec<Case> {
    let sizes = scope.sizes(&[64]);
    let seeds = (scope.seeds.end - scope.seeds.start).max(1) as f64;
    let of = |(nodes, loss): (usize, f64)| {
        let days = if loss >= HEAVY { scope.days / 10.0 } else { scope.days };
        let time = Duration::from_secs_f64(days * 86_400.0 / seeds / nodes as f64);
        Case {
            name: format!("N = {nodes}, loss {loss}"),
            nodes,
            loss,
            seeds_max: u64::MAX,
            bounds: vec![Bound::never(DEATHS)],
            play: Box::new(move |trial| play(trial, nodes, loss, time)),
        }
    };
    let losses = || scope.losses(&[0.0, 0.10, 0.25]).into_iter();
    sizes.iter().flat_map(|&nodes| losses().map(move |loss| (nodes, loss))).map(of).collect()
}

fn play(trial: &Trial, nodes: usize, loss: f64, time: Duration) -> Findings {
    let (mut world, _) = trial.settled_cluster(nodes);
    world.set_network(Network::lan().with_loss(loss));
    let before = world.sent();
    world.run_for(time);
    let after = world.sent();
    let (seconds, mut findings) = (nodes as f64 * time.as_secs_f64(), Findings::default());
    findings.add(DAYS, seconds / 86_400.0);
    let deaths = deaths(&*world, &mut findings, is_false);
    findings.add(DEATHS, deaths);
    let hours = seconds / 3_600.0;
    let (raised, refuted) = world.suspicions();
    findings.add(RAISED, raised / hours);
    findings.add(REFUTED, refuted / hours);
    findings.add(TOLD, world.measures().false_suspicions as f64 / hours);
    findings.add(DATAGRAMS, (after.0 - before.0) / seconds);
    findings.add(BYTES, (after.1 - before.1) / seconds);
    findings
}

/// A lossy network is no reason to flood it.
fn across(outcomes: &[Outcome]) -> Vec<Judged> {
    let ours = || outcomes.iter().filter(|outcome| outcome.preset == LAN);
    let mean = |outcome: &Outcome| outcome.pool.sample(BYTES).mean();
    let lossy = ours().filter(|outcome| outcome.loss == HEAVY);
    let pairs = lossy.filter_map(|lossy| {
        let clean = ours().find(|clean| clean.loss == 0.0 && clean.nodes == lossy.nodes)?;
        Some((lossy.nodes, mean(lossy) / mean(clean)))
    });
    let judge = |(nodes, value)| Judged { what: format!("N = {nodes}: {BYTES}, at {HEAVY} to none"), value, most: 1.5 };
    pairs.map(judge).collect()
}
