//! What was seen on one agent's event stream, with the moment it was seen.
use crate::program::{control::client::EventStream, readers::events::kind};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) at: Instant,
    pub(super) event: Value,
}

/// Everything that an agent's stream has told since the agent was started.
#[derive(Debug)]
pub(super) struct Seen {
    sightings: Arc<Mutex<Vec<Sighting>>>,
    /// How many there are.
    count: watch::Receiver<usize>,
    reading: JoinHandle<()>,
}

impl Seen {
    /// Follows a stream until it ends.
    pub(super) fn follow(mut events: EventStream) -> Self {
        let sightings: Arc<Mutex<Vec<Sighting>>> = Arc::default();
        let (counted, count) = watch::channel(0);
        let written = Arc::clone(&sightings);
        let reading = tokio::spawn(async move {
            while let Ok(Some(event)) = events.next().await {
                let mut written = lock(&written);
                written.push(Sighting { at: Instant::now(), event });
                counted.send_replace(written.len());
            }
        });
        Self { sightings, count, reading }
    }

    /// How many events there were so far: where to begin to wait for later ones.
    pub(super) fn len(&self) -> usize {
        lock(&self.sightings).len()
    }

    /// A receiver that wakes with each event.
    pub(super) fn news(&self) -> watch::Receiver<usize> {
        self.count.clone()
    }

    /// The first event from the `from`-th on that is wanted; `None` when it does not come in time.
    pub(super) async fn wait_for(&self, from: usize, by: Instant, wanted: impl Fn(&Value) -> bool) -> Option<Sighting> {
        let mut news = self.news();
        loop {
            news.borrow_and_update();
            let found = lock(&self.sightings).iter().skip(from).find(|sighting| wanted(&sighting.event)).cloned();
            if found.is_some() {
                return found;
            }
            timeout_at(by, news.changed()).await.ok()?.ok()?;
        }
    }

    /// The dots of all notices delivered, each as often as it was.
    pub(super) fn deliveries(&self) -> Vec<String> {
        let sightings = lock(&self.sightings);
        let delivered = sightings.iter().filter(|sighting| kind(&sighting.event) == "delivered");
        delivered.filter_map(|sighting| sighting.event["dot"].as_str().map(ToOwned::to_owned)).collect()
    }

    /// How many events the stream left out.
    pub(super) fn missed(&self) -> u64 {
        let sightings = lock(&self.sightings);
        let missed = sightings.iter().filter(|sighting| kind(&sighting.event) == "missed");
        missed.filter_map(|sighting| sighting.event["count"].as_u64()).sum()
    }

    /// Whether the stream went on to the node's own farewell: then it has told everything.
    pub(super) fn is_complete(&self) -> bool {
        lock(&self.sightings).iter().any(|sighting| kind(&sighting.event) == "departed")
    }

    /// Whether the stream has come to its end, well or not: nothing is to be expected of that process any more.
    pub(super) fn is_over(&self) -> bool {
        self.reading.is_finished()
    }

    /// Waits until the agent has ended the stream, so that all it had to tell is here.
    pub(super) async fn ended(&mut self, by: Instant) {
        if timeout_at(by, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
    }
}

fn lock(sightings: &Mutex<Vec<Sighting>>) -> MutexGuard<'_, Vec<Sighting>> {
    // A list that is only ever pushed to cannot be left half done.
    sightings.lock().unwrap_or_else(PoisonError::into_inner)
}
