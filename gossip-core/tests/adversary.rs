//! What a liar, a namesake, a full table and bad luck can do: pass, and no more.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Incarnation, Input, Instant, Limits, Node, NodeId, Output,
    PresenceError, SaveCursor, Stamp, Urgency,
    id::Life,
    sim::{HostId, Memory, Network, Told, World},
    wire::{
        Capabilities, EntryFrame, Frame, Header, Horizon, MemberFrame, Operation, Ping, RumorFrame, Standing, Stores,
        SupersededRange, Writer,
    },
};

const LIAR: NodeId = NodeId(77);

/// A world of `size` nodes that agree, each with its configuration.
fn settled(size: usize, config: impl Fn(usize) -> Config) -> (World, Vec<HostId>) {
    let mut world = World::new(5, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config(n))).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(30));
    assert!(all_agree(&world));
    (world, hosts)
}

fn all_agree(world: &World) -> bool {
    let live = world.live().count();
    world.live().all(|host| world.node(host).is_some_and(|node| node.is_converged() && node.live() == live))
}

fn liar_addr() -> Addr {
    Addr::new(&[9, 9, 9, 9]).unwrap()
}

/// A datagram of the liar's, who introduces itself as a member first.
fn forged(frames: &[Frame<'_>]) -> Vec<u8> {
    let header = Header::new(ClusterLabel::default(), LIAR, Generation(1), Incarnation(0), Digest(1));
    let introduction = MemberFrame {
        id: LIAR,
        generation: Generation(1),
        incarnation: Incarnation(0),
        standing: Standing::Alive,
        addr: liar_addr(),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"".into(),
    };
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(&Frame::Member(introduction)));
    assert!(frames.iter().all(|frame| writer.put(frame)));
    writer.finish().to_vec()
}

fn life_of(world: &World, host: HostId) -> Life {
    let me = world.node(host).unwrap().me();
    Life { origin: me.id, generation: me.generation }
}

/// Datagrams a node and second over the next `secs`, on average and at the busiest node.
fn pace(world: &mut World, hosts: &[HostId], secs: u64) -> (f64, f64) {
    let before: Vec<_> = hosts.iter().map(|&host| world.traffic(host).sent.datagrams).collect();
    world.run_for(Duration::from_secs(secs));
    let sent = hosts.iter().zip(before).map(|(&host, before)| world.traffic(host).sent.datagrams - before);
    let sent: Vec<_> = sent.map(|count| count as f64 / secs as f64).collect();
    (sent.iter().sum::<f64>() / sent.len() as f64, sent.iter().copied().fold(0.0, f64::max))
}

#[test]
fn two_living_nodes_of_one_name_are_both_told_and_do_not_shout() {
    for (size, delay) in [(3, 0), (8, 1), (8, 30), (32, 30)] {
        let (mut world, mut hosts) = settled(size, |_| Config::lan());
        world.run_for(Duration::from_secs(delay));
        let twin = world.spawn("n1", Config::lan());
        world.join(twin, hosts[0]);
        hosts.push(twin);
        world.run_for(Duration::from_secs(120));
        for host in [hosts[1], twin] {
            let of_conflict = |event: &Told| matches!(event, Told::NameConflict(_) | Told::NameConflictOver(_));
            let told = world.told(host).iter().filter(|(_, event)| of_conflict(event)).count();
            assert_eq!(told, 1, "{size} nodes, {delay} s: {host:?} was told so often");
        }
        let (average, _) = pace(&mut world, &hosts, 60);
        assert!(average < 15.0, "{size} nodes: {average} datagrams a node and second");
    }
}

