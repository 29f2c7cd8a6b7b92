//! Worlds drawn from a seed, by the thousand: what nobody thought of, they try.
//!
//! Each seed draws which kinds of fault its world has, as well as their course (swarm testing: Groce et al. 2012 found
//! that leaving features out at random finds more than having all of them always). A world that goes badly is one number;
//! [`shrink`] makes its [`Story`] as short as it can, and that is text to put into a test.
//!
//! ```
//! use gossip_core::sim::swarm;
//!
//! for seed in 0..5 {
//!     let story = swarm::draw(seed);
//!     if let Some(fault) = swarm::fault_of(&story) {
//!         panic!("seed {seed}: {fault}\n{}", swarm::shrink(&story, 200));
//!     }
//! }
//! ```
mod choices;
mod draw;
mod faults;
mod features;
mod shrink;
mod surroundings;

use super::story::{Act, Ended, Failed, Kept, Outcome, Story};
use alloc::{
    format,
    string::{String, ToString},
};
use core::{fmt, panic::AssertUnwindSafe};
use std::panic::catch_unwind;

pub use draw::{draw, draw_from};
pub use shrink::shrink;

/// What was wrong with a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its story ended badly.
    Story(Failed),
    /// Something panicked.
    Panic(String),
    /// Told again, or with another storage, it went otherwise.
    Unequal,
}

/// Every so many seeds, a story is told twice.
const TWICE: u64 = 8;

/// Tells a story, and says what was wrong with it.
///
/// Some stories are told twice, those of sensors also with their state on the heap, and must go the same way; the latter only where
/// no bytes are forged, for two keys that are said to be written by one write stand in no particular order.
#[must_use]
pub fn fault_of(story: &Story) -> Option<Fault> {
    let outcome = match tell(story) {
        Err(panicked) => return Some(panicked),
        Ok(outcome) => outcome,
    };
    if let Ended::Badly { what, .. } = outcome.ended {
        return Some(Fault::Story(what));
    }
    let again = match story.storage {
        Kept::Sensor if !is_corrupted(story) => Some(Story { storage: Kept::Heap, ..story.clone() }),
        Kept::Sensor => Some(story.clone()),
        Kept::Heap if story.seed.is_multiple_of(TWICE) => Some(story.clone()),
        Kept::Heap => None,
    };
    match tell(&again?) {
        Err(panicked) => Some(panicked),
        Ok(again) => (again.trace != outcome.trace).then_some(Fault::Unequal),
    }
}

fn is_corrupted(story: &Story) -> bool {
    story.acts.iter().any(|act| matches!(act, Act::Network(network) if network.corruption > 0.0))
}

fn tell(story: &Story) -> Result<Outcome, Fault> {
    catch_unwind(AssertUnwindSafe(|| story.run())).map_err(|panic| Fault::Panic(words_of(panic.as_ref())))
}

impl Fault {
    /// Whether another fault is of the same kind: what a smaller world must show to count as the same failure.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Story(Failed::Violated(a)), Self::Story(Failed::Violated(b))) => a.oracle == b.oracle,
            (Self::Story(Failed::NotReached(_)), Self::Story(Failed::NotReached(_)))
            | (Self::Story(Failed::Unmet(_)), Self::Story(Failed::Unmet(_))) => true,
            (Self::Panic(a), Self::Panic(b)) => a == b,
            (Self::Unequal, Self::Unequal) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Story(failed) => failed.fmt(f),
            Self::Panic(words) => write!(f, "panicked: {words}"),
            Self::Unequal => f.write_str("told again, it went otherwise"),
        }
    }
}

impl core::error::Error for Fault {}

fn words_of(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| format!("{:?}", panic.type_id()))
}
