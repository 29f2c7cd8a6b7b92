//! A whole cluster of one kind, as the workloads see it.
use crate::{
    contest::{Acquaintance, Index, Moment},
    links::{Links, Traffic},
    observer::Observer,
};
use core::time::Duration;

/// Nodes start at random moments within this.
pub(crate) const START_WITHIN: Duration = Duration::from_secs(1);
/// How long the nodes of a cluster may take to meet, when it is not their joining that is measured.
const MEET_WITHIN: Duration = Duration::from_secs(600);

/// A cluster under test.
pub(crate) trait Cluster {
    /// The present.
    fn now(&self) -> Moment;
    /// How it comes about that all know all.
    fn acquaintance(&self) -> Acquaintance;
    /// The first node starts now, and each of the others at a random moment within [`START_WITHIN`].
    fn start(&mut self, how: Acquaintance);
    /// Goes on until `limit`, or until something holds of what the nodes believe: then says when.
    fn run_until(&mut self, limit: Moment, holds: &mut dyn FnMut(&Observer) -> bool) -> Option<Moment>;
    /// Ends a node, without a word.
    fn crash(&mut self, node: Index);
    /// The network.
    fn links(&mut self) -> &mut Links;
    /// Who believes in whom.
    fn observer(&mut self) -> &mut Observer;

    /// Starts, and goes on until all have known all for `settle`.
    ///
    /// # Panics
    /// When they do not come to know each other.
    fn settle(&mut self, settle: Duration) {
        let how = self.acquaintance();
        self.start(how);
        let met = self.run_until(MEET_WITHIN, &mut |observer| observer.missing == 0);
        assert!(met.is_some(), "the nodes have not met");
        self.run_for(settle);
    }

    /// Lets time pass.
    fn run_for(&mut self, span: Duration) {
        let until = self.now() + span;
        let _ = self.run_until(until, &mut |_| false);
    }

    /// What is sent during the next `span`.
    fn traffic_of(&mut self, span: Duration) -> Traffic {
        let before = self.links().traffic;
        self.run_for(span);
        self.links().traffic - before
    }
}
