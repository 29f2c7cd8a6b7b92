//! What the failure detector must do, in numbers: a few seeds of each workload of `benches/membership`, in small clusters,
//! with the same bounds. `cargo membership` runs all of it at length.
#![cfg(feature = "sim")]
#[allow(dead_code, reason = "the bench prints what is only judged here")]
#[path = "../benches/membership/workloads/mod.rs"]
mod workloads;

use core::time::Duration;
use gossip_core::{
    Config,
    sim::{Network, Scrutiny, World},
};
use workloads::{
    Case, Detector, Held, Outcome, Scope, Trial,
    figures::{Bound, Findings, Pool},
    workloads,
};

#[test]
fn an_idle_cluster_costs_next_to_nothing() {
    holds("idle", &few(&[16, 64]));
}

#[test]
fn a_crowd_joins_at_little_more_than_the_cost_of_its_table() {
    holds("join", &few(&[64]));
}

#[test]
fn a_crash_is_known_within_seconds() {
    holds("crash", &Scope { losses: vec![0.0, 0.30], ..few(&[16, 64]) });
}

#[test]
fn an_accusation_is_confirmed_from_its_start_even_where_much_is_lost() {
    let seeds = 0..50;
    let confirmed = seeds.clone().filter(|&seed| observers_at_first(seed, 64, 0.30) >= 4).count();
    // With six helpers, whatever these find, it is about half of them.
    assert!(confirmed >= 36, "{confirmed} of {seeds:?}");
}

/// How many observers the first accusation of a crashed member has.
fn observers_at_first(seed: u64, nodes: usize, loss: f64) -> u32 {
    let mut world = World::new(seed, Network::lan());
    let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.settle(Duration::from_secs(60)).unwrap();
    world.set_network(Network::lan().with_loss(loss));
    // Long enough for everybody to have some whom it knows to answer.
    world.run_for(Duration::from_secs(20));
    world.crash(hosts[1]);
    let victim = world.id(hosts[1]);
    let accusation = |world: &World| world.nodes().find_map(|node| node.member(victim).and_then(|member| member.why));
    world.pass_until(Duration::from_millis(1), Duration::from_secs(60), |world| accusation(world).is_some()).unwrap();
    accusation(&world).unwrap().observers
}

#[test]
fn nobody_is_given_up_for_what_the_network_loses() {
    // What heavy losses cost, compared with none, is for the bench to judge: here, both would be too short.
    holds("false-deaths", &Scope { losses: vec![0.0, 0.10], ..few(&[64]) });
    holds("false-deaths", &Scope { losses: vec![0.25], ..few(&[64]) });
}

#[test]
fn the_slow_blame_nobody_and_hide_no_crash() {
    let scope = Scope { seeds: 0..1, ..few(&[64]) };
    let mut broken = broken("slow", "C = 8, D = 8000", &scope);
    // What it costs, too, is for the bench: it differs from case to case, and the bound is for all of them.
    broken.retain(|what| !what.contains("bytes"));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn whoever_cannot_be_relied_on_is_given_up_and_nobody_else() {
    holds("gray", &few(&[64]));
}

#[test]
fn a_partition_heals_in_seconds() {
    holds("partition", &few(&[16]));
}

#[test]
fn whoever_restarts_finds_the_others_again() {
    holds("restarts", &few(&[16]));
}

#[test]
fn a_bound_is_broken_by_what_exceeds_it_and_by_what_is_no_number() {
    for (values, kept) in [(&[1.0, 3.0][..], [true, false, false]), (&[0.0; 3], [true; 3]), (&[f64::NAN], [false; 3])] {
        let mut findings = Findings::default();
        values.iter().for_each(|&value| findings.add("f", value));
        let pool = Pool::of([findings].iter());
        let bounds = [Bound::mean("f", 2.0), Bound::max("f", 2.0), Bound::never("f")];
        assert_eq!(bounds.map(|bound| bound.judge(&pool).is_kept()), kept, "{values:?}");
    }
}

#[test]
#[should_panic(expected = "nobody measured")]
fn a_bound_on_what_was_not_measured_is_no_bound() {
    Bound::never("f").judge(&Pool::default());
}

fn few(nodes: &[usize]) -> Scope {
    Scope { nodes: nodes.to_vec(), losses: Vec::new(), seeds: 0..3, days: 2.0 }
}

fn holds(name: &str, scope: &Scope) {
    let broken = broken(name, "", scope);
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

/// Which bounds a workload breaks, in those of its cases in whose names a text stands, with what was noted then.
fn broken(name: &str, only: &str, scope: &Scope) -> Vec<String> {
    let workload = workloads().into_iter().find(|workload| workload.name == name).unwrap();
    let (mut outcomes, mut broken) = (Vec::new(), Vec::new());
    for case in (workload.cases)(scope).into_iter().filter(|case| case.name.contains(only)) {
        // Plain SWIM is there to compare with, which is judged of one workload; it may break all bounds.
        for preset in workload.presets().filter(|preset| preset.held == Held::ToBounds || name == "slow") {
            let (pool, notes) = play(&case, &(preset.detector)(), scope);
            let bounds = case.bounds.iter().filter(|_| preset.held == Held::ToBounds);
            let judged = bounds.map(|bound| bound.judge(&pool)).filter(|judged| !judged.is_kept());
            broken.extend(judged.map(|judged| format!("{}: {judged}; {notes:?}", case.name)));
            let (case, nodes, loss) = (case.name.clone(), case.nodes, case.loss);
            outcomes.push(Outcome { case, preset: preset.name, nodes, loss, pool });
        }
    }
    assert!(!outcomes.is_empty(), "no case of {name} has `{only}` in its name");
    let across = (workload.across)(&outcomes).into_iter().filter(|judged| !judged.is_kept());
    broken.extend(across.map(|judged| judged.to_string()));
    broken
}

fn play(case: &Case, detector: &Detector, scope: &Scope) -> (Pool, Vec<String>) {
    let play = |seed| (case.play)(&Trial { detector: detector.clone(), seed, scrutiny: Scrutiny::Loose });
    let runs: Vec<_> = scope.seeds.clone().map(play).collect();
    let pool = Pool::of(runs.iter());
    (pool, runs.into_iter().flat_map(|run| run.notes).take(3).collect())
}
