//! What it costs when all join at once, and what it costs when nothing happens: real nodes under virtual time.
//!
//! `cargo bench -p gossip-core --features sim --bench joins -- --nodes 256 --loss 10 --seeds 30 --seconds 60`
//!
//! For each of `--seeds` worlds: `--nodes` nodes join through the first at once, while `--loss` percent of all datagrams are
//! lost, until each sees all. Then they agree, and `--seconds` pass in which nothing happens. What the nodes sent up to the
//! first of these moments is compared with the table that each of them then has: with the length of as many
//! introductions. Everything is counted in bytes and virtual time, so that a run is the same each time.
use core::time::Duration;
use gossip_core::{
    Config,
    sim::{HostId, Network, Scrutiny, Tally, World},
    wire::{Capabilities, Frame, MemberFrame, Standing, Stores},
};
use std::{collections::BTreeMap, env};

fn main() {
    let nodes = argument("--nodes", 256);
    let loss = argument("--loss", 0);
    let seeds = argument("--seeds", 1);
    let seconds = argument("--seconds", 0);
    let mut joins = Series::default();
    let mut bytes = Series::default();
    let mut tails = Series::default();
    let mut agreements = Series::default();
    let mut idle = (Series::default(), Series::default());
    let (mut joining, mut resting) = (Kinds::default(), Kinds::default());
    let mut table = 0;
    for seed in 0..seeds {
        let mut world = World::new(seed, Network::lan().with_loss(f64::from(loss) / 100.0));
        world.set_scrutiny(Scrutiny::Loose);
        let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        table = hosts.iter().map(|&host| introduction_len(&world, host)).sum();
        let times = full_views(&mut world, &hosts);
        let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
        joins.add(last.as_secs_f64());
        tails.add(last.as_secs_f64() / median.as_secs_f64());
        let sent = Sent::of(&world, &hosts);
        bytes.add(to_f64(sent.bytes) / to_f64(nodes as u64));
        joining.add(&sent);
        let took = pass_until(&mut world, 300, |world| {
            hosts.iter().all(|&host| world.node(host).is_some_and(|node| node.is_converged()))
        });
        agreements.add((last + took).as_secs_f64());
        if seconds > 0 {
            world.run_for(Duration::from_secs(5));
            let before = Sent::of(&world, &hosts);
            world.run_for(Duration::from_secs(seconds));
            let rest = Sent::of(&world, &hosts).since(&before);
            let node_seconds = to_f64(nodes as u64 * seconds);
            idle.0.add(to_f64(rest.datagrams) / node_seconds);
            idle.1.add(to_f64(rest.bytes) / node_seconds);
            resting.add(&rest);
        }
    }
    println!("{nodes} nodes, {loss} % lost, {seeds} seeds; a table is {table} B");
    println!("  all views are full after    {} s", joins.line(2));
    println!("  last view to median view    {}", tails.line(2));
    println!("  all claim agreement after   {} s", agreements.line(2));
    println!("  bytes a node until then     {}", bytes.line(0));
    println!("  the same in tables          {}", bytes.scaled(to_f64(table)).line(2));
    joining.print(to_f64(nodes as u64 * seeds));
    if seconds > 0 {
        println!("  idle: datagrams a node and second {}", idle.0.line(2));
        println!("  idle: bytes a node and second     {}", idle.1.line(1));
        resting.print(to_f64(nodes as u64 * seeds * seconds));
    }
}

/// How long the frame is by which a node is made known.
fn introduction_len(world: &World, host: HostId) -> u64 {
    let node = world.node(host).expect("it lives");
    let me = node.me();
    let frame = Frame::Member(MemberFrame {
        id: me.id,
        generation: me.generation,
        incarnation: me.incarnation,
        standing: Standing::Alive,
        addr: world.addr(host),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"".into(),
    });
    let mut buffer = [0; 256];
    let body = postcard::to_slice(&frame, &mut buffer).expect("it fits").len();
    // One byte for its length goes before.
    body as u64 + 1
}

