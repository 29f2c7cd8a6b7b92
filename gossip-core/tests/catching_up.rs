//! Whoever comes late, or was cut off, gets all of it, however many datagrams that takes, and tells nobody again.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Urgency,
    sim::{HostId, Network, World},
};

fn settled(size: usize) -> (World, Vec<HostId>) {
    let mut world = World::new(9, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    (world, hosts)
}

/// Hundreds of writes of one life, some deleted, some written again, and some rumors.
fn write(world: &mut World, host: HostId) {
    for number in 0..400_u16 {
        let key = number.to_be_bytes();
        world.command(host, |node, now| node.put(now, &key, b"first")).unwrap().unwrap();
        if number % 5 == 0 {
            world.command(host, |node, now| node.delete(now, &key)).unwrap().unwrap();
        }
        if number % 7 == 0 {
            world.command(host, |node, now| node.put(now, &key, b"again")).unwrap().unwrap();
        }
    }
    for number in 0..40_u8 {
        world.command(host, |node, now| node.publish(now, Urgency::Normal, &[number])).unwrap().unwrap();
    }
}

fn has_it_all(world: &World, host: HostId) -> bool {
    let node = world.node(host).unwrap();
    (0..400_u16).all(|number| {
        let held = match (number % 5, number % 7) {
            (_, 0) => Some(&b"again"[..]),
            (0, _) => None,
            _ => Some(&b"first"[..]),
        };
        node.get(&number.to_be_bytes()) == held
    })
}

#[test]
fn a_latecomer_gets_every_write_and_rumor() {
    let (mut world, hosts) = settled(3);
    write(&mut world, hosts[1]);
    world.run_for(Duration::from_secs(20));
    assert!(hosts.iter().all(|&host| has_it_all(&world, host)));
    let late = world.spawn("late", Config::lan());
    world.join(late, hosts[0]);
    let before: Vec<_> = hosts.iter().map(|&host| world.node(host).unwrap().stats().entries_applied).collect();
    world.run_for(Duration::from_secs(20));
    assert!(has_it_all(&world, late) && world.node(late).unwrap().is_converged());
    assert_eq!(world.node(late).unwrap().stats().rumors_delivered, 40);
    let after: Vec<_> = hosts.iter().map(|&host| world.node(host).unwrap().stats().entries_applied).collect();
    assert_eq!(before, after, "what is news to one alone is no news to the others");
}

#[test]
fn both_sides_of_a_cut_get_what_the_other_wrote() {
    let (mut world, hosts) = settled(4);
    world.partition(&[&hosts[..2], &hosts[2..]]);
    write(&mut world, hosts[0]);
    world.command(hosts[3], |node, now| node.put(now, b"other side", b"yes")).unwrap().unwrap();
    world.run_for(Duration::from_secs(60));
    assert!(has_it_all(&world, hosts[1]) && !has_it_all(&world, hosts[2]));
    world.heal();
    world.run_for(Duration::from_secs(60));
    for &host in &hosts {
        assert!(has_it_all(&world, host));
        let node = world.node(host).unwrap();
        assert_eq!(node.get(b"other side"), Some(&b"yes"[..]));
        assert!(node.is_converged() && node.live() == 4);
        assert_eq!(node.stats().rumors_missed, 0);
    }
}
