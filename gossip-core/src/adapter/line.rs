//! The calls on their way to the driver: one bounded line of them, and a place for each answer.
//!
//! It knows no runtime: it wakes a [`Waker`], and a waker can be a task, a parked thread, or an alarm for one that waits for
//! a datagram.
use crate::adapter::{Call, Closed, Endpoint, lock::lock, reply::reply};
use core::{
    fmt,
    future::poll_fn,
    mem,
    task::{Context, Poll, Waker},
};
use std::{
    boxed::Box,
    collections::VecDeque,
    sync::{Arc, Mutex},
};

/// The driver's end: what the handles ask for, in the order in which they did.
///
/// Dropping it answers whoever waits, and all who come later, with [`Closed`].
#[derive(Debug)]
pub struct Calls {
    line: Arc<Line>,
}

impl Calls {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self { line }
    }

    /// The next call. The last one is the farewell of the last handle: after it, this waits for ever.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Call {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next call, in the words of a hand-written future. When there is none, the waker is woken by the next one.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Call> {
        let mut queue = lock(&self.line.queue);
        if let Some((_, call)) = queue.calls.pop_front() {
            return Poll::Ready(call);
        }
        queue.driver = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // Taken out first: whoever is woken by the end of its call may come here at once.
        let stopped = Queue { is_closed: true, ..Queue::default() };
        let left = mem::replace(&mut *lock(&self.line.queue), stopped);
        drop(left);
    }
}

/// The handles' end.
pub(super) struct Line {
    queue: Mutex<Queue>,
    /// Of those that wait, so many are the driver's; the others are their callers', who may still take them back.
    commands_max: usize,
}

#[derive(Default)]
struct Queue {
    /// Each with its number, which is the higher the later it came.
    calls: VecDeque<(u64, Call)>,
    numbers: u64,
    driver: Option<Waker>,
    is_closed: bool,
}

impl Line {
    /// Room for `commands_max` calls, but for one at least.
    pub(super) fn new(commands_max: usize) -> Self {
        Self { queue: Mutex::default(), commands_max: commands_max.max(1) }
    }

    /// Has something done by the driver, and waits for the answer.
    ///
    /// Once a call is among the first `commands_max` it is done, whether or not somebody waits for the answer; a caller who is
    /// cancelled before takes its call back. So there are never more than that, and one for each caller who waits.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (reply, answer) = reply();
        let number = self.push(Box::new(move |endpoint| reply.give(ask(endpoint))))?;
        let _waits = Waits { line: self, number };
        answer.given().await
    }

    /// Puts a call at the end of the line, whoever waits for it, and says which number it has.
    pub(super) fn push(&self, call: Call) -> Result<u64, Closed> {
        let mut queue = lock(&self.queue);
        if queue.is_closed {
            return Err(Closed);
        }
        let number = queue.numbers;
        queue.numbers += 1;
        queue.calls.push_back((number, call));
        let driver = queue.driver.take();
        // An alarm is a datagram: nobody is to wait for that, the driver least of all.
        drop(queue);
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(number)
    }

    /// Its caller is gone: takes the call back, if it was held back.
    fn withdraw(&self, number: u64) {
        let mut queue = lock(&self.queue);
        let place = queue.calls.binary_search_by_key(&number, |(number, _)| *number);
        let held_back = place.ok().filter(|place| *place >= self.commands_max);
        let call = held_back.and_then(|place| queue.calls.remove(place));
        drop(queue);
        drop(call);
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("commands_max", &self.commands_max).finish_non_exhaustive()
    }
}

/// A caller who waits for an answer.
struct Waits<'l> {
    line: &'l Line,
    number: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.line.withdraw(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Options;
    use core::{net::SocketAddr, pin::Pin};
    use std::vec::Vec;

    type Asked<'l> = Pin<Box<dyn Future<Output = Result<u8, Closed>> + Send + 'l>>;

    fn line(commands_max: usize) -> (Arc<Line>, Calls, Endpoint) {
        let line = Arc::new(Line::new(commands_max));
        let endpoint = Endpoint::new(Options::new("one"), SocketAddr::from(([127, 0, 0, 1], 1))).unwrap();
        (Arc::clone(&line), Calls::new(line), endpoint)
    }

    /// Asks for a write that names the number, and for the number itself.
    fn ask(line: &Line, number: u8) -> Asked<'_> {
        let mut asked: Asked<'_> = Box::pin(line.call(move |endpoint| {
            endpoint.put(&[number], b"").unwrap();
            number
        }));
        assert_eq!(poll(&mut asked), Poll::Pending);
        asked
    }

    fn poll(asked: &mut Asked<'_>) -> Poll<Result<u8, Closed>> {
        asked.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn serve(calls: &mut Calls, endpoint: &mut Endpoint) {
        while let Poll::Ready(call) = calls.poll_next(&Context::from_waker(Waker::noop())) {
            call(endpoint);
        }
    }

    #[test]
    fn whoever_is_cancelled_takes_back_what_was_held_back_and_nothing_else() {
        let (line, mut calls, mut endpoint) = line(2);
        let mut asked: Vec<Asked<'_>> = (0..5).map(|number| ask(&line, number)).collect();
        drop(asked.remove(3));
        drop(asked.remove(1));
        serve(&mut calls, &mut endpoint);
        let written: Vec<_> = endpoint.list(b"").into_iter().map(|entry| entry.key).collect();
        assert_eq!(written, [[0], [1], [2], [4]], "one that had its turn is done all the same");
        for (asked, number) in asked.iter_mut().zip([0, 2, 4]) {
            assert_eq!(poll(asked), Poll::Ready(Ok(number)));
        }
    }

    #[test]
    fn callers_who_give_up_leave_no_more_than_there_is_room_for() {
        let (line, mut calls, mut endpoint) = line(3);
        for number in 0..100 {
            drop(ask(&line, number));
        }
        assert_eq!(lock(&line.queue).calls.len(), 3);
        serve(&mut calls, &mut endpoint);
        assert_eq!(endpoint.list(b"").len(), 3);
    }

    #[test]
    fn a_driver_that_is_gone_answers_nobody() {
        let (line, calls, mut endpoint) = line(1);
        let (mut first, mut second) = (ask(&line, 1), ask(&line, 2));
        drop(calls);
        assert_eq!((poll(&mut first), poll(&mut second)), (Poll::Ready(Err(Closed)), Poll::Ready(Err(Closed))));
        let mut late: Asked<'_> = Box::pin(line.call(|_| 3));
        assert_eq!(poll(&mut late), Poll::Ready(Err(Closed)));
        assert!(endpoint.list(b"").is_empty() && endpoint.last_save().is_none());
    }

    #[test]
    fn a_call_that_panics_is_answered_by_nobody() {
        let (line, mut calls, mut endpoint) = line(1);
        let mut asked: Asked<'_> = Box::pin(line.call(|_| panic!("as a test does")));
        assert_eq!(poll(&mut asked), Poll::Pending);
        let served = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| serve(&mut calls, &mut endpoint)));
        assert!(served.is_err());
        assert_eq!(poll(&mut asked), Poll::Ready(Err(Closed)));
    }
}
