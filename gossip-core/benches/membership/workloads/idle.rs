//! What a cluster costs in which nothing happens.
use super::{
    Case, LAN, Outcome, Scope, Trial, Workload,
    figures::{Bound, Findings, Judged},
};
use core::time::Duration;
use gossip_core::sim::Network;

pub(super) const WORKLOAD: Workload = Workload { name: "idle", compares: true, seeds: 30, cases, across };

const DATAGRAMS: &str = "datagrams/node/s";
const BYTES: &str = "payload B/node/s";

fn cases(scope: &Scope) -> Vec<Case> {
    let sizes = scope.sizes(&[16, 64, 256, 1_024, 4_096]);
    let of = |(nodes, loss): (usize, f64)| Case {
        name: format!("N = {nodes}, loss {loss}"),
        nodes,
        loss,
        seeds_max: if nodes > 1_024 { 3 } else { u64::MAX },
        // What is lost is asked for again: the bound is for a network that loses nothing.
        bounds: if loss > 0.0 { Vec::new() } else { vec![Bound::max(DATAGRAMS, 2.0), Bound::max(BYTES, 100.0)] },
        play: Box::new(move |trial| play(trial, nodes, loss)),
    };
    sizes.iter().flat_map(|&nodes| scope.losses(&[0.0]).into_iter().map(move |loss| of((nodes, loss)))).collect()
}

fn play(trial: &Trial, nodes: usize, loss: f64) -> Findings {
    let (mut world, _) = trial.settled_cluster(nodes);
    world.set_network(Network::lan().with_loss(loss));
    world.run_for(Duration::from_secs(10));
    let before = world.sent();
    world.run_for(Duration::from_secs(60));
    let after = world.sent();
    let mut findings = Findings::default();
    findings.add(DATAGRAMS, (after.0 - before.0) / (nodes as f64 * 60.0));
    findings.add(BYTES, (after.1 - before.1) / (nodes as f64 * 60.0));
    findings
}

/// The cost of a node does not depend on how many others there are. It is a little less among few: most are heard without
/// being asked, and all have heard each other soon, so that nobody introduces itself any more.
fn across(outcomes: &[Outcome]) -> Vec<Judged> {
    let ours = outcomes.iter().filter(|outcome| outcome.preset == LAN && outcome.loss == 0.0);
    let large: Vec<_> = ours.filter(|outcome| outcome.nodes >= 256).collect();
    let judge = |figure| {
        let means = || large.iter().map(|outcome| outcome.pool.sample(figure).mean());
        let ratio = means().fold(0.0, f64::max) / means().fold(f64::INFINITY, f64::min);
        Judged { what: format!("{figure}, dearest size to cheapest, from 256 nodes on"), value: ratio, most: 1.1 }
    };
    if large.len() < 2 { Vec::new() } else { vec![judge(DATAGRAMS), judge(BYTES)] }
}
