//! Paths that swallow long datagrams, and say nothing of it.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, NodeId, Urgency,
    sim::{HostId, Impairment, Latency, Network, Told, World},
};

/// Of MTUs of 1,280 and of 576, IPv6's and UDP's headers leave so much.
const OF_1280: usize = 1_232;
const OF_576: usize = 528;
const SIZE: usize = 16;

/// Two halves, between which no longer datagrams pass.
fn halves(world: &mut World, hosts: &[HostId], mtu: usize) {
    let (left, right) = hosts.split_at(hosts.len() / 2);
    for (&a, &b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
        for (from, to) in [(a, b), (b, a)] {
            world.mend(from, to);
            world.impair(from, to, Impairment::Mtu(mtu));
        }
    }
}

fn cluster(seed: u64, mtu: usize) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan());
    let hosts: Vec<_> = (0..SIZE).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    halves(&mut world, &hosts, mtu);
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    (world, hosts)
}

fn all_agree(world: &World) -> bool {
    world.live().all(|host| world.node(host).is_some_and(|node| node.is_converged() && node.live() == SIZE))
}

/// Whether all know the same, whatever they claim.
fn all_know_the_same(world: &World) -> bool {
    let mut digests = world.live().filter_map(|host| world.node(host).map(gossip_core::Node::digest));
    let first = digests.next();
    digests.all(|digest| Some(digest) == first)
}

/// Everybody writes and publishes at once; how long it takes until all know all of it.
fn burst(world: &mut World, hosts: &[HostId], round: usize) -> Duration {
    for (n, &host) in hosts.iter().enumerate() {
        for key in 0..6 {
            let value = vec![b'v'; 60 + 60 * key];
            world.put(host, format!("{round}/{n}/{key}").as_bytes(), &value).unwrap().unwrap();
        }
        world.publish(host, Urgency::Normal, &[b'r'; 300]).unwrap().unwrap();
        let presence = vec![b'p'; 200 + round];
        world.command(host, |node, now| node.set_presence(now, &presence)).unwrap().unwrap();
    }
    world.run_until(Duration::from_secs(60), all_know_the_same).expect("they come to know the same")
}

/// Bytes a node and second at rest.
fn bytes_at_rest(world: &mut World, hosts: &[HostId]) -> f64 {
    let sent = |world: &World| hosts.iter().map(|&host| world.traffic(host).sent.bytes).sum::<u64>();
    let before = sent(world);
    world.run_for(Duration::from_secs(60));
    (sent(world) - before) as f64 / 60.0 / hosts.len() as f64
}

fn told_of_paths(world: &World, host: HostId) -> Vec<(NodeId, u16)> {
    let told = world.told(host).iter().filter_map(|(_, told)| match told {
        Told::PathLen(id, len) => Some((*id, *len)),
        _ => None,
    });
    told.collect()
}

struct Course {
    joined: Duration,
    bursts: [Duration; 4],
    at_rest: f64,
}

fn course(seed: u64, mtu: usize) -> Course {
    let (mut world, hosts) = cluster(seed, mtu);
    let joined = world.run_until(Duration::from_secs(60), all_know_the_same).expect("all join");
    world.run_for(Duration::from_secs(5));
    let bursts = [0, 1, 2, 3].map(|round| {
        let took = burst(&mut world, &hosts, round);
        world.run_for(Duration::from_secs(5));
        took
    });
    let agreed = world.run_until(Duration::from_secs(60), all_agree);
    assert!(agreed.is_some(), "seed {seed}, {mtu} bytes: nobody claims what is true");
    for &host in &hosts {
        let stats = world.node(host).unwrap().stats();
        assert_eq!((stats.suspicions_raised, stats.suspicions_confirmed), (0, 0), "seed {seed}, {mtu} bytes");
    }
    let at_rest = bytes_at_rest(&mut world, &hosts);
    Course { joined, bursts, at_rest }
}

#[test]
fn a_short_path_in_the_middle_costs_no_more_than_twice_the_time() {
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
    let seeds = 1..=4;
    let clean: Vec<_> = seeds.clone().map(|seed| course(seed, 10_000)).collect();
    for mtu in [OF_1280, OF_576] {
        let short: Vec<_> = seeds.clone().map(|seed| course(seed, mtu)).collect();
        for round in 0..4 {
            let times =
                |courses: &[Course]| mean(&courses.iter().map(|course| course.bursts[round]).collect::<Vec<_>>());
            let (clean, short) = (times(&clean), times(&short));
            println!("{mtu} bytes, burst {round}: {short:?}, and {clean:?} on a clean network");
            assert!(short <= clean * 2, "{mtu} bytes, burst {round}: {short:?}, and {clean:?} on a clean network");
        }
        for (short, clean) in short.iter().zip(&clean) {
            println!("{mtu} bytes: join {:?}, {:?}", short.joined, clean.joined);
            assert!(short.joined <= clean.joined * 2, "{mtu} bytes: {:?}, {:?}", short.joined, clean.joined);
            println!("{mtu} bytes, at rest {:.1}, {:.1}", short.at_rest, clean.at_rest);
            assert!(short.at_rest < clean.at_rest * 1.1, "{mtu} bytes: {}, {}", short.at_rest, clean.at_rest);
        }
    }
}

