//! A cluster that never rests: what is told of those who come and go, and at what price.
use core::time::Duration;
use gossip_core::{
    Config, Liveness,
    sim::{HostId, Network, World},
};

const NODES: usize = 100;
/// As many come, and as many go.
const CHANGES: usize = 12;

#[test]
fn who_comes_and_goes_is_told_in_passing_and_hardly_ever_asked_for() {
    let mut world = World::new(11, Network::lan());
    let mut living = started(&mut world);
    let before = sent(&world, "Pull");
    for change in 0..CHANGES {
        replace(&mut world, &mut living, change);
        world.run_for(Duration::from_secs(4));
    }
    // Each newcomer asks for all; of the others, each would have to ask after each of some thirty changes.
    let (pulls, bytes) = sent(&world, "Pull");
    let (pulls, bytes) = (pulls - before.0, bytes - before.1);
    let asked_by_newcomers = u64::try_from(CHANGES * 4).unwrap();
    assert!(pulls < asked_by_newcomers + 60, "{pulls} questions, of {bytes} bytes together");
    see_each_other(&mut world, &living);
}

#[test]
fn where_much_is_lost_all_hear_of_everything_all_the_same() {
    let mut world = World::new(12, Network::lan().with_loss(0.25));
    let mut living = started(&mut world);
    for change in 0..CHANGES {
        replace(&mut world, &mut living, change);
        world.run_for(Duration::from_secs(4));
    }
    see_each_other(&mut world, &living);
}

/// A cluster that has rested for as long as it takes to find out that nothing is lost.
fn started(world: &mut World) -> Vec<HostId> {
    let hosts: Vec<_> = (0..NODES).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(40));
    hosts
}

/// One crashes or leaves, and another comes.
fn replace(world: &mut World, living: &mut Vec<HostId>, change: usize) {
    let gone = living.remove(change * 7 % NODES);
    if change.is_multiple_of(2) {
        world.crash(gone)
    } else {
        world.leave(gone)
    }
    let new = world.spawn(&format!("newcomer-{change}"), Config::lan());
    world.join(new, living[change]);
    living.push(new);
}

fn see_each_other(world: &mut World, living: &[HostId]) {
    world.run_for(Duration::from_secs(10));
    let ids: Vec<_> = living.iter().map(|&host| world.id(host)).collect();
    for &host in living {
        let counted = |liveness| matches!(liveness, Liveness::Alive | Liveness::Suspect);
        let node = world.node(host).unwrap();
        let mut seen: Vec<_> =
            node.members().filter(|member| counted(member.liveness)).map(|member| member.id).collect();
        seen.push(world.id(host));
        seen.sort_unstable();
        seen.dedup();
        let mut all = ids.clone();
        all.sort_unstable();
        assert_eq!(seen, all, "as {} sees it", world.id(host));
    }
}

/// How many frames of a kind all hosts ever sent, and how many bytes.
fn sent(world: &World, kind: &str) -> (u64, u64) {
    let mut all = (0, 0);
    for host in world.hosts() {
        for (_, count) in world.traffic(host).sent.kinds().filter(|(name, _)| *name == kind) {
            all = (all.0 + count.frames, all.1 + count.bytes);
        }
    }
    all
}
