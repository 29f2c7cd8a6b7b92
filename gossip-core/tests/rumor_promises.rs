//! A rumor that was accepted is delivered, or told as missed: in bursts, over holes in the numbers of the dead, and for as
//! long as it lives.
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Config, Limits, PublishError, Urgency,
    sim::{HostId, Memory, Network, Told, World},
};

const HOUR: Duration = Duration::from_secs(3_600);

fn settled(seed: u64, size: usize, config: &Config) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    assert!(world.run_until(Duration::from_secs(120), all_agree).is_some());
    (world, hosts)
}

fn with_rumors(rumors: usize) -> Config {
    Config { limits: Limits { rumors, ..Config::lan().limits }, ..Config::lan() }
}

fn all_agree(world: &World) -> bool {
    let live = world.live().count();
    world.live().all(|host| world.node(host).is_some_and(|node| node.is_converged() && node.live() == live))
}

fn delivered(world: &World, host: HostId) -> u32 {
    world.told(host).iter().map(|(_, told)| u32::from(matches!(told, Told::Delivered(..)))).sum()
}

fn missed(world: &World, host: HostId) -> u32 {
    let missed = |told: &Told| if let Told::RumorsMissed(_, count) = told { *count } else { 0 };
    world.told(host).iter().map(|(_, told)| missed(told)).sum()
}

#[test]
fn in_a_burst_each_is_refused_or_delivered_or_told_as_missed() {
    for (burst, config) in [(2_000_u32, Config::lan()), (20, Config::sensor()), (200, with_rumors(16))] {
        let (mut world, hosts) = settled(5, 3, &config);
        let mut accepted = 0;
        for n in 0..burst {
            match world.publish(hosts[0], Urgency::Critical, &n.to_le_bytes()).unwrap() {
                Ok(_) => accepted += 1,
                Err(PublishError::Busy { retry_after }) => assert!(retry_after > Duration::ZERO),
                Err(error) => panic!("{error}"),
            }
        }
        let half = u32::try_from(config.limits.rumors.div_ceil(2)).unwrap();
        assert!(accepted >= half && accepted < burst, "{accepted} of {burst}");
        world.run_for(Duration::from_secs(300));
        for &host in &hosts[1..] {
            assert_eq!((delivered(&world, host), missed(&world, host)), (accepted, 0), "of a burst of {burst}");
        }
        assert_eq!(world.node(hosts[0]).unwrap().stats().rumors_busy, u64::from(burst - accepted));
        world.publish(hosts[0], Urgency::Critical, b"again").unwrap().unwrap();
    }
}

#[test]
fn under_a_flood_each_is_delivered_or_told_as_missed_to_each() {
    for loss in [0.0, 0.2] {
        let (mut world, hosts) = settled(5, 8, &Config::lan());
        world.set_network(Network::lan().with_loss(loss));
        let mut accepted = vec![0_u32; hosts.len()];
        for n in 0..1_250_u32 {
            for (at, &host) in hosts.iter().enumerate() {
                accepted[at] += u32::from(world.publish(host, Urgency::Normal, &n.to_le_bytes()).unwrap().is_ok());
            }
            world.run_for(Duration::from_micros(2_500));
        }
        world.run_for(Duration::from_secs(120));
        let all: u32 = accepted.iter().sum();
        for (at, &host) in hosts.iter().enumerate() {
            let (told, missed) = (delivered(&world, host), missed(&world, host));
            assert_eq!(told + missed, all - accepted[at], "{told} told, {missed} missed, loss {loss}");
            // Few, where one datagram in five is lost; none, where none is.
            let most = if loss == 0.0 { 0 } else { all / 20 };
            assert!(missed <= most, "{missed} of {all} missed, loss {loss}");
        }
    }
}

/// A publisher is heard with its second rumor alone, and dies; later, nobody can tell that one any more.
#[test]
fn a_hole_in_the_numbers_of_the_dead_ends_no_agreement() {
    for (rumors, evicting) in [(4, 8_u32), (1_024, 1_100)] {
        let (mut world, hosts) = settled(5, 4, &with_rumors(rumors));
        let (dead, others) = (hosts[0], &hosts[1..]);
        world.cut(&[dead], others);
        world.publish(dead, Urgency::Normal, b"one").unwrap().unwrap();
        world.run_for(Duration::from_millis(1_900));
        world.publish(dead, Urgency::Normal, b"two").unwrap().unwrap();
        world.heal();
        let heard = |world: &World| others.iter().any(|&host| delivered(world, host) > 0);
        assert!(world.run_until(Duration::from_millis(400), heard).is_some());
        world.crash(dead);
        assert!(world.run_until(Duration::from_secs(60), all_agree).is_some());
        for n in 0..evicting {
            world.publish(hosts[1], Urgency::Normal, &n.to_le_bytes()).unwrap().unwrap();
            if rumors == 4 || n % 16 == 15 {
                world.run_for(Duration::from_secs(3));
            }
        }
        assert!(world.run_until(Duration::from_secs(60), all_agree).is_some());
        let late = world.spawn("late", with_rumors(rumors));
        world.join(late, hosts[1]);
        assert!(world.run_until(Duration::from_secs(60), all_agree).is_some(), "limit {rumors}");
        for &host in others {
            let of_the_dead = world.told(host).iter().filter(|(_, told)| match told {
                Told::Delivered(dot, _) => dot.origin == world.id(dead),
                Told::RumorsMissed(publisher, count) => *publisher == world.id(dead) && *count == 1,
                _ => false,
            });
            assert_eq!(of_the_dead.count(), 2, "one was delivered, one is known to be missed");
        }
    }
}

