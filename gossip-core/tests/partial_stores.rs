//! Nodes that keep less than others: one cluster, which agrees on what is shared.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Limits, PublishError, PutError, Urgency,
    sim::{HostId, Network, Told, World},
    wire::Store,
};

/// What the nodes keep beside members: of each kind, two.
const KINDS: [(usize, usize); 4] = [(64, 64), (64, 0), (0, 64), (0, 0)];

/// A cluster of all kinds, settled.
fn mixed(seed: u64, loss: f64) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan().with_loss(loss));
    let hosts: Vec<_> = (0..2 * KINDS.len())
        .map(|n| {
            let (rumors, entries) = KINDS[n / 2];
            let limits = Limits { rumors, entries, ..Config::lan().limits };
            world.spawn(&format!("n{n}"), Config { limits, ..Config::lan() })
        })
        .collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    assert!(world.settle(Duration::from_secs(60)).is_some(), "seed {seed}, loss {loss}");
    (world, hosts)
}

fn keeps(world: &World, host: HostId, store: Store) -> bool {
    world.node(host).unwrap().config().limits.stores().contains(store)
}

#[test]
fn all_agree_on_what_they_share() {
    for (seed, loss) in [(1, 0.0), (2, 0.0), (3, 0.1), (4, 0.25)] {
        let (mut world, hosts) = mixed(seed, loss);
        for round in 0..5_u8 {
            // One that keeps all, and one that keeps entries alone, writes; one of either kind publishes.
            for host in [hosts[0], hosts[4]] {
                world.put(host, &[b'k', round], world.name(host).to_owned().as_bytes()).unwrap().unwrap();
            }
            for host in [hosts[1], hosts[2]] {
                world.publish(host, Urgency::Normal, &[b'r', round]).unwrap().unwrap();
            }
            assert!(world.settle(Duration::from_secs(120)).is_some(), "seed {seed}, loss {loss}, round {round}");
        }
        let first = world.node(hosts[0]).unwrap();
        let entries: Vec<_> = first.entries(b"k").map(|entry| (entry.key, entry.value)).collect();
        assert_eq!(entries.len(), 5);
        for &host in &hosts {
            let node = world.node(host).unwrap();
            let held = if keeps(&world, host, Store::Entries) { entries.len() } else { 0 };
            assert_eq!(node.entries(b"").count(), held, "{}", world.name(host));
            assert!(entries.iter().take(held).all(|(key, value)| node.get(key) == Some(value)));
            let told = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Delivered(..))).count();
            let own = if host == hosts[1] || host == hosts[2] { 5 } else { 0 };
            assert_eq!(told, if keeps(&world, host, Store::Rumors) { 10 - own } else { 0 }, "{}", world.name(host));
            // Nobody is asked, or told, what it does not keep.
            let stats = node.stats();
            assert_eq!((stats.entries_refused, stats.rumors_refused), (0, 0), "seed {seed}: {}", world.name(host));
        }
    }
}

#[test]
fn rest_is_quiet() {
    let (mut world, hosts) = mixed(5, 0.0);
    world.put(hosts[0], b"k", b"v").unwrap().unwrap();
    world.publish(hosts[0], Urgency::Normal, b"r").unwrap().unwrap();
    assert!(world.settle(Duration::from_secs(60)).is_some());
    let asked = |world: &World| hosts.iter().map(|&host| world.node(host).unwrap().stats().exchanges).sum::<u64>();
    let before = asked(&world);
    world.run_for(Duration::from_secs(120));
    assert_eq!(asked(&world), before, "nobody looks for a difference in what one of two does not keep");
}

#[test]
fn whoever_leaves_hands_over_to_those_that_can_keep_it() {
    for seed in 0..20 {
        let (mut world, hosts) = mixed(seed, 0.1);
        world.put(hosts[4], b"k", b"v").unwrap().unwrap();
        world.leave(hosts[4]);
        world.run_for(Duration::from_secs(30));
        let lost = world.told(hosts[4]).iter().any(|(_, told)| matches!(told, Told::NotHandedOver { .. }));
        assert!(!lost, "seed {seed}");
        for &host in hosts.iter().filter(|&&host| host != hosts[4] && keeps(&world, host, Store::Entries)) {
            assert_eq!(world.node(host).unwrap().get(b"k"), Some(&b"v"[..]), "seed {seed}, {}", world.name(host));
        }
    }
}

#[test]
fn what_is_handed_over_may_go_to_one_here_and_to_another_there() {
    for seed in 0..20 {
        let mut world = World::new(seed, Network::lan().with_loss(0.5));
        let keeping = |rumors, entries| {
            let limits = Limits { rumors, entries, ..Config::lan().limits };
            Config { limits, ..Config::lan() }
        };
        let kinds = [(64, 64), (0, 64), (0, 64), (64, 0), (64, 0)];
        let hosts: Vec<_> =
            (0..).zip(kinds).map(|(n, kind)| world.spawn(&format!("n{n}"), keeping(kind.0, kind.1))).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        assert!(world.settle(Duration::from_secs(120)).is_some(), "seed {seed}");
        world.put(hosts[0], b"k", b"v").unwrap().unwrap();
        world.publish(hosts[0], Urgency::Normal, b"r").unwrap().unwrap();
        world.command(hosts[0], |node, now| node.leave_within(now, Duration::from_secs(60)));
        world.run_for(Duration::from_secs(90));
        let lost = world.told(hosts[0]).iter().any(|(_, told)| matches!(told, Told::NotHandedOver { .. }));
        assert!(!lost, "seed {seed}: there was time for all of it");
        for &host in &hosts[1..3] {
            assert_eq!(world.node(host).unwrap().get(b"k"), Some(&b"v"[..]), "seed {seed}");
        }
        for &host in &hosts[3..] {
            let told = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Delivered(..))).count();
            assert_eq!(told, 1, "seed {seed}");
        }
    }
}

#[test]
fn news_that_nobody_else_keeps_wakes_nobody() {
    let mut world = World::new(1, Network::lan());
    let less = Config { limits: Limits { rumors: 0, entries: 0, ..Config::lan().limits }, ..Config::lan() };
    let hosts: Vec<_> =
        (0..4).map(|n| world.spawn(&format!("n{n}"), if n == 0 { Config::lan() } else { less.clone() })).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    assert!(world.settle(Duration::from_secs(60)).is_some());
    let events = |world: &mut World| {
        let before = world.events();
        world.run_for(Duration::from_secs(60));
        world.events() - before
    };
    let at_rest = events(&mut world);
    world.put(hosts[0], b"k", b"v").unwrap().unwrap();
    world.publish(hosts[0], Urgency::Normal, b"r").unwrap().unwrap();
    world.run_for(Duration::from_secs(30));
    let with_news = events(&mut world);
    assert!(with_news < at_rest + at_rest / 5, "{with_news} events a minute, and {at_rest} at rest");
}

#[test]
fn nothing_is_taken_that_is_not_kept() {
    let (mut world, hosts) = mixed(6, 0.0);
    assert_eq!(world.put(hosts[7], b"k", b"v"), Some(Err(PutError::Full { limit: 0 })));
    let refused = world.publish(hosts[7], Urgency::Normal, b"r");
    assert_eq!(refused, Some(Err(PublishError::Full { limit: 0 })));
    let words = (PutError::Full { limit: 0 }.to_string(), PublishError::Full { limit: 0 }.to_string());
    assert_eq!(words.0, "this node holds no entries: `limits.entries` is zero");
    assert_eq!(words.1, "this node has no part in rumors: `limits.rumors` is zero");
}