#[test]
fn a_difference_that_lasts_is_no_storm() {
    let small = Limits { entries: 4, ..Config::lan().limits };
    let config = |n| if n == 5 { Config { limits: small, ..Config::lan() } } else { Config::lan() };
    let (mut world, hosts) = settled(32, config);
    for key in 0..8 {
        world.command(hosts[1], |node, now| node.put(now, &[key], b"value")).unwrap().unwrap();
    }
    world.run_for(Duration::from_secs(60));
    assert!(!world.node(hosts[5]).unwrap().is_converged() && !world.node(hosts[1]).unwrap().is_converged());
    let (average, busiest) = pace(&mut world, &hosts, 60);
    assert!(average < 4.0 && busiest < 40.0, "{average} on average, {busiest} at the busiest");
}

#[test]
fn a_forged_stamp_does_not_stop_the_clocks() {
    let (mut world, hosts) = settled(5, |_| Config::lan());
    let life = Life { origin: LIAR, generation: Generation(1) };
    let entry = EntryFrame {
        dot: life.dot(1),
        span: 1,
        stamp: Stamp::CREDIBLE_MAX,
        key: b"x",
        operation: Operation::Put,
        value: b"y".into(),
    };
    world.inject(hosts[0], liar_addr(), &forged(&[Frame::Entry(entry)]));
    world.run_for(Duration::from_secs(5));
    world.command(hosts[2], |node, now| node.put(now, b"k", b"v")).unwrap().unwrap();
    world.run_for(Duration::from_secs(5));
    for &host in &hosts {
        assert_eq!(world.node(host).unwrap().get(b"k"), Some(&b"v"[..]));
    }
}

#[test]
fn whoever_is_said_to_have_said_it_all_speaks_on_in_a_new_life() {
    type Lie = fn(Life) -> Frame<'static>;
    let lies: [Lie; 3] = [
        |writer| Frame::SupersededRange(SupersededRange { writer, after: 0, upto: u32::MAX }),
        |writer| Frame::Horizon(Horizon { writer, upto: u32::MAX }),
        |writer| {
            let (dot, stamp) = (writer.dot(u32::MAX), Stamp::from_millis(1));
            Frame::Entry(EntryFrame {
                dot,
                span: u32::MAX,
                stamp,
                key: b"q",
                operation: Operation::Put,
                value: b"!".into(),
            })
        },
    ];
    for lie in lies {
        let (mut world, hosts) = settled(5, |_| Config::lan());
        let victim = life_of(&world, hosts[3]);
        world.inject(hosts[0], liar_addr(), &forged(&[lie(victim)]));
        world.run_for(Duration::from_secs(20));
        world.command(hosts[3], |node, now| node.put(now, b"k", b"v")).unwrap().unwrap();
        world.command(hosts[3], |node, now| node.publish(now, Urgency::Normal, b"still here")).unwrap().unwrap();
        world.run_for(Duration::from_secs(60));
        for &host in &hosts {
            assert_eq!(world.node(host).unwrap().get(b"k"), Some(&b"v"[..]), "{:?}", lie(victim));
            let heard =
                |(_, event): &&(_, Told)| matches!(event, Told::Delivered(_, payload) if payload == b"still here");
            assert_eq!(
                world.told(host).iter().filter(heard).count(),
                usize::from(host != hosts[3]),
                "{:?}",
                lie(victim)
            );
        }
        assert!(all_agree(&world), "{:?}", lie(victim));
    }
}

#[test]
fn the_first_of_all_writers_is_one_like_the_others() {
    let (mut world, hosts) = settled(4, |_| Config { datagram_len_max: 100, ..Config::lan() });
    let horizon = Frame::Horizon(Horizon { writer: Life::FIRST, upto: 200_000_000 });
    let dot = Life::FIRST.dot(200_000_040);
    let rumor = Frame::Rumor(RumorFrame {
        dot,
        urgency: Urgency::Normal,
        payload: b"!".into(),
        age_millis: 0,
        ttl_secs: 3_600,
    });
    for frame in [horizon, rumor] {
        let header = Header::new(ClusterLabel::default(), world.id(hosts[1]), Generation(1), Incarnation(0), Digest(1));
        let mut buffer = [0; 100];
        let mut writer = Writer::new(&mut buffer, &header).unwrap();
        assert!(writer.put(&frame));
        let bytes = writer.finish().to_vec();
        world.inject(hosts[0], world.addr(hosts[1]), &bytes);
    }
    world.run_for(Duration::from_secs(60));
    let (average, _) = pace(&mut world, &hosts, 30);
    assert!(average < 8.0, "{average} datagrams a node and second");
}

