//! What this sensor is for: it tells how long it has run, obeys a setting, and counts the notices it hears.
//!
//! Everything it observes it writes into the replicated map, so that the rest of the cluster can check it
//! from afar; there is no other way out of it.
use crate::{console::say, memory::Memory};
use gossip_core::{Event, Instant, Node};
use itoa::Buffer;

/// Set by anyone: how often to measure, in milliseconds.
const INTERVAL: &[u8] = b"interval";
/// Told by us: the setting as we understood it.
const APPLIED: &[u8] = b"applied";
/// Told by us: for how many milliseconds we have run.
const UPTIME: &[u8] = b"uptime";
/// Told by us: how many notices reached us.
const HEARD: &[u8] = b"heard";
/// The notice that ends our work.
const RETIRE: &[u8] = b"retire";

/// The state of the application.
pub(crate) struct Application {
    started: Instant,
    heard: u64,
}

impl Application {
    /// Starts at `now`.
    pub(crate) const fn new(started: Instant) -> Self {
        Self { started, heard: 0 }
    }

    /// Reacts to an event of the node.
    pub(crate) fn on_event(&mut self, node: &mut Node<Memory>, now: Instant, event: &Event<'_>) {
        match *event {
            Event::MemberUp { id, .. } => say(&["sensor: ", Buffer::new().format(id.0), " is up"]),
            Event::Changed { key: INTERVAL, value: Some(value), .. } => {
                record(node, now, APPLIED, value);
                self.record_uptime(node, now);
            }
            Event::Delivered { payload: RETIRE, .. } => node.leave(now),
            Event::Delivered { .. } => {
                self.heard += 1;
                record(node, now, HEARD, Buffer::new().format(self.heard).as_bytes());
            }
            _ => {}
        }
    }

    /// Tells how long we have run.
    pub(crate) fn record_uptime(&self, node: &mut Node<Memory>, now: Instant) {
        let uptime = now.saturating_duration_since(self.started).as_millis();
        record(node, now, UPTIME, Buffer::new().format(u64::try_from(uptime).unwrap_or(u64::MAX)).as_bytes());
    }
}

/// Writes an entry; a refusal is no reason to stop, but to say so.
fn record(node: &mut Node<Memory>, now: Instant, key: &[u8], value: &[u8]) {
    if node.put(now, key, value).is_err() {
        say(&["sensor: an entry was refused"]);
    }
}
