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
