//! Waiting until others have a write, or all agree: what is promised, and how it ends.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    AwaitError, Config, Dot, Generation, Instant, Limits, NodeId, NotReached, Quorum, WaitId,
    sim::{HostId, Memory, Network, Told, World},
};

const SECOND: Duration = Duration::from_secs(1);

/// So many nodes that agree, and have heard each other.
fn settled(size: usize, config: &Config) -> (World, Vec<HostId>) {
    let mut world = World::new(3, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(30 * SECOND);
    (world, hosts)
}

fn put(world: &mut World, host: HostId) -> Dot {
    world.put(host, b"k", b"v").unwrap().unwrap()
}

fn wait_for(world: &mut World, host: HostId, dot: Dot, quorum: Quorum, within: Duration) -> WaitId {
    world.await_write(host, dot, quorum, within).unwrap().unwrap()
}

/// How a wait ended, and when that was told.
fn end(world: &World, host: HostId, wait: WaitId) -> Option<(Instant, Told)> {
    let is_end = |told: &Told| matches!(told, Told::WaitReached(id, ..) | Told::WaitFailed(id, ..) if *id == wait);
    let mut ends = world.told(host).iter().filter(|(_, told)| is_end(told));
    let end = ends.next().cloned();
    assert!(ends.next().is_none(), "a wait ends once");
    end
}

fn missing(world: &World, host: HostId, wait: WaitId) -> Vec<NodeId> {
    let mut missing: Vec<_> = world.node(host).unwrap().missing(wait).collect();
    missing.sort();
    missing
}

#[test]
fn a_majority_is_known_after_a_round_trip_and_all_soon_after() {
    let (mut world, hosts) = settled(9, &Config::lan());
    for (quorum, at_least) in
        [(Quorum::Majority, 5), (Quorum::All, 9), (Quorum::AtLeast(2), 2), (Quorum::AtLeast(9), 9)]
    {
        let began = world.now();
        let dot = put(&mut world, hosts[2]);
        let wait = wait_for(&mut world, hosts[2], dot, quorum, SECOND);
        world.run_for(SECOND);
        let (at, told) = end(&world, hosts[2], wait).unwrap();
        let took = at.saturating_duration_since(began);
        assert!(took <= Duration::from_millis(4), "{quorum}: {took:?}");
        assert!(matches!(told, Told::WaitReached(_, holders, 9) if holders >= at_least), "{quorum}: {told:?}");
    }
    world.check().unwrap();
}

#[test]
fn who_is_alone_is_all_there_are_and_agrees_with_nobody() {
    let (mut world, hosts) = settled(1, &Config::lan());
    let dot = put(&mut world, hosts[0]);
    for quorum in [Quorum::All, Quorum::Majority, Quorum::AtLeast(1)] {
        let wait = wait_for(&mut world, hosts[0], dot, quorum, SECOND);
        assert_eq!(end(&world, hosts[0], wait).unwrap().1, Told::WaitReached(wait, 1, 1));
    }
    let two = wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(2), SECOND);
    let agreed = world.await_converged(hosts[0], SECOND).unwrap().unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(end(&world, hosts[0], two).unwrap().1, Told::WaitFailed(two, NotReached::TimedOut, 1, 1));
    assert_eq!(end(&world, hosts[0], agreed).unwrap().1, Told::WaitFailed(agreed, NotReached::TimedOut, 1, 1));
}

#[test]
fn who_is_missing_is_named_and_a_wait_ends_at_its_deadline() {
    let (mut world, hosts) = settled(5, &Config::lan());
    world.cut(&hosts[..1], &hosts[3..]);
    let dot = put(&mut world, hosts[0]);
    // Nobody passes it on in so short a time as a question takes: they are cut off from all.
    world.partition(&[&hosts[..3], &hosts[3..]]);
    let began = world.now();
    let wait = wait_for(&mut world, hosts[0], dot, Quorum::All, Duration::from_millis(500));
    let agreed = world.await_converged(hosts[0], Duration::from_millis(500)).unwrap().unwrap();
    world.run_for(Duration::from_millis(499));
    let mut lost = [world.id(hosts[3]), world.id(hosts[4])];
    lost.sort();
    assert_eq!(missing(&world, hosts[0], wait), lost);
    world.run_until(SECOND, |world| end(world, hosts[0], agreed).is_some());
    assert_eq!((missing(&world, hosts[0], wait), missing(&world, hosts[0], agreed)), (lost.to_vec(), lost.to_vec()));
    for (wait, told) in [(wait, 3), (agreed, 3)] {
        let (at, end) = end(&world, hosts[0], wait).unwrap();
        assert_eq!(
            (at, end),
            (began + Duration::from_millis(500), Told::WaitFailed(wait, NotReached::TimedOut, told, 5))
        );
    }
    world.run_for(SECOND);
    assert_eq!(missing(&world, hosts[0], wait), []);
}

