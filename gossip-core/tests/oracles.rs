//! Worlds of every kind, watched by every oracle; and what they found, small.
//!
//! `cargo test` runs a few seeds. More of them, from any seed on:
//! `GOSSIP_SEEDS=1000 GOSSIP_FROM=5000 cargo test --release -p gossip-core --features sim --test oracles`
#![cfg(feature = "sim")]
use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Config, Departure, Digest, Generation, Incarnation, Limits, NodeId, Urgency,
    sim::{Ailment, HostId, Leap, Memory, Network, Told, World},
    wire::{
        Accusation, Accusers, Capabilities, Cause, Frame, Header, MemberFrame, Ping, Position, Pull, Standing, Store,
        Stores, Writer,
    },
};
use std::env;

fn number(name: &str, or: u64) -> u64 {
    env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(or)
}

/// Draws for a story: nothing in the world draws from it.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, some: &[T]) -> T {
        some[usize::try_from(self.below(some.len() as u64)).unwrap()]
    }
}

/// One world, and what becomes of it.
struct Story {
    dice: Dice,
    world: World,
    hosts: Vec<HostId>,
    config: Config,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xABCD);
        (0..4).for_each(|_| {
            dice.below(2);
        });
        let network = network(&mut dice);
        let config = config(&mut dice);
        let world = World::new(seed, network);
        let mut story = Self { dice, world, hosts: Vec::new(), config };
        for _ in 0..2 + story.dice.below(story.crowd_max() - 1) {
            story.spawn();
        }
        story
    }

    /// With small limits, now and then more nodes than there is room for.
    fn crowd_max(&self) -> u64 {
        if self.config.limits.members < 100 { self.config.limits.members as u64 + 2 } else { 24 }
    }

    fn spawn(&mut self) {
        let host = self.world.spawn(&format!("n{}", self.hosts.len()), self.config.clone());
        self.hosts.push(host);
        self.find_company(host);
    }

    fn find_company(&mut self, host: HostId) {
        let other = self.dice.of(&self.hosts);
        if other != host && self.world.node(host).is_some() {
            let addr = self.world.addr(other);
            let _ = self.world.command(host, |node, now| node.join(now, addr));
        }
    }

    fn act(&mut self) {
        let host = self.dice.of(&self.hosts);
        let key = [b'k', u8::try_from(self.dice.below(12)).unwrap()];
        let value = vec![u8::try_from(self.dice.below(256)).unwrap(); usize::try_from(self.dice.below(30)).unwrap()];
        match self.dice.below(40) {
            0..=9 => drop(self.world.put(host, &key, &value)),
            10..=12 => drop(self.world.delete(host, &key)),
            13..=20 => {
                let urgency = self.dice.of(&[Urgency::Critical, Urgency::Normal]);
                for _ in 0..1 + self.dice.below(8) {
                    let _ = self.world.publish(host, urgency, &value);
                }
            }
            21 => drop(self.world.command(host, |node, now| node.set_presence(now, &value))),
            22 | 23 => self.world.keep(host),
            24 | 25 => self.world.crash(host),
            26..=28 => {
                let memory = self.dice.of(&[Memory::Kept, Memory::Lost]);
                if self.dice.one_in(2) {
                    self.world.keep(host);
                }
                self.world.restart(host, memory);
                self.find_company(host);
            }
            29 => self.world.leave(host),
            30 => self.partition(),
            31 | 32 => self.world.heal(),
            33 => {
                let other = self.dice.of(&self.hosts);
                self.world.cut(&[host], &[other]);
            }
            34 => {
                let slow = Ailment::Slow { awake: Duration::from_millis(300), paused: Duration::from_millis(900) };
                let ailment = self.dice.of(&[Ailment::Deaf, Ailment::Mute, slow]);
                self.world.afflict(host, ailment);
            }
            35 => self.world.cure(host),
            36 => {
                let drift = self.dice.of(&[-300_000, -1_000, 0, 50_000, 500_000]);
                self.world.regulate(host, drift);
            }
            37 => {
                let time = Duration::from_millis(self.dice.below(15_000));
                let leap = self.dice.of(&[Leap::Ahead(time), Leap::Back(time)]);
                self.world.leap(host, leap);
            }
            38 if (self.hosts.len() as u64) < self.crowd_max() => self.spawn(),
            _ => self.world.readdress_if_dead(host),
        }
    }

    fn partition(&mut self) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for &host in &self.hosts {
            if self.dice.one_in(2) { left.push(host) } else { right.push(host) }
        }
        self.world.partition(&[&left, &right]);
    }

    /// All faults end, whoever is dead may come back, and time passes.
    fn rest(&mut self) {
        self.world.heal();
        self.world.set_network(Network::lan());
        for host in self.hosts.clone() {
            self.world.cure(host);
            self.world.regulate(host, 0);
            if self.world.node(host).is_none() && self.dice.one_in(2) {
                self.world.restart(host, Memory::Kept);
            }
        }
        let first = self.world.live().next();
        for host in self.hosts.clone() {
            if let Some(first) = first.filter(|&first| first != host) {
                let addr = self.world.addr(first);
                let _ = self.world.command(host, |node, now| node.join(now, addr));
            }
        }
        self.world.run_for(Duration::from_secs(number("GOSSIP_REST", 240)));
    }
}

