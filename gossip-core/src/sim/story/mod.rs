//! A world's story as text: who lives where, what befalls them, and when.
//!
//! One line an act, in the order in which they happen; time passes in `run`, `until`, `churn` and `settle` alone. What comes after a `#` at the
//! beginning of a line or after a blank is a remark.
//!
//! ```text
//! # A crash is known to all, and the others agree again.
//! seed 7
//! network lan loss 10%
//! config lan probe_interval 1s
//! spawn a b n0..7
//! join b n0..7 via a
//! until converged within 10s
//! crash n3
//! until known n3 within 15s
//! settle 60s
//! ```
//!
//! | act | what happens |
//! |---|---|
//! | `seed N` | chance is drawn from it, from 0 if not said; before the first `spawn` |
//! | `storage heap` or `sensor` | where nodes keep their state; before the first `spawn` |
//! | `scrutiny close` or `loose` | whether the oracles watch; before the first `spawn` |
//! | `network lan` or `wan`, `lan` if not said, then any of `latency constant 1ms`, `latency uniform 1ms 2ms`, `latency exponential 1ms 5ms`, `latency positions`, `latency zones 1ms,20ms/20ms,1ms`, `loss 10%`, `bursts 5 20%` (mean length in datagrams, share), `elliott 0.1 0.2 0 1` (the chances to turn bad and good, the shares lost while good and bad), `duplication 1%`, `reordering 1%`, `corruption 1%`, `mtu 1400`, `bandwidth 125000 64000` (bytes a second, bytes that may wait) | the network is so from now on |
//! | `config lan`, `wan` or `sensor`, `lan` if not said, then any settings and values: the fields of a [`Config`](crate::Config) and its [limits](crate::Limits), as in `probe_interval 2s members 64` | nodes spawned from now on are configured so |
//! | `spawn a b c`, `spawn n0..31` | nodes start, each on a host of its own; the last host of a name is the one meant below |
//! | `join b c via a` | they are told to join through it |
//! | `leave a`, `crash a`, `keep a` | it says farewell; it dies; it saves what a next life may start with |
//! | `restart a`, `restart a kept` | it starts anew, with nothing or with what was kept; unless it kept something, it waits to be found or to `join` again |
//! | `readdress a` | it dies; its next life has another address |
//! | `put a KEY VALUE`, `delete a KEY`, `publish a TEXT`, `publish a critical TEXT`, `presence a TEXT` | its application says so. Blanks want "double quotes" |
//! | `await a majority within 5s`, `… all`, `… 3`; `await a agreement within 5s` | its application waits until so many have its last write; until all agree. The log tells how that ends |
//! | `repeat 70 publish a "r%"` | the same with any of these, so often; `%` is which time it is, from 1 |
//! | `partition a b / c d` | nothing passes from one group to another; who is in none is alone |
//! | `cut a b > c d` | nothing passes this way |
//! | `heal` | all partitions and cuts are undone |
//! | `impair a > b loss 30%`, `… bursts 5 20%`, `… delay 50ms`, `… mtu 1232` (bytes, without headers), `… cut`; `mend a > b` | this way is worse than the network; it no longer is |
//! | `deaf a`, `mute a`, `slow a awake 1s paused 3s`, `blocked a open 1s shut 3s`, `cure a` | the host is ill (slow, all of it pauses again and again; blocked, its socket alone); it is well |
//! | `clock a drift 300` (parts in a million), `clock a ahead 5s`, `clock a back 5s` | its clock runs fast; is set |
//! | `clock a calendar right`, `… ahead 23h`, `… back 17520h`, `… 1970`, `… missing` | its wall clock shows the right date, which is 2026-01-01 when the story begins; another; none, from its next life on |
//! | `place a zone 1`, `place a at 1000 -500 height 300` (µs) | where it is, for latencies by zone or position |
//! | `churn n0..7 lifetime 1m downtime 10s for 10m` | for so long they crash and restart, after exponentially distributed times |
//! | `run 5s` | time passes |
//! | `until converged within 10s`, `until full within 10s`, `until known a within 10s` | time passes until all live nodes claim agreement; see just those that live; know that a is gone. It is a failure if that takes longer |
//! | `settle 60s` | the world becomes kind: all cuts heal, all hosts are cured, nothing is lost any more, and nodes that nobody knows and that know nobody are told to join; time passes until all live nodes claim agreement, or so long; then the oracles for a world at rest look. What was made kind stays so |
//! | `chapter "The cut heals"` | a heading in the log |
//! | `expect a b WHAT`, `expect a b WHAT within 5s` | it is a failure if one of them is not so; if none comes to be so in time |
//! | `show a` | the log tells whom and what it knows |
//! | `log datagrams`, `log events`, `log nothing` | what the log tells from now on; `events` if not said |
//!
//! In a log, `a.1` is the first rumor or write of a's first life, `a~2.1` of its second, and `a(2)` the second host called a.
//!
//! | `expect …` | what is demanded of each |
//! |---|---|
//! | `told "b is down"`, `told once "rumor *"`, `told X before Y` | its application was told so since the chapter began, in the log's words, which are below; `*` stands for anything |
//! | `untold "* is down"` | it was never told so since the chapter began |
//! | `holds KEY VALUE`, `lacks KEY` | its entries |
//! | `sees b alive`, or `suspect`, `down`, `left`, `unknown` | what it takes a member for |
//! | `sent at most 20` | how many datagrams it sent since the chapter began |
//! | `counted rumors_evicted at least 1`, or `at most` | a [counter](crate::Stats) of its present life |
//!
//! | in a log | what a node tells its application |
//! |---|---|
//! | `b is there`, `b is back`, `b was restarted` | a member is up: new, as it was, in another life |
//! | `b changed` | another address or presence |
//! | `b does not answer`, `b answers after all` | a suspicion, and its end |
//! | `b is down`, `b has left` | it is gone: without warning, after a farewell |
//! | `rumor a.1 hello`, `rumor a.1 "two words"` | a rumor |
//! | `key=value by a.1`, `key deleted by a.1` | an entry changed |
//! | `all 3 agree`, `not all agree` | a claim of agreement, and its end |
//! | `alone` | no other member is live |
//! | `somebody else goes by my name` | two live nodes of one name |
//! | `my clock is wrong`, `my clock is right again` | its wall clock is far from most of the peers'; no longer |
//! | `2 rumors of a were missed` | they were published, and can no longer be told |
//! | `wait 0 has come true: 3 of 5`, `wait 0 was in vain, not in time: 2 of 5` | what it waited for; how many have it, or agree, out of how many |
//! | `3 writes and 1 rumors are not handed over` | it leaves, and nobody is known to have them |
//! | `farewell is said` | it has left |
//!
//! A line of a log that begins with `*` is an act, one with `==` a chapter; `reached after` ends an `until` or an `expect … within`.
mod calm;
mod churn;
mod clocks;
mod expect;
mod log;
mod names;
mod outcome;
mod parse;
mod print;
mod run;
mod settings;
mod waits;
mod words;

