#![doc = include_str!("../README.md")]

mod alarm;
mod driver;
mod disk_writer;

pub use self::driver::bind;
#[doc(inline)]
pub use gossip_core::adapter::{
    blocking::{Events, Gossip, TimedOut},
    vocabulary::*,
};
