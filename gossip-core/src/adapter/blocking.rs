//! The handle and its events for threads that block: nothing but the other ones, waited for.
use crate::{
    WaitId,
    adapter::{self, Endpoint, Flushed, OwnedEvent, vocabulary::*},
};
use core::{
    convert::Infallible,
    fmt,
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{
    sync::Arc,
    task::Wake,
    thread::{self, Thread},
    time::Instant,
};

/// A handle to a running node, for threads: what the `Gossip` of `gossip-udp-std` is made of. Clones speak of the same node; when the
/// last is dropped, it leaves its cluster and stops.
///
/// A task must not call it: it would hold up its runtime, and for ever where that runs the driver, however many threads it has. From a
/// task, tokio's `spawn_blocking` or the like may.
#[derive(Debug, Clone)]
pub struct Handle {
    awaited: adapter::Handle,
}

impl Handle {
    /// The id of the node.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.awaited.id()
    }

    /// Where its socket is bound.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.awaited.local_addr()
    }

    /// Subscribes to all that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        Events { awaited: self.awaited.subscribe() }
    }

    /// Has something done by the driver.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub fn call<T: Send + 'static>(&self, ask: impl FnOnce(&mut Endpoint) -> T + Send + 'static) -> Result<T, Closed> {
        block_on(self.awaited.call(ask))
    }

    /// Has something done that may be refused.
    ///
    /// # Errors
    ///
    /// It was refused, or the node has stopped.
    pub fn ask<T: Send + 'static, E: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> Result<T, E> + Send + 'static,
    ) -> Result<T, CallError<E>> {
        block_on(self.awaited.ask(ask))
    }

    /// Has something written that may be refused, and waits until it is on the disk.
    ///
    /// # Errors
    ///
    /// It was refused, or the disk did not take it; or the node has stopped, and it is not known whether it did.
    pub fn flush<T: Send + 'static, E: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> Result<(T, Flushed), DurableError<E>> + Send + 'static,
    ) -> Result<T, CallError<DurableError<E>>> {
        block_on(self.awaited.flush(ask))
    }

    /// Has something waited for that others must do, until that has come true; `begin` names the write that it is about, if it is
    /// about one.
    ///
    /// # Errors
    ///
    /// It did not come true in time, it is not waited for, or the node has stopped.
    pub fn wait<W: Copy + Into<Option<Dot>> + Send + 'static, T>(
        &self,
        begin: impl FnOnce(&mut Endpoint) -> Result<(W, WaitId), WaitError> + Send + 'static,
        reached: impl FnOnce(W, Reached) -> T,
    ) -> Result<T, WaitError> {
        block_on(self.awaited.wait(begin, reached))
    }

    /// Has the node stopped, and waits until it has.
    ///
    /// # Errors
    ///
    /// It had stopped already.
    pub fn stop(&self, how: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<NotHandedOver, Closed> {
        block_on(self.awaited.stop(how))
    }

    /// The same, where nothing is handed over.
    ///
    /// # Errors
    ///
    /// It had stopped already.
    pub fn end(&self, how: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<(), Closed> {
        block_on(self.awaited.end(how))
    }
}

impl From<adapter::Handle> for Handle {
    fn from(awaited: adapter::Handle) -> Self {
        Self { awaited }
    }
}

/// What happens to a node, as one subscriber gets to know it: an iterator that blocks, and ends when the node has stopped.
///
/// A slow subscriber never holds the node up. It misses the oldest events, and is told how many:
/// [`OwnedEvent::Missed`] comes before the next one it gets.
#[derive(Debug)]
pub struct Events {
    awaited: adapter::Events,
}

impl Events {
    /// The next event; `None` when the node has stopped and everything was told.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] when nothing happened for so long.
    #[expect(clippy::disallowed_methods, reason = "it is the caller's wait, and no time of the node's")]
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<OwnedEvent>, TimedOut> {
        // A deadline that no clock can show is none.
        let deadline = Instant::now().checked_add(timeout);
        wait(self.awaited.next(), || {
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Err(TimedOut),
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
            Ok(())
        })
    }
}

impl Iterator for Events {
    type Item = OwnedEvent;

    fn next(&mut self) -> Option<OwnedEvent> {
        block_on(self.awaited.next())
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

/// Parks the thread until the future is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let Ok(output) = wait(future, || {
        thread::park();
        Ok::<(), Infallible>(())
    });
    output
}

