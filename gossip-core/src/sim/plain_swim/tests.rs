use super::{Settings, World};
use crate::sim::{Ailment, HostId, Impairment, Network, Way};
use alloc::{format, vec::Vec};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(10);
/// Version, cluster, sender, and what makes it as long as ours.
const ENVELOPE_LEN: u16 = 26;

fn cluster(seed: u64, size: usize, settings: Settings) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan(), settings);
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"))).collect();
    world.acquaint();
    world.run_for(2 * SECOND);
    (world, hosts)
}

/// How long it takes until something is so, in seconds.
fn until(world: &mut World, limit: Duration, mut done: impl FnMut(&World) -> bool) -> f64 {
    let start = world.now();
    while !done(world) {
        world.run_for(STEP);
        assert!(world.now() < start + limit, "not within {limit:?}");
    }
    world.now().saturating_duration_since(start).as_secs_f64()
}

fn all_count_all(world: &World) -> bool {
    world.live().all(|by| world.live().all(|of| world.counts(by, of)))
}

fn raised(world: &World) -> u64 {
    world.live().filter_map(|host| world.node(host)).map(super::Node::suspicions_raised).sum()
}

#[test]
fn two_keep_each_other_and_one_finds_the_other_gone() {
    let (mut world, hosts) = cluster(1, 2, Settings::paper());
    world.run_for(60 * SECOND);
    assert!(all_count_all(&world) && raised(&world) == 0);
    world.crash(hosts[1]);
    let known = until(&mut world, 20 * SECOND, |world| !world.counts(hosts[0], hosts[1]));
    // A wait for its turn, the period of its probe, and a suspicion.
    assert!((6.0..7.1).contains(&known), "{known}");
    assert_eq!(world.measures().crashes().next().unwrap().known().len(), 1);
}

#[test]
fn a_pair_in_which_one_is_deaf_part_and_come_together_again() {
    let (mut world, hosts) = cluster(1, 2, Settings::paper());
    world.afflict(hosts[1], Ailment::Deaf);
    until(&mut world, 20 * SECOND, |world| !world.counts(hosts[0], hosts[1]) && !world.counts(hosts[1], hosts[0]));
    assert_eq!(world.measures().deaths().count(), 2);
    world.cure(hosts[1]);
    // Neither probes whom it takes for faulty; who joins again is told of the verdict, and contradicts.
    world.run_for(20 * SECOND);
    assert!(!world.counts(hosts[0], hosts[1]));
    world.join(hosts[1], hosts[0]);
    until(&mut world, 20 * SECOND, all_count_all);
}

#[test]
fn a_crash_is_first_suspected_when_the_paper_says_and_declared_a_suspicion_later() {
    let (mut suspected, mut count) = (0.0, 0.0);
    for seed in 0..60 {
        let (mut world, hosts) = cluster(seed, 32, Settings::paper());
        world.run_for(Duration::from_millis(seed * 17));
        world.crash(hosts[5]);
        let after = until(&mut world, 10 * SECOND, |world| raised(world) > 0);
        let rest = until(&mut world, 20 * SECOND, |world| !all_but_one_count(world, hosts[5]));
        let suspicion = Settings::paper().suspicion(32).as_secs_f64();
        assert!((rest - suspicion).abs() < 0.03, "seed {seed}: {rest}, not {suspicion}");
        (suspected, count) = (suspected + after, count + 1.0);
    }
    // SWIM §3.1: e / (e - 1) periods until the end of the first in which anybody probes it, if all periods are in step. Ours are
    // not: one to wait for a probe, and one for that to end.
    let mean = suspected / count;
    assert!((1.58..2.2).contains(&mean), "{mean}");
}

fn all_but_one_count(world: &World, victim: HostId) -> bool {
    world.live().all(|by| world.counts(by, victim))
}

#[test]
fn a_crash_is_known_to_all_a_logarithm_of_pushes_after_that() {
    for settings in [Settings::paper(), Settings::lan()] {
        let (mut world, hosts) = cluster(2, 64, settings.clone());
        world.crash(hosts[9]);
        let known = until(&mut world, 30 * SECOND, |world| world.live().all(|by| !world.counts(by, hosts[9])));
        // Two periods and nine seconds of suspicion; by word of mouth alone, a few periods more (SWIM §4.1).
        assert!((9.5..if settings.fanout > 0 { 12.5 } else { 18.0 }).contains(&known), "{known}");
        assert_eq!((world.measures().deaths().count(), raised(&world) > 0), (0, true));
    }
}

