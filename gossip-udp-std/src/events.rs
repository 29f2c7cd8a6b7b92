//! What happens to a node, for a thread that waits for it.
use core::{
    fmt,
    task::{Context, Poll, Waker},
    time::Duration,
};
use gossip_core::adapter::{self, OwnedEvent};
use std::{
    sync::Arc,
    task::Wake,
    thread::{self, Thread},
    time::Instant,
};

/// What happens to a node, as one subscriber gets to know it: an iterator that blocks, and ends when the node has stopped.
///
/// A slow subscriber never holds the node up. It misses the oldest events, and is told how many:
/// [`OwnedEvent::Missed`] comes before the next one it gets.
#[derive(Debug)]
pub struct Events {
    queue: adapter::Events,
}

impl Events {
    pub(crate) const fn new(queue: adapter::Events) -> Self {
        Self { queue }
    }

    /// The next event; `None` when the node has stopped and everything was told.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] when nothing happened for so long.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<OwnedEvent>, TimedOut> {
        // A deadline that no clock can show is none.
        self.wait(Instant::now().checked_add(timeout))
    }

    /// Parks the thread until there is something to tell.
    fn wait(&mut self, deadline: Option<Instant>) -> Result<Option<OwnedEvent>, TimedOut> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            if let Poll::Ready(event) = self.queue.poll_next(&Context::from_waker(&waker)) {
                return Ok(event);
            }
            let Some(deadline) = deadline else {
                thread::park();
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TimedOut);
            }
            thread::park_timeout(left);
        }
    }
}

impl Iterator for Events {
    type Item = OwnedEvent;

    fn next(&mut self) -> Option<OwnedEvent> {
        // Without a deadline, nothing times out.
        self.wait(None).unwrap_or(None)
    }
}

/// Nothing happened in the time given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing happened in the time given")
    }
}

impl core::error::Error for TimedOut {}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