/// Rests until the future is ready, or until there is to be no rest any more.
fn wait<F: Future, E>(future: F, mut rest: impl FnMut() -> Result<(), E>) -> Result<F::Output, E> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Ok(output);
        }
        rest()?;
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::{Step, start};
    use handles::{Gossip, awaited};
    use std::{sync::mpsc, vec::Vec};

    /// Handles as adapters make them.
    #[allow(dead_code, unreachable_pub, reason = "a handle has more calls than are asked for here")]
    mod handles {
        pub(super) mod awaited {
            use crate::adapter::{self, Events, vocabulary::*};
            use std::borrow::ToOwned;

            #[derive(Debug, Clone)]
            pub(in super::super) struct Gossip {
                pub(in super::super) handle: adapter::Handle,
            }
            crate::calls_of_a_handle!(async Gossip);
        }

        use super::super::*;
        use std::borrow::ToOwned;

        #[derive(Debug, Clone)]
        pub(super) struct Gossip {
            handle: Handle,
        }
        crate::calls_of_a_handle!(blocking Gossip);

        impl From<awaited::Gossip> for Gossip {
            fn from(awaited: awaited::Gossip) -> Self {
                Self { handle: awaited.handle.into() }
            }
        }
    }

    fn begin() -> (Endpoint, adapter::Calls, awaited::Gossip) {
        let (endpoint, calls, handle) = start(Options::new("one"), SocketAddr::from(([127, 0, 0, 1], 1))).unwrap();
        (endpoint, calls, awaited::Gossip { handle })
    }

    /// A node whose datagrams go nowhere, driven by a thread that ends with it.
    fn node() -> (awaited::Gossip, thread::JoinHandle<()>) {
        let mut options = Options::new("one");
        options.leave_timeout = Duration::ZERO;
        let (mut endpoint, mut calls, handle) = start(options, SocketAddr::from(([127, 0, 0, 1], 1))).unwrap();
        let is_over = |endpoint: &mut Endpoint| loop {
            match endpoint.poll() {
                Step::Wait(_) => return false,
                Step::Stop => return true,
                _ => {}
            }
        };
        let driver = thread::spawn(move || {
            while !is_over(&mut endpoint) {
                block_on(calls.next())(&mut endpoint);
            }
        });
        (awaited::Gossip { handle }, driver)
    }

    #[test]
    fn both_handles_speak_of_one_node_and_both_learn_that_it_stopped() {
        let (awaited, driver) = node();
        let blocking = Gossip::from(awaited.clone());
        let mut events = blocking.subscribe();
        assert_eq!(events.next_timeout(Duration::from_millis(1)), Err(TimedOut));
        let written = blocking.put("color", "red").unwrap();
        assert_eq!(block_on(awaited.get("color")).unwrap().unwrap().dot, written);
        assert!(matches!(blocking.delete("shape"), Err(CallError::Refused(_))));
        assert_eq!(block_on(awaited.abort()), Ok(()));
        driver.join().unwrap();
        assert_eq!((blocking.abort(), blocking.leave()), (Err(Closed), Err(Closed)));
        assert_eq!(block_on(awaited.put("color", "blue")), Err(CallError::Closed));
        assert!(matches!(events.next(), Some(OwnedEvent::Changed { .. })), "what happened is told before the end");
        assert_eq!((events.next(), events.next_timeout(Duration::MAX)), (None, Ok(None)));
    }

    #[test]
    fn an_observer_is_told_of_what_is_counted_from_then_on() {
        struct Heard(mpsc::Sender<(Counter, u64)>);
        impl Observer for Heard {
            fn on_counted(&mut self, _now: crate::Instant, counter: Counter, by: u64) {
                let _ = self.0.send((counter, by));
            }
        }
        let (mut endpoint, mut calls, gossip) = begin();
        let stranger = SocketAddr::from(([127, 0, 0, 1], 2));
        endpoint.receive(stranger, &mut [0; 3]);
        let (told, heard) = mpsc::channel();
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(pin!(gossip.observe(Heard(told))).poll(cx), Poll::Pending);
        let Poll::Ready(call) = calls.poll_next(cx) else { panic!("it was asked for") };
        call(&mut endpoint);
        endpoint.receive(stranger, &mut [0; 4]);
        drop(endpoint);
        let expected = [(Counter::DatagramsReceived, 1), (Counter::BytesReceived, 4), (Counter::RefusedVersion, 1)];
        assert_eq!(heard.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_last_handle_of_either_kind_is_the_nodes_farewell() {
        let (awaited, driver) = node();
        let blocking = Gossip::from(awaited.clone());
        drop(awaited);
        blocking.put("color", "red").unwrap();
        drop(blocking);
        driver.join().unwrap();
    }

    #[test]
    fn what_was_asked_before_the_last_handle_went_is_done_before_the_farewell() {
        let (mut endpoint, mut calls, gossip) = begin();
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(pin!(gossip.put("color", "red")).poll(cx), Poll::Pending);
        drop(gossip);
        let mut served = 0;
        while let Poll::Ready(call) = calls.poll_next(cx) {
            call(&mut endpoint);
            served += 1;
        }
        assert_eq!((served, endpoint.get(b"color").is_some()), (2, true));
        assert!(endpoint.put(b"late", b"").is_err(), "it is leaving");
    }
}
