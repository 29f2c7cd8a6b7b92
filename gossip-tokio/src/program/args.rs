//! The command line.
use super::{
    control::{ControlAddr, ttl::Ttl},
    failure::Failure,
    settings::{Layer, Seed, Tag},
    sim::SimArgs,
    swarm::SwarmArgs,
    times::Moment,
};
use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind};
use core::{fmt, num::NonZeroU64};
use gossip_core::{Quorum, sim::story::Time};
use std::path::PathBuf;

/// A gossip cluster from the command line: run a node, and talk to the one that runs on this machine.
#[derive(Debug, Parser)]
#[command(name = "gossip", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node, and serve the control API that the other commands use
    Agent(Box<AgentArgs>),
    /// List the members of the cluster
    Members(MembersArgs),
    /// Show one member
    Member(MemberArgs),
    /// Join a cluster through one of its members, and wait until that one has answered
    Join(JoinArgs),
    /// Leave the cluster with a farewell; the agent exits
    Leave(LeaveArgs),
    /// Write an entry
    Put(PutArgs),
    /// Wait until all live members agree, or say who is missing
    Wait(WaitArgs),
    /// Print the value of an entry
    Get(GetArgs),
    /// Delete an entry
    Delete(DeleteArgs),
    /// List entries, by key
    List(ListArgs),
    /// Follow changes of entries
    ///
    /// Of several changes of an entry in quick succession, other members may see the last alone: it is the value that is replicated,
    /// not each write.
    Watch(WatchArgs),
    /// Send a notice to every member
    Publish(PublishArgs),
    /// Follow everything that happens
    ///
    /// An agent's own notices are told to all others, and not to itself.
    Monitor(MonitorArgs),
    /// Change what this member tells about itself
    ///
    /// Until its agent ends: what it tells when it starts is given by its own --role and --tag.
    Tag(TagArgs),
    /// Show the agent's identity, limits and counters
    Info(InfoArgs),
    /// Run again what an agent recorded, and print it as a trace
    Replay(ReplayArgs),
    /// Run a cluster of real agents on this machine through its main job, and measure it
    Demo(DemoArgs),
    /// Run a cluster of simulated nodes through a story, in virtual time, and report what it did
    Sim(Box<SimArgs>),
    /// Tell thousands of worlds drawn at random, and make those that go badly smaller
    Swarm(SwarmArgs),
}

/// What an agent runs with.
#[derive(Debug, Args)]
#[command(after_help = SOURCES)]
pub(crate) struct AgentArgs {
    #[command(flatten)]
    pub(crate) flags: Layer,
    /// A TOML file with settings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print what was started as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Leave when stdin is closed: an agent that outlives whoever started it is nobody's
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

const SOURCES: &str = "\
Each flag can also be given in the environment and in the TOML file; flags go before the environment,
the environment before the file, and whoever speaks of a setting first decides it whole:

  --name       GOSSIP_NAME       name       = \"alpha\"
  --bind       GOSSIP_BIND       bind       = \"127.0.0.1:7946\"
  --advertise  GOSSIP_ADVERTISE  advertise  = \"192.0.2.1:7946\"
  --seed       GOSSIP_SEEDS      seeds      = [\"192.0.2.2:7946\", \"seed.example:7946\"]
  --role       GOSSIP_ROLE       role       = \"web\"
  --tag        GOSSIP_TAGS       tags       = { zone = \"a\", rack = \"7\" }
  --cluster    GOSSIP_CLUSTER    cluster    = \"gossip\"
  --preset     GOSSIP_PRESET     preset     = \"lan\"
  --data-dir   GOSSIP_DATA_DIR   data-dir   = \"/var/lib/gossip\"
  --record     GOSSIP_RECORD     record     = \"/var/lib/gossip/flight\"
  --record-max GOSSIP_RECORD_MAX record-max = 64
  --control    GOSSIP_CONTROL    control    = \"unix:/run/gossip.sock\"
  --log-level  GOSSIP_LOG_LEVEL  log-level  = \"info\"
  --config     GOSSIP_CONFIG

In the environment, lists have commas: GOSSIP_TAGS=zone=a,rack=7.";

/// Which agent to talk to.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentAt {
    /// Where the agent's control API is
    #[arg(
        long = "control",
        value_name = "ADDR|unix:PATH",
        env = "GOSSIP_CONTROL",
        default_value = ControlAddr::DEFAULT,
    )]
    pub(crate) addr: ControlAddr,
}

