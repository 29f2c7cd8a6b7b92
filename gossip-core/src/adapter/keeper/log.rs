//! The log: files that are only appended to, each of which goes on from the checkpoint and from those before it.
use super::records::{Composer, Kind};
use std::{format, string::String, vec::Vec};

/// What the node knew when it was last written as a whole.
pub(super) const CHECKPOINT: &str = "gossip.state";
/// The same, while it is being written.
pub(super) const DRAFT: &str = "gossip.state.new";
const LOG: &str = "gossip.log-";

/// Which of the logs a file is, if it is one.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix(LOG)?;
    number.parse().ok().filter(|_| !number.starts_with('+'))
}

/// What is in the logs, and where the next record goes.
#[derive(Debug)]
pub(super) struct Log {
    /// That of the log that is begun next.
    number: u64,
    /// What its salt is made of, so that no two are alike.
    salt: u64,
    current: Option<Current>,
    /// All others that a checkpoint is to make superfluous, and how long they are.
    others: Vec<(String, u64)>,
}

/// The log that is appended to.
#[derive(Debug)]
struct Current {
    name: String,
    composer: Composer,
    /// Whether anything was written to it: if not, it may be begun anew.
    is_written: bool,
}

/// Bytes for the end of a log.
#[derive(Debug)]
pub(super) struct Appendix {
    pub(super) name: String,
    /// What the file starts with, where it is yet to be made: flushed before the rest, so that one which does not start so has no more.
    pub(super) head: Option<Vec<u8>>,
    pub(super) bytes: Vec<u8>,
}

impl Log {
    /// Goes on after these, oldest first. None of them is appended to: its end may be torn.
    pub(super) fn after(others: Vec<(String, u64)>, salt: u64) -> Self {
        let last = others.last().and_then(|(name, _)| number_of(name)).unwrap_or(0);
        Self { number: last.saturating_add(1), salt, current: None, others }
    }

    /// What is to be appended so that these parts are in it; `last` is what the last of them is.
    pub(super) fn append(&mut self, parts: &[Vec<u8>], last: Kind) -> Appendix {
        let (mut bytes, mut head) = (Vec::new(), None);
        let (number, salt) = (self.number, self.salt);
        let current = self.current.get_or_insert_with(|| {
            let composer = Composer::begin(salt.wrapping_mul(number | 1), head.get_or_insert_default());
            Current { name: format!("{LOG}{number}"), composer, is_written: false }
        });
        match parts.split_last() {
            Some((end, parts)) => {
                parts.iter().for_each(|part| current.composer.put(Kind::Part, part, &mut bytes));
                current.composer.put(last, end, &mut bytes);
            }
            None => current.composer.put(last, &[], &mut bytes),
        }
        Appendix { name: current.name.clone(), head, bytes }
    }

    /// What was to be appended last is on the disk.
    pub(super) fn on_written(&mut self) {
        if let Some(current) = &mut self.current {
            self.number += u64::from(!current.is_written);
            current.is_written = true;
        }
    }

    /// Something went wrong with it, or a checkpoint begins: the next record begins another one. What failed to be synced is never
    /// synced again, for the operating system may take it to be done.
    pub(super) fn close(&mut self) {
        if let Some(current) = self.current.take().filter(|current| current.is_written) {
            self.others.push((current.name, current.composer.len()));
        }
    }

    /// The same, where it is not known whether anything was written to it: the next one has another name.
    pub(super) fn leave(&mut self) {
        if let Some(current) = &mut self.current {
            self.number += u64::from(!current.is_written);
            current.is_written = true;
        }
        self.close();
    }

    /// Whether there is one that is appended to.
    pub(super) const fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// How long all of it is.
    pub(super) fn len(&self) -> u64 {
        let others: u64 = self.others.iter().map(|(_, len)| len).sum();
        others + self.current.as_ref().map_or(0, |current| current.composer.len())
    }

    /// How many files it is in.
    pub(super) fn files(&self) -> usize {
        self.others.len() + usize::from(self.current.is_some())
    }

    /// The names of the first so many files.
    pub(super) fn first(&self, files: usize) -> Vec<String> {
        self.others.iter().take(files).map(|(name, _)| name.clone()).collect()
    }

    /// The first so many files are gone.
    pub(super) fn forget(&mut self, files: usize) {
        self.others.drain(..files.min(self.others.len()));
    }
}
