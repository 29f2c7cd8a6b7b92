//! What a node leaves behind.
use super::{Oracle, Oracles};
use crate::{node::Node, sim::HostId, storage::Storage, time::Instant};
use alloc::borrow::ToOwned;
use core::time::Duration;

/// Whoever took something over may have ended, or forgotten it, so shortly before.
const SHORTLY: Duration = Duration::from_secs(30);

impl Oracles {
    /// A node's farewell is over: one of the `others` has all that it wrote and published in this life. One that sees nobody may
    /// have handed it to those who have died since.
    pub(in crate::sim) fn on_farewell<'n, S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        mut others: impl Iterator<Item = &'n Node<S>>,
    ) {
        let said_so = self.hosts[host.index()].life.is_not_handed_over;
        let shortly = self.ended_at.is_some_and(|at| now < at + SHORTLY);
        let owes = node.has_words_of_its_own() && node.live() > 1;
        if owes && !said_so && !shortly && !others.any(|other| other.has_all_of(node)) {
            self.report.add(Oracle::HandedOver, now, host, || "nobody has all that it wrote".to_owned());
        }
    }
}
