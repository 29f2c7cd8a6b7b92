//! One writing: steps that block on the disk, and what came of them.
use super::{backlog::Waiting, disk::Disk};
use crate::adapter::lock::lock;
use std::{
    boxed::Box,
    format, io,
    path::PathBuf,
    string::String,
    sync::{Arc, Mutex, MutexGuard},
    vec::Vec,
};

/// Where a node's data lies, and how it went with it of late.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) disk: Box<dyn Disk>,
    /// Held for a moment only, so that the driver never waits for the disk.
    outcome: Mutex<Outcome>,
}

/// What came of the writings so far.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Of the last one, until somebody looks.
    last: Option<Ending>,
    pub(super) writings: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
    pub(super) last_error: Option<String>,
    standing: Standing,
    /// The first failure since one went well, until somebody is told.
    pub(super) untold: Option<String>,
}

/// How a writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Written,
    Failed,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Fine,
    Failing,
}

/// What is done to the files, in this order, until something goes wrong.
#[derive(Debug)]
pub(super) enum Step {
    Create(String),
    Append(String, Vec<u8>),
    Sync(String),
    SyncNames,
    Rename(&'static str, &'static str),
    /// One that is superfluous: if it stays, it is read once more.
    Discard(String),
}

impl Place {
    pub(super) fn new(dir: PathBuf, disk: Box<dyn Disk>) -> Self {
        Self { dir, disk, outcome: Mutex::default() }
    }

    pub(super) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        lock(&self.outcome)
    }

    fn take(&self, step: &Step) -> io::Result<()> {
        match step {
            Step::Create(name) => self.disk.create(name),
            Step::Append(name, bytes) => self.disk.append(name, bytes),
            Step::Sync(name) => self.disk.sync(name),
            Step::SyncNames => self.disk.sync_names(),
            Step::Rename(from, to) => self.disk.rename(from, to),
            Step::Discard(name) => {
                drop(self.disk.remove(name));
                Ok(())
            }
        }
    }
}

/// One writing to the data directory. It blocks on the disk.
#[derive(Debug)]
pub struct FileSave {
    place: Arc<Place>,
    steps: Vec<Step>,
    waiting: Vec<Waiting>,
    _in_flight: Arc<()>,
}

impl FileSave {
    pub(super) fn new(place: Arc<Place>, steps: Vec<Step>, waiting: Vec<Waiting>, in_flight: Arc<()>) -> Self {
        Self { place, steps, waiting, _in_flight: in_flight }
    }

    /// Writes. What goes wrong is counted (see [`IoCounts`](crate::adapter::IoCounts)), told to whoever waits for it, and tried again
    /// later.
    pub fn write(mut self) {
        let mut result = Ok(());
        for step in &self.steps {
            result = self.place.take(step);
            if result.is_err() {
                break;
            }
        }
        let reason = result.err().map(|error| format!("{}: {error}", self.place.dir.display()));
        self.place.outcome().note(&self.steps, reason.as_deref());
        for waiting in self.waiting.drain(..) {
            waiting.give(reason.clone().map_or(Ok(()), Err));
        }
    }
}

impl Outcome {
    /// How the last writing ended, if it did; and what went wrong last.
    pub(super) fn take_last(&mut self) -> (Option<Ending>, String) {
        (self.last.take(), self.last_error.clone().unwrap_or_else(|| "it was not written".into()))
    }

    fn note(&mut self, steps: &[Step], failed: Option<&str>) {
        self.last = Some(if failed.is_none() { Ending::Written } else { Ending::Failed });
        let Some(reason) = failed else {
            self.writings += u64::from(steps.iter().any(|step| matches!(step, Step::Sync(_))));
            let appended = steps.iter().map(|step| if let Step::Append(_, bytes) = step { bytes.len() } else { 0 });
            self.bytes += u64::try_from(appended.sum::<usize>()).unwrap_or(0);
            self.standing = Standing::Fine;
            return;
        };
        if self.standing == Standing::Fine {
            self.untold = Some(reason.into());
        }
        self.errors += 1;
        self.standing = Standing::Failing;
        self.last_error = Some(reason.into());
    }
}
