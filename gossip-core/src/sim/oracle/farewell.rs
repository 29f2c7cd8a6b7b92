//! What a node leaves behind.
use super::{Oracle, Oracles};
use crate::{node::Node, sim::HostId, storage::Storage, time::Instant};
use alloc::borrow::ToOwned;

/// In probe intervals: whoever took something over may have ended so shortly before that the leaver took it to be there.
const SHORTLY: u32 = 30;

/// Whether what a node wrote and published was handed over before its farewell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum FarewellOutcome {
    /// It has said no farewell.
    #[default]
    NotSaid,
    /// Somebody had all of it when the farewell was said, or it may have been somebody who has died since.
    HandedOver,
    /// Nobody had.
    NotHandedOver,
}

impl Oracles {
    /// A node says farewell, from now on: among them, the `others` have all that it wrote and published in this life. One that sees
    /// nobody may have handed it to those who have died since.
    pub(in crate::sim) fn on_farewell<'n, S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        others: impl Iterator<Item = &'n Node<S>>,
    ) {
        let shortly = self.ended_at.is_some_and(|at| now < at + node.config().probe_interval * SHORTLY);
        let owes = node.has_words_of_its_own() && node.live() > 1;
        let lost = owes && !shortly && !node.is_held_by(others);
        self.hosts[host.index()].life.farewell =
            if lost { FarewellOutcome::NotHandedOver } else { FarewellOutcome::HandedOver };
    }

    /// Whether a node was not seen to say farewell yet.
    pub(in crate::sim) fn is_farewell_news(&self, host: HostId) -> bool {
        self.hosts[host.index()].life.farewell == FarewellOutcome::NotSaid
    }

    /// A node's farewell is over. What others were handed they may have forgotten meanwhile, with whoever published it.
    pub(in crate::sim) fn on_departed(&mut self, now: Instant, host: HostId) {
        let life = &self.hosts[host.index()].life;
        if life.farewell == FarewellOutcome::NotHandedOver && !life.is_not_handed_over {
            self.report.add(Oracle::HandedOver, now, host, || "nobody has all that it wrote".to_owned());
        }
    }
}