/// How to print what was read.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Format {
    /// Print JSON: one document, or one object a line for what goes on
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which members to list.
#[derive(Debug, Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct MembersArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Only members of these statuses
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) status: Vec<Status>,
}

const COLUMNS: &str = "\
What the agent believes of each:
  SINCE  how long it has had this status, as seen from here
  HEARD  how long ago it was last heard itself; `self` is the agent
  RTT    the round trip to it and back; `-` until measured, and for the dead as it was last
  INC    its incarnation: grows when it contradicts what is said of it, or changes what it says of itself
  ALSO AT  where another living node of the same name is; shown while there is one: rename one of the two
  PATH   the longest datagram that reaches it, where that is shorter than usual
  WHY    on what grounds it is suspected or gone: `silent, a +1` is silent, says a and one more";

/// What is believed of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Alive,
    Suspect,
    Down,
    Left,
}

#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Its name, or its id
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    /// A member of the cluster
    #[arg(value_name = "HOST:PORT")]
    pub(crate) seed: Seed,
    /// How long to wait for its answer, such as 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) wait: Time,
}

#[derive(Debug, Args)]
#[command(after_help = LEAVING)]
pub(crate) struct LeaveArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    /// How long to try to hand over what this agent wrote, such as 500ms or 10s [default: 3s]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Time>,
}

const LEAVING: &str = "\
Before it says farewell, the agent hands over to others what it wrote and published just before. The exit code is 1
when, in that time, nobody was found who has all of it, and the agent keeps no data file to have it again.";

#[derive(Debug, Args)]
#[command(after_help = PUTTING)]
pub(crate) struct PutArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) key: Key,
    /// The value; `-` reads it from stdin, `@FILE` from a file
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Wait until so many members have it in memory, this one included: `all`, `majority`, or a number
    #[arg(long, value_name = "all|majority|N")]
    pub(crate) wait: Option<Quorum>,
    /// How long to wait for that, such as 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "5s", requires = "wait")]
    pub(crate) timeout: Time,
    /// Wait until it is on the agent's disk, whatever becomes of the agent then
    #[arg(long, conflicts_with = "wait")]
    pub(crate) durable: bool,
}

const PUTTING: &str = "\
It is done when the agent has accepted it, in its memory: the others hear of it from then on, and with --data-dir it is
on the agent's disk a second later. An agent that is killed before either has happened loses it.

With --durable it is done when the agent has flushed it to its disk, too: an agent that is killed then, or loses its
power, has it when it is started again. That does not say that another agent has it.

With --wait, it is done when so many of the live members that keep entries have shown that they have it; a majority is
more than half of those that live then, or lived when it was asked for, whichever is more. The exit code is 1 when that
did not come true in time, and the message names who is missing: the entry is written all the same, and spreads on.";

#[derive(Debug, Args)]
#[command(after_help = WAITING)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    /// For all live members to hold the same
    #[arg(long, required = true)]
    pub(crate) converged: bool,
    /// How long to wait for that, such as 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: Time,
}

const WAITING: &str = "\
All agree when each live member is known to hold the same members, entries and notices as this one; alone, nobody does.
The exit code is 1 when they did not agree in time, and the message names who is missing: `gossip members` says more of
them.";

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) key: Key,
    /// Wait until that is on the agent's disk, whatever becomes of the agent then
    #[arg(long)]
    pub(crate) durable: bool,
}

/// What an entry goes by.
#[derive(Debug, Clone, Args)]
pub(crate) struct Key {
    /// The entry's key; an empty one, "", is a key as well
    pub(crate) key: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Only entries whose key starts like this
    #[arg(default_value = "")]
    pub(crate) prefix: String,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Only entries whose key starts like this
    #[arg(default_value = "")]
    pub(crate) prefix: String,
    #[command(flatten)]
    pub(crate) stop: Stop,
}

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    /// The notice; `-` reads it from stdin, `@FILE` from a file. It may be empty
    #[arg(allow_hyphen_values = true)]
    pub(crate) notice: String,
    /// Send it ahead of everything else
    #[arg(long)]
    pub(crate) critical: bool,
    /// Tell it to nobody who hears of it later than this: from 1s to 24d, such as 90s, 10m, 24h or 7d [default: 1h]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) ttl: Option<Ttl>,
    /// Where the agent has too many notices to hand on as yet, try again for so long, such as 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) wait: Time,
}

