//! One name, one life after another: a restarted node is told of a conflict only where another one lives under its name. And
//! names that look alike, where few bits stand for them.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, NodeId,
    sim::{HostId, Memory, Network, Told, World},
    wire::Accusers,
};

const SEEDS: u64 = 8;

/// A world of `size` nodes that have known each other for a while, under such losses.
fn settled(seed: u64, size: usize, loss: f64) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan().with_loss(loss));
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    (world, hosts)
}

fn conflicts(world: &World, host: HostId) -> usize {
    world.told(host).iter().filter(|(_, event)| *event == Told::NameConflict).count()
}

#[test]
fn nobody_takes_its_former_life_for_another() {
    for memory in [Memory::Kept, Memory::Lost] {
        for (size, loss) in [3, 16].into_iter().flat_map(|size| [0.0, 0.10, 0.25].map(|loss| (size, loss))) {
            let told: usize = (0..SEEDS).map(|seed| told_of_former_lives(seed, size, loss, memory)).sum();
            assert_eq!(told, 0, "conflicts in {SEEDS} runs of {size} nodes at a loss of {loss}, {memory:?}");
        }
    }
}

/// How often a node that is restarted a few times is told that somebody else goes by its name. Each of its lives changes its
/// presence as it goes, up to its end: so the others have each heard another part of it.
fn told_of_former_lives(seed: u64, size: usize, loss: f64, memory: Memory) -> usize {
    let (mut world, hosts) = settled(seed, size, loss);
    let host = hosts[1];
    world.keep(host);
    for life in 0..4 {
        for change in 0..5_u8 {
            world.command(host, |node, now| node.set_presence(now, &[life, change])).unwrap().unwrap();
            world.run_for(Duration::from_millis(20));
        }
        world.restart(host, memory);
        world.join(host, hosts[0]);
        world.run_for(Duration::from_secs(5));
    }
    world.run_for(Duration::from_secs(60));
    conflicts(&world, host)
}

#[test]
fn both_are_told_where_another_lives_however_much_is_lost() {
    for (size, loss) in [3, 16].into_iter().flat_map(|size| [0.0, 0.10, 0.25].map(|loss| (size, loss))) {
        for seed in 0..SEEDS {
            let (mut world, hosts) = settled(seed, size, loss);
            let twin = world.spawn("n1", Config::lan());
            world.join(twin, hosts[0]);
            let both = |world: &World| conflicts(world, hosts[1]) > 0 && conflicts(world, twin) > 0;
            let within = world.pass_until(Duration::from_millis(100), Duration::from_secs(120), both);
            assert!(within.is_some(), "{size} nodes at a loss of {loss}, seed {seed}");
        }
    }
}

#[test]
fn a_helper_is_asked_though_it_looks_like_whom_it_is_asked_for() {
    // Which of the two finds it first is chance; the other then need not ask.
    let failed: u64 = (0..SEEDS).map(helpers_that_failed).sum();
    assert!(failed > 0);
}

/// How many helpers say that they cannot reach a crashed node either, of three nodes: the only one there is looks like that one.
fn helpers_that_failed(seed: u64) -> u64 {
    let mut world = World::new(seed, Network::lan());
    let target = world.spawn("target", Config::lan());
    let bits = Accusers::of(world.id(target));
    let asker = spawn_one(&mut world, |accusers| accusers != bits);
    let helper = spawn_one(&mut world, |accusers| accusers == bits);
    [asker, helper].iter().for_each(|&host| world.join(host, target));
    world.settle(Duration::from_secs(30)).unwrap();
    world.crash(target);
    world.run_for(Duration::from_secs(10));
    world.node(asker).unwrap().stats().helpers_failed
}

/// Starts the first node of those called n0, n1 … whose bit among accusers will do.
fn spawn_one(world: &mut World, will_do: impl Fn(Accusers) -> bool) -> HostId {
    let name = (0..).map(|n| format!("n{n}")).find(|name| will_do(Accusers::of(NodeId::from_name(name)))).unwrap();
    world.spawn(&name, Config::lan())
}
