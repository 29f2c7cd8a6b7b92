//! What the whole must do, in numbers, in virtual time.
//!
//! `cargo test` runs a few seeds. All of them, with their figures:
//! `GOSSIP_SEEDS=30 GOSSIP_NODES=8,64,256 cargo acceptance --nocapture`
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Arrival, Config, Departure, Instant, Quorum, Urgency,
    sim::{HostId, Memory, Network, Told, World},
};
use std::{collections::BTreeMap, env};

const LOSSES: [f64; 3] = [0.0, 0.10, 0.25];

fn seeds() -> core::ops::Range<u64> {
    0..env::var("GOSSIP_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(2)
}

fn sizes() -> Vec<usize> {
    let sizes = env::var("GOSSIP_NODES").unwrap_or_else(|_| "8,32".into());
    sizes.split(',').map(|size| size.parse().expect("GOSSIP_NODES is a list of numbers")).collect()
}

/// A world of `size` nodes, all of which have just been told to join through the first.
fn joining(seed: u64, size: usize, network: Network) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, network);
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    (world, hosts)
}

/// The same, once all of them agree.
fn settled(seed: u64, size: usize, network: Network) -> (World, Vec<HostId>) {
    let (mut world, hosts) = joining(seed, size, network.clone());
    let took = run_until(&mut world, Duration::from_secs(300), all_converged);
    assert!(took.is_some(), "seed {seed}, {size} nodes, {network:?}: {:?}", agreements(&world));
    (world, hosts)
}

/// Looks every 5 ms: to look whenever anything happens would cost more than the cluster itself.
fn run_until(world: &mut World, limit: Duration, mut done: impl FnMut(&World) -> bool) -> Option<Duration> {
    let start = world.now();
    while !done(world) {
        if world.now().saturating_duration_since(start) >= limit {
            return None;
        }
        world.run_for(Duration::from_millis(5));
    }
    Some(world.now().saturating_duration_since(start))
}

fn all_converged(world: &World) -> bool {
    let live = world.live().count();
    world.live().all(|host| world.node(host).is_some_and(|node| node.is_converged() && node.live() == live))
}

fn agreements(world: &World) -> Vec<String> {
    let of = |host| world.node(host).map(|node| format!("{:?}", node.agreement()));
    world.live().filter_map(of).take(4).collect()
}

