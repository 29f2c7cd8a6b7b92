#![doc = include_str!("../README.md")]

mod driver;

pub use self::driver::bind;
#[doc(inline)]
pub use gossip_core::adapter::{Events, Gossip, vocabulary::*};