#[test]
fn who_dies_is_waited_for_no_more_but_makes_no_majority() {
    let (mut world, hosts) = settled(5, &Config::lan());
    world.partition(&[&hosts[..2], &hosts[2..]]);
    let dot = put(&mut world, hosts[0]);
    let all = wait_for(&mut world, hosts[0], dot, Quorum::All, 60 * SECOND);
    let majority = wait_for(&mut world, hosts[0], dot, Quorum::Majority, 60 * SECOND);
    world.run_for(70 * SECOND);
    assert_eq!(world.node(hosts[0]).unwrap().live(), 2);
    assert_eq!(end(&world, hosts[0], all).unwrap().1, Told::WaitReached(all, 2, 2));
    assert_eq!(end(&world, hosts[0], majority).unwrap().1, Told::WaitFailed(majority, NotReached::TimedOut, 2, 2));
}

#[test]
fn who_comes_while_all_are_waited_for_is_waited_for_too() {
    let (mut world, hosts) = settled(3, &Config::lan());
    world.cut(&hosts[..1], &hosts[2..]);
    world.cut(&hosts[2..], &hosts[..1]);
    let dot = put(&mut world, hosts[0]);
    let wait = wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(4), 60 * SECOND);
    world.run_for(3 * SECOND);
    assert_eq!(end(&world, hosts[0], wait), None);
    world.heal();
    let newcomer = world.spawn("new", Config::lan());
    world.join(newcomer, hosts[1]);
    world.run_for(10 * SECOND);
    assert_eq!(end(&world, hosts[0], wait).unwrap().1, Told::WaitReached(wait, 4, 4));
}

#[test]
fn a_holder_that_lost_its_memory_is_none() {
    let (mut world, hosts) = settled(3, &Config::lan());
    world.partition(&[&hosts[..2], &hosts[2..]]);
    let dot = put(&mut world, hosts[0]);
    let wait = wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(3), 60 * SECOND);
    world.run_for(SECOND / 2);
    assert_eq!(missing(&world, hosts[0], wait), [world.id(hosts[2])]);
    let seen = |world: &World| world.node(hosts[0]).unwrap().member(world.id(hosts[1])).unwrap().generation;
    let before = seen(&world);
    world.restart(hosts[1], Memory::Lost);
    world.join(hosts[1], hosts[0]);
    assert!(world.run_until(5 * SECOND, |world| seen(world) != before).is_some());
    assert!(missing(&world, hosts[0], wait).contains(&world.id(hosts[1])), "its new life has shown nothing");
    world.run_for(SECOND);
    assert_eq!(missing(&world, hosts[0], wait), [world.id(hosts[2])], "it has by now");
    world.heal();
    world.run_for(50 * SECOND);
    assert_eq!(end(&world, hosts[0], wait).unwrap().1, Told::WaitReached(wait, 3, 3));
    world.check().unwrap();
}

#[test]
fn who_keeps_no_entries_does_not_count() {
    let mut world = World::new(3, Network::lan());
    let keeps_none = Config { limits: Limits { entries: 0, ..Config::lan().limits }, ..Config::lan() };
    let hosts: Vec<_> =
        (0..6).map(|n| world.spawn(&format!("n{n}"), if n < 3 { Config::lan() } else { keeps_none.clone() })).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(30 * SECOND);
    let dot = put(&mut world, hosts[0]);
    let all = wait_for(&mut world, hosts[0], dot, Quorum::All, SECOND);
    let four = wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(4), SECOND);
    world.run_for(2 * SECOND);
    assert_eq!(end(&world, hosts[0], all).unwrap().1, Told::WaitReached(all, 3, 3));
    assert_eq!(end(&world, hosts[0], four).unwrap().1, Told::WaitFailed(four, NotReached::TimedOut, 3, 3));
}