/// When each host came to see all others; looks every 5 ms.
fn full_views(world: &mut World, hosts: &[HostId]) -> Vec<Duration> {
    let began = world.now();
    let mut waiting = hosts.to_vec();
    let mut times = Vec::new();
    while !waiting.is_empty() {
        world.run_for(Duration::from_millis(5));
        let passed = world.now().saturating_duration_since(began);
        assert!(passed < Duration::from_secs(120), "{} of {} views are not full", waiting.len(), hosts.len());
        waiting.retain(|&host| world.node(host).is_none_or(|node| node.live() < hosts.len()));
        times.resize(hosts.len() - waiting.len(), passed);
    }
    times
}

fn pass_until(world: &mut World, limit: u64, done: impl Fn(&World) -> bool) -> Duration {
    let began = world.now();
    while !done(world) {
        assert!(world.now() < began + Duration::from_secs(limit), "not within {limit} s of virtual time");
        world.run_for(Duration::from_millis(20));
    }
    world.now().saturating_duration_since(began)
}

/// What some hosts sent.
struct Sent {
    datagrams: u64,
    bytes: u64,
    kinds: BTreeMap<&'static str, (u64, u64)>,
}

impl Sent {
    fn of(world: &World, hosts: &[HostId]) -> Self {
        let mut sent = Self { datagrams: 0, bytes: 0, kinds: BTreeMap::new() };
        for tally in hosts.iter().map(|&host| &world.traffic(host).sent) {
            sent.count(tally);
        }
        sent
    }

    fn count(&mut self, tally: &Tally) {
        self.datagrams += tally.datagrams;
        self.bytes += tally.bytes;
        for (kind, count) in tally.kinds() {
            let (frames, bytes) = self.kinds.entry(kind).or_default();
            (*frames, *bytes) = (*frames + count.frames, *bytes + count.bytes);
        }
    }

    fn since(mut self, before: &Self) -> Self {
        self.datagrams -= before.datagrams;
        self.bytes -= before.bytes;
        for (kind, (frames, bytes)) in &mut self.kinds {
            let (frames_before, bytes_before) = before.kinds[kind];
            (*frames, *bytes) = (*frames - frames_before, *bytes - bytes_before);
        }
        self
    }
}

/// What was sent in all worlds, by kind of frame.
#[derive(Default)]
struct Kinds {
    datagrams: u64,
    bytes: u64,
    kinds: BTreeMap<&'static str, (u64, u64)>,
}

impl Kinds {
    fn add(&mut self, sent: &Sent) {
        self.datagrams += sent.datagrams;
        self.bytes += sent.bytes;
        for (kind, (frames, bytes)) in &sent.kinds {
            let (all_frames, all_bytes) = self.kinds.entry(kind).or_default();
            (*all_frames, *all_bytes) = (*all_frames + frames, *all_bytes + bytes);
        }
    }

    /// Per unit: a node, or a node and second. What no frame accounts for is headers and padding.
    fn print(&self, units: f64) {
        let framed: u64 = self.kinds.values().map(|(_, bytes)| bytes).sum();
        println!(
            "    {:.2} datagrams, {:.1} B, of which headers and padding {:.1} B",
            to_f64(self.datagrams) / units,
            to_f64(self.bytes) / units,
            to_f64(self.bytes - framed) / units
        );
        for (kind, (frames, bytes)) in self.kinds.iter().filter(|(_, (frames, _))| *frames > 0) {
            println!("    {kind:>11}: {:.2} frames, {:.1} B", to_f64(*frames) / units, to_f64(*bytes) / units);
        }
    }
}

/// One figure of each world.
#[derive(Default)]
struct Series(Vec<f64>);

impl Series {
    fn add(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    fn scaled(&self, unit: f64) -> Self {
        Self(self.0.iter().map(|figure| figure / unit).collect())
    }

    fn line(&self, digits: usize) -> String {
        let at = |percent: usize| self.0[(self.0.len() - 1) * percent / 100];
        let mean = self.0.iter().sum::<f64>() / to_f64(self.0.len() as u64);
        format!(
            "mean {mean:.digits$}, p50 {:.digits$}, p99 {:.digits$}, max {:.digits$}",
            at(50),
            at(99),
            self.0[self.0.len() - 1]
        )
    }
}

fn to_f64(number: u64) -> f64 {
    number as f64
}

fn argument<T: core::str::FromStr>(name: &str, default: T) -> T {
    let mut arguments = env::args().skip_while(|argument| argument != name).skip(1);
    arguments
        .next()
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} takes a number, not {value}")))
}
