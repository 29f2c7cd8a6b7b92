//! SWIM as it was published (Das, Gupta, Motivala 2002), to compare with: a node and a world of its own, which share nothing
//! with ours but the network, the hosts' machines and what may ail them, and what is measured.
//!
//! A member is probed each period, directly and then through helpers; whoever does not answer is suspected for a time that
//! depends on the cluster's size alone, and is then declared faulty, which all believe. Nothing is measured, nobody doubts
//! itself, and what cannot be told by word of mouth is not told.
//!
//! Three things are not in the paper, since without them it would compare badly for no fault of its detector:
//!
//! - Between probes, news is pushed to a few members, as in the baseline of Lifeguard's authors (Dadgar, Phillips, Currey 2018,
//!   §V). [`Settings::paper`] does without.
//! - A member that was declared faulty and lives comes back with a higher incarnation, as there. In the paper it would come back
//!   under another name. Whoever answers one that it takes for faulty says so first.
//! - Whoever is heard and was not known is taken in. Else some that join at once would never meet.
//!
//! ```
//! use gossip_core::sim::{Network, plain_swim::{Settings, World}};
//! use std::time::Duration;
//!
//! let mut world = World::new(7, Network::lan(), Settings::lan());
//! let hosts: Vec<_> = (0..8).map(|n| world.spawn(&format!("n{n}"))).collect();
//! world.acquaint();
//! world.run_for(Duration::from_secs(5));
//! world.crash(hosts[3]);
//! world.run_for(Duration::from_secs(20));
//! assert!(world.live().all(|host| !world.counts(host, hosts[3])));
//! ```
//!
//! | to see or change | look in |
//! |---|---|
//! | whom a node probes, suspects and tells | `node.rs` |
//! | who is believed to live, and which of two claims wins | `members.rs` |
//! | how often news is told, and which first | `news.rs` |
//! | what a datagram looks like | `message.rs` |
//! | what can be done to a world and seen of it | `world.rs` |
//! | how a datagram or a timer gets to its node | `engine.rs` |
mod engine;
mod members;
mod message;
mod news;
mod node;
mod settings;
#[cfg(test)]
mod tests;
mod world;

pub use node::{Node, Output, Told};
pub use settings::Settings;
pub use world::World;
