#![doc = include_str!("../README.md")]

mod alarm;
mod driver;
mod events;
mod handle;
mod disk_writer;

pub use self::{
    events::{Events, TimedOut},
    handle::Gossip,
};
pub use gossip_core::adapter::vocabulary::*;
