//! A place for one answer: given by the driver, or by whoever writes to the disk, and awaited by a caller.
use crate::adapter::{Closed, lock::lock};
use core::{
    fmt,
    future::poll_fn,
    mem,
    task::{Context, Poll, Waker},
};
use std::sync::{Arc, Mutex};

/// A place for one answer, seen from where it is given and from where it is awaited.
pub(super) fn reply<T>() -> (Reply<T>, Answer<T>) {
    let place = Arc::new(Mutex::new(Standing::Awaited(None)));
    (Reply(Arc::clone(&place)), Answer(place))
}

pub(super) struct Reply<T>(Arc<Mutex<Standing<T>>>);

pub(super) struct Answer<T>(Arc<Mutex<Standing<T>>>);

enum Standing<T> {
    Awaited(Option<Waker>),
    Given(T),
    /// The call was dropped, or its answer was taken.
    Over,
}

impl<T> Reply<T> {
    pub(super) fn give(self, answer: T) {
        self.settle(Standing::Given(answer));
    }

    /// Whether somebody waits for the answer still.
    pub(super) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// The first word is the last.
    fn settle(&self, settled: Standing<T>) {
        let mut standing = lock(&self.0);
        let Standing::Awaited(waker) = &mut *standing else { return };
        let waker = waker.take();
        *standing = settled;
        drop(standing);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Reply<T> {
    /// A call that is dropped is answered by nobody.
    fn drop(&mut self) {
        self.settle(Standing::Over);
    }
}

impl<T> Answer<T> {
    /// The answer, once it is given.
    pub(super) async fn given(self) -> Result<T, Closed> {
        poll_fn(|cx| self.poll(cx)).await
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, Closed>> {
        let mut standing = lock(&self.0);
        if let Standing::Awaited(waker) = &mut *standing {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match mem::replace(&mut *standing, Standing::Over) {
            Standing::Given(answer) => Poll::Ready(Ok(answer)),
            Standing::Awaited(_) | Standing::Over => Poll::Ready(Err(Closed)),
        }
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}
