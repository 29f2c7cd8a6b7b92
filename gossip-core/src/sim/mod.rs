//! Many nodes, a network with faults, and virtual time (feature `sim`): a whole cluster as a function of one number.
//!
//! The nodes are real [`Node`](crate::Node)s, and nothing of them is mocked. A [`World`] owns time, the network and
//! chance. Chance is drawn from one stream for each node, and for each link and moment, so that one node or datagram more
//! does not shift the draws of others. The same seed and the same calls give the same world, which [`World::trace`] proves.
//!
//! Use it to test *your* configuration and application: on the network you fear, with the crashes you expect, at the size you
//! plan. While a world runs, [oracles](Oracle) watch it, and [`World::check`] tells what they saw.
//!
//! ```
//! use gossip_core::{Config, sim::{Network, World}};
//! use std::time::Duration;
//!
//! let mut world = World::new(7, Network::lan().with_loss(0.10));
//! let nodes: Vec<_> = (0..8).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
//! nodes[1..].iter().for_each(|&node| world.join(node, nodes[0]));
//! let converged = |world: &World| world.live().all(|node| world.node(node).is_some_and(|n| n.agreement().is_converged()));
//! assert!(world.run_until(Duration::from_secs(20), converged).is_some());
//! world.check().unwrap();
//! ```
//!
//! | to see or change | look in |
//! |---|---|
//! | what can be done to a world | `world.rs`; `settle.rs` waits until nothing is left to be done |
//! | what a node in it waits for | `waiting.rs` |
//! | what can be seen of it | `views.rs` |
//! | how a datagram or a timer gets to its node, and what follows | `engine.rs` |
//! | latency, loss, bandwidth | `network.rs` (what is configured), `links.rs` (what becomes of a datagram) |
//! | what is yet to happen, and when | `queue.rs` |
//! | what a host has and remembers; its clock | `host.rs`, `clock.rs` |
//! | deaf, mute, slow and blocked hosts; what waits in their sockets, and when it and timers are seen to | `machine.rs` |
//! | whose an address, a life or a name is | `lookup.rs` |
//! | what applications were told | `told.rs`; of that and of datagrams, what a log tells | `journal.rs` |
//! | what is counted | `tally.rs` (datagrams and frames), `measure.rs` (errors, and who knew what when) |
//! | a world as text, and the log of what happens in it | `story/` |
//! | worlds drawn at random, and how they are made smaller | `swarm/` |
//! | what must never happen | `oracle/` |
//! | SWIM as it was published, to compare with | `plain_swim/` |
mod clock;
mod engine;
mod host;
mod host_id;
mod journal;
mod links;
mod lookup;
mod machine;
mod measure;
mod network;
mod oracle;
pub mod plain_swim;
mod queue;
mod settle;
pub mod story;
pub mod swarm;
mod tally;
mod told;
mod views;
mod waiting;
mod world;

use crate::{digest::Digester, rng::Rng};
use core::convert::Infallible;

pub use clock::{Calendar, Leap};
pub use host::Memory;
pub use host_id::HostId;
pub use machine::Ailment;
pub use measure::{Crash, Death, Measures, News, Spread, Truth};
pub use network::{Bandwidth, Impairment, Latency, Loss, Network, Place, Way};
pub use oracle::{Oracle, Violation};
pub use story::Story;
pub use tally::{Count, Losses, Tally, Traffic};
pub use told::Told;
pub use world::{Scrutiny, World};

/// A stream of chance for one purpose: the seed, and what names it.
fn stream<const N: usize>(purpose: &[u64; N]) -> Rng {
    Rng::from_seed(Digester::unkeyed().of_words(purpose).0)
}

/// Our own generator, as the boundary wants it.
struct Chance(Rng);

impl rand_core::TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.0.next_u64() >> 32).unwrap_or(0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let draw = self.0.next_u64().to_le_bytes();
            chunk.copy_from_slice(&draw[..chunk.len()]);
        }
        Ok(())
    }
}
