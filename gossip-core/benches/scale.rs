//! How large a cluster one process can hold: real nodes under virtual time, each of which knows all others.
//!
//! `cargo bench -p gossip-core --features sim --bench scale -- --nodes 1000 --seconds 600 --lose 1`
//!
//! Three phases, each with a line of figures: all nodes join through the first at once, until each sees all (that is how
//! full views come about here: nothing is restored or forged); then they agree, and `--seconds` of virtual time pass in
//! which nothing happens; then `--lose` percent of them crash, until all others know. No harness of the usual kind: one
//! run takes minutes and is the same each time, so that statistics over many would tell nothing.
#![allow(clippy::disallowed_methods, reason = "it measures how much time of the wall a span of virtual time takes")]
use core::time::Duration;
use gossip_core::{
    Config,
    sim::{HostId, Network, Scrutiny, World},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, env, fs, time::Instant};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let nodes = argument("--nodes", 256);
    let seconds = argument("--seconds", 60);
    let lose = argument("--lose", 0);
    let mut world = World::new(1, Network::lan());
    world.set_scrutiny(Scrutiny::Loose);
    let memory = Region::new(ALLOCATOR);
    let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("node-{n}"), Config::lan())).collect();
    hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
    println!("{nodes} nodes, one core");

    let meter = Meter { memory, nodes };
    meter.measure("join", &mut world, |world| pass_until(world, 120, |world| all(world, |live, _| live == nodes)));
    meter.measure("agree", &mut world, |world| pass_until(world, 300, |world| all(world, |_, agrees| agrees)));
    meter.measure("steady", &mut world, |world| world.run_for(Duration::from_secs(seconds)));
    let lost = usize::try_from(lose).unwrap_or(0) * nodes / 100;
    if let Some(step) = nodes.checked_div(lost) {
        hosts.iter().step_by(step).take(lost).for_each(|&host| world.crash(host));
        let left = world.live().count();
        meter.measure("lose", &mut world, |world| pass_until(world, 300, |world| all(world, |live, _| live == left)));
        meter
            .measure("agree again", &mut world, |world| pass_until(world, 300, |world| all(world, |_, agrees| agrees)));
    }
}

/// What is counted over a phase.
struct Meter<'a> {
    memory: Region<'a, System>,
    nodes: usize,
}

impl Meter<'_> {
    fn measure(&self, phase: &str, world: &mut World, run: impl FnOnce(&mut World)) {
        let (began, received, busy, clock) = (world.now(), received(world), cpu_seconds(), Instant::now());
        run(world);
        let (wall, cpu) = (clock.elapsed().as_secs_f64(), cpu_seconds() - busy);
        let took = world.now().saturating_duration_since(began).as_secs_f64();
        let datagrams = self::received(world) - received;
        let change = self.memory.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        println!(
            "{phase:>12}: {took:.2} s virtual, {wall:.2} s wall, {cpu:.2} s of the processor, virtual/wall {:.2}; \
             {datagrams} datagrams, {:.0} a second, {:.2} us each; {} B a node, {:.1} B a node and member; peak {:.2} GiB",
            took / wall,
            to_f64(datagrams) / cpu,
            cpu * 1e6 / to_f64(datagrams.max(1)),
            held / self.nodes,
            to_f64(held as u64) / to_f64((self.nodes * self.nodes) as u64),
            peak_gib(),
        );
    }
}

/// Lets time pass until `done`; looks every 20 ms, and says once a minute how far it has come.
fn pass_until(world: &mut World, limit: u64, done: impl Fn(&World) -> bool) {
    let (began, mut said) = (world.now(), Instant::now());
    while !done(world) {
        let passed = world.now().saturating_duration_since(began);
        assert!(passed < Duration::from_secs(limit), "not within {limit} s of virtual time");
        if said.elapsed() > Duration::from_mins(1) {
            let seen = world.live().filter_map(|host| world.node(host)).map(|node| node.live()).sum::<usize>();
            println!("... {passed:?}, {seen} members seen, {:.2} GiB at the most", peak_gib());
            said = Instant::now();
        }
        world.run_for(Duration::from_millis(20));
    }
}

/// Whether something holds of how many members each node sees, and of whether it sees all agree.
fn all(world: &World, holds: impl Fn(usize, bool) -> bool) -> bool {
    let of = |host: HostId| world.node(host).is_some_and(|node| holds(node.live(), node.is_converged()));
    world.live().all(of)
}

fn received(world: &World) -> u64 {
    world.live().filter_map(|host| world.node(host)).map(|node| node.stats().datagrams_received).sum()
}

/// How long this process has been computing: others may share the machine.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, the 12th and 13th fields: in user mode and in the kernel, in hundredths.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse().ok()).map(to_f64).sum::<f64>() / 100.0
}

/// The most memory that this process ever had, as the operating system counts it.
fn peak_gib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    to_f64(kib.unwrap_or(0)) / (1 << 20) as f64
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