#[test]
fn a_datagram_full_of_questions_is_answered_once() {
    let (mut world, hosts) = settled(3, |_| Config::lan());
    let before = world.traffic(hosts[0]).sent.clone();
    let header = Header::new(ClusterLabel::default(), LIAR, Generation(1), Incarnation(0), Digest(1));
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    while writer.put(&Frame::Ping(Ping { probe: 9 })) {}
    let bytes = writer.finish().to_vec();
    world.inject(hosts[0], liar_addr(), &bytes);
    let after = world.traffic(hosts[0]).sent.clone();
    assert_eq!(after.datagrams - before.datagrams, 1);
    assert!(after.bytes - before.bytes <= bytes.len() as u64);
}

#[test]
fn a_restart_with_memory_neither_hears_twice_nor_makes_others_miss() {
    for seed in 0..20 {
        let mut world = World::new(seed, Network::lan());
        let hosts: Vec<_> = (0..5).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        world.run_for(Duration::from_secs(20));
        world.partition(&[&hosts[..4], &hosts[4..]]);
        for number in 0..10_u8 {
            world.command(hosts[0], |node, now| node.publish(now, Urgency::Normal, &[number])).unwrap().unwrap();
        }
        world.run_for(Duration::from_secs(3));
        world.keep(hosts[2]);
        world.crash(hosts[2]);
        world.restart(hosts[2], Memory::Kept);
        world.join(hosts[2], hosts[1]);
        world.run_for(Duration::from_secs(3));
        world.heal();
        world.run_for(Duration::from_secs(60));
        for &host in &hosts[1..] {
            let told = world.told(host).iter().filter(|(_, event)| matches!(event, Told::Delivered(..))).count();
            assert_eq!(told, 10, "seed {seed}: {host:?}");
        }
    }
}

#[test]
fn a_stale_memory_reuses_no_dot_and_loses_no_later_write() {
    let (mut world, hosts) = settled(4, |_| Config::lan());
    let mut dots = std::collections::BTreeSet::new();
    let mut put = |world: &mut World, value: u8| {
        let dot = world.command(hosts[1], |node, now| node.put(now, b"k", &[value])).unwrap().unwrap();
        assert!(dots.insert(dot), "{dot} is used twice");
    };
    put(&mut world, 1);
    world.keep(hosts[1]);
    put(&mut world, 2);
    put(&mut world, 3);
    world.run_for(Duration::from_secs(2));
    world.crash(hosts[1]);
    world.restart(hosts[1], Memory::Kept);
    world.join(hosts[1], hosts[0]);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.node(hosts[1]).unwrap().get(b"k"), Some(&[3][..]), "what the peers have is taken back");
    put(&mut world, 4);
    world.run_for(Duration::from_secs(10));
    assert!(hosts.iter().all(|&host| world.node(host).unwrap().get(b"k") == Some(&[4])) && all_agree(&world));
}

#[test]
fn what_was_kept_under_longer_datagrams_does_not_stop_a_node() {
    let (mut world, hosts) = settled(2, |_| Config::lan());
    world.command(hosts[0], |node, now| node.put(now, b"big", &[7; 1000])).unwrap().unwrap();
    world.command(hosts[0], |node, now| node.put(now, b"small", b"1")).unwrap().unwrap();
    let node = world.node(hosts[0]).unwrap();
    let (mut cursor, mut buffer, mut chunks) = (SaveCursor::default(), vec![0; 1400], Vec::new());
    while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
        chunks.push(chunk.to_vec());
    }
    let config = Config { datagram_len_max: 512, ..Config::lan() };
    let mut rng = rand_pcg::Pcg32::new(1, 1);
    let mut next = Node::new(NodeId::from_name("n0"), world.addr(hosts[0]), config, &mut rng).unwrap();
    chunks.iter().for_each(|chunk| next.restore(world.now(), chunk).unwrap());
    assert_eq!((next.get(b"big"), next.get(b"small")), (None, None), "what follows what is missing comes from peers");
    let mut cursor = SaveCursor::default();
    let mut buffer = [0; 512];
    assert!((0..100).any(|_| next.save(&mut cursor, &mut buffer).is_none()), "saving comes to an end");
}