#[test]
fn publishers_that_crash_in_a_burst_end_no_agreement() {
    for seed in 0..3 {
        let mut world = World::new(seed, Network::lan().with_loss(0.25));
        let hosts: Vec<_> = (0..12).map(|n| world.spawn(&format!("n{n}"), with_rumors(64))).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        world.run_for(Duration::from_secs(20));
        for &dying in &hosts[8..] {
            for _ in 0..20 {
                world.publish(dying, Urgency::Normal, &[7; 600]).unwrap().unwrap();
                world.run_for(Duration::from_millis(20));
            }
            world.crash(dying);
            world.run_for(Duration::from_secs(20));
        }
        for n in 0..80_u32 {
            world.publish(hosts[1], Urgency::Normal, &n.to_le_bytes()).unwrap().unwrap();
            world.run_for(Duration::from_millis(500));
        }
        world.set_network(Network::lan());
        assert!(world.run_until(Duration::from_secs(300), all_agree).is_some(), "seed {seed}");
        let late = world.spawn("late", with_rumors(64));
        world.join(late, hosts[1]);
        assert!(world.run_until(Duration::from_secs(300), all_agree).is_some(), "seed {seed}, with a newcomer");
    }
}

#[test]
fn what_expired_before_one_came_is_not_told() {
    let (mut world, hosts) = settled(5, 3, &Config::lan());
    world.publish(hosts[0], Urgency::Critical, b"fire").unwrap().unwrap();
    world.run_for(HOUR / 2);
    let early = world.spawn("early", Config::lan());
    world.join(early, hosts[1]);
    world.run_for(Duration::from_secs(30));
    assert_eq!((delivered(&world, early), missed(&world, early)), (1, 0), "it still burns");
    world.run_for(HOUR);
    for host in world.live().collect::<Vec<_>>() {
        let rumors = world.node(host).unwrap().usage().rows().find(|(name, ..)| *name == "rumors").unwrap();
        assert_eq!(rumors.1, 0, "tables empty themselves");
        assert_eq!(world.node(host).unwrap().stats().rumors_expired, 1);
    }
    world.run_for(HOUR * 70);
    let late = world.spawn("late", Config::lan());
    world.join(late, hosts[1]);
    assert!(world.run_until(Duration::from_secs(60), all_agree).is_some());
    assert_eq!((delivered(&world, late), missed(&world, late)), (0, 0));
}

#[test]
fn a_rumor_tells_its_age_and_lives_as_long_as_its_publisher_said() {
    let (mut world, hosts) = settled(5, 3, &Config::lan());
    let minute = Duration::from_secs(60);
    world.command(hosts[0], |node, now| node.publish_for(now, Urgency::Normal, b"short", minute)).unwrap().unwrap();
    world.run_for(Duration::from_secs(40));
    let early = world.spawn("early", Config::lan());
    world.join(early, hosts[1]);
    world.run_for(Duration::from_secs(10));
    assert_eq!(delivered(&world, early), 1);
    world.run_for(Duration::from_secs(30));
    let late = world.spawn("late", Config::lan());
    world.join(late, hosts[1]);
    world.run_for(Duration::from_secs(30));
    assert_eq!((delivered(&world, late), missed(&world, late)), (0, 0));
}

#[test]
fn nobody_is_told_his_own_of_a_former_life() {
    let (mut world, hosts) = settled(5, 3, &Config::lan());
    world.publish(hosts[2], Urgency::Critical, b"mine").unwrap().unwrap();
    world.run_for(Duration::from_secs(20));
    world.restart(hosts[2], Memory::Lost);
    world.join(hosts[2], hosts[0]);
    world.run_for(Duration::from_secs(60));
    assert_eq!((delivered(&world, hosts[2]), missed(&world, hosts[2])), (0, 0));
    let late = world.spawn("late", Config::lan());
    world.join(late, hosts[2]);
    world.run_for(Duration::from_secs(60));
    assert_eq!(delivered(&world, late), 1, "but it is passed on");
}
