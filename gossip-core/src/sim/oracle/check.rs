//! What a world says of its oracles.
use super::Violation;
use crate::{id::NodeId, sim::World, storage::Storage, time::Instant};

impl<S: Storage> World<S> {
    /// Whether the oracles have seen anything that must never happen.
    ///
    /// # Errors
    /// The first thing that they saw.
    pub fn check(&self) -> Result<(), Violation> {
        self.violations().first().cloned().map_or(Ok(()), Err)
    }

    /// The same, in a world at rest: nothing is written any more, nothing is lost, cut or ails, everybody was introduced to
    /// somebody who stayed, and there was time to settle. Now all live nodes must know and hold the same, and have been told
    /// all of it. A world that loses datagrams comes to rest once [`set_network`](Self::set_network) has made it a kind one,
    /// and time has passed.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn check_at_rest(&mut self) -> Result<(), Violation> {
        let mut oracles = core::mem::take(&mut self.oracles);
        oracles.look_around(self);
        self.oracles = oracles;
        self.check()
    }

    /// All that the oracles have seen, in the order in which they saw it: the first few, when it is much.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.oracles.report.violations()
    }

    /// Whether any of the hosts of this name has a live node, and since when there is none.
    pub(in crate::sim) fn ended_at(&self, id: NodeId) -> Option<Instant> {
        let hosts = self.hosts_of(id);
        if hosts.iter().any(|&host| self.node(host).is_some()) {
            return None;
        }
        hosts.iter().filter_map(|host| self.hosts[host.index()].ended_at).max()
    }
}
