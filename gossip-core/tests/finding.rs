//! Finding each other: how soon whoever joins is in, whatever else is looked for, and that the two sides of a cut meet again,
//! however long it lasted.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, Config, Limits,
    sim::{HostId, Network, World},
};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A cluster of so many, all joined through the first.
fn cluster(seed: u64, size: usize, config: &Config) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.settle(secs(60)).unwrap();
    (world, hosts)
}

fn all_see(world: &World, hosts: &[HostId], live: usize) -> bool {
    hosts.iter().all(|&host| world.node(host).is_some_and(|node| node.live() == live))
}

fn nowhere(n: u8) -> Addr {
    Addr::new(&[10, 99, 0, n, 0, 1]).unwrap()
}

/// How long a node that was named a seed just now takes to be in, beside so many dead members, and so many dead seeds.
fn time_to_join(seed: u64, dead: usize, seeds: u8) -> Duration {
    let (mut world, hosts) = cluster(seed, 2 + dead, &Config::lan());
    hosts[2..].iter().for_each(|&host| world.crash(host));
    let alone = hosts[0];
    world.run_until(secs(600), |world| all_see(world, &hosts[..2], 2)).unwrap();
    for n in 0..seeds {
        world.command(alone, |node, now| node.join(now, nowhere(n))).unwrap().unwrap();
    }
    world.run_for(secs(60));
    let other = world.spawn("other", Config::lan());
    world.join(alone, other);
    world.run_until(secs(600), |world| world.node(alone).unwrap().live() == 3).unwrap()
}

#[test]
fn a_seed_named_just_now_goes_before_the_lost() {
    for (dead, seeds) in [(0, 0), (24, 0), (0, 6), (24, 24)] {
        let mut times: Vec<_> = (0..5).map(|seed| time_to_join(seed, dead, seeds)).collect();
        times.sort_unstable();
        println!("{dead} dead members, {seeds} dead seeds: median {:?}, worst {:?}", times[2], times[4]);
        assert!(times[4] < Duration::from_millis(500), "beside {dead} dead members and {seeds} dead seeds: {times:?}");
    }
}

/// All joined through one that is no more; then the rest is cut in two for so long.
fn time_to_meet(seed: u64, hours: u64, config: &Config) -> Option<Duration> {
    let (mut world, hosts) = cluster(seed, 5, config);
    world.leave(hosts[0]);
    world.run_for(secs(60));
    world.partition(&[&hosts[1..3], &hosts[3..]]);
    world.run_for(secs(hours * 3_600));
    assert!(all_see(&world, &hosts[1..], 2));
    world.heal();
    world.run_until(secs(3_600), |world| all_see(world, &hosts[1..], 4))
}

#[test]
fn a_cut_that_outlasts_the_memory_of_members_heals() {
    for hours in [1, 25, 72] {
        let met = time_to_meet(5, hours, &Config::lan());
        println!("{hours} h: {met:?}");
        assert!(met.is_some_and(|met| met < secs(60)), "after {hours} h: {met:?}");
    }
}

/// The one address behind which somebody lives, among many that are dead, in a table that has room for few.
#[test]
fn what_never_answered_makes_room_for_who_is_named_next() {
    let few = Limits { seeds: 4, ..Config::lan().limits };
    let (mut world, hosts) = cluster(3, 2, &Config { limits: few, ..Config::lan() });
    let alone = hosts[0];
    for n in 0..32 {
        world.command(alone, |node, now| node.join(now, nowhere(n))).unwrap().unwrap();
        world.run_for(Duration::from_millis(20));
    }
    let other = world.spawn("other", Config::lan());
    world.join(alone, other);
    let joined = world.run_until(secs(60), |world| world.node(alone).unwrap().live() == 3);
    assert!(joined.is_some_and(|joined| joined < secs(1)), "{joined:?}");
    let node = world.node(alone).unwrap();
    assert_eq!((node.seeds().count(), node.stats().seeds_dropped), (4, 32 + 1 - 4), "all that made room are counted");
}