#[test]
fn time_may_come_to_its_end_and_farewells_are_final() {
    let mut rng = rand_pcg::Pcg32::new(1, 1);
    let mut node = Node::new(NodeId(1), Addr::new(&[1]).unwrap(), Config::lan(), &mut rng).unwrap();
    node.handle_input(Instant::NEVER, Input::TimerFired);
    node.leave(Instant::NEVER);
    assert_eq!(node.set_presence(Instant::NEVER, b"back"), Err(PresenceError::Left));
    let mut buffer = [0; 1400];
    assert!((0..100).any(|_| matches!(node.poll_output(&mut buffer), Output::Schedule(_))));
}

/// A peer learns that a write was superseded, and loses everybody who knows by what, before it learns that.
#[test]
fn half_an_answer_is_no_agreement_and_is_made_up_for() {
    let (mut world, mut hosts) = settled(5, |_| Config::lan());
    hosts.sort_by_key(|&host| world.id(host));
    let [first, middle, late, other, last] = hosts[..] else { unreachable!("there are five") };
    world.partition(&[&[first, other], &[last], &[middle], &[late]]);
    world.command(first, |node, now| node.put(now, b"k", b"old")).unwrap().unwrap();
    world.run_for(Duration::from_secs(3));
    world.partition(&[&[first, last, middle], &[other], &[late]]);
    world.run_for(Duration::from_secs(30));
    for (key, value) in [(&b"big1"[..], &[1; 1200][..]), (b"big2", &[1; 1200]), (b"k", b"new")] {
        world.command(last, |node, now| node.put(now, key, value)).unwrap().unwrap();
    }
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.node(middle).unwrap().get(b"k"), Some(&b"new"[..]));
    world.partition(&[&[middle, late], &[other]]);
    let half = |world: &World| world.node(late).unwrap().get(b"big1").is_some();
    assert!(world.run_until(Duration::from_secs(60), half).is_some());
    assert_eq!(world.node(late).unwrap().get(b"k"), None, "the scene is set");
    [first, middle, last].into_iter().for_each(|host| world.crash(host));
    world.heal();
    for _ in 0..240 {
        world.run_for(Duration::from_millis(500));
        let [a, b] = [late, other].map(|host| world.node(host).unwrap());
        let same = a.get(b"k") == b.get(b"k") && a.get(b"big1") == b.get(b"big1");
        let claims = [a, b].iter().any(|node| node.is_converged() && node.live() == 2);
        assert!(same || !claims, "an agreement is claimed that is none");
    }
    let [a, b] = [late, other].map(|host| world.node(host).unwrap());
    assert_eq!(
        (a.get(b"k"), b.get(b"k")),
        (Some(&b"old"[..]), Some(&b"old"[..])),
        "what took its place died with its holders"
    );
    assert!(all_agree(&world));
}

#[test]
fn all_who_left_one_after_the_other_find_each_other_again_by_what_they_kept() {
    let (mut world, hosts) = settled(4, |_| Config::lan());
    for &host in &hosts {
        world.command(host, Node::leave);
        world.run_for(Duration::from_millis(500));
        world.keep(host);
        world.run_for(Duration::from_secs(9));
        assert!(world.node(host).is_none());
    }
    hosts.iter().for_each(|&host| world.restart(host, Memory::Kept));
    world.run_for(Duration::from_secs(20));
    assert!(all_agree(&world));
}
