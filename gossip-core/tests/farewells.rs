//! What was said just before a farewell stays with the others; what could not be handed over is told.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Urgency,
    sim::{HostId, Network, Told, World},
};

fn settled(seed: u64, size: usize, loss: f64) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan().with_loss(loss));
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.put(hosts[size - 1], b"old", b"1").unwrap().unwrap();
    assert!(world.settle(Duration::from_secs(60)).is_some());
    world.set_network(Network::lan().with_loss(loss));
    world.run_for(Duration::from_millis(seed * 37));
    (world, hosts)
}

fn when_departed(world: &World, host: HostId) -> Option<gossip_core::Instant> {
    world.told(host).iter().find(|(_, told)| *told == Told::Departed).map(|(at, _)| *at)
}

fn not_handed_over(world: &World, host: HostId) -> Option<(u32, u32)> {
    world.told(host).iter().find_map(|(_, told)| match told {
        Told::NotHandedOver(writes, rumors) => Some((*writes, *rumors)),
        _ => None,
    })
}

#[test]
fn what_is_said_just_before_a_farewell_arrives_everywhere() {
    for (size, loss, gap, seeds) in
        [(2, 0.0, 0, 20), (5, 0.0, 0, 20), (5, 0.0, 5, 8), (5, 0.0, 50, 8), (30, 0.0, 0, 4), (12, 0.1, 0, 8)]
    {
        for seed in 0..seeds {
            let (mut world, hosts) = settled(seed, size, loss);
            let (leaver, others) = (hosts[size - 1], &hosts[..size - 1]);
            world.put(leaver, b"new", b"2").unwrap().unwrap();
            world.delete(leaver, b"old").unwrap().unwrap();
            world.publish(leaver, Urgency::Normal, b"bye").unwrap().unwrap();
            world.run_for(Duration::from_millis(gap));
            world.leave(leaver);
            world.run_for(Duration::from_secs(60));
            assert_eq!(not_handed_over(&world, leaver), None);
            for &host in others {
                let node = world.node(host).unwrap();
                assert_eq!(node.get(b"new"), Some(&b"2"[..]), "size {size}, loss {loss}, gap {gap} ms, seed {seed}");
                assert_eq!(node.get(b"old"), None, "size {size}, loss {loss}, gap {gap} ms, seed {seed}");
                let heard = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Delivered(..))).count();
                assert_eq!(heard, 1, "size {size}, loss {loss}, gap {gap} ms, seed {seed}");
            }
        }
    }
}

#[test]
fn more_than_a_datagram_holds_is_handed_over() {
    let (mut world, hosts) = settled(3, 4, 0.0);
    for n in 0..300_u16 {
        world.put(hosts[3], &n.to_be_bytes(), &[7; 60]).unwrap().unwrap();
        world.publish(hosts[3], Urgency::Normal, &n.to_be_bytes()).unwrap().unwrap();
    }
    world.leave(hosts[3]);
    world.run_for(Duration::from_secs(60));
    assert_eq!(not_handed_over(&world, hosts[3]), None);
    for &host in &hosts[..3] {
        assert_eq!(world.node(host).unwrap().entries(b"").count(), 301);
        let heard = world.told(host).iter().filter(|(_, told)| matches!(told, Told::Delivered(..))).count();
        assert_eq!(heard, 300);
    }
}

#[test]
fn nobody_waits_when_all_is_known() {
    let (mut world, hosts) = settled(1, 5, 0.0);
    let began = world.now();
    world.leave(hosts[4]);
    world.run_for(Duration::from_secs(10));
    let took = when_departed(&world, hosts[4]).unwrap().saturating_duration_since(began);
    let farewell = Config::lan().gossip_interval * (u32::from(Config::lan().retransmit_limit(5)) + 2);
    assert!(took <= farewell + Duration::from_millis(1), "{took:?}");
}

#[test]
fn what_could_not_be_handed_over_is_told_within_the_bound() {
    let (mut world, hosts) = settled(2, 4, 0.0);
    world.cut(&hosts[3..], &hosts[..3]);
    for key in [b"a", b"b"] {
        world.put(hosts[3], key, b"lost").unwrap().unwrap();
    }
    world.publish(hosts[3], Urgency::Critical, b"lost").unwrap().unwrap();
    let began = world.now();
    world.command(hosts[3], |node, now| node.leave_within(now, Duration::from_millis(700))).unwrap();
    assert!(world.put(hosts[3], b"c", b"late").unwrap().is_err(), "it is leaving");
    world.run_for(Duration::from_secs(5));
    assert_eq!(not_handed_over(&world, hosts[3]), Some((2, 1)));
    let took = when_departed(&world, hosts[3]).unwrap().saturating_duration_since(began);
    assert!(took <= Duration::from_millis(700) + Duration::from_millis(1_201), "{took:?}");
}

#[test]
fn one_that_is_alone_tells_that_nobody_has_it() {
    let mut world = World::new(1, Network::lan());
    let host = world.spawn("alone", Config::lan());
    world.put(host, b"key", b"value").unwrap().unwrap();
    world.leave(host);
    world.run_for(Duration::from_secs(3));
    assert_eq!(not_handed_over(&world, host), Some((1, 0)));
    assert!(when_departed(&world, host).is_some());
}
