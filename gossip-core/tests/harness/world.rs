//! A few nodes and a network that fails on command, under virtual time.
//!
//! Smaller than `gossip_core::sim`, and apart from it on purpose: here servers and sensors are mixed, every step is
//! taken by hand, and whatever a node puts out is checked at once.
use super::{machine::Machine, network::Network};
use core::{net::SocketAddr, time::Duration};
use gossip_core::{Addr, Config, Dot, Event, Heap, Input, Instant, Limits, Node, NodeId, Output, Sensor, Urgency};
use rand_core::Rng;
use rand_pcg::Pcg32;
use std::collections::BTreeSet;

/// Who there is: servers, and in the last place a sensor.
pub(crate) const SIZE: usize = 4;
/// The place of the sensor.
pub(crate) const SENSOR: usize = SIZE - 1;
/// A drain that puts out more than this has no end: all regions together hold less.
const DRAIN_MAX: usize = 10_000;
/// Longer than any datagram of any preset, in bytes.
const BUFFER_LEN: usize = 1500;
/// So many steps without time passing are a node that keeps itself busy.
const STEPS_MAX: usize = 10_000;
/// Noon of some day in 2026, in microseconds since the Unix epoch.
const NOON: Instant = Instant::from_micros(1_780_000_000_000_000);

/// All of it.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) hosts: [Host; SIZE],
    pub(crate) network: Network,
    /// Every dot ever given out, for writes and for rumors.
    dots: BTreeSet<(Names, Dot)>,
    chance: Pcg32,
}

/// What a dot names: writes and rumors are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Names {
    Write,
    Rumor,
}

/// A place for a node, and what is known of the node in it.
#[derive(Default)]
pub(crate) struct Host {
    /// `None` while it is down.
    pub(crate) node: Option<Box<dyn Machine>>,
    /// What it last saved.
    pub(crate) disk: Disk,
    /// By how much its clock is ahead.
    pub(crate) clock_ahead: Duration,
    /// It said farewell, and is not to come back.
    pub(crate) left: bool,
    /// The rumors that its node must not tell again.
    delivered: BTreeSet<Dot>,
    deadline: Option<Instant>,
}

/// What outlives a node.
#[derive(Debug, Default, Clone)]
pub(crate) struct Disk {
    chunks: Vec<Vec<u8>>,
    delivered: BTreeSet<Dot>,
}

/// Whether a node that starts finds what its last life saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, arbitrary::Arbitrary)]
pub(crate) enum Memory {
    Kept,
    Lost,
}

/// What a drain put out for one address.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) bytes: usize,
}

