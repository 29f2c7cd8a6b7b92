//! Peers are drawn alike: nobody pays for those who left.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Urgency,
    sim::{HostId, Network, World},
};

/// How many datagrams each of twenty received while forty rumors went round, sorted; so many had come and left before.
fn received(leavers: usize) -> Vec<u64> {
    let mut world = World::new(5, Network::lan());
    let hosts: Vec<HostId> = (0..20).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(10));
    let burst: Vec<HostId> = (0..leavers).map(|n| world.spawn(&format!("burst{n}"), Config::lan())).collect();
    burst.iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    for &host in &burst {
        world.leave(host);
        world.run_for(Duration::from_millis(200));
    }
    world.run_for(Duration::from_secs(60));
    let before: Vec<u64> = hosts.iter().map(|&host| world.traffic(host).received.datagrams).collect();
    for n in 0..40_usize {
        world.publish(hosts[n % 20], Urgency::Normal, &n.to_le_bytes()).unwrap().unwrap();
        world.run_for(Duration::from_secs(5));
    }
    let mut received: Vec<u64> =
        hosts.iter().zip(before).map(|(&host, before)| world.traffic(host).received.datagrams - before).collect();
    received.sort_unstable();
    received
}

#[test]
fn those_who_left_burden_nobody() {
    for leavers in [0, 80] {
        let received = received(leavers);
        let (median, most) = (received[10], received[19]);
        println!("{leavers} left: least {}, median {median}, most {most}", received[0]);
        assert!(most * 2 < median * 3, "{leavers} left: {received:?}");
    }
}
