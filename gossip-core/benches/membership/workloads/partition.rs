//! A cluster is cut in two and healed: one cluster again, and soon.
use super::{
    Case, Scope, Trial, Workload,
    cluster::Cluster,
    figures::{Bound, Findings},
    ground::{LOOK, all_full, deaths, is_false, since},
    nothing_across,
};
use core::time::Duration;

pub(super) const WORKLOAD: Workload =
    Workload { name: "partition", compares: false, seeds: 30, cases, across: nothing_across };

const ONE: &str = "one cluster again after s";
const STILL_TWO: &str = "not one in 120 s";
const SUSPICIONS: &str = "false suspicions after";
const DEATHS: &str = "false deaths after";
const BYTES: &str = "payload B/node in 10 s";

/// How long what follows is watched: a view may lose again whom it has regained.
const WATCH: Duration = Duration::from_secs(30);
const COUNTED: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(120);

fn cases(scope: &Scope) -> Vec<Case> {
    let of = |(nodes, left): (usize, usize), secs: u64| Case {
        name: format!("{left}/{} for {secs} s", nodes - left),
        nodes,
        loss: 0.0,
        seeds_max: if nodes > 64 && secs > 1_000 { 5 } else { u64::MAX },
        bounds: vec![Bound::max(ONE, 10.0), Bound::never(STILL_TWO)],
        play: Box::new(move |trial| play(trial, nodes, left, Duration::from_secs(secs))),
    };
    let halves = |nodes: usize| {
        let sides = if nodes <= 64 { vec![nodes / 2, 1] } else { vec![nodes / 2] };
        sides.into_iter().map(move |left| (nodes, left))
    };
    let sides: Vec<_> = scope.sizes(&[16, 1_000]).into_iter().flat_map(halves).collect();
    sides.into_iter().flat_map(|side| [25, 90, 3_600].map(|secs| of(side, secs))).collect()
}

fn play(trial: &Trial, nodes: usize, left: usize, time: Duration) -> Findings {
    let (mut world, hosts) = trial.settled(nodes);
    world.run_for(trial.dice(4).within(trial.probe_interval()));
    let (left, right) = hosts.split_at(left);
    world.partition(&[left, right]);
    world.run_for(time);
    world.heal();
    let (start, before) = (world.now(), world.sent().1);
    let suspicions = world.measures().false_suspicions;
    let (mut findings, mut split_until, mut bytes) = (Findings::default(), 0.0, 0.0);
    while since(&world, start) < WATCH.as_secs_f64() {
        world.run_for(LOOK);
        if !all_full(&world) {
            split_until = since(&world, start);
        }
        if since(&world, start) <= COUNTED.as_secs_f64() {
            bytes = world.sent().1 - before;
        }
    }
    findings.add(SUSPICIONS, (world.measures().false_suspicions - suspicions) as f64);
    let told = deaths(&world, &mut findings, |death| is_false(death) && death.at >= start);
    findings.add(DEATHS, told);
    findings.add(BYTES, bytes / nodes as f64);
    let healed = all_full(&world) || world.pass_until(LOOK, LIMIT.saturating_sub(WATCH), all_full).is_some();
    let after = if split_until < WATCH.as_secs_f64() { split_until } else { since(&world, start) };
    findings.add(ONE, after);
    findings.add(STILL_TWO, if healed { 0.0 } else { 1.0 });
    if after > 10.0 {
        let worst = world.live().min_by_key(|&host| world.node(host).map_or(0, |node| node.live()));
        findings.note(format!(
            "views were not full until {after:.2} s; {:?} has the least",
            worst.map(|host| world.name(host))
        ));
    }
    findings
}
