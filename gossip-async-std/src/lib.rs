#![doc = include_str!("../README.md")]

mod driver;
mod handle;

pub use self::handle::Gossip;
#[doc(inline)]
pub use gossip_core::adapter::{Events, vocabulary::*};
