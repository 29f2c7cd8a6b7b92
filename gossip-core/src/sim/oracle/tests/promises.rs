//! Of what a call that said Ok promised.
use super::*;

#[test]
fn a_rumor_told_long_after_its_time_is_seen() {
    for lies in [false, true] {
        let mut world = World::new(3, Network::lan());
        let config = Config { rumor_ttl: Duration::from_secs(1_000), ..Config::lan() };
        let hosts: [HostId; 2] = core::array::from_fn(|n| world.spawn(&format!("n{n}"), config.clone()));
        world.join(hosts[1], hosts[0]);
        world.publish(hosts[0], Urgency::Normal, b"a rumor").unwrap().unwrap();
        world.run_for(Duration::from_secs(900));
        let short = Config { rumor_ttl: Duration::from_secs(if lies { 1 } else { 1_000 }), ..Config::lan() };
        let late = world.spawn("late", short);
        world.join(late, hosts[0]);
        world.run_for(Duration::from_secs(10));
        // It is not stale by what its publisher said; it is, where the oracle is told another time to live.
        let seen: &[Oracle] = if lies { &[Oracle::NoStaleRumor] } else { &[] };
        assert_eq!(spoken(&world), seen);
    }
}

#[test]
fn a_rumor_told_as_younger_than_it_is_is_seen() {
    for lies in [false, true] {
        let (mut world, hosts) = settled();
        world.publish(hosts[0], Urgency::Normal, b"a rumor").unwrap().unwrap();
        world.run_for(Duration::from_secs(60));
        let late = world.spawn("late", Config::lan());
        retell(&mut world, late, move |event| match event {
            Event::Delivered { dot, urgency, payload, age } if lies => {
                vec![Event::Delivered { dot, urgency, payload, age: age / 2 }]
            }
            _ => vec![event],
        });
        world.join(late, hosts[0]);
        world.run_for(Duration::from_secs(10));
        let seen: &[Oracle] = if lies { &[Oracle::NoStaleRumor] } else { &[] };
        assert_eq!(spoken(&world), seen);
    }
}

#[test]
fn what_a_node_takes_with_it_is_seen() {
    for silent in [false, true] {
        let (mut world, hosts) = settled();
        world.run_for(Duration::from_secs(30));
        retell(&mut world, hosts[3], move |event| match event {
            Event::NotHandedOver { .. } if silent => vec![],
            _ => vec![event],
        });
        world.cut(&hosts[3..], &hosts[..3]);
        world.put(hosts[3], b"k", b"lost").unwrap().unwrap();
        world.leave(hosts[3]);
        world.run_for(Duration::from_secs(10));
        let seen: &[Oracle] = if silent { &[Oracle::HandedOver] } else { &[] };
        assert_eq!(spoken(&world), seen);
    }
}

#[test]
fn a_rumor_given_up_that_all_others_can_tell_is_seen() {
    for given_up in [false, true] {
        let (mut world, hosts) = settled();
        let publisher = world.node(hosts[0]).unwrap().me().id;
        retell(&mut world, hosts[2], move |event| match event {
            Event::Delivered { .. } if given_up => vec![],
            Event::Changed { key: b"last", .. } => vec![Event::RumorsMissed { publisher, count: 1 }],
            _ => vec![event],
        });
        talk(&mut world, &hosts);
        // At the last moment, for the node itself counted none that it missed: that is seen after every drain.
        world.put(hosts[2], b"last", b"v").unwrap().unwrap();
        let _ = world.check_at_rest();
        assert_eq!(spoken(&world).contains(&Oracle::RumorReachesAll), given_up);
    }
}

/// What the oracles say of three of four that have a write, where that is told otherwise: each in turn.
#[test]
fn a_wait_that_ends_untrue_twice_or_never_is_seen() {
    let faults: [fn(Event<'_>) -> Vec<Event<'_>>; 5] = [
        |event| vec![event],
        |event| match event {
            Event::WaitReached { wait, holders, of } => vec![Event::WaitReached { wait, holders: holders + 1, of }],
            _ => vec![event],
        },
        |event| match event {
            Event::WaitReached { wait, holders, .. } => vec![Event::WaitReached { wait, holders, of: 2 * holders }],
            _ => vec![event],
        },
        |event| if matches!(event, Event::WaitReached { .. }) { vec![event, event] } else { vec![event] },
        |event| if matches!(event, Event::WaitReached { .. }) { vec![] } else { vec![event] },
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let (mut world, hosts) = settled();
        world.run_for(Duration::from_secs(30));
        retell(&mut world, hosts[0], fault);
        world.partition(&[&hosts[..3], &hosts[3..]]);
        let write = world.put(hosts[0], b"k", b"v").unwrap().unwrap();
        world.await_write(hosts[0], write, Quorum::Majority, Duration::from_secs(1)).unwrap().unwrap();
        world.run_for(Duration::from_secs(2));
        let seen: &[Oracle] = if number == 0 { &[] } else { &[Oracle::QuorumHolds] };
        assert_eq!(spoken(&world), seen, "fault {number}: {:?}", world.violations());
    }
}

#[test]
fn a_wait_that_is_not_woken_for_is_seen() {
    let (mut world, hosts) = settled();
    world.partition(&[&hosts[..1], &hosts[1..]]);
    let write = world.put(hosts[0], b"k", b"v").unwrap().unwrap();
    world.await_write(hosts[0], write, Quorum::All, Duration::from_millis(700)).unwrap().unwrap();
    world.oracles.tampering.drain = Some(Box::new(|_, deadline, _| *deadline = *deadline + Duration::from_secs(1)));
    world.run_for(Duration::from_millis(100));
    assert_eq!(spoken(&world), [Oracle::QuorumHolds]);
}
