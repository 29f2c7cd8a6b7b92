//! What became of a story, and how things stood while it was told.
use crate::{
    digest::Digest,
    sim::{Measures, Traffic, Violation},
    time::Instant,
};
use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

/// What became of a story.
#[derive(Debug, Clone)]
#[must_use]
pub struct Outcome {
    /// Whether it was told to its end.
    pub ended: Ended,
    /// What happened, a line each.
    pub log: Vec<String>,
    /// The world's time when it began, for comparison with what was measured.
    pub began: Instant,
    /// When each act began, as far as it was told.
    pub acts: Vec<Duration>,
    /// The world's fingerprint at the end.
    pub trace: Digest,
    /// How much time passed in it.
    pub time: Duration,
    /// How many datagrams arrived and timers fired.
    pub events: u64,
    /// Each host's name and traffic, in the order in which they were spawned.
    pub hosts: Vec<(String, Traffic)>,
    /// Who erred, and who knew what when.
    pub measures: Measures,
}

/// How a story ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All of it was told, and nothing was wrong.
    Well,
    /// In this act, the first being 0, something was wrong.
    Badly {
        /// Which.
        act: usize,
        /// What.
        what: Failed,
    },
    /// In this act, the first being 0, whoever watched had seen enough.
    Stopped {
        /// Which.
        act: usize,
    },
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// An oracle saw something that must never happen.
    Violated(Violation),
    /// What was waited for did not come.
    NotReached(String),
    /// What was expected is not so.
    Unmet(String),
    /// The act makes no sense: no host has that name, or the configuration is refused.
    Senseless(String),
}

/// How things stand at one moment of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// How long after the beginning.
    pub at: Duration,
    /// In which act, the first being 0; after all acts, how many there are.
    pub act: usize,
    /// How many nodes live.
    pub live: usize,
    /// How many of them see as many as live.
    pub full: usize,
    /// How many of them know just the same, in the largest group of such.
    pub agreeing: usize,
    /// How many of them claim that all agree.
    pub converged: usize,
    /// How many datagrams all hosts have sent so far.
    pub datagrams: u64,
    /// Their bytes, without the headers of lower layers.
    pub bytes: u64,
    /// How many suspicions were false so far.
    pub false_suspicions: u64,
    /// How many deaths were false so far.
    pub false_deaths: u64,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violated(violation) => violation.fmt(f),
            Self::NotReached(what) => write!(f, "not reached: {what}"),
            Self::Unmet(what) => write!(f, "not as expected: {what}"),
            Self::Senseless(what) => f.write_str(what),
        }
    }
}

impl core::error::Error for Failed {}
