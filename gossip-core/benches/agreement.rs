//! How long after the fact it is known that all agree, and what that costs: real nodes under virtual time.
//!
//! `cargo agreement writes cuts edges --nodes 64,256 --loss 0,10,25 --seeds 30`
//!
//! - `writes`: ten rumors and ten entries, from different nodes within half a second;
//! - `cuts`: two halves for 25 s, 90 s and an hour, with writes on both sides;
//! - `edges`: one entry, while two nodes never hear each other: each pair of a node and its parent in the tree, up to `--edges` of
//!   them a world;
//! - all three if none is named.
//!
//! The lag is from the last moment at which two digests differed until all claim agreement. Each row is held to its bound, where there
//! is one; broken ones make the exit status 1.
use core::{ops::AddAssign, time::Duration};
use gossip_core::{
    Config, Urgency,
    sim::{HostId, Impairment, Network, Scrutiny, World},
};
use std::{env, process::ExitCode};

/// As often is it looked whether all agree.
const LOOK: Duration = Duration::from_millis(5);
/// So many are below each in the tree.
const CHILDREN: usize = 8;
/// After so long, they never will.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let chosen = Arguments::new();
    let mut broken = 0;
    for &nodes in &chosen.nodes {
        for &loss in chosen.losses.iter().filter(|_| chosen.wants("writes")) {
            let outcome = chosen.each_seed(|seed| writes(seed, nodes, loss));
            broken += outcome.print(&format!("writes, N = {nodes}, {loss} % lost"), bound_of_writes(nodes, loss));
        }
        for secs in [25, 90, 3_600].into_iter().filter(|_| chosen.wants("cuts")) {
            let outcome = chosen.each_seed(|seed| cut(seed, nodes, secs));
            broken += outcome.print(&format!("cut for {secs} s, N = {nodes}"), (nodes <= 256).then_some(1.5));
        }
        if chosen.wants("edges") {
            let outcome = chosen.each_seed(|seed| edges(seed, nodes, chosen.edges));
            broken += outcome.print(&format!("an edge cut for good, N = {nodes}"), (nodes <= 256).then_some(3.0));
        }
    }
    println!("{broken} bounds broken");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In seconds: what the worst world may take.
fn bound_of_writes(nodes: usize, loss: u32) -> Option<f64> {
    match (nodes, loss) {
        (..=256, 0) => Some(0.7),
        (..=256, 10) => Some(1.0),
        (..=256, 25) => Some(4.0),
        (_, 0) => Some(2.0),
        _ => None,
    }
}

fn writes(seed: u64, nodes: usize, loss: u32) -> Outcome {
    let (mut world, hosts) = settled(seed, nodes, Network::lan().with_loss(f64::from(loss) / 100.0));
    let before = Sent::of(&world);
    for round in 0..10_u8 {
        let host = hosts[usize::from(round) * 7 % nodes];
        let urgency = if round % 3 == 0 { Urgency::Critical } else { Urgency::Normal };
        world.publish(host, urgency, &[round; 64]).expect("it lives").expect("there is room");
        world.put(host, &[b'k', round % 4], &[round; 64]).expect("it lives").expect("there is room");
        world.run_for(Duration::from_millis(50));
    }
    outcome(&mut world, &before)
}

fn cut(seed: u64, nodes: usize, secs: u64) -> Outcome {
    let (mut world, hosts) = settled(seed, nodes, Network::lan());
    let (left, right) = hosts.split_at(nodes / 2);
    world.partition(&[left, right]);
    world.run_for(Duration::from_secs(secs / 2));
    for side in [left, right] {
        world.put(side[0], b"side", b"here").expect("it lives").expect("there is room");
    }
    world.run_for(Duration::from_secs(secs - secs / 2));
    world.heal();
    let before = Sent::of(&world);
    outcome(&mut world, &before)
}

/// Of all pairs of a node and its parent, as many as are asked for, one after the other over the seeds. Which pair that is, the digest
/// tells that all are to have: the edge is cut before the write has left the node that it is made at.
fn edges(seed: u64, nodes: usize, count: usize) -> Outcome {
    let (mut world, hosts) = settled(seed, nodes, Network::lan());
    let mut by_id = hosts.clone();
    by_id.sort_by_key(|&host| world.id(host));
    let mut all = Outcome::default();
    let first = usize::try_from(seed).unwrap_or(0) * count;
    for place in (0..count.min(nodes - 1)).map(|at| 1 + (first + at) % (nodes - 1)) {
        let (writer, value) = (hosts[place * 7 % nodes], u64::try_from(place).unwrap_or(0).to_le_bytes());
        let before = Sent::of(&world);
        world.put(writer, b"k", &value).expect("it lives").expect("there is room");
        let digest = world.node(writer).expect("it lives").digest();
        let shift = usize::try_from(digest.0 % u64::try_from(nodes).unwrap_or(1)).unwrap_or(0);
        let ends = [place, (place - 1) / CHILDREN].map(|place| by_id[(place + nodes - shift) % nodes]);
        let ways = [ends, [ends[1], ends[0]]];
        ways.iter().for_each(|[from, to]| world.impair(*from, *to, Impairment::Cut));
        all += outcome(&mut world, &before);
        ways.iter().for_each(|[from, to]| world.mend(*from, *to));
        world.run_for(Duration::from_secs(5));
    }
    all
}

