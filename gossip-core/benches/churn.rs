//! What a cluster costs that never rests: members crash and leave all the time, and newcomers take their places.
//!
//! `cargo bench -p gossip-core --features sim --bench churn -- --nodes 1000 --lifetime 3600 --seconds 600 --loss 0`
//!
//! Nodes live for an exponentially distributed time, with a mean of `--lifetime` seconds. Every other one that ends crashes,
//! the rest say farewell, and each is replaced at once by a newcomer, which joins through any of those who live. While
//! `--seconds` pass, two things are measured. First, what was sent, a node and second. Second, how many of all pairs of a live node
//! and a member are right: a live member that the node counts in, a dead one that it does not. Whoever is suspected is still
//! counted in; the second figure takes a suspicion for knowledge.
use core::time::Duration;
use gossip_core::{
    Config, Liveness, NodeId,
    sim::{HostId, Network, Scrutiny, World},
};
use rand_core::Rng;
use rand_pcg::Pcg64;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

fn main() {
    let nodes = argument("--nodes", 1_000);
    let lifetime = argument("--lifetime", 3_600);
    let seconds: u32 = argument("--seconds", 300);
    let loss = argument("--loss", 0);
    let seed: u64 = argument("--seed", 1);
    let mut world = World::new(seed, Network::lan().with_loss(f64::from(loss) / 100.0));
    world.set_scrutiny(Scrutiny::Loose);
    let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    world.run_for(Duration::from_secs(20));
    let mean = f64::from(lifetime) / to_f64(nodes);
    let mut churn = Churn { staying: hosts, chance: Pcg64::new(seed.into(), 1), mean, number: 0 };
    // What is under way when it is measured shall be what always is.
    churn.run(&mut world, 30, &mut |_, _| {});
    let mut views = Views::default();
    let (before, began) = (sent(&world), churn.number);
    churn.run(&mut world, seconds, &mut |world, staying| views.look(world, staying));
    let after = sent(&world);
    let node_seconds = to_f64(nodes) * f64::from(seconds);
    let newcomers = churn.number - began;
    println!("{nodes} nodes, {loss} % lost, {seconds} s, {newcomers} newcomers, seed {seed}");
    println!(
        "  views: {:.4} % right, {:.4} % with suspects taken for dead",
        views.share(|wrong| wrong.counted),
        views.share(|wrong| wrong.suspected)
    );
    for (kind, (count, bytes)) in after {
        let (count_before, bytes_before) = before[kind];
        println!(
            "  {kind:>11}: {:.3} a node and second, {:.1} B",
            to_f64(count - count_before) / node_seconds,
            to_f64(bytes - bytes_before) / node_seconds
        );
    }
}

/// Who comes and who goes.
struct Churn {
    /// Who neither crashed nor said farewell.
    staying: Vec<HostId>,
    chance: Pcg64,
    /// From one end to the next, in seconds.
    mean: f64,
    number: usize,
}

impl Churn {
    /// Lets time pass, with ends and beginnings in it; `each_second` looks at the world.
    fn run(&mut self, world: &mut World, seconds: u32, each_second: &mut impl FnMut(&World, &[HostId])) {
        let began = world.now();
        let mut next_at = began + self.wait();
        for second in 1..=seconds {
            let until = began + Duration::from_secs(second.into());
            while next_at < until {
                world.run_for(next_at.saturating_duration_since(world.now()));
                self.replace_one(world);
                next_at = next_at + self.wait();
            }
            world.run_for(until.saturating_duration_since(world.now()));
            each_second(world, &self.staying);
        }
    }

    fn wait(&mut self) -> Duration {
        // From (0, 1]: its logarithm is finite.
        let share = (to_f64(usize::try_from(self.chance.next_u64() >> 32).unwrap_or(0)) + 1.0) / (1_u64 << 32) as f64;
        Duration::from_secs_f64(-share.ln() * self.mean)
    }

    fn replace_one(&mut self, world: &mut World) {
        let drawn = self.draw();
        let old = self.staying.swap_remove(drawn);
        if self.number.is_multiple_of(2) {
            world.crash(old)
        } else {
            world.leave(old)
        }
        let new = world.spawn(&format!("newcomer-{}", self.number), Config::lan());
        let seed = self.draw();
        world.join(new, self.staying[seed]);
        self.staying.push(new);
        self.number += 1;
    }

    fn draw(&mut self) -> usize {
        usize::try_from(self.chance.next_u64() >> 32).unwrap_or(0) % self.staying.len()
    }
}

/// How many pairs were looked at, and how many of them were wrong.
#[derive(Default)]
struct Views {
    pairs: usize,
    wrong: Wrong,
}

#[derive(Default)]
struct Wrong {
    counted: usize,
    suspected: usize,
}

impl Views {
    fn look(&mut self, world: &World, staying: &[HostId]) {
        let live: BTreeSet<NodeId> = staying.iter().map(|&host| world.id(host)).collect();
        for node in staying.iter().filter_map(|&host| world.node(host)) {
            let (mut right, mut ghosts, mut suspected_ghosts) = (1, 0, 0);
            for member in node.members() {
                let counted = matches!(member.liveness, Liveness::Alive | Liveness::Suspect);
                match (counted, live.contains(&member.id)) {
                    (true, true) => right += 1,
                    (true, false) if member.liveness == Liveness::Suspect => suspected_ghosts += 1,
                    (true, false) => ghosts += 1,
                    (false, _) => {}
                }
            }
            self.pairs += live.len();
            self.wrong.counted += live.len() - right + ghosts + suspected_ghosts;
            self.wrong.suspected += live.len() - right + ghosts;
        }
    }

    fn share(&self, of: impl Fn(&Wrong) -> usize) -> f64 {
        100.0 * (1.0 - to_f64(of(&self.wrong)) / to_f64(self.pairs))
    }
}

/// Datagrams and frames that all hosts ever sent, with their bytes.
fn sent(world: &World) -> BTreeMap<&'static str, (usize, usize)> {
    let mut sent = BTreeMap::<_, (usize, usize)>::new();
    let mut add = |kind, count: u64, bytes: u64| {
        let (all, all_bytes) = sent.entry(kind).or_default();
        *all += usize::try_from(count).unwrap_or(usize::MAX);
        *all_bytes += usize::try_from(bytes).unwrap_or(usize::MAX);
    };
    for host in world.hosts() {
        let tally = &world.traffic(host).sent;
        add("datagrams", tally.datagrams, tally.bytes);
        tally.kinds().for_each(|(kind, count)| add(kind, count.frames, count.bytes));
    }
    sent
}

fn to_f64(number: usize) -> f64 {
    number as f64
}

fn argument<T: core::str::FromStr>(name: &str, default: T) -> T {
    let mut arguments = env::args().skip_while(|argument| argument != name).skip(1);
    arguments
        .next()
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} takes a number, not {value}")))
}