#[test]
fn a_path_that_shrinks_is_noticed_and_told_and_so_is_one_that_widens() {
    let (mut world, hosts) = cluster(5, 10_000);
    world.run_for(Duration::from_secs(10));
    burst(&mut world, &hosts, 0);
    assert!(hosts.iter().all(|&host| told_of_paths(&world, host).is_empty()));
    halves(&mut world, &hosts, OF_576);
    let took = burst(&mut world, &hosts, 1);
    assert!(took < Duration::from_secs(4), "{took:?}");
    burst(&mut world, &hosts, 2);
    world.run_for(Duration::from_secs(30));
    let (left, right) = hosts.split_at(SIZE / 2);
    for &host in &hosts {
        let near = if left.contains(&host) { left } else { right };
        for (id, len) in told_of_paths(&world, host) {
            assert!(!near.iter().any(|&near| world.id(near) == id), "a path that is not short");
            assert!((512..=OF_576).contains(&usize::from(len)), "{len}");
            let path = world.node(host).unwrap().member(id).unwrap().path;
            assert_eq!(path.short(1_400), Some(len));
        }
    }
    assert!(hosts.iter().all(|&host| !told_of_paths(&world, host).is_empty()), "somebody was told nothing");
    for (&a, &b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
        world.mend(a, b);
        world.mend(b, a);
    }
    let widened = |world: &World| {
        let told = |&host: &HostId| told_of_paths(world, host).iter().any(|(_, len)| *len == 1_400);
        hosts.iter().filter(|host| told(host)).count()
    };
    for round in 3..60 {
        burst(&mut world, &hosts, round);
        world.run_for(Duration::from_secs(30));
    }
    assert!(widened(&world) > SIZE / 2, "{} found that the path carries more by now", widened(&world));
}

#[test]
fn what_is_too_long_for_the_path_is_told_and_holds_up_nobody_else() {
    let mut world = World::new(6, Network::lan());
    let hosts: Vec<_> = ["a", "b"].into_iter().map(|name| world.spawn(name, Config::lan())).collect();
    halves(&mut world, &hosts, OF_1280);
    world.join(hosts[1], hosts[0]);
    world.run_for(Duration::from_secs(5));
    let (a, b) = (hosts[0], hosts[1]);
    world.put(a, b"long", &[7; 1_290]).unwrap().unwrap();
    world.publish(a, Urgency::Normal, &[8; 1_300]).unwrap().unwrap();
    world.publish(a, Urgency::Normal, b"short").unwrap().unwrap();
    // What the other one wrote, and what others are, is not held up.
    world.put(b, b"other way", b"v").unwrap().unwrap();
    world.run_for(Duration::from_secs(60));
    let node = world.node(b).unwrap();
    assert_eq!((node.get(b"long"), node.is_converged()), (None, false));
    assert_eq!(world.node(a).unwrap().get(b"other way"), Some(&b"v"[..]));
    let told = |what: &dyn Fn(&Told) -> bool| world.told(b).iter().filter(|(_, told)| what(told)).count();
    assert_eq!(told(&|told| matches!(told, Told::Delivered(_, payload) if payload == b"short")), 1);
    assert_eq!(told(&|told| matches!(told, Told::PathBlocks(_))), 1, "told once");
    let of_len = |from: u16| told(&|told| matches!(told, Told::PathLen(_, len) if (from..=1_232).contains(len)));
    assert_eq!(
        (of_len(0), of_len(1_232 - 16)),
        (2, 1),
        "told of about how much passes, and of how much to within 16 bytes"
    );
    assert!(world.node(a).unwrap().stats().news_too_long > 0);
    let at_rest = bytes_at_rest(&mut world, &hosts);
    assert!(at_rest < 200.0, "{at_rest:.0} bytes a node and second, for nothing");
    [(a, b), (b, a)].into_iter().for_each(|(from, to)| world.mend(from, to));
    let got = |world: &World| world.node(b).is_some_and(|node| node.get(b"long").is_some() && node.is_converged());
    assert!(world.run_until(Duration::from_secs(900), got).is_some(), "the path carries it by now");
}

/// One node whose own line carries `mtu`, among others that never stop to speak: there is always somebody else to ask, and no answer of
/// full length comes from anybody. How long it takes to catch up once they rest, and how many paths it was told to be short.
fn own_line(latency: Duration, mtu: usize) -> (Duration, usize) {
    let mut world = World::new(3, Network { latency: Latency::Constant(latency), ..Network::lan() });
    let hosts: Vec<_> = (0..8).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    let (&short, others) = hosts.split_last().unwrap();
    for &other in others {
        [(short, other), (other, short)]
            .into_iter()
            .for_each(|(from, to)| world.impair(from, to, Impairment::Mtu(mtu)));
    }
    for round in 0..150 {
        for &host in others {
            let key = format!("{}/{}", host.index(), round % 20);
            world.put(host, key.as_bytes(), &[b'v'; 250]).unwrap().unwrap();
        }
        world.run_for(Duration::from_millis(100));
    }
    let lag = world.run_until(Duration::from_secs(200), all_know_the_same).expect("it catches up");
    (lag, told_of_paths(&world, short).iter().filter(|(_, len)| usize::from(*len) <= mtu).count())
}

#[test]
fn a_node_whose_own_line_is_short_finds_out_though_others_speak_all_the_time() {
    for millis in [1, 150] {
        let latency = Duration::from_millis(millis);
        let ((clean, _), (short, found)) = (own_line(latency, 10_000), own_line(latency, OF_576));
        println!("{latency:?}: {short:?} to catch up, {clean:?} on a clean line; {found} short paths were found");
        // An answer holds two fifths as much.
        assert!(short < clean * 4, "{latency:?}: {short:?}, {clean:?} on a clean line");
        assert!(found > 0, "{latency:?}: no path was found to be short");
    }
}