#[test]
fn the_load_of_a_member_does_not_depend_on_their_number() {
    for size in [4, 64] {
        let (mut world, hosts) = cluster(4, size, Settings::paper());
        let before: (u64, u64) = hosts.iter().map(|&host| world.sent(host)).fold((0, 0), sum);
        world.run_for(100 * SECOND);
        let after = hosts.iter().map(|&host| world.sent(host)).fold((0, 0), sum);
        let sent = (after.0 - before.0) as f64 / (100.0 * size as f64);
        // A ping and an answer (SWIM §3.1): an envelope, which word it is, and a number of one to three bytes.
        assert!((1.98..2.02).contains(&sent), "{sent}");
        let len = (after.1 - before.1) as f64 / (after.0 - before.0) as f64;
        assert!((f64::from(ENVELOPE_LEN) + 2.0..=f64::from(ENVELOPE_LEN) + 4.0).contains(&len), "{len}");
    }
}

fn sum(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0 + b.0, a.1 + b.1)
}

#[test]
fn the_accused_contradicts_before_it_is_declared_faulty() {
    let (mut world, hosts) = cluster(3, 8, Settings::paper());
    world.impair_way(hosts[2], Way::In, Impairment::Cut);
    // It accuses others meanwhile, since it hears no answers.
    let own = |world: &World| world.node(hosts[2]).unwrap().suspicions_raised();
    until(&mut world, 10 * SECOND, |world| raised(world) > own(world));
    world.mend_ways(hosts[2]);
    world.run_for(30 * SECOND);
    assert!(world.node(hosts[2]).unwrap().refutations() > 0);
    assert_eq!(world.measures().deaths().count(), 0);
    assert!(all_count_all(&world));
}

#[test]
fn whoever_was_declared_faulty_and_still_speaks_comes_back() {
    let (mut world, hosts) = cluster(3, 16, Settings::lan());
    let others_count = |world: &World| world.live().filter(|by| world.counts(*by, hosts[2])).count();
    world.impair_way(hosts[2], Way::In, Impairment::Cut);
    until(&mut world, 30 * SECOND, |world| others_count(world) == 1);
    world.mend_ways(hosts[2]);
    until(&mut world, 10 * SECOND, |world| others_count(world) == 16);
    assert!(world.measures().deaths().all(|death| death.of == hosts[2] || death.by == hosts[2]));
}

#[test]
fn helpers_reach_whom_a_single_bad_link_does_not() {
    let (mut world, hosts) = cluster(6, 8, Settings::paper());
    world.impair(hosts[0], hosts[1], Impairment::Cut);
    world.impair(hosts[1], hosts[0], Impairment::Cut);
    world.run_for(120 * SECOND);
    assert_eq!((raised(&world), world.measures().deaths().count()), (0, 0));
}

#[test]
fn a_crowd_joins_through_one_and_whoever_crashed_is_taken_in_again() {
    let mut world = World::new(5, Network::lan().with_loss(0.1), Settings::lan());
    let hosts: Vec<_> = (0..32).map(|n| world.spawn(&format!("n{n}"))).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    until(&mut world, 20 * SECOND, all_count_all);
    world.crash(hosts[7]);
    until(&mut world, 30 * SECOND, |world| world.live().all(|by| !world.counts(by, hosts[7])));
    world.restart(hosts[7]);
    world.join(hosts[7], hosts[0]);
    until(&mut world, 20 * SECOND, all_count_all);
}

#[test]
fn a_seed_is_one_world_and_another_seed_another() {
    let told = |seed| {
        let (mut world, hosts) = cluster(seed, 24, Settings::lan());
        world.set_network(Network::lan().with_loss(0.3));
        world.afflict(hosts[1], Ailment::Slow { awake: SECOND / 10, paused: 4 * SECOND });
        world.afflict(hosts[2], Ailment::Blocked { open: SECOND / 10, shut: 4 * SECOND });
        world.crash(hosts[3]);
        world.run_for(60 * SECOND);
        let sent: Vec<_> = hosts.iter().map(|&host| world.sent(host)).collect();
        format!("{sent:?} {:?}", world.measures())
    };
    assert_eq!(told(1), told(1));
    assert_ne!(told(1), told(2));
}
