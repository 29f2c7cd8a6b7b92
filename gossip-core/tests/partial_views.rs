//! Nodes whose tables are smaller than the cluster: they know a part of it, and are members of all of it.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Limits, Liveness, Urgency,
    sim::{HostId, Network, Told, World},
};

const SERVERS: usize = 20;
const SMALL: usize = 4;

/// Servers, and a few nodes that remember eight members each.
fn mixed(seed: u64, loss: f64) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan().with_loss(loss));
    let small = Config { limits: Limits { members: 8, ..Config::lan().limits }, ..Config::lan() };
    let hosts: Vec<_> = (0..SERVERS + SMALL)
        .map(|n| world.spawn(&format!("n{n}"), if n < SERVERS { Config::lan() } else { small.clone() }))
        .collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[n_of(host, &hosts) % 3]));
    world.run_for(Duration::from_secs(30));
    (world, hosts)
}

/// Through whom to join: the first three servers, but nobody through itself.
fn n_of(host: HostId, hosts: &[HostId]) -> usize {
    let at = hosts.iter().position(|&other| other == host).unwrap_or(0);
    if at < 3 { 0 } else { at }
}

#[test]
fn a_small_table_is_a_partial_view_and_says_so() {
    for seed in 0..5 {
        let (world, hosts) = mixed(seed, 0.0);
        for &host in &hosts[..SERVERS] {
            let node = world.node(host).unwrap();
            assert_eq!(node.live(), SERVERS + SMALL, "seed {seed}: servers know all");
            assert!(!node.is_partial());
        }
        for &host in &hosts[SERVERS..] {
            let node = world.node(host).unwrap();
            assert!(node.is_partial() && node.live() == 8, "seed {seed}: {} of 8", node.live());
            assert!(!node.is_converged(), "it cannot know that");
        }
    }
}

#[test]
fn whoever_knows_a_part_is_probed_contradicts_and_is_given_up_when_dead() {
    for (seed, loss) in [(1, 0.0), (2, 0.0), (3, 0.1), (4, 0.25)] {
        let (mut world, hosts) = mixed(seed, loss);
        world.run_for(Duration::from_secs(300));
        for &host in &hosts {
            let down = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Down(..))).count();
            assert_eq!(down, 0, "seed {seed}, loss {loss}: nobody dies of a small table");
        }
        let (victim, id) = (hosts[SERVERS], world.id(hosts[SERVERS]));
        world.crash(victim);
        world.run_for(Duration::from_secs(30));
        for &host in &hosts[..SERVERS] {
            let liveness = world.node(host).unwrap().member(id).map(|member| member.liveness);
            assert_eq!(liveness, Some(Liveness::Down), "seed {seed}, loss {loss}");
        }
    }
}

#[test]
fn whoever_knows_a_part_hears_every_rumor_once_and_holds_every_entry() {
    for (seed, loss) in [(1, 0.0), (2, 0.1), (3, 0.25)] {
        let (mut world, hosts) = mixed(seed, loss);
        let publishers = [hosts[5], hosts[SERVERS + 1]];
        for host in publishers {
            world.publish(host, Urgency::Normal, b"hello").unwrap().unwrap();
            world.put(host, b"key", b"value").unwrap().unwrap();
            world.run_for(Duration::from_secs(1));
        }
        world.run_for(Duration::from_secs(60));
        for &host in &hosts {
            let heard = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Delivered(..))).count();
            let own = publishers.iter().filter(|&&publisher| publisher == host).count();
            assert_eq!(heard, publishers.len() - own, "seed {seed}, loss {loss}, {}", world.name(host));
            assert_eq!(world.node(host).unwrap().get(b"key"), Some(&b"value"[..]));
        }
    }
}