fn live_seen(world: &World, host: HostId) -> usize {
    world.node(host).map_or(0, |node| node.live())
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// When each host came to see all others, and when it came to claim that all agree.
fn full_views(world: &mut World, hosts: &[HostId]) -> Vec<Duration> {
    let start = world.now();
    let mut full = BTreeMap::new();
    let all = run_until(world, Duration::from_secs(120), |world| {
        for &host in hosts {
            if live_seen(world, host) == hosts.len() {
                full.entry(host).or_insert_with(|| world.now().saturating_duration_since(start));
            }
        }
        full.len() == hosts.len()
    });
    assert!(all.is_some(), "{} of {} views are full", full.len(), hosts.len());
    let mut times: Vec<_> = full.into_values().collect();
    times.sort();
    times
}

#[test]
fn joins_of_all_at_once_end_with_full_views_and_no_tail() {
    for size in sizes() {
        for loss in LOSSES {
            let mut worst = (0.0_f64, Duration::ZERO, Duration::ZERO);
            let (mut latest, mut medians, mut lasts) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
            let mut converged = Vec::new();
            let mut bytes = 0;
            for seed in seeds() {
                let (mut world, hosts) = joining(seed, size, Network::lan().with_loss(loss));
                let times = full_views(&mut world, &hosts);
                let (median, last) = (percentile(&times, 50), percentile(&times, 100));
                let ratio = last.as_secs_f64() / median.as_secs_f64();
                latest = latest.max(last);
                if ratio > worst.0 {
                    worst = (ratio, median, last);
                }
                bytes += hosts.iter().map(|&host| world.traffic(host).sent.bytes).sum::<u64>() / size as u64;
                let took = run_until(&mut world, Duration::from_secs(60), all_converged);
                converged.push(took.unwrap_or_else(|| panic!("seed {seed}: {:?}", agreements(&world))) + last);
                (medians, lasts) = (medians + median, lasts + last);
                let soon = Config::lan().gossip_interval * 10;
                assert!(last <= soon, "seed {seed}, N = {size}, loss {loss}: the last after {last:?}");
                world.check().unwrap();
            }
            // Of all seeds together: the median of one world is of many nodes, but its last is a single one.
            assert!(lasts <= medians * 3, "N = {size}, loss {loss}: medians {medians:?}, lasts {lasts:?} in all");
            converged.sort();
            println!(
                "join N = {size}, loss {loss}: last {latest:?}, worst last/median {:.2} ({:?} / {:?}), {} B a node; all claim agreement after {:?}",
                worst.0,
                worst.2,
                worst.1,
                bytes / converged.len() as u64,
                converged.last().unwrap(),
            );
        }
    }
}

#[test]
fn every_write_and_every_rumor_reaches_every_live_node_once() {
    for size in sizes() {
        for loss in LOSSES {
            let mut slowest = Duration::ZERO;
            let mut bytes = 0;
            for seed in seeds() {
                let (mut world, hosts) = settled(seed, size, Network::lan().with_loss(loss).with_duplication(0.05));
                let before: u64 = hosts.iter().map(|&host| world.traffic(host).sent.bytes).sum();
                let start = world.now();
                for round in 0..10_usize {
                    let host = hosts[round * 7 % size];
                    let urgency = if round % 3 == 0 { Urgency::Critical } else { Urgency::Normal };
                    world.command(host, |node, now| node.publish(now, urgency, &[round as u8; 64])).unwrap().unwrap();
                    let key = [b'k', (round % 4) as u8];
                    world.command(host, |node, now| node.put(now, &key, &[round as u8; 64])).unwrap().unwrap();
                    world.run_for(Duration::from_millis(50));
                }
                let took = run_until(&mut world, Duration::from_secs(120), all_converged);
                assert!(took.is_some(), "seed {seed}, N = {size}, loss {loss}: {:?}", agreements(&world));
                slowest = slowest.max(world.now().saturating_duration_since(start));
                bytes += hosts.iter().map(|&host| world.traffic(host).sent.bytes).sum::<u64>() - before;
                for &host in &hosts {
                    check_knowledge(&world, &hosts, host);
                }
                world.check_at_rest().unwrap();
            }
            let runs = seeds().count() as u64 * size as u64;
            println!(
                "spread N = {size}, loss {loss}: 0 misses; all claim agreement within {slowest:?}; {} B a node",
                bytes / runs
            );
        }
    }
}

/// Ten rumors, each told once to everybody but its publisher, and the same four entries.
fn check_knowledge(world: &World, hosts: &[HostId], host: HostId) {
    let own = (0..10).filter(|round| hosts[round * 7 % hosts.len()] == host).count();
    let mut told = BTreeMap::new();
    for (_, event) in world.told(host) {
        if let Told::Delivered(dot, _) = event {
            *told.entry(*dot).or_insert(0) += 1;
        }
    }
    assert_eq!(told.len(), 10 - own);
    assert!(told.values().all(|&count| count == 1), "{told:?}");
    let node = world.node(host).unwrap();
    let reference = world.node(hosts[0]).unwrap();
    for key in 0..4 {
        assert_eq!(node.get(&[b'k', key]), reference.get(&[b'k', key]));
    }
    assert_eq!(node.get(&[b'k', 1]), Some(&[9_u8; 64][..]));
    assert_eq!(node.stats().rumors_missed, 0);
}

#[test]
fn an_idle_cluster_costs_two_datagrams_and_a_hundred_bytes() {
    for size in sizes().into_iter().chain([64]) {
        let mut dearest = (0.0_f64, 0.0_f64);
        for seed in seeds() {
            let (mut world, hosts) = settled(seed, size, Network::lan());
            world.run_for(Duration::from_secs(5));
            let before: Vec<_> = hosts.iter().map(|&host| world.traffic(host).sent.clone()).collect();
            world.run_for(Duration::from_secs(60));
            let after = hosts.iter().map(|&host| world.traffic(host).sent.clone());
            let (datagrams, bytes) = after.zip(before).fold((0, 0), |(datagrams, bytes), (after, before)| {
                (datagrams + after.datagrams - before.datagrams, bytes + after.bytes - before.bytes)
            });
            let node_seconds = size as f64 * 60.0;
            let (datagrams, bytes) = (datagrams as f64 / node_seconds, bytes as f64 / node_seconds);
            dearest = (dearest.0.max(datagrams), dearest.1.max(bytes));
            assert!(
                datagrams <= 2.0 && bytes <= 100.0,
                "seed {seed}, N = {size}: {datagrams} datagrams, {bytes} bytes"
            );
            assert!(all_converged(&world));
            world.check_at_rest().unwrap();
        }
        println!("idle N = {size}: at most {:.2} datagrams and {:.1} bytes a node and second", dearest.0, dearest.1);
    }
}

#[test]
fn a_partition_of_any_length_heals_into_one_cluster_and_one_state() {
    for (size, secs) in sizes().into_iter().flat_map(|size| [25, 90, 3_600].map(|secs| (size, secs))) {
        let mut slowest = Duration::ZERO;
        let seeds = if secs > 1_000 && size > 64 { 0..seeds().end.min(5) } else { seeds() };
        for seed in seeds {
            let (mut world, hosts) = settled(seed, size, Network::lan());
            let (left, right) = hosts.split_at(size / 2);
            world.partition(&[left, right]);
            world.run_for(Duration::from_secs(secs / 2));
            world.command(left[0], |node, now| node.put(now, b"side", b"left")).unwrap().unwrap();
            world.run_for(Duration::from_millis(10));
            world.command(right[0], |node, now| node.put(now, b"side", b"right")).unwrap().unwrap();
            world.command(right[1], |node, now| node.publish(now, Urgency::Normal, b"over here")).unwrap().unwrap();
            world.run_for(Duration::from_secs(secs - secs / 2));
            world.heal();
            let healed_at = world.now();
            let took = run_until(&mut world, Duration::from_secs(120), all_converged);
            assert!(took.is_some(), "seed {seed}, N = {size}, {secs} s: {:?}", agreements(&world));
            slowest = slowest.max(took.unwrap());
            for &host in &hosts {
                assert_eq!(world.node(host).unwrap().get(b"side"), Some(&b"right"[..]));
                let told =
                    |event: &&(_, Told)| matches!(&event.1, Told::Delivered(_, payload) if payload == b"over here");
                assert_eq!(world.told(host).iter().filter(told).count(), usize::from(host != right[1]));
                // Nobody dies of what the other side says; a suspicion across the cut may still end a moment after it heals.
                let side = if left.contains(&host) { left } else { right };
                let down = |(at, event): &&(Instant, Told)| match event {
                    Told::Down(id, _) => *at > healed_at && side.iter().any(|&own| world.id(own) == *id),
                    _ => false,
                };
                let false_deaths = world.told(host).iter().filter(down).count();
                assert_eq!(false_deaths, 0, "seed {seed}, N = {size}, {secs} s");
            }
            world.check_at_rest().unwrap();
        }
        println!("partition N = {size}, {secs} s: one cluster and one state within {slowest:?} of healing");
    }
}

#[test]
fn a_crash_is_known_to_all_and_a_restart_is_recognised_at_once() {
    for size in sizes() {
        let (mut detection, mut recognition, mut alarms) = (Vec::new(), Vec::new(), 0);
        for seed in seeds() {
            let (mut world, hosts) = settled(seed, size, Network::lan());
            let victim = hosts[size / 2];
            let id = world.id(victim);
            world.keep(victim);
            world.crash(victim);
            let took = run_until(&mut world, Duration::from_secs(60), |world| {
                world.live().all(|host| live_seen(world, host) == size - 1)
            });
            detection.push(took.unwrap());
            for &host in &hosts {
                let down = world.told(host).iter().filter(|(_, event)| matches!(event, Told::Down(..)));
                let others = down.clone().filter(|(_, event)| *event != Told::Down(id, Departure::Failed)).count();
                alarms += others;
            }
            let memory = if seed % 2 == 0 { Memory::Kept } else { Memory::Lost };
            world.restart(victim, memory);
            world.join(victim, hosts[0]);
            let took = run_until(&mut world, Duration::from_secs(60), |world| {
                world.live().all(|host| live_seen(world, host) == size)
            });
            recognition.push(took.unwrap());
            assert!(run_until(&mut world, Duration::from_secs(60), all_converged).is_some());
            let back = Told::Up(id, Arrival::Restarted);
            for &host in hosts.iter().filter(|&&host| host != victim) {
                assert_eq!(world.told(host).iter().filter(|(_, event)| *event == back).count(), 1);
            }
            world.check_at_rest().unwrap();
        }
        detection.sort();
        recognition.sort();
        println!(
            "crash N = {size}: known to all after {:?} (median), {:?} (worst), {alarms} false; restart seen by all after {:?} (worst)",
            percentile(&detection, 50),
            percentile(&detection, 100),
            percentile(&recognition, 100),
        );
        assert_eq!(alarms, 0);
    }
}

#[test]
fn a_restart_before_anyone_noticed_is_recognised_at_once() {
    for seed in seeds() {
        for memory in [Memory::Kept, Memory::Lost] {
            let (mut world, hosts) = settled(seed, 8, Network::lan());
            let (victim, id) = (hosts[3], world.id(hosts[3]));
            world.command(victim, |node, now| node.put(now, b"mine", b"first life")).unwrap().unwrap();
            world.run_for(Duration::from_secs(2));
            world.keep(victim);
            world.crash(victim);
            world.run_for(Duration::from_millis(100));
            world.restart(victim, memory);
            world.join(victim, hosts[0]);
            let first = world.command(victim, |node, now| node.put(now, b"mine", b"second life")).unwrap().unwrap();
            let took = run_until(&mut world, Duration::from_secs(10), all_converged);
            assert!(took.is_some(), "seed {seed}, {memory:?}: {:?}", agreements(&world));
            for &host in hosts.iter().filter(|&&host| host != victim) {
                let node = world.node(host).unwrap();
                assert_eq!(
                    node.entry(b"mine").map(|entry| (entry.value, entry.dot)),
                    Some((&b"second life"[..], first))
                );
                let up = world.told(host).iter().filter(|(_, event)| *event == Told::Up(id, Arrival::Restarted));
                assert_eq!(up.count(), 1);
                let down = world.told(host).iter().filter(|(_, event)| matches!(event, Told::Down(..)));
                assert_eq!(down.count(), 0, "nobody was ever gone for long");
            }
            world.check_at_rest().unwrap();
        }
    }
}

#[test]
fn a_leaver_is_known_to_have_left() {
    for seed in seeds() {
        let (mut world, hosts) = settled(seed, 16, Network::lan().with_loss(0.1));
        let id = world.id(hosts[5]);
        world.command(hosts[5], |node, now| node.leave(now));
        let took = run_until(&mut world, Duration::from_secs(30), all_converged);
        assert!(took.is_some() && world.node(hosts[5]).is_none());
        for host in world.live() {
            let gone = world.told(host).iter().filter(|(_, event)| matches!(event, Told::Down(..)));
            assert!(gone.map(|(_, event)| event.clone()).eq([Told::Down(id, Departure::Left)]));
        }
        world.check_at_rest().unwrap();
    }
}

/// How long each of several writes waits until a quorum is known to have it, and how many datagrams its writer sends for that.
fn waits(world: &mut World, hosts: &[HostId], quorum: Quorum) -> (Vec<Duration>, u64) {
    let (mut times, mut datagrams) = (Vec::new(), 0);
    for round in 0..4_u8 {
        let host = hosts[(usize::from(round) * 17 + 5) % hosts.len()];
        let (began, before) = (world.now(), world.traffic(host).sent.datagrams);
        let dot = world.put(host, &[b'w', round], &[round; 64]).unwrap().unwrap();
        let until = began + Duration::from_secs(10);
        world.command(host, |node, now| node.await_write(now, dot, quorum, until)).unwrap().unwrap();
        let is_end =
            |told: &(Instant, Told)| told.0 >= began && matches!(told.1, Told::WaitReached(..) | Told::WaitFailed(..));
        world.run_until(Duration::from_secs(10), |world| world.told(host).last().is_some_and(is_end));
        let (at, told) = world.told(host).iter().rev().find(|told| is_end(told)).unwrap();
        assert!(matches!(told, Told::WaitReached(..)), "{told:?}");
        times.push(at.saturating_duration_since(began));
        datagrams += world.traffic(host).sent.datagrams - before;
        world.run_for(Duration::from_secs(2));
    }
    (times, datagrams / 4)
}

/// Among 64. A round trip takes 2.5 ms in the mean: from 0.5 to 2 ms each way.
#[test]
fn a_majority_has_a_write_within_two_round_trips_and_all_within_a_second() {
    const ROUND_TRIP: Duration = Duration::from_micros(2_500);
    for loss in [0.0, 0.25] {
        let (mut of_majority, mut of_all) = (Vec::new(), Vec::new());
        let (mut sent_for_majority, mut sent_for_all) = (0, 0);
        for seed in 0..seeds().end.max(30) {
            let (mut world, hosts) = settled(seed, 64, Network::lan().with_loss(loss));
            // An answer goes only to where the asker was heard before: each has probed each other by then.
            world.run_for(Duration::from_secs(70));
            let (times, sent) = waits(&mut world, &hosts, Quorum::Majority);
            of_majority.extend(times);
            sent_for_majority += sent;
            let (times, sent) = waits(&mut world, &hosts, Quorum::All);
            of_all.extend(times);
            sent_for_all += sent;
            world.check().unwrap();
        }
        let count = of_all.len() as u64 / 4;
        for (name, times, sent) in
            [("majority", &mut of_majority, sent_for_majority), ("all", &mut of_all, sent_for_all)]
        {
            times.sort();
            println!(
                "await_write {name}, N = 64, loss {loss}: median {:?}, worst {:?} of {}; {} datagrams of its writer's",
                percentile(times, 50),
                percentile(times, 100),
                times.len(),
                sent / count
            );
        }
        assert!(percentile(&of_majority, 50) <= 2 * ROUND_TRIP, "loss {loss}: {:?}", percentile(&of_majority, 50));
        assert!(percentile(&of_all, 100) <= Duration::from_secs(1), "loss {loss}: {:?}", percentile(&of_all, 100));
    }
}

#[test]
fn one_seed_replays_byte_for_byte() {
    let run = |seed| {
        let (mut world, hosts) = settled(seed, 16, Network::wan().with_loss(0.1).with_duplication(0.1));
        world.keep(hosts[3]);
        world.crash(hosts[3]);
        world.run_for(Duration::from_secs(20));
        world.restart(hosts[3], Memory::Kept);
        world.run_for(Duration::from_secs(20));
        world.check().unwrap();
        world.trace()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
