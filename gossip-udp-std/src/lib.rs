#![doc = include_str!("../README.md")]

mod alarm;
mod driver;
mod handle;
mod disk_writer;

pub use self::handle::Gossip;
#[doc(inline)]
pub use gossip_core::adapter::{
    blocking::{Events, TimedOut},
    vocabulary::*,
};