/// What a story needs of a world, and only a story.
trait Whims {
    fn readdress_if_dead(&mut self, host: HostId);
}

impl Whims for World {
    fn readdress_if_dead(&mut self, host: HostId) {
        if self.node(host).is_none() {
            self.readdress(host);
        }
    }
}

fn network(dice: &mut Dice) -> Network {
    let base = dice.of(&[0, 0, 1]);
    let base = if base == 0 { Network::lan() } else { Network::wan() };
    let share = |dice: &mut Dice, most: u64| dice.below(most + 1) as f64 / 100.0;
    let loss = if dice.one_in(3) { 0.0 } else { share(dice, 40) };
    let mut network = base.with_loss(loss).with_duplication(share(dice, 10));
    network.reordering = share(dice, 20);
    network
}

fn config(dice: &mut Dice) -> Config {
    let lan = Config::lan();
    let tight = Limits {
        members: 6,
        seeds: 2,
        name_conflicts: 2,
        rumors: 3,
        entries: 5,
        writers: 8,
        outbox: 4,
        questions: 1,
        waits: 2,
    };
    let few_rumors = Limits { rumors: 2 + usize::try_from(dice.below(6)).unwrap(), ..lan.limits };
    match dice.below(8) {
        0 => Config { limits: tight, ..lan },
        1 => Config { limits: few_rumors, ..lan },
        2 => Config { limits: Limits { entries: 8, writers: 64, ..lan.limits }, ..lan },
        3 => Config { datagram_len_max: 128, ..lan },
        4 => Config { limits: Limits { writers: 12, ..lan.limits }, ..lan },
        5 => Config { remember_gone: Duration::from_secs(20), ..lan },
        _ => lan,
    }
}

