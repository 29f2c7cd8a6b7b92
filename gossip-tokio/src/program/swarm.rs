//! `gossip swarm`: worlds drawn at random, by the thousand, under the eyes of all oracles.
use super::{console, failure::Failure, sim::heed_signals};
use clap::Args;
use core::{
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};
use gossip_core::sim::swarm::{self, Fault};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    panic,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// How many shorter stories are tried for one that goes badly.
const ATTEMPTS: usize = 400;
/// So many faults are told, and then it is enough.
const FAULTS_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct SwarmArgs {
    /// How many worlds
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    seeds: u64,
    /// The seed of the first; the others follow
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Only the world of this seed: its story is printed, and a smaller one if it goes badly
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "from", "jobs"])]
    seed: Option<u64>,
    /// How many at a time; by default, as many as there are processors
    #[arg(long, value_name = "COUNT")]
    jobs: Option<NonZeroUsize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Findings {
    from: u64,
    worlds: u64,
    faults: Vec<Found>,
}

/// A world that goes badly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Found {
    seed: u64,
    fault: String,
    /// The shortest story that was found to go badly in the same way.
    smaller: String,
}

/// Tells the worlds; it fails if any goes badly.
pub(crate) fn run(args: &SwarmArgs) -> Result<(), Failure> {
    // A world that panics is told of like any other that goes badly.
    panic::set_hook(Box::new(|_| {}));
    let told = match args.seed {
        Some(seed) => one(seed, args.json),
        None => many(args),
    };
    let _ = panic::take_hook();
    told
}

fn one(seed: u64, json: bool) -> Result<(), Failure> {
    let story = swarm::draw(seed);
    if !json {
        // First: it may be one that never ends.
        console::bytes(story.to_string().as_bytes())?;
    }
    let found = swarm::fault_of(&story).map(|fault| found(seed, &fault));
    tell(&Findings { from: seed, worlds: 1, faults: found.into_iter().collect() }, json)
}

fn many(args: &SwarmArgs) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let _signals = heed_signals(&stop)?;
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let bar = ProgressBar::new(args.seeds);
    let style = ProgressStyle::with_template(
        "{bar:30} {percent:>3}%  {human_pos} of {human_len} worlds, {per_sec}, {eta} left",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (next, faults) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= args.seeds {
                        return;
                    }
                    let seed = args.from.wrapping_add(index);
                    if let Some(fault) = swarm::fault_of(&swarm::draw(seed)) {
                        bar.suspend(|| console::note(format_args!("seed {seed}: {fault}")));
                        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                        faults.push((seed, fault));
                        if faults.len() >= FAULTS_MAX {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    bar.inc(1);
                }
            });
        }
    });
    let worlds = bar.position();
    bar.finish_and_clear();
    let mut faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    faults.sort_by_key(|(seed, _)| *seed);
    let enough = faults.len() >= FAULTS_MAX;
    let faults: Vec<Found> = faults.iter().map(|(seed, fault)| found(*seed, fault)).collect();
    let interrupted = stop.load(Ordering::Relaxed) && !enough;
    let told = tell(&Findings { from: args.from, worlds, faults }, args.json);
    if interrupted { Err(Failure::Interrupted) } else { told }
}

fn found(seed: u64, fault: &Fault) -> Found {
    let smaller = swarm::shrink(&swarm::draw(seed), ATTEMPTS).to_string();
    Found { seed, fault: fault.to_string(), smaller }
}

fn tell(findings: &Findings, json: bool) -> Result<(), Failure> {
    if json {
        console::line(serde_json::to_string(findings).map_err(|error| Failure::refused(error.to_string()))?)?;
    } else {
        for Found { seed, fault, smaller } in &findings.faults {
            console::line(format_args!("seed {seed}: {fault}\n  again:   gossip swarm --seed {seed}\n  smaller:"))?;
            smaller.lines().try_for_each(|line| console::line(format_args!("    {line}")))?;
        }
        console::line(format_args!("{} worlds, of which {} went badly", findings.worlds, findings.faults.len()))?;
    }
    if findings.faults.is_empty() { Ok(()) } else { Err(Failure::Told) }
}