#[test]
fn agreement_is_told_after_what_is_agreed_on_and_at_once_where_there_is_any() {
    let (mut world, hosts) = settled(5, &Config::lan());
    let await_agreement = |world: &mut World, host| world.await_converged(host, 10 * SECOND).unwrap().unwrap();
    let at_once = await_agreement(&mut world, hosts[1]);
    assert_eq!(end(&world, hosts[1], at_once), Some((world.now(), Told::WaitReached(at_once, 5, 5))));
    put(&mut world, hosts[0]);
    let wait = await_agreement(&mut world, hosts[0]);
    assert_eq!(end(&world, hosts[0], wait), None);
    world.run_for(5 * SECOND);
    let told: Vec<_> = world.told(hosts[0]).iter().map(|(_, told)| told).rev().take(2).collect();
    assert_eq!(told, [&Told::WaitReached(wait, 5, 5), &Told::Converged(5)]);
}

#[test]
fn many_writes_before_the_one_that_is_waited_for_go_along() {
    let (mut world, hosts) = settled(3, &Config::lan());
    world.partition(&[&hosts[..1], &hosts[1..]]);
    let dots: Vec<_> =
        (0..200_u32).map(|n| world.put(hosts[0], &n.to_be_bytes(), &[7; 100]).unwrap().unwrap()).collect();
    world.heal();
    let wait = wait_for(&mut world, hosts[0], *dots.last().unwrap(), Quorum::All, SECOND);
    world.run_for(SECOND);
    assert_eq!(end(&world, hosts[0], wait).unwrap().1, Told::WaitReached(wait, 3, 3));
}

#[test]
fn waits_are_refused_cancelled_and_given_up() {
    let few = Config { limits: Limits { waits: 2, ..Config::lan().limits }, ..Config::lan() };
    let (mut world, hosts) = settled(3, &few);
    world.partition(&[&hosts[..1], &hosts[1..]]);
    let dot = put(&mut world, hosts[0]);
    let refused = |world: &mut World, host, dot| world.await_write(host, dot, Quorum::All, SECOND).unwrap();
    for foreign in [
        Dot { sequence: dot.sequence + 1, ..dot },
        Dot { sequence: 0, ..dot },
        Dot { origin: NodeId(1), ..dot },
        Dot { generation: Generation(!dot.generation.0), ..dot },
    ] {
        assert_eq!(refused(&mut world, hosts[0], foreign), Err(AwaitError::Foreign));
    }
    let one = wait_for(&mut world, hosts[0], dot, Quorum::All, SECOND);
    let two = wait_for(&mut world, hosts[0], dot, Quorum::All, 5 * SECOND);
    assert_eq!(refused(&mut world, hosts[0], dot), Err(AwaitError::Full { limit: 2 }));
    world.cancel_wait(hosts[0], one);
    let three = wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(3), 5 * SECOND);
    world.run_for(2 * SECOND);
    assert_eq!(end(&world, hosts[0], one), None, "it was cancelled");
    world.leave(hosts[0]);
    for wait in [two, three] {
        assert!(matches!(end(&world, hosts[0], wait), Some((_, Told::WaitFailed(_, NotReached::Left, 1, 3)))));
    }
    assert_eq!(refused(&mut world, hosts[0], dot), Err(AwaitError::Left));
    world.run_for(10 * SECOND);
    let none = Config { limits: Limits { waits: 0, ..Config::lan().limits }, ..Config::lan() };
    let (mut world, hosts) = settled(1, &none);
    let dot = put(&mut world, hosts[0]);
    assert_eq!(refused(&mut world, hosts[0], dot), Err(AwaitError::Full { limit: 0 }));
}

#[test]
fn who_waits_in_vain_asks_ever_less() {
    let (mut world, hosts) = settled(8, &Config::lan());
    world.cut(&hosts[..1], &hosts[7..]);
    let dot = put(&mut world, hosts[0]);
    let before = world.traffic(hosts[0]).sent.datagrams;
    wait_for(&mut world, hosts[0], dot, Quorum::AtLeast(9), 3_600 * SECOND);
    world.run_for(2 * SECOND);
    let at_first = world.traffic(hosts[0]).sent.datagrams - before;
    assert!(at_first < 80, "{at_first}");
    world.run_for(60 * SECOND);
    let before = world.traffic(hosts[0]).sent.datagrams;
    world.run_for(60 * SECOND);
    let at_rest = world.traffic(hosts[0]).sent.datagrams - before;
    assert!(at_rest < 300, "{at_rest}");
}
