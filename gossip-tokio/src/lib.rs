#![doc = include_str!("../README.md")]

mod driver;
mod handle;
#[cfg(feature = "program")]
pub mod program;

pub use self::handle::Gossip;
#[doc(inline)]
pub use gossip_core::adapter::{Events, vocabulary::*};

/// The examples of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
