//! A presence may be as long as the longest datagram allows, which is more than fits beside anything else: it is then fetched
//! by whoever was told of its member only.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config,
    sim::{HostId, Network, World},
};

/// As long as it may be, and different for each host and each time.
fn presence(world: &World, host: HostId, round: u8) -> Vec<u8> {
    let len_max = world.node(host).unwrap().presence_len_max();
    let tell_apart = world.id(host).0.to_be_bytes().into_iter().chain([round]);
    tell_apart.cycle().take(len_max).collect()
}

fn announce(world: &mut World, host: HostId, round: u8) {
    let (said, mut longer) = (presence(world, host, round), presence(world, host, round));
    longer.push(0);
    let refused = world.command(host, |node, now| node.set_presence(now, &longer).is_err());
    assert_eq!(refused, Some(true), "it is the longest");
    assert_eq!(world.command(host, |node, now| node.set_presence(now, &said).is_ok()), Some(true));
}

/// How many do not know yet what another says of itself.
fn ignorant(world: &World, rounds: &[(HostId, u8)]) -> usize {
    let knows = |host: HostId, other: HostId, round: u8| {
        let member = world.node(host).unwrap().member(world.id(other));
        member.is_some_and(|member| member.presence == presence(world, other, round))
    };
    let pairs = rounds.iter().flat_map(|(other, round)| world.hosts().map(move |host| (host, *other, *round)));
    pairs.filter(|(host, other, round)| !knows(*host, *other, *round)).count()
}

fn until_known(world: &mut World, rounds: &[(HostId, u8)], limit: Duration) {
    let deadline = world.now() + limit;
    while ignorant(world, rounds) > 0 {
        assert!(world.now() < deadline, "{} do not know yet", ignorant(world, rounds));
        world.run_for(Duration::from_secs(1));
    }
}

/// Each host says as much as it can of itself before it joins, and one changes that later; everybody gets to know.
fn all_get_to_know(seed: u64, hosts: usize, config: &Config, network: Network, limit: Duration) {
    let mut world = World::new(seed, network);
    let hosts: Vec<HostId> = (0..hosts).map(|host| world.spawn(&format!("n{host}"), config.clone())).collect();
    hosts.iter().for_each(|host| announce(&mut world, *host, 0));
    hosts[1..].iter().for_each(|host| world.join(*host, hosts[0]));
    let mut rounds: Vec<(HostId, u8)> = hosts.iter().map(|host| (*host, 0)).collect();
    until_known(&mut world, &rounds, limit);

    announce(&mut world, hosts[3], 1);
    rounds[3].1 = 1;
    assert_eq!(ignorant(&world, &rounds), hosts.len() - 1, "nobody but itself");
    until_known(&mut world, &rounds, limit);
}

#[test]
fn the_longest_presences_reach_all_though_a_quarter_of_the_datagrams_is_lost() {
    for seed in 1..=2 {
        all_get_to_know(seed, 24, &Config::lan(), Network::lan().with_loss(0.25), Duration::from_secs(60));
    }
}

#[test]
fn so_they_do_among_sensors() {
    for seed in 1..=5 {
        all_get_to_know(seed, 10, &Config::sensor(), Network::lan().with_loss(0.25), Duration::from_secs(1_800));
    }
}
