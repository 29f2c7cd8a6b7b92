//! The last things that happened, numbered, for any number of readers.
//!
//! The agent subscribes to its node once and appends here; every HTTP reader follows at its own
//! pace from any number on. A reader that came late, or lost its connection, asks again from the
//! number it knows. The log is bounded: who is further behind than it is long learns how many
//! events it missed. What the agent itself missed has numbers, too, so that whoever misses to be
//! told of that has it counted.
use crate::OwnedEvent;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::sync::watch;

/// How many events are kept for readers that come late: some seconds of notices published as fast as they are let, in 10 MB
/// at most.
pub(crate) const EVENTS_KEPT: usize = 8_192;

/// A bounded log with many readers.
#[derive(Debug, Clone)]
pub(crate) struct EventLog {
    kept: Arc<Mutex<Kept>>,
    /// The number the next event will get; closed together with the log.
    next: Arc<watch::Sender<Progress>>,
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Event {
        number: u64,
        at: SystemTime,
        event: Arc<OwnedEvent>,
    },
    /// This many were forgotten before the reader came to them; the next one has this number.
    Missed {
        count: u64,
        next: u64,
    },
}

/// One reader's place in the log.
#[derive(Debug)]
pub(crate) struct Reader {
    log: EventLog,
    next: u64,
    progress: watch::Receiver<Progress>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number after that of the last event forgotten.
    first: u64,
    /// The number of the next event.
    next: u64,
    /// Each with its number: that of the last, for many that were missed.
    events: VecDeque<(u64, SystemTime, Arc<OwnedEvent>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Open { next: u64 },
    Closed,
}

impl EventLog {
    pub(crate) fn new() -> Self {
        Self { kept: Arc::default(), next: Arc::new(watch::Sender::new(Progress::Open { next: 0 })) }
    }

    pub(crate) fn append(&self, event: OwnedEvent) {
        let next = self.kept().append(event);
        self.next.send_replace(Progress::Open { next });
    }

    /// Lets every reader come to an end once it has read what there is.
    pub(crate) fn close(&self) {
        self.next.send_replace(Progress::Closed);
    }

    /// A reader from this number on; without one, from now on.
    pub(crate) fn read(&self, since: Option<u64>) -> Reader {
        let next = self.kept().next;
        Reader {
            log: self.clone(),
            // A number from the future is another life's: that reader starts now.
            next: since.filter(|&since| since <= next).unwrap_or(next),
            progress: self.next.subscribe(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it holds the lock, and a list of events cannot be left half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// The next event, once there is one; `None` when the log was closed and is read.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            let progress = *self.progress.borrow_and_update();
            if let Some(told) = self.take() {
                return Some(told);
            }
            if progress == Progress::Closed || self.progress.changed().await.is_err() {
                return None;
            }
        }
    }

    fn take(&mut self) -> Option<Told> {
        let kept = self.log.kept();
        if self.next < kept.first {
            let count = kept.first - self.next;
            self.next = kept.first;
            return Some(Told::Missed { count, next: self.next });
        }
        let index = kept.events.partition_point(|(number, ..)| *number < self.next);
        let (number, at, event) = kept.events.get(index)?.clone();
        self.next = number + 1;
        Some(Told::Event { number, at, event })
    }
}

impl Kept {
    /// The oldest makes room; answers the number of the next event.
    fn append(&mut self, event: OwnedEvent) -> u64 {
        if self.events.len() == EVENTS_KEPT
            && let Some((number, ..)) = self.events.pop_front()
        {
            self.first = number + 1;
        }
        let count = if let OwnedEvent::Missed { count } = event { count.max(1) } else { 1 };
        self.next = self.next.saturating_add(count);
        self.events.push_back((self.next - 1, SystemTime::now(), Arc::new(event)));
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(told: Option<Told>) -> Option<u64> {
        match told? {
            Told::Event { number, .. } => Some(number),
            Told::Missed { .. } => None,
        }
    }

    #[tokio::test]
    async fn a_late_reader_gets_what_was_kept() {
        let log = EventLog::new();
        log.append(OwnedEvent::Alone);
        log.append(OwnedEvent::Departed);
        log.close();
        let mut reader = log.read(Some(0));
        assert_eq!(number(reader.next().await), Some(0));
        assert_eq!(number(reader.next().await), Some(1));
        assert!(reader.next().await.is_none());
        assert!(log.read(None).next().await.is_none());
    }

    #[tokio::test]
    async fn a_reader_too_far_behind_learns_how_far() {
        let log = EventLog::new();
        let mut reader = log.read(None);
        for _ in 0..EVENTS_KEPT + 3 {
            log.append(OwnedEvent::Alone);
        }
        let missed = reader.next().await;
        assert!(matches!(missed, Some(Told::Missed { count: 3, next: 3 })), "{missed:?}");
        assert_eq!(number(reader.next().await), Some(3));
    }

    #[tokio::test]
    async fn a_reader_that_misses_to_be_told_of_a_miss_has_it_counted() {
        let log = EventLog::new();
        let mut prompt = log.read(None);
        let mut late = log.read(None);
        log.append(OwnedEvent::Alone);
        log.append(OwnedEvent::Missed { count: 40 });
        assert_eq!(number(prompt.next().await), Some(0));
        assert_eq!(number(prompt.next().await), Some(40));
        for _ in 0..EVENTS_KEPT {
            log.append(OwnedEvent::Alone);
        }
        let missed = late.next().await;
        assert!(matches!(missed, Some(Told::Missed { count: 41, next: 41 })), "{missed:?}");
        assert_eq!((number(late.next().await), number(prompt.next().await)), (Some(41), Some(41)));
        assert_eq!(number(log.read(Some(42)).next().await), Some(42));
    }

    #[tokio::test]
    async fn a_reader_waits_for_news() {
        let log = EventLog::new();
        let mut reader = log.read(None);
        let reading = tokio::spawn(async move { number(reader.next().await) });
        tokio::task::yield_now().await;
        log.append(OwnedEvent::Alone);
        assert_eq!(reading.await.unwrap(), Some(0));
    }
}
