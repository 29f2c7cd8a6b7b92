//! Waiting, in a world: what a node's application waits for, and who has it.
use super::{HostId, Scrutiny, World, oracle::Waited};
use crate::{
    error::AwaitError,
    id::{Dot, WaitId},
    node::Node,
    storage::Storage,
    time::Instant,
    waiting::Quorum,
};
use core::time::Duration;

impl<S: Storage> World<S> {
    /// Has a node wait until so many have a write of its own, for so long; `None` when it is dead. As by
    /// [`command`](Self::command), but the oracles watch how it ends.
    pub fn await_write(
        &mut self,
        host: HostId,
        write: Dot,
        quorum: Quorum,
        within: Duration,
    ) -> Option<Result<WaitId, AwaitError>> {
        self.wait(host, within, Some((write, quorum)), |node, now, until| node.await_write(now, write, quorum, until))
    }

    /// Has a node wait until all agree, for so long; the rest is as for [`await_write`](Self::await_write).
    pub fn await_converged(&mut self, host: HostId, within: Duration) -> Option<Result<WaitId, AwaitError>> {
        self.wait(host, within, None, Node::await_converged)
    }

    /// Has a node wait for this no longer.
    pub fn cancel_wait(&mut self, host: HostId, wait: WaitId) {
        if self.scrutiny == Scrutiny::Close {
            self.oracles.on_wait_cancelled(host, wait);
        }
        self.command(host, |node, now| node.cancel_wait(now, wait));
    }

    /// Takes note of who has what is waited for: what is said of that is held against it.
    pub(super) fn note_holders(&mut self) {
        let writes = self.oracles.awaited_writes();
        let hosts = &self.hosts;
        let holders = writes.iter().flat_map(|&write| {
            let nodes = hosts.iter().filter_map(|host| host.node.as_ref());
            nodes.filter(move |node| node.has_seen(write)).map(move |node| (write, node.me().id))
        });
        self.oracles.on_holders(holders);
    }

    /// A node's life is about to end: what it had, it had.
    pub(super) fn note_last_holdings(&mut self, host: HostId) {
        if let Some(node) = self.hosts[host.0].node.as_ref().filter(|_| self.scrutiny == Scrutiny::Close) {
            self.oracles.on_had(node.me().id, node.me().generation, node.versions());
        }
    }

    fn wait(
        &mut self,
        host: HostId,
        within: Duration,
        write: Option<(Dot, Quorum)>,
        begin: impl FnOnce(&mut Node<S>, Instant, Instant) -> Result<WaitId, AwaitError>,
    ) -> Option<Result<WaitId, AwaitError>> {
        let mut until = Instant::NEVER;
        let answer = self.ask(host, |node, now| {
            until = now + within;
            begin(node, now, until)
        })?;
        if let Ok(wait) = answer
            && self.scrutiny == Scrutiny::Close
        {
            self.oracles.on_wait(host, wait, Waited { until, write, ended: false });
        }
        self.drain(host);
        Some(answer)
    }
}
