//! Exchanges end: where answers take longer than was thought, and where one catches up with many.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Urgency,
    sim::{HostId, Latency, Memory, Network, World},
};

fn spawned(size: usize, seed: u64, network: Network, config: &Config) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, network);
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(30));
    (world, hosts)
}

fn far(latency: Duration) -> Network {
    Network { latency: Latency::Constant(latency), ..Network::lan() }
}

/// A stream of rumors, fifty a second, at any of the nodes: how long the slowest took to be known to all.
fn slowest_rumor(world: &mut World, hosts: &[HostId], secs: u64) -> Duration {
    for number in 0..secs * 50 {
        let publisher = usize::try_from(number * 7 % 25).unwrap() % hosts.len();
        world.publish(hosts[publisher], Urgency::Normal, &number.to_le_bytes()).unwrap().unwrap();
        world.run_for(Duration::from_millis(20));
    }
    world.run_for(Duration::from_secs(20));
    let spreads = world.measures().spreads().map(|(_, spread)| {
        assert!(spread.known().len() >= hosts.len() - 1, "its publisher knows it already");
        spread.known().iter().map(|(_, took)| *took).max().unwrap()
    });
    spreads.max().unwrap()
}

#[test]
fn a_rumor_is_known_to_all_within_two_seconds_where_a_round_trip_takes_longer_than_an_interval() {
    for interval in [200, 100, 50, 20] {
        let config = Config { gossip_interval: Duration::from_millis(interval), ..Config::lan() };
        let (mut world, hosts) = spawned(25, 1, far(Duration::from_millis(100)), &config);
        let slowest = slowest_rumor(&mut world, &hosts, 20);
        println!("{interval} ms: {slowest:?}");
        assert!(slowest < Duration::from_secs(2), "at an interval of {interval} ms: {slowest:?}");
    }
}

#[test]
fn whoever_restarts_empty_is_told_little_more_than_what_it_lacks() {
    let network = Network {
        latency: Latency::Uniform { min: Duration::from_millis(20), max: Duration::from_millis(40) },
        ..Network::lan()
    };
    let (mut world, hosts) = spawned(32, 3, network, &Config::lan());
    for (number, &host) in hosts.iter().enumerate() {
        for key in 0..100 {
            let key = format!("{number:02}key{key:03}");
            world.put(host, key.as_bytes(), b"a value of thirty-two bytes, full").unwrap().unwrap();
        }
        world.run_for(Duration::from_secs(1));
    }
    world.settle(Duration::from_secs(120)).expect("all agree");
    world.crash(hosts[5]);
    world.restart(hosts[5], Memory::Lost);
    world.join(hosts[5], hosts[0]);
    let before = world.traffic(hosts[5]).received.bytes;
    let took = world.settle(Duration::from_secs(120)).expect("all agree again");
    let received = world.traffic(hosts[5]).received.bytes - before;
    println!("{received} bytes in {took:?}");
    assert!(received < 350_000, "{received} bytes in {took:?}");
}