impl World {
    /// Every node started, and told of two others.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Pcg32::new(seed, 1);
        let network = Network::new(chance.next_u64());
        let mut world = Self { now: NOON, hosts: Default::default(), network, dots: BTreeSet::new(), chance };
        for place in 0..SIZE {
            world.start(place, Memory::Lost);
        }
        world
    }

    /// A world whose nodes have found each other, have news of every kind, and agree.
    pub(crate) fn settled(seed: u64) -> Self {
        let mut world = Self::new(seed);
        for place in 0..SIZE {
            world.write(place, |node, now| node.put(now, &[b'k', place as u8], b"settled"));
            world.publish(place, Urgency::Normal, b"hello");
        }
        for _ in 0..120 {
            world.pass(Duration::from_secs(1));
            if world.hosts.iter().flat_map(|host| &host.node).all(|node| node.is_converged()) {
                return world;
            }
        }
        panic!("four nodes on a quiet network do not agree within two minutes");
    }

    /// Starts a node in `place`, unless there is one.
    pub(crate) fn start(&mut self, place: usize, memory: Memory) {
        let now = self.clock(place);
        let mut rng = Pcg32::new(self.chance.next_u64(), 2);
        let host = &mut self.hosts[place];
        if host.node.is_some() {
            return;
        }

        let mut node: Box<dyn Machine> = if place == SENSOR {
            Box::new(Node::<Sensor>::with_storage(id(place), addr(place), Config::sensor(), &mut rng).unwrap())
        } else {
            Box::new(Node::<Heap>::new(id(place), addr(place), server(), &mut rng).unwrap())
        };
        host.delivered.clear();
        if memory == Memory::Kept {
            host.disk.chunks.iter().for_each(|chunk| node.restore(now, chunk).unwrap());
            host.delivered.clone_from(&host.disk.delivered);
        }
        for step in 1..=2 {
            node.join(now, addr((place + step) % SIZE)).unwrap();
        }
        host.node = Some(node);
        host.left = false;
        self.drain(place, None);
    }

    /// Ends the node in `place` without warning.
    pub(crate) fn crash(&mut self, place: usize) {
        self.hosts[place].node = None;
    }

    /// Has the node in `place` write down what must survive it; whether there was one.
    pub(crate) fn save(&mut self, place: usize) -> bool {
        let host = &mut self.hosts[place];
        let Some(node) = &host.node else { return false };
        host.disk = Disk { chunks: node.save(), delivered: host.delivered.clone() };
        true
    }

    /// Has the node in `place`, if there is one, carry out a command.
    pub(crate) fn command<T>(
        &mut self,
        place: usize,
        command: impl FnOnce(&mut dyn Machine, Instant) -> T,
    ) -> Option<T> {
        let now = self.clock(place);
        let answer = command(self.hosts[place].node.as_deref_mut()?, now);
        self.drain(place, None);
        Some(answer)
    }

    /// Has the node in `place` write; the write's dot, if it did.
    pub(crate) fn write<E>(
        &mut self,
        place: usize,
        write: impl FnOnce(&mut dyn Machine, Instant) -> Result<Dot, E>,
    ) -> Option<Dot> {
        let dot = self.command(place, write)?.ok()?;
        self.register(Names::Write, place, dot);
        Some(dot)
    }

    /// Has the node in `place` publish a rumor.
    pub(crate) fn publish(&mut self, place: usize, urgency: Urgency, payload: &[u8]) {
        let now = self.clock(place);
        let Some(Ok(dot)) = self.hosts[place].node.as_mut().map(|node| node.publish(now, urgency, payload)) else {
            return;
        };
        self.register(Names::Rumor, place, dot);
        // Told to its own publisher, it counts as told twice.
        self.hosts[place].delivered.insert(dot);
        self.drain(place, None);
    }

    fn register(&mut self, names: Names, place: usize, dot: Dot) {
        assert!(self.dots.insert((names, dot)), "{dot} was given out twice");
        assert_eq!(dot.origin, id(place), "a node numbers its own");
    }

    /// Hands the node in `place` a datagram; says how much it answers to where that came from.
    pub(crate) fn receive(&mut self, place: usize, from: Addr, bytes: &mut [u8]) -> Answer {
        let now = self.clock(place);
        let Some(node) = &mut self.hosts[place].node else { return Answer::default() };
        node.handle_input(now, Input::Received { from, bytes });
        self.drain(place, Some(from))
    }

    /// Tells the node in `place` that its time has come, whether that is so or not.
    pub(crate) fn fire(&mut self, place: usize) {
        let now = self.clock(place);
        let Some(node) = &mut self.hosts[place].node else { return };
        node.handle_input(now, Input::TimerFired);
        self.drain(place, None);
    }

    /// Lets time pass: datagrams arrive, deadlines come.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut steps_at_once = 0;
        while let Some((at, step)) = self.next_step().filter(|(at, _)| *at <= end) {
            steps_at_once = if at > self.now { 0 } else { steps_at_once + 1 };
            assert!(steps_at_once < STEPS_MAX, "time stands still");
            self.now = self.now.max(at);
            match step {
                Step::Arrival => {
                    let Some(mut datagram) = self.network.arrive() else { continue };
                    self.receive(datagram.to, addr(datagram.from), &mut datagram.bytes);
                }
                Step::Deadline(place) => self.fire(place),
            }
        }
        self.now = end;
    }

    /// Gives up watching for rumors told before: a flood of invented ones would fill our memory, not the nodes'.
    pub(crate) fn forget_delivered(&mut self) {
        self.hosts.iter_mut().for_each(|host| host.delivered.clear());
    }

    /// For how long the world has run.
    pub(crate) fn age(&self) -> Duration {
        self.now.saturating_duration_since(NOON)
    }

    /// What the clock of `place` shows.
    pub(crate) fn clock(&self, place: usize) -> Instant {
        self.now + self.hosts[place].clock_ahead
    }

    fn next_step(&self) -> Option<(Instant, Step)> {
        let arrival = self.network.next_arrival().map(|at| (at, Step::Arrival));
        let deadlines = self.hosts.iter().enumerate().filter_map(|(place, host)| {
            let at = host.deadline.filter(|_| host.node.is_some())?;
            // On the world's clock.
            Some((at.saturating_duration_since(Instant::ZERO + host.clock_ahead), place))
        });
        let deadline = deadlines.min().map(|(at, place)| (Instant::ZERO + at, Step::Deadline(place)));
        arrival.into_iter().chain(deadline).min_by_key(|(at, _)| *at)
    }

    /// Does what the node in `place` wants done, and checks it; adds up what it sends to `watched`.
    fn drain(&mut self, place: usize, watched: Option<Addr>) -> Answer {
        let host = &mut self.hosts[place];
        let Some(node) = &mut host.node else { return Answer::default() };
        let (mut buffer, mut answer) = ([0; BUFFER_LEN], Answer::default());
        for _ in 0..DRAIN_MAX {
            match node.poll_output(&mut buffer) {
                Output::Send { to, bytes } => {
                    assert!(!bytes.is_empty() && bytes.len() <= usize::from(datagram_len_max()), "{}", bytes.len());
                    answer.bytes += if Some(to) == watched { bytes.len() } else { 0 };
                    self.network.send(self.now, place, to, bytes);
                }
                Output::Event(Event::Delivered { dot, .. }) => {
                    assert!(host.delivered.insert(dot), "{place} was told the rumor {dot} twice");
                }
                Output::Event(Event::Departed) => {
                    (host.node, host.left) = (None, true);
                    return answer;
                }
                Output::Event(_) => {}
                Output::Schedule(at) => {
                    host.deadline = (at != Instant::NEVER).then_some(at);
                    for (region, used, limit) in node.usage().rows() {
                        assert!(used <= limit, "{place} holds {used} {region}, and may hold {limit}");
                    }
                    return answer;
                }
            }
        }
        panic!("{place} does not stop putting out");
    }
}

enum Step {
    Arrival,
    Deadline(usize),
}

/// The id of the node in `place`, in all its lives.
pub(crate) fn id(place: usize) -> NodeId {
    NodeId::from_name(["ada", "bob", "cyd", "dot"][place])
}

/// Where the node in `place` is reached.
pub(crate) fn addr(place: usize) -> Addr {
    SocketAddr::from(([10, 0, 0, 1 + place as u8], 7946)).into()
}

/// Which place is reached at `addr`.
pub(crate) fn place(addr: Addr) -> Option<usize> {
    (0..SIZE).find(|&place| self::addr(place) == addr)
}

/// The longest datagram in this cluster: what its sensor can hear.
pub(crate) fn datagram_len_max() -> u16 {
    Config::sensor().datagram_len_max
}

/// A server's configuration, with tables so small that they fill.
fn server() -> Config {
    let limits = Limits {
        members: 32,
        seeds: 4,
        name_conflicts: 2,
        rumors: 32,
        entries: 32,
        writers: 48,
        outbox: 64,
        questions: 8,
        waits: 4,
    };
    Config { datagram_len_max: datagram_len_max(), limits, ..Config::lan() }
}
