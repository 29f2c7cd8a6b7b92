//! Calls that wait for others: until so many members have a write, or until all agree.
use crate::{
    adapter::{Endpoint, WaitError, reply::Reply, waiters::End},
    id::{Dot, WaitId},
    time::Instant,
    waiting::Quorum,
};
use core::time::Duration;

impl Endpoint {
    /// Writes an entry, and waits until so many members have it, for so long.
    ///
    /// # Errors
    /// The write was refused; or too much is waited for already.
    pub fn put_await(
        &mut self,
        key: &[u8],
        value: &[u8],
        quorum: Quorum,
        timeout: Duration,
    ) -> Result<(Dot, WaitId), WaitError> {
        let write = self.put(key, value).map_err(WaitError::Put)?;
        self.await_write(write, quorum, timeout)
    }

    /// Waits until so many members have this write of the node's present life, for so long.
    ///
    /// # Errors
    /// It is no such write, too much is waited for already, or the node is leaving.
    pub fn await_write(&mut self, write: Dot, quorum: Quorum, timeout: Duration) -> Result<(Dot, WaitId), WaitError> {
        let now = self.begin_to_wait();
        let refused = |reason| WaitError::Refused { write: Some(write), reason };
        let wait = self.node.await_write(now, write, quorum, now + timeout).map_err(refused)?;
        Ok((write, wait))
    }

    /// Waits until all agree, for so long. It is about no write.
    ///
    /// # Errors
    /// Too much is waited for already, or the node is leaving.
    pub fn await_converged(&mut self, timeout: Duration) -> Result<(Option<Dot>, WaitId), WaitError> {
        let now = self.begin_to_wait();
        let refused = |reason| WaitError::Refused { write: None, reason };
        let wait = self.node.await_converged(now, now + timeout).map_err(refused)?;
        Ok((None, wait))
    }

    /// Has somebody told how a wait ends.
    pub(super) fn tell_end(&mut self, wait: WaitId, write: Option<Dot>, reply: Reply<End>) {
        self.waiters.add(wait, write, reply);
    }

    /// Ends the waits of those who are gone.
    pub(super) fn cancel_deserted(&mut self) {
        while let Some(wait) = self.waiters.take_deserted() {
            self.node.cancel_wait(self.clock.now(), wait);
        }
    }

    fn begin_to_wait(&mut self) -> Instant {
        self.cancel_deserted();
        self.follow_wall_clock()
    }
}