#[test]
fn no_oracle_has_anything_to_say_of_any_world() {
    let from = number("GOSSIP_FROM", 0);
    let mut broken = Vec::new();
    for seed in from..from + number("GOSSIP_SEEDS", 12) {
        let mut story = Story::begin(seed);
        for _ in 0..20 + story.dice.below(60) {
            story.act();
            let time = story.dice.of(&[0, 5, 50, 500, 3_000]);
            story.world.run_for(Duration::from_millis(1 + story.dice.below(2 * time + 1)));
        }
        story.rest();
        if let Err(violation) = story.world.check_at_rest() {
            println!("seed {seed}: {} nodes, {:?}\n  {violation}", story.hosts.len(), story.config.limits);
            for violation in story.world.violations() {
                println!(
                    "    {} {} {} {}",
                    violation.oracle,
                    violation.host.index(),
                    violation.at.as_millis(),
                    violation.what
                );
            }
            broken.push((seed, violation.oracle.name()));
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

/// Nodes that agree.
fn settled(size: usize, config: &Config) -> (World, Vec<HostId>) {
    let mut world = World::new(5, Network::lan());
    let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(30));
    world.check_at_rest().unwrap();
    (world, hosts)
}

/// What a member says of itself, in its first life.
fn words(id: NodeId, generation: Generation, incarnation: u32, addr: Addr) -> Frame<'static> {
    let incarnation = Incarnation(incarnation);
    let capabilities = Capabilities::keeping(Stores::ALL);
    let presence = b"".into();
    Frame::Member(MemberFrame { id, generation, incarnation, standing: Standing::Alive, addr, capabilities, presence })
}

fn datagram(id: NodeId, generation: Generation, incarnation: u32, frames: &[Frame<'_>]) -> Vec<u8> {
    let header = Header::new(ClusterLabel::default(), id, generation, Incarnation(incarnation), Digest(1));
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(frames.iter().all(|frame| writer.put(frame)));
    writer.finish().to_vec()
}

/// How many bytes a host sends in answer to a datagram, then and there.
fn answered(world: &mut World, host: HostId, from: Addr, bytes: &[u8]) -> u64 {
    let before = world.traffic(host).sent.bytes;
    world.inject(host, from, bytes);
    world.traffic(host).sent.bytes - before
}

/// A question under a member's name, from an address that the same datagram says is the member's now.
#[test]
fn whoever_moves_and_asks_in_one_breath_is_no_longer_answered_than_it_asked() {
    for asks_first in [true, false] {
        let (mut world, hosts) = settled(12, &Config::lan());
        let bystander = Addr::new(&[9, 9, 9, 9]).unwrap();
        let (id, generation) = (world.id(hosts[1]), world.node(hosts[1]).unwrap().me().generation);
        let pull = Pull {
            token: 1,
            store: Store::Members,
            from: Position::First,
            until: Position::Last,
            len_max: 1_400,
            summary: &[],
        };
        let mut frames = [Frame::Pull(pull), words(id, generation, 1, bystander)];
        if !asks_first {
            frames.reverse();
        }
        let question = datagram(id, generation, 1, &frames);
        let answer = answered(&mut world, hosts[0], bystander, &question);
        assert!(answer <= question.len() as u64, "{answer} bytes to {}", question.len());
        world.check().unwrap();
    }
}

/// One stranger leaves an exchange unanswered; another then speaks, and would be a better bet.
#[test]
fn a_stranger_is_not_asked_at_length_because_another_did_not_answer() {
    let (mut world, hosts) = settled(3, &Config::lan());
    let silent = Addr::new(&[9, 9, 9, 9]).unwrap();
    let first = datagram(NodeId(77), Generation(1), 0, &[words(NodeId(77), Generation(1), 0, silent)]);
    world.inject(hosts[0], silent, &first);
    let mut longest = 0;
    for number in 0..200_u8 {
        world.run_for(Duration::from_millis(10));
        let (id, addr) = (NodeId(100 + u64::from(number)), Addr::new(&[9, 9, 8, number]).unwrap());
        let ping = Frame::Ping(Ping { probe: 9 });
        let bytes = datagram(id, Generation(1), 0, &[ping, words(id, Generation(1), 0, addr)]);
        let answer = answered(&mut world, hosts[0], addr, &bytes);
        longest = longest.max(answer);
        assert!(answer <= bytes.len() as u64, "{answer} bytes to {}", bytes.len());
    }
    assert!(longest > 0, "strangers are answered");
    world.check().unwrap();
}

/// There is room for four. In one datagram, one of them leaves, and another comes.
#[test]
fn whoever_makes_room_is_told_to_be_gone_first() {
    let config = Config { limits: Limits { members: 4, ..Config::lan().limits }, ..Config::lan() };
    let (mut world, hosts) = settled(4, &config);
    let (id, leaver) = (world.id(hosts[1]), world.id(hosts[2]));
    let generation = world.node(hosts[1]).unwrap().me().generation;
    let left = Accusation {
        id: leaver,
        generation: world.node(hosts[2]).unwrap().me().generation,
        incarnation: Incarnation(1),
        standing: Standing::Left,
        by: leaver,
        cause: Cause::OwnWord,
        accusers: Accusers::NONE,
    };
    let newcomer = words(NodeId(77), Generation(1), 0, Addr::new(&[9, 9, 9, 9]).unwrap());
    let bytes = datagram(id, generation, 0, &[Frame::Accusation(left), newcomer]);
    for _ in 0..2 {
        world.inject(hosts[0], world.addr(hosts[1]), &bytes);
    }
    let told: Vec<_> = world.told(hosts[0]).iter().map(|(_, told)| told.clone()).collect();
    assert!(told.contains(&Told::Down(leaver, Departure::Left)), "{told:?}");
    assert!(matches!(told.last(), Some(Told::Up(NodeId(77), _))), "the next time, there is room: {told:?}");
}

/// It starts anew elsewhere, in bad weather: what it says of itself may be lost, while what it asks is heard.
#[test]
fn whoever_has_moved_is_found_where_it_is() {
    for seed in 0..100 {
        let mut world = World::new(seed, Network::lan());
        let hosts: Vec<_> = (0..3).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        world.run_for(Duration::from_secs(5));
        world.readdress(hosts[2]);
        world.restart(hosts[2], Memory::Lost);
        world.join(hosts[2], hosts[0]);
        world.set_network(Network::lan().with_loss(0.5));
        world.run_for(Duration::from_millis(1500));
        world.set_network(Network::lan());
        world.run_for(Duration::from_secs(5));
        let (id, addr) = (world.id(hosts[2]), world.addr(hosts[2]));
        for &host in &hosts[..2] {
            let known = world.node(host).unwrap().member(id).map(|member| member.addr);
            assert_eq!(known, Some(addr), "seed {seed}: {host:?} looks for it where it was");
        }
    }
}
