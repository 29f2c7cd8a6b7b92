//! One node dies: when that is first known, and when to all.
use super::{
    Case, Detector, Scope, Trial, Workload,
    cluster::Cluster,
    figures::{Bound, Findings},
    ground::{LOOK, pass_until, since},
    nothing_across,
};
use core::time::Duration;
use gossip_core::sim::{HostId, Loss, Network};

pub(super) const WORKLOAD: Workload =
    Workload { name: "crash", compares: true, seeds: 30, cases, across: nothing_across };

const FIRST: &str = "first detection s";
const ALL: &str = "known to all s";
const UNKNOWN: &str = "not known in 120 s";

/// How many die in each world, one after the other is back.
const CRASHES: u64 = 3;
/// How long bursts of losses are, in datagrams.
const BURST_LEN: f64 = 8.0;

#[derive(Clone, Copy)]
enum Course {
    Independent,
    InBursts,
}

fn cases(scope: &Scope) -> Vec<Case> {
    let mut cases = Vec::new();
    for nodes in scope.sizes(&[16, 64, 1_024]) {
        for loss in scope.losses(&[0.0, 0.10, 0.30]) {
            cases.push(case(nodes, loss, Course::Independent));
            if loss > 0.0 {
                cases.push(case(nodes, loss, Course::InBursts));
            }
        }
    }
    cases
}

fn case(nodes: usize, loss: f64, course: Course) -> Case {
    let (network, how) = match course {
        Course::Independent => (Network::lan().with_loss(loss), ""),
        Course::InBursts => (Network { loss: Loss::bursts(BURST_LEN, loss), ..Network::lan() }, " in bursts"),
    };
    Case {
        name: format!("N = {nodes}, loss {loss}{how}"),
        nodes,
        loss,
        seeds_max: u64::MAX,
        bounds: bounds(nodes, loss, course),
        play: Box::new(move |trial| play(trial, nodes, &network)),
    }
}

fn bounds(nodes: usize, loss: f64, course: Course) -> Vec<Bound> {
    let all = match nodes {
        ..=16 => 3.5,
        17..=64 => 4.5,
        _ => 5.5,
    };
    let of_time = match course {
        Course::Independent if loss == 0.0 => Some(Bound::mean(ALL, all)),
        Course::Independent if loss == 0.30 => Some(Bound::mean(FIRST, 4.5)),
        _ => None,
    };
    of_time.into_iter().chain([Bound::never(UNKNOWN)]).collect()
}

fn play(trial: &Trial, nodes: usize, network: &Network) -> Findings {
    let (mut world, hosts) = trial.settled_cluster(nodes);
    let mut dice = trial.dice(1);
    let mut findings = Findings::default();
    for round in 0..CRASHES {
        world.set_network(network.clone());
        world.run_for(Duration::from_secs(20) + dice.within(trial.probe_interval()));
        let victim = hosts[dice.below(nodes)];
        world.crash(victim);
        observe(&mut *world, victim, &mut findings);
        if round + 1 < CRASHES {
            world.set_network(Network::lan());
            world.replace(victim, if victim == hosts[0] { hosts[1] } else { hosts[0] });
            if world.settle(Duration::from_secs(600)).is_none() {
                // In plain SWIM, what the push missed is told by nobody: a view may stay wrong for good.
                let is_ours = matches!(trial.detector, Detector::Ours(_));
                assert!(!is_ours, "seed {}: {victim:?} is not taken in", trial.seed);
                findings.note(format!("seed {}: {victim:?} is not taken in by all in ten minutes", trial.seed));
                break;
            }
        }
    }
    findings
}

fn observe(world: &mut dyn Cluster, victim: HostId, findings: &mut Findings) {
    let start = world.now();
    let mut first = None;
    let all = pass_until(world, LOOK, Duration::from_secs(120), |world| {
        let live = world.live();
        let ignorant = live.iter().filter(|by| world.counts(**by, victim)).count();
        if first.is_none() && ignorant < live.len() {
            first = Some(since(world, start));
        }
        ignorant == 0
    });
    if let Some(first) = first {
        findings.add(FIRST, first);
    }
    if let Some(all) = all {
        findings.add(ALL, all.as_secs_f64());
    }
    findings.add(UNKNOWN, if all.is_none() { 1.0 } else { 0.0 });
    if all.is_none() {
        let ignorant = world.live().into_iter().filter(|by| world.counts(*by, victim));
        let ignorant: Vec<_> = ignorant.map(|host| world.name(host)).take(5).collect();
        findings.note(format!("{} still counts at {ignorant:?}", world.name(victim)));
    }
}
