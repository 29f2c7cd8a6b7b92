//! Who is told what happens: one bounded queue a subscriber, and nobody waits for a slow one.
//!
//! The queue knows no runtime: it wakes a [`Waker`], and a waker can be a task or a parked thread.
use crate::adapter::{NotHandedOver, OwnedEvent, lock::lock};
use core::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, Weak},
    vec::Vec,
};

/// What happens to a node, as one subscriber gets to know it.
///
/// It holds the newest events, at most [`Options::events_max`](crate::adapter::Options::events_max) of them. When it
/// is full the oldest gives way, and the subscriber is told [`OwnedEvent::Missed`] before the next one it gets.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Queue>,
}

impl Events {
    /// The next event; `None` when the node has stopped and everything was told.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<OwnedEvent> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next event, in the words of a hand-written future.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<OwnedEvent>> {
        let mut backlog = self.queue.lock();
        if let Some(event) = backlog.pop() {
            return Poll::Ready(Some(event));
        }
        if backlog.standing == Standing::Stopped {
            return Poll::Ready(None);
        }
        backlog.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Waits until the node has stopped, and says what it took with it.
    pub async fn ended(mut self) -> NotHandedOver {
        let mut lacking = NotHandedOver::default();
        while let Some(event) = self.next().await {
            lacking.note(&event);
        }
        lacking
    }
}

/// All subscribers of a node. A clone speaks of the same ones: the handle adds, the endpoint tells.
#[derive(Debug, Clone)]
pub struct Subscribers {
    registry: Arc<Mutex<Registry>>,
    events_max: usize,
}

impl Subscribers {
    /// No subscribers yet; each will have room for `events_max` events, but for one at least.
    #[must_use]
    pub fn new(events_max: usize) -> Self {
        let registry = Registry { queues: Vec::new(), standing: Standing::default() };
        Self { registry: Arc::new(Mutex::new(registry)), events_max: events_max.max(1) }
    }

    /// A new subscriber: it is told of all that happens after this call.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        let mut registry = lock(&self.registry);
        let backlog = Backlog { standing: registry.standing, ..Backlog::default() };
        let queue = Arc::new(Queue { backlog: Mutex::new(backlog), events_max: self.events_max });
        registry.queues.push(Arc::downgrade(&queue));
        Events { queue }
    }

    /// Tells everybody; whoever has gone is forgotten.
    pub fn tell(&self, event: &OwnedEvent) {
        lock(&self.registry).each(|queue| queue.push(event.clone()));
    }

    /// Ends every subscription, those to come as well: the node has stopped.
    pub fn end(&self) {
        let mut registry = lock(&self.registry);
        registry.standing = Standing::Stopped;
        registry.each(Queue::end);
    }
}

#[derive(Debug)]
struct Registry {
    queues: Vec<Weak<Queue>>,
    standing: Standing,
}

impl Registry {
    fn each(&mut self, tell: impl Fn(&Queue)) {
        self.queues.retain(|queue| queue.upgrade().inspect(|queue| tell(queue)).is_some());
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Running,
    Stopped,
}

#[derive(Debug)]
struct Queue {
    backlog: Mutex<Backlog>,
    events_max: usize,
}

impl Queue {
    fn push(&self, event: OwnedEvent) {
        let mut backlog = self.lock();
        if backlog.events.len() == self.events_max {
            backlog.events.pop_front();
            backlog.missed += 1;
        }
        backlog.events.push_back(event);
        backlog.wake();
    }

    fn end(&self) {
        let mut backlog = self.lock();
        backlog.standing = Standing::Stopped;
        backlog.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Backlog> {
        lock(&self.backlog)
    }
}

#[derive(Debug, Default)]
struct Backlog {
    events: VecDeque<OwnedEvent>,
    missed: u64,
    standing: Standing,
    waker: Option<Waker>,
}

impl Backlog {
    fn pop(&mut self) -> Option<OwnedEvent> {
        match core::mem::take(&mut self.missed) {
            0 => self.events.pop_front(),
            count => Some(OwnedEvent::Missed { count }),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(events: &mut Events) -> Poll<Option<OwnedEvent>> {
        events.poll_next(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_slow_subscriber_is_told_how_much_it_missed_and_keeps_the_newest() {
        let subscribers = Subscribers::new(2);
        let (mut slow, mut quick) = (subscribers.subscribe(), subscribers.subscribe());
        for live in 1..=5 {
            subscribers.tell(&OwnedEvent::Converged { live });
            assert_eq!(next(&mut quick), Poll::Ready(Some(OwnedEvent::Converged { live })));
        }
        assert_eq!(next(&mut slow), Poll::Ready(Some(OwnedEvent::Missed { count: 3 })));
        assert_eq!(next(&mut slow), Poll::Ready(Some(OwnedEvent::Converged { live: 4 })));
        subscribers.tell(&OwnedEvent::Alone);
        subscribers.tell(&OwnedEvent::Departed);
        assert_eq!(next(&mut slow), Poll::Ready(Some(OwnedEvent::Missed { count: 1 })));
        assert_eq!(next(&mut slow), Poll::Ready(Some(OwnedEvent::Alone)));
        assert_eq!(next(&mut slow), Poll::Ready(Some(OwnedEvent::Departed)));
        assert_eq!(next(&mut slow), Poll::Pending);
    }

    #[test]
    fn the_end_comes_after_everything_was_told_and_stays() {
        let subscribers = Subscribers::new(8);
        let mut early = subscribers.subscribe();
        subscribers.tell(&OwnedEvent::Alone);
        subscribers.end();
        let mut late = subscribers.subscribe();
        assert_eq!(next(&mut early), Poll::Ready(Some(OwnedEvent::Alone)));
        assert_eq!(next(&mut early), Poll::Ready(None));
        assert_eq!(next(&mut late), Poll::Ready(None));
    }

    #[test]
    fn whoever_is_gone_is_forgotten() {
        let subscribers = Subscribers::new(8);
        drop(subscribers.subscribe());
        let _kept = subscribers.subscribe();
        subscribers.tell(&OwnedEvent::Alone);
        assert_eq!(lock(&subscribers.registry).queues.len(), 1);
    }
}
