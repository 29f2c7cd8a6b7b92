//! Waiting for what a world comes to, without looking all the time.
use super::World;
use crate::{node::Node, storage::Storage};
use core::time::Duration;

/// How often [`World::settle`] looks.
const LOOK: Duration = Duration::from_millis(5);

impl<S: Storage> World<S> {
    /// Lets time pass until every live node sees as many live as there are and claims that all agree; says how much time
    /// did, and `None` when it was not so within `limit`.
    pub fn settle(&mut self, limit: Duration) -> Option<Duration> {
        self.pass_until(LOOK, limit, |world| {
            let live = world.live().count();
            world.nodes().all(|node| node.live() == live && node.is_converged())
        })
    }

    /// Lets time pass until `done`, like [`run_until`](Self::run_until), but looks only every so often: to look at many
    /// nodes whenever anything happens costs more than all that happens.
    pub fn pass_until(
        &mut self,
        look: Duration,
        limit: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Option<Duration> {
        let (start, end, look) = (self.now, self.now + limit, look.max(Duration::from_micros(1)));
        while !done(self) {
            if self.now >= end {
                return None;
            }
            self.run_for(look.min(end.saturating_duration_since(self.now)));
        }
        Some(self.now.saturating_duration_since(start))
    }

    /// The nodes that live.
    pub fn nodes(&self) -> impl Iterator<Item = &Node<S>> {
        self.hosts.iter().filter_map(|host| host.node.as_ref())
    }
}