/// A world in which all have agreed for a while.
fn settled(seed: u64, nodes: usize, network: Network) -> (World, Vec<HostId>) {
    let mut world = World::new(seed, network);
    world.set_scrutiny(Scrutiny::Loose);
    let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    let began = world.now();
    while !all_claim(&world) {
        assert!(world.now() < began + Duration::from_secs(600), "seed {seed}: they never agreed");
        world.run_for(LOOK);
    }
    world.run_for(Duration::from_secs(20));
    (world, hosts)
}

/// Lets time pass until all claim agreement.
fn outcome(world: &mut World, before: &Sent) -> Outcome {
    let began = world.now();
    let mut differed_at = began;
    while !(all_same(world) && all_claim(world)) {
        if !all_same(world) {
            differed_at = world.now();
        }
        if world.now() > began + LIMIT {
            return Outcome { lags: vec![f64::INFINITY], ..Outcome::default() };
        }
        world.run_for(LOOK);
    }
    let lag = world.now().saturating_duration_since(differed_at).as_secs_f64();
    let whole = world.now().saturating_duration_since(began).as_secs_f64();
    let sent = Sent::of(world);
    let hosts = to_f64(world.live().count() as u64);
    Outcome {
        lags: vec![lag],
        wholes: vec![whole],
        datagrams: vec![to_f64(sent.datagrams - before.datagrams) / hosts],
        bytes: vec![to_f64(sent.bytes - before.bytes) / hosts],
    }
}

fn all_same(world: &World) -> bool {
    let mut digests = world.live().filter_map(|host| world.node(host)).map(|node| node.digest());
    digests.next().is_none_or(|first| digests.all(|digest| digest == first))
}

fn all_claim(world: &World) -> bool {
    let live = world.live().count();
    world.live().all(|host| world.node(host).is_some_and(|node| node.is_converged() && node.live() == live))
}

/// What all sent so far.
struct Sent {
    datagrams: u64,
    bytes: u64,
}

impl Sent {
    fn of(world: &World) -> Self {
        let sent = world.live().map(|host| &world.traffic(host).sent);
        sent.fold(Self { datagrams: 0, bytes: 0 }, |all, tally| Self {
            datagrams: all.datagrams + tally.datagrams,
            bytes: all.bytes + tally.bytes,
        })
    }
}

/// The figures of some worlds: seconds from the last difference, and from the first; and what a node sent meanwhile.
#[derive(Default)]
struct Outcome {
    lags: Vec<f64>,
    wholes: Vec<f64>,
    datagrams: Vec<f64>,
    bytes: Vec<f64>,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.lags.extend(other.lags);
        self.wholes.extend(other.wholes);
        self.datagrams.extend(other.datagrams);
        self.bytes.extend(other.bytes);
    }
}

impl Outcome {
    /// Says how many bounds are broken.
    fn print(&self, name: &str, bound: Option<f64>) -> u32 {
        let (median, worst) = (percentile(&self.lags, 50), percentile(&self.lags, 100));
        let is_broken = bound.is_some_and(|bound| worst > bound);
        println!(
            "{name:<34} {:>4} times: lag {median:.2} / {worst:.2} s, in all {:.2} / {:.2} s; a node sent {:.1} datagrams, {:.0} B{}",
            self.lags.len(),
            percentile(&self.wholes, 50),
            percentile(&self.wholes, 100),
            mean(&self.datagrams),
            mean(&self.bytes),
            match bound {
                Some(bound) if is_broken => format!("  BROKEN: at most {bound} s"),
                Some(bound) => format!("  kept: at most {bound} s"),
                None => String::new(),
            }
        );
        u32::from(is_broken)
    }
}

fn percentile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(f64::NAN)
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / to_f64(figures.len() as u64)
}

fn to_f64(number: u64) -> f64 {
    number as f64
}

/// What was asked for.
struct Arguments {
    names: Vec<String>,
    nodes: Vec<usize>,
    losses: Vec<u32>,
    seeds: u64,
    first: u64,
    edges: usize,
}

impl Arguments {
    fn new() -> Self {
        let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
        let names = words.iter().take_while(|word| !word.starts_with("--")).cloned().collect();
        let all = |name: &str, default: &str| -> Vec<u64> {
            let value = words.iter().skip_while(|word| *word != name).nth(1).map_or(default, String::as_str);
            let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("{name} takes numbers, not {word}"));
            value.split(',').map(number).collect()
        };
        let one = |name, default| all(name, default).first().copied().unwrap_or(0);
        let size = |number: u64| usize::try_from(number).expect("so many fit no memory");
        Self {
            nodes: all("--nodes", "64,256").into_iter().map(size).collect(),
            losses: all("--loss", "0,10,25").into_iter().map(|loss| u32::try_from(loss).unwrap_or(100)).collect(),
            seeds: one("--seeds", "5"),
            first: one("--first", "0"),
            edges: size(one("--edges", "15")),
            names,
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    fn each_seed(&self, run: impl Fn(u64) -> Outcome) -> Outcome {
        let mut all = Outcome::default();
        (self.first..self.first + self.seeds).for_each(|seed| all += run(seed));
        all
    }
}
