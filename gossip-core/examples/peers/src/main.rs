//! Our node beside other gossip libraries, on one simulated network in virtual time; see README.md.

mod cluster;
mod contest;
mod contestants;
mod driven;
mod links;
mod measure;
mod observer;
mod plan;
mod table;
mod workloads;

use clap::{Parser, Subcommand};
use contestants::Peer;
use measure::Measured;
use std::{num::NonZero, thread};
use workloads::{Case, Workload};

/// Our node beside other gossip libraries, on one simulated network in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures everybody, and prints the results as RESULTS.md has them.
    Table {
        /// How many cells to run at a time: as many as there are cores, unless said.
        #[arg(long)]
        threads: Option<NonZero<usize>>,
        /// Only this workload's table.
        #[arg(long)]
        only: Option<Workload>,
    },
    /// Runs one cell, and prints its figures.
    Cell {
        workload: Workload,
        peer: Peer,
        /// How many nodes.
        #[arg(long, default_value = "64", value_parser = clap::value_parser!(u16).range(2..=4096))]
        size: u16,
        /// Of a hundred packets, so many are lost.
        #[arg(long, default_value = "0", value_parser = clap::value_parser!(u8).range(..=90))]
        loss: u8,
        /// W3: how many crash.
        #[arg(long, default_value = "1")]
        kill: u16,
        #[arg(long, default_value = "1")]
        seed: u64,
    },
}

fn main() {
    match Arguments::parse().command {
        Command::Table { threads, only } => {
            let threads = threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
            print_tables(threads, only);
        }
        Command::Cell { workload, peer, size, loss, kill, seed } => {
            let case = Case { size: size.into(), loss_percent: loss, killed: kill.min(size - 2).into() };
            for (name, value) in workload.run(peer, case, seed) {
                println!("{name}: {}", value.map_or_else(|| "never".to_owned(), |value| value.to_string()));
            }
        }
    }
}

fn print_tables(threads: NonZero<usize>, only: Option<Workload>) {
    let parts = [
        (Workload::W1, include_str!("text/w1.md")),
        (Workload::W2, include_str!("text/w2.md")),
        (Workload::W3Crashes, include_str!("text/w3-crashes.md")),
        (Workload::W3Calm, include_str!("text/w3-calm.md")),
    ];
    if only.is_none() {
        println!(include_str!("text/results.md"), foca = version("foca"), memberlist = version("memberlist-core"));
    }
    for (workload, text) in parts {
        if only.is_none_or(|only| only == workload) {
            println!("{text}\n{}", table::of(&Measured::of(workload, threads)));
        }
    }
}

/// The version of a dependency that this was built with.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{name}\"\n")));
    entry.and_then(|entry| entry.split('"').nth(3)).expect("a dependency")
}
