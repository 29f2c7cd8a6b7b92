//! The same script in every storage gives the same bytes: at ease, and with every table full.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, Config, Digest, Dot, Heap, Limits, Node, NodeId, Quorum, Sensor, Storage, Urgency, WaitId,
    id::Life,
    records::{Confirmation, Entry, Member, NameConflict, Outgoing, Question, Rumor, Seed, Wait, Window},
    sim::{Memory, Network, World},
    table::{InlineBlob, InlineQueue, InlineTable},
};

/// Everything inside the node, with room for the same limits.
enum Inline {}

impl Storage for Inline {
    type Observer = ();
    type Key = InlineBlob<32>;
    type Blob = InlineBlob<128>;
    type Summary = InlineBlob<1400, u16>;
    type Members = InlineTable<NodeId, Member<Self::Blob>, 16>;
    type Seeds = InlineTable<Addr, Seed, 4>;
    type Rumors = InlineTable<Dot, Rumor<Self::Blob>, 8>;
    type Windows = InlineTable<Life, Window, 16>;
    type Entries = InlineTable<Self::Key, Entry<Self::Blob>, 16>;
    type Versions = InlineTable<Life, u32, 16>;
    type Outbox = InlineQueue<Outgoing, 16>;
    type NameConflicts = InlineTable<NodeId, NameConflict, 2>;
    type Questions = InlineQueue<Question<Self::Summary>, 4>;
    type Waits = InlineTable<WaitId, Wait, 3>;
    type Confirmations = InlineTable<NodeId, Confirmation, 16>;
}

/// Joins, writes, rumors, a crash, a restart, a partition and a leave; `crowd` nodes, which may be more than fit.
fn story<S: Storage>(crowd: usize, config: &Config) -> Digest {
    let mut world = World::<S>::with_storage(11, Network::lan().with_loss(0.1).with_duplication(0.1));
    let hosts: Vec<_> = (0..crowd).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    for &host in &hosts[1..] {
        world.join(host, hosts[0]);
    }
    for round in 0..40_u8 {
        let host = hosts[usize::from(round) * 5 % crowd];
        let urgency = if round % 4 == 0 { Urgency::Critical } else { Urgency::Normal };
        world.command(host, |node, now| node.set_presence(now, &[round; 20]));
        world.command(host, |node, now| node.publish(now, urgency, &[round; 20]));
        world.command(host, |node, now| {
            let put = node.put(now, &[b'k', round % 24], &[round; 20]);
            if let Ok(dot) = put {
                let quorum = [Quorum::All, Quorum::Majority, Quorum::AtLeast(3)][usize::from(round % 3)];
                let _ = node.await_write(now, dot, quorum, now + Duration::from_secs(2));
            }
        });
        world.command(host, |node, now| node.delete(now, &[b'k', round % 7]));
        world.run_for(Duration::from_millis(300));
    }
    world.keep(hosts[2]);
    world.crash(hosts[2]);
    world.run_for(Duration::from_secs(15));
    world.restart(hosts[2], Memory::Kept);
    world.partition(&[&hosts[..crowd / 2], &hosts[crowd / 2..]]);
    world.run_for(Duration::from_secs(20));
    world.heal();
    world.run_for(Duration::from_secs(20));
    world.command(hosts[1], Node::leave);
    world.run_for(Duration::from_secs(20));
    world.trace()
}

#[test]
fn heap_and_inline_storage_give_the_same_bytes() {
    let limits = Limits {
        members: 16,
        seeds: 4,
        name_conflicts: 2,
        rumors: 8,
        entries: 16,
        writers: 16,
        outbox: 16,
        questions: 4,
        waits: 3,
    };
    let config = Config { limits, ..Config::lan() };
    for crowd in [5, 12, 20] {
        assert_eq!(story::<Heap>(crowd, &config), story::<Inline>(crowd, &config), "{crowd} nodes");
    }
}

#[test]
fn a_sensor_fits_its_budget_and_does_what_a_server_does() {
    let config = Config::sensor();
    assert_eq!(story::<Heap>(6, &config), story::<Sensor>(6, &config));
    assert!(size_of::<Node<Sensor>>() <= 8 * 1024 + 512, "{} bytes", size_of::<Node<Sensor>>());
    let mut world = World::<Sensor>::with_storage(3, Network::lan().with_loss(0.05));
    let hosts: Vec<_> = (0..8).map(|n| world.spawn(&format!("s{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(120));
    world.command(hosts[3], |node, now| node.put(now, b"t", b"21.5 degrees")).unwrap().unwrap();
    world.command(hosts[4], |node, now| node.publish(now, Urgency::Critical, b"door open")).unwrap().unwrap();
    world.run_for(Duration::from_secs(120));
    for &host in &hosts {
        let node = world.node(host).unwrap();
        assert_eq!(node.get(b"t"), Some(&b"21.5 degrees"[..]));
        assert!(node.agreement().is_converged(), "{:?} {:?}", node.agreement(), node.stats());
        assert!(node.usage().rows().all(|(_, used, limit)| used <= limit));
    }
}
