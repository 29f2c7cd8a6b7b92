//! A list of checks: each is said as it is made, with the time it took.
use anyhow::{Result, bail};
use std::{
    thread,
    time::{Duration, Instant},
};

const GLANCE: Duration = Duration::from_millis(20);

/// What was checked, and what did not hold.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    failed: Vec<String>,
}

impl Checks {
    /// Makes a step that all later ones need.
    pub(crate) fn step<T>(&mut self, what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let outcome = step();
        self.say(what, start, outcome.as_ref().err().map(|error| format!("{error:#}")));
        outcome
    }

    /// Compares a figure with its budget, both in bytes.
    pub(crate) fn budget(&mut self, what: &str, bytes: u64, budget: u64) {
        let verdict = if bytes <= budget { "ok  " } else { "OVER" };
        println!("{verdict} {what:<58} {bytes:>7} B of {budget:>6} B");
        if bytes > budget {
            self.failed.push(format!("{what}: {bytes} bytes, {} over the budget", bytes - budget));
        }
    }

    /// What did not hold.
    pub(crate) fn failed(&self) -> &[String] {
        &self.failed
    }

    fn say(&mut self, what: &str, start: Instant, failure: Option<String>) {
        let verdict = if failure.is_none() { "ok  " } else { "FAIL" };
        println!("{verdict} {what:<58} {:>7} ms", start.elapsed().as_millis());
        if let Some(why) = failure {
            self.failed.push(format!("{what}: {why}"));
        }
    }
}

/// Looks until there is something to be seen, or `limit` has passed.
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        thread::sleep(GLANCE);
    }
    bail!("not seen within {limit:?}");
}
