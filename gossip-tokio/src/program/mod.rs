//! The `gossip` program: an agent that runs a node, the commands that talk to it, and a demonstration of it all.
//!
//! ```text
//! gossip demo                                        the main job, on this machine, in one command
//! gossip sim --nodes 64 --loss 10% --kill 10%        a cluster of simulated nodes, in virtual time
//! gossip agent --name alpha                          a node, on 127.0.0.1:7946
//! gossip agent --name beta --bind 127.0.0.1:7956 --control 127.0.0.1:7957 --seed 127.0.0.1:7946
//! gossip put config/motd hello                       … at alpha
//! gossip get config/motd --control 127.0.0.1:7957    … at beta
//! ```
//!
//! Only with the feature `program`. Where to look, in the order of dependency:
//!
//! | module | what it does |
//! |---|---|
//! | `failure`, `console` | exit codes; columns, and text that cannot drive a terminal |
//! | `signals` | when somebody says: stop |
//! | `machine` | facts about this machine |
//! | `control` | the HTTP API of an agent, and its client |
//! | `settings` | flags over environment over file over defaults |
//! | `sim` | `gossip sim`: whole clusters in virtual time, as figures and as a page to look at |
//! | `swarm` | `gossip swarm`: worlds drawn at random, by the thousand |
//! | `times` | times as people write them |
//! | `args` | the command line |
//! | `readers`, `waits`, `writers` | the commands that ask an agent, that wait for others, and that change something |
//! | `agent` | `gossip agent` |
//! | `replay` | `gossip replay`: what an agent recorded, run again |
//! | `demo` | `gossip demo`: a cluster of real processes, step by step |

mod failure;
mod console;
mod signals;
mod machine;
mod control;
mod settings;
mod sim;
mod swarm;
mod times;
mod args;
mod readers;
mod waits;
mod writers;
mod agent;
mod replay;
mod demo;

use args::{Arguments, Command};
use core::future::Future;
use failure::Failure;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// Does what the command line says.
///
/// The exit code is 0 when it was done, 1 when it was not, 2 when the command line, the environment or a settings
/// file is wrong; the reason is one line on stderr.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::read().and_then(|arguments| arguments.map_or(Ok(()), |arguments| run(arguments.command))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console::report(&failure);
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Agent(args) => agent::run(*args),
        Command::Members(args) => briefly(readers::members::list(args)),
        Command::Member(args) => briefly(readers::members::show(args)),
        Command::Get(args) => briefly(readers::entries::get(args)),
        Command::List(args) => briefly(readers::entries::list(args)),
        Command::Watch(args) => briefly(readers::events::watch(args)),
        Command::Monitor(args) => briefly(readers::events::monitor(args)),
        Command::Info(args) => briefly(readers::info::show(args)),
        Command::Join(args) => briefly(writers::join(args)),
        Command::Leave(args) => briefly(writers::leave(args)),
        Command::Put(args) => briefly(writers::put(args)),
        Command::Wait(args) => briefly(waits::wait(args)),
        Command::Delete(args) => briefly(writers::delete(args)),
        Command::Publish(args) => briefly(writers::publish(args)),
        Command::Tag(args) => briefly(writers::tag(args)),
        Command::Replay(args) => replay::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Sim(args) => sim::run(*args),
        Command::Swarm(args) => swarm::run(&args),
    }
}

/// Runs a command that waits for one thing at a time.
fn briefly(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    runtime(&mut Builder::new_current_thread())?.block_on(command)
}

fn runtime(builder: &mut Builder) -> Result<Runtime, Failure> {
    let built = builder.enable_all().build();
    built.map_err(|error| Failure::refused(format!("cannot start the asynchronous runtime: {error}")))
}