#[derive(Debug, Args)]
pub(crate) struct MonitorArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) stop: Stop,
    /// Begin with what the agent still remembers from before
    #[arg(long)]
    pub(crate) replay: bool,
}

/// When to stop following.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Stop {
    /// Stop after this many [default: follow until interrupted]
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,
}

#[derive(Debug, Args)]
pub(crate) struct TagArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    /// Tags to set
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Tag>,
    /// A tag to remove; may be repeated
    #[arg(long = "remove", value_name = "KEY")]
    pub(crate) remove: Vec<String>,
    /// What this member is there for from now on
    #[arg(long)]
    pub(crate) role: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    pub(crate) agent: AgentAt,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// What to replay, and what to show of it.
#[derive(Debug, Args)]
#[command(after_help = REPLAYING)]
pub(crate) struct ReplayArgs {
    /// What `gossip agent --record` made, or a copy of it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) format: Format,
    /// Show only what happened at this time or later
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Moment>,
    /// Stop after this time, and show the state of the node
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Moment>,
    /// Stop after the moment with this number, and show the state of the node
    #[arg(long, value_name = "N")]
    pub(crate) stop_at: Option<NonZeroU64>,
    /// Show nothing but whether the replay is the same as what was recorded
    #[arg(long, conflicts_with_all = ["from", "until", "stop_at"])]
    pub(crate) check: bool,
    /// Replay what another version of this program recorded, too: it may come out otherwise
    #[arg(long)]
    pub(crate) other_builds: bool,
}

const REPLAYING: &str = "\
Each line has a number, which counts from the oldest moment in the file, a time of day (UTC), and what happened:
  in      a datagram arrived            out     a datagram was sent
  asked   the application wanted it     event   the application was told
  time    a deadline had come           io      the operating system complained

TIME is a time of day (14:03, 14:03:12.5: the first such in the file) or a date with it
(2030-01-31T14:03:12Z), always in UTC.

The exit code is 1 when what comes out is not, byte for byte, what came out then.";

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many agents to run
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(3..=128))]
    pub(crate) nodes: u16,
    /// End with one JSON object on stdout; progress goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// A file to replicate as configuration [default: one of this system's]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Keep the agents' logs in this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) keep_logs: Option<PathBuf>,
}

impl Arguments {
    /// Reads the command line. `None` when all that was asked for was printed: help, or the version.
    pub(crate) fn read() -> Result<Option<Self>, Failure> {
        match Self::try_parse() {
            Ok(arguments) => Ok(Some(arguments)),
            Err(error) => match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                    super::console::bytes(error.render().to_string().as_bytes()).map(|()| None)
                }
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Err(Failure::usage(
                    "say what to do: `gossip demo` shows it all, `gossip --help` lists the commands",
                )),
                _ => Err(Failure::usage(in_one_line(&error.render().to_string()))),
            },
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Down => "down",
            Self::Left => "left",
        })
    }
}

/// What clap says, without the usage that it adds.
fn in_one_line(rendered: &str) -> String {
    let said = rendered.lines().map(str::trim).filter(|line| !line.is_empty());
    let said = said.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let mut line = said.map(|line| line.replacen("tip: ", "— ", 1)).collect::<Vec<_>>().join(" ");
    if let Some(rest) = line.strip_prefix("error: ") {
        line = rest.to_owned();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for (line, named) in [
            ("gossip agent --bnd 127.0.0.1:1", "--bnd"),
            ("gossip agent --bind nowhere", "--bind"),
            ("gossip members --status gone", "gone"),
            ("gossip get", "<KEY>"),
            ("gossip demo --nodes 1", "1"),
            ("gossip replay file --from noon", "noon"),
            ("gossip publish fire --ttl soon", "soon"),
            ("gossip leave --timeout 3", "3"),
            ("gossip put k v --wait most", "most"),
            ("gossip put k v --timeout 3s", "--wait"),
            ("gossip wait", "--converged"),
            ("gossip dance", "dance"),
        ] {
            let error = Arguments::try_parse_from(line.split(' ')).unwrap_err();
            let said = in_one_line(&error.render().to_string());
            assert!(said.contains(named) && !said.contains('\n'), "{said}");
            assert!(!said.contains("Usage"), "{said}");
        }
    }
}