use super::{Ailment, Calendar, Impairment, Leap, Memory, Network, Place, Scrutiny};
use crate::{waiting::Quorum, wire::Urgency};
use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

pub use super::journal::Detail;
pub use expect::Expected;
pub use names::Names;
pub use outcome::{Ended, Failed, Outcome, Sample};
pub use print::{Share, Time};
pub use settings::{Preset, Setting, Settings};

/// A story, as data: [parse](Story::parse) it, print it, [run](Story::run) it.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Chance is drawn from it.
    pub seed: u64,
    /// Where nodes keep their state.
    pub storage: Kept,
    /// Whether the oracles watch.
    pub scrutiny: Scrutiny,
    /// What happens, in order.
    pub acts: Vec<Act>,
}

/// Where the nodes of a story keep their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// On the heap.
    #[default]
    Heap,
    /// Inside, in the few KiB of a [`Sensor`](crate::Sensor).
    Sensor,
}

/// Something that happens in a story. What each means, the [module](self) says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the table above says what each act and its parts mean")]
pub enum Act {
    Network(Network),
    Config(Settings),
    Spawn(Names),
    Join { hosts: Names, via: String },
    Leave(Names),
    Crash(Names),
    Keep(Names),
    Restart { hosts: Names, memory: Memory },
    Readdress(Names),
    Put { host: String, key: Vec<u8>, value: Vec<u8> },
    Delete { host: String, key: Vec<u8> },
    Publish { host: String, urgency: Urgency, payload: Vec<u8> },
    Presence { host: String, presence: Vec<u8> },
    Await { host: String, what: Awaited, within: Duration },
    Repeat { times: u32, act: Box<Self> },
    Partition(Vec<Names>),
    Cut { from: Names, to: Names },
    Heal,
    Impair { from: Names, to: Names, impairment: Impairment },
    Mend { from: Names, to: Names },
    Afflict { hosts: Names, ailment: Ailment },
    Cure(Names),
    Drift { hosts: Names, drift: i32 },
    Leap { hosts: Names, leap: Leap },
    Date { hosts: Names, calendar: Calendar },
    Place { hosts: Names, place: Place },
    Churn { hosts: Names, lifetime: Duration, downtime: Duration, time: Duration },
    Run(Duration),
    Until { goal: Goal, within: Duration },
    Settle(Duration),
    Chapter(String),
    Expect { hosts: Names, what: Expected, within: Duration },
    Show(Names),
    Log(Detail),
}

/// What an application may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// That so many have its last write.
    Write(Quorum),
    /// That all agree.
    Agreement,
}

/// What a story may wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// All live nodes claim that all agree, and see as many as live.
    Converged,
    /// All live nodes see as many as live.
    Full,
    /// All other live nodes know that this one is gone.
    Known(String),
}

/// Why a story cannot be told: what is wrong with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryError {
    /// In which line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl Story {
    /// An empty story.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, storage: Kept::Heap, scrutiny: Scrutiny::Close, acts: Vec::new() }
    }

    /// How much time passes, at most.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.acts.iter().map(Act::duration).sum()
    }
}

impl Act {
    /// How much time passes in it, at most.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        match self {
            Self::Run(time) | Self::Settle(time) | Self::Churn { time, .. } => *time,
            Self::Until { within, .. } | Self::Expect { within, .. } => *within,
            _ => Duration::ZERO,
        }
    }
}

impl Act {
    /// What an application says, for the so manieth time: `%` is the number.
    fn numbered(&self, number: u32) -> Self {
        let mut act = self.clone();
        match &mut act {
            Self::Put { key, value, .. } => {
                insert_number(key, number);
                insert_number(value, number);
            }
            Self::Delete { key: text, .. }
            | Self::Publish { payload: text, .. }
            | Self::Presence { presence: text, .. } => insert_number(text, number),
            _ => {}
        }
        act
    }
}

fn insert_number(text: &mut Vec<u8>, number: u32) {
    if let Some(at) = text.iter().position(|&byte| byte == b'%') {
        text.splice(at..=at, number.to_string().into_bytes());
    }
}

impl fmt::Display for StoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl core::error::Error for StoryError {}
