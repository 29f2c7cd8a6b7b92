#![doc = include_str!("../README.md")]

mod driver;
#[cfg(feature = "program")]
pub mod program;

pub use self::driver::bind;
#[doc(inline)]
pub use gossip_core::adapter::{Events, Gossip, vocabulary::*};

/// The examples of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
