//! What the failure detector must do, in numbers: a few seeds of each workload of `benches/membership`, in small clusters, with
//! the same bounds. `cargo membership` runs all of it at length.
#![cfg(feature = "sim")]
#[allow(dead_code, reason = "the bench prints what is only judged here")]
#[path = "../benches/membership/workloads/mod.rs"]
mod workloads;

use gossip_core::sim::Scrutiny;
use workloads::{
    Outcome, Scope, Trial,
    figures::{Bound, Findings, Pool},
    presets, workloads,
};

/// Runs the cases of a workload whose names have a text in them, and looks at every bound.
fn holds(name: &str, only: &str, scope: &Scope) {
    let workload = workloads().into_iter().find(|workload| workload.name == name).unwrap();
    let (mut outcomes, mut broken, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for case in (workload.cases)(scope).into_iter().filter(|case| case.name.contains(only)) {
        for preset in presets() {
            let play = |seed| (case.play)(&Trial { config: (preset.config)(), seed, scrutiny: Scrutiny::Loose });
            let runs: Vec<_> = scope.seeds.clone().map(play).collect();
            let pool = Pool::of(runs.iter());
            let judged = case.bounds.iter().map(|bound| bound.judge(&pool)).filter(|judged| !judged.is_kept());
            broken.extend(judged.map(|judged| format!("{}: {judged}", case.name)));
            notes.extend(runs.into_iter().flat_map(|run| run.notes).take(3));
            outcomes.push(Outcome { preset: preset.name, nodes: case.nodes, loss: case.loss, pool });
        }
    }
    assert!(!outcomes.is_empty(), "no case of {name} has `{only}` in its name");
    let across = (workload.across)(&outcomes).into_iter().filter(|judged| !judged.is_kept());
    broken.extend(across.map(|judged| judged.to_string()));
    assert!(broken.is_empty(), "{name}: {broken:#?} {notes:#?}");
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
    Scope { nodes: nodes.to_vec(), losses: Vec::new(), seeds: 0..3, days: 0.5 }
}

#[test]
fn an_idle_cluster_costs_next_to_nothing() {
    holds("idle", "", &few(&[16, 64]));
}

#[test]
fn a_partition_heals_in_seconds() {
    holds("partition", "", &few(&[16]));
}

#[test]
fn whoever_restarts_finds_the_others_again() {
    holds("restarts", "", &few(&[16]));
}
