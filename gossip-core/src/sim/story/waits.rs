//! How the applications of a story wait.
use super::{Awaited, Failed, Sample, run::Teller};
use crate::storage::Storage;
use core::{ops::ControlFlow, time::Duration};

impl<S: Storage, W: FnMut(&Sample) -> ControlFlow<(), Duration>> Teller<S, W> {
    /// Has an application wait: for its last write, or for agreement.
    pub(super) fn begin_wait(&mut self, name: &str, what: Awaited, within: Duration) -> Result<(), Failed> {
        let host = self.host(name)?;
        let last = self.world.node(host).map(crate::Node::last_write);
        let answer = match (what, last) {
            (_, None) => None,
            (Awaited::Write(quorum), Some(last)) => self.world.await_write(host, last, quorum, within),
            (Awaited::Agreement, Some(_)) => self.world.await_converged(host, within),
        };
        self.refused(answer);
        Ok(())
    }
}
