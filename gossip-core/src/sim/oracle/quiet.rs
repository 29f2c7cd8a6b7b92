//! How little is sent in a world at rest, whether or not all agree: where somebody has no room, they never may.
use super::{Oracle, Oracles};
use crate::{node::Node, sim::World, storage::Storage};
use alloc::{format, vec::Vec};
use core::time::Duration;

/// So many datagrams may a node send at rest in a gossip interval. Among those that cannot agree it was up to six in thousands of
/// worlds: a question to somebody, and what each of them asks back.
const DATAGRAMS_MAX: u64 = 12;

impl<S: Storage> World<S> {
    /// How many datagrams each host has sent.
    pub(in crate::sim) fn sent(&self) -> Vec<u64> {
        self.hosts().map(|host| self.traffic(host).sent.datagrams).collect()
    }

    /// Looks whether any host sent too much in the last `time` of rest; `before`, it had [`sent`](Self::sent) so much.
    pub(in crate::sim) fn check_quiet(&mut self, before: &[u64], time: Duration) {
        let mut oracles = core::mem::take(&mut self.oracles);
        oracles.listen(self, before, time);
        self.oracles = oracles;
    }
}

impl Oracles {
    fn listen<S: Storage>(&mut self, world: &World<S>, before: &[u64], time: Duration) {
        for ((host, before), now) in world.hosts().zip(before).zip(world.sent()) {
            let (Some(node), sent) = (world.node(host), now - before) else { continue };
            let bound = DATAGRAMS_MAX * intervals(node, time);
            if sent > bound {
                self.report.add(Oracle::QuietAtRest, world.now(), host, || {
                    format!("it sends {sent} datagrams in {time:?} of rest, and {bound} would do")
                });
            }
        }
    }
}

fn intervals<S: Storage>(node: &Node<S>, time: Duration) -> u64 {
    u64::try_from(time.as_micros() / node.config().gossip_interval.as_micros().max(1)).unwrap_or(u64::MAX)
}
