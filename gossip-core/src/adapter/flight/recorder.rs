//! What is recorded, on its way to the disk.
use super::{
    RecordingError, TapeWrite,
    entry::{Entry, Record},
    format::{BLOCK_HEAD_LEN, END_MARK, Geometry, Opening, SegmentHead, sealed},
    kin::kin,
    tally::Tally,
    tape::{Region, Tape},
};
use crate::{adapter::IoCounts, io::Output, node::Node, storage::Heap, time::Instant};
use core::time::Duration;
use std::{
    path::Path,
    string::String,
    sync::{Arc, Weak},
    vec,
    vec::Vec,
};

/// A block is sealed at this length, or at its age: a crash costs no more.
const BLOCK_LEN: usize = 64 * 1024;
/// How old a record gets before it is written, where there is an occasion anyway.
const WRITE_AFTER: Duration = Duration::from_secs(1);
/// How old at most: for this, a driver is woken.
const WRITE_BY: Duration = Duration::from_secs(5);
/// So much waits for the disk at most, besides the beginnings of segments.
const BACKLOG_MAX: usize = 4 << 20;
/// Room for the entry that accounts for the output, which is always the last one of a segment.
const ACCOUNT_LEN_MAX: usize = 10 + 1 + 5 + 5;

/// Keeps the last of what one node was given, in a file of a bounded length. The [`flight`](super) module says how.
#[derive(Debug)]
pub struct Recorder {
    pub(super) tape: Arc<Tape>,
    geometry: Geometry,
    /// The number of the segment that the next one to begin will have.
    sequence: u64,
    /// Where in the slot the block being filled will lie.
    at: u64,
    /// The block being filled, with room for its head.
    block: Vec<u8>,
    /// Sealed blocks that wait for the disk, and their length.
    waiting: Vec<Region>,
    backlog: usize,
    /// How long the backlog may grow.
    backlog_max: usize,
    tally: Tally,
    /// When the last record was made.
    last_at: Instant,
    /// When the oldest record was made that is not yet on its way.
    oldest_at: Option<Instant>,
    in_flight: Weak<()>,
    /// How many writings there were.
    issued: u64,
    standing: Standing,
    gaps: u64,
    pub(super) kin: u64,
    /// Why it was stopped, until somebody is told.
    untold: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Recording,
    /// The disk was too slow: as soon as it is free again, a new segment begins.
    Lagging,
    Stopped {
        reason: String,
    },
}

impl Recorder {
    /// Takes possession of a file, which is created if need be; it will be no longer than `len_max` bytes. What was
    /// recorded in it before stays there until its turn has come to be overwritten.
    ///
    /// # Errors
    /// It cannot be used; it is something else; another node records there; `len_max` is too small, or not what it was.
    pub fn open(path: &Path, len_max: u64) -> Result<Self, RecordingError> {
        let geometry = Geometry::within(len_max)?;
        let (tape, sequence) = Tape::open(path, geometry)?;
        Ok(Self {
            tape: Arc::new(tape),
            geometry,
            sequence,
            at: 0,
            block: Vec::new(),
            waiting: Vec::new(),
            backlog: 0,
            backlog_max: BACKLOG_MAX,
            tally: Tally::default(),
            last_at: Instant::ZERO,
            oldest_at: None,
            in_flight: Weak::new(),
            issued: 0,
            standing: Standing::Recording,
            gaps: 0,
            kin: kin(),
            untold: None,
        })
    }

    /// Where it records.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.tape.path()
    }

    /// Why it has stopped; `None` while it goes on.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        match &self.standing {
            Standing::Stopped { reason } => Some(reason),
            Standing::Recording | Standing::Lagging => None,
        }
    }

    /// Why it has stopped; once.
    pub fn take_failure(&mut self) -> Option<String> {
        self.look_at_outcome();
        self.untold.take()
    }

    /// Adds what was recorded and what was not to the counts of a node.
    pub fn count_into(&self, counts: &mut IoCounts) {
        counts.recorded_bytes = self.tape.outcome().bytes;
        counts.recording_gaps = self.gaps;
    }

    /// When something must be written.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        self.oldest_at.map_or(Instant::NEVER, |at| at + WRITE_BY)
    }

    /// What is to be written now, if anything. There is never more than one on its way.
    #[must_use]
    pub fn due(&mut self, now: Instant) -> Option<TapeWrite> {
        self.look_at_outcome();
        let old_enough = self.oldest_at.is_some_and(|at| at + WRITE_AFTER <= now);
        if (self.waiting.is_empty() && !old_enough) || self.in_flight.strong_count() > 0 {
            return None;
        }
        self.write()
    }

    /// All that is yet to be written: for the end.
    #[must_use]
    pub fn write(&mut self) -> Option<TapeWrite> {
        if self.standing != Standing::Recording {
            return None;
        }
        self.account();
        self.seal();
        if self.waiting.is_empty() {
            return None;
        }
        let token = Arc::new(());
        self.in_flight = Arc::downgrade(&token);
        (self.backlog, self.oldest_at) = (0, None);
        self.issued += 1;
        let (issue, regions) = (self.issued, core::mem::take(&mut self.waiting));
        Some(TapeWrite { tape: Arc::clone(&self.tape), issue, regions, _in_flight: token })
    }

    /// Begins a segment with `node` as it is.
    pub(super) fn begin(&mut self, node: &Node<Heap>, now: Instant, opening: Opening) {
        self.seal();
        let whole = node.snapshot();
        let head = SegmentHead {
            sequence: self.sequence,
            opening,
            version: env!("CARGO_PKG_VERSION"),
            kin: self.kin,
            at: now,
            node: &whole,
        };
        let bytes = head.block();
        // A node that takes more than half a slot would be copied more often than it says something.
        if bytes.len() as u64 > self.geometry.slot_len / 2 {
            let len_min = bytes.len() as u64 * 2 * u64::from(self.geometry.slots);
            let path = self.path().display();
            return self
                .stop(std::format!("{path}: the node has outgrown the recording's bound; give it {len_min} bytes"));
        }
        self.at = (bytes.len() - END_MARK.len()) as u64;
        self.backlog_max = BACKLOG_MAX + bytes.len();
        self.push(Region { at: self.geometry.slot_of(self.sequence), bytes });
        self.sequence = self.sequence.saturating_add(1);
        (self.tally, self.last_at) = (Tally::default(), now);
        self.oldest_at.get_or_insert(now);
    }

    /// Writes down what is about to be done to `node`.
    pub(super) fn record(&mut self, node: &Node<Heap>, now: Instant, entry: &Entry<'_>) {
        match self.standing {
            Standing::Recording => {}
            Standing::Lagging if self.in_flight.strong_count() == 0 => {
                self.standing = Standing::Recording;
                self.begin(node, now, Opening::AfterGap);
            }
            Standing::Lagging | Standing::Stopped { .. } => return,
        }
        self.account();
        if !self.append(now, entry) {
            self.begin(node, now, Opening::Continued);
            let fits = self.standing != Standing::Recording || self.append(now, entry);
            debug_assert!(fits, "the smallest slot has room for the longest datagram, twice");
        }
        if self.block.len() >= BLOCK_LEN {
            self.seal();
        }
        if self.backlog > self.backlog_max {
            self.gaps += 1;
            self.standing = Standing::Lagging;
            self.forget();
        }
    }

    pub(super) fn polled(&mut self, output: &Output<'_>) {
        if self.standing == Standing::Recording {
            self.tally.polled(output);
        }
    }

    pub(super) fn answered(&mut self, done: bool) {
        if self.standing == Standing::Recording {
            self.tally.answered(done);
        }
    }

    /// Accounts for the output since the last entry.
    fn account(&mut self) {
        if let Some((times, digest)) = self.tally.account() {
            let accounted = self.append(self.last_at, &Entry::Polled { times, digest });
            debug_assert!(accounted, "room is kept for it");
        }
    }

    /// Adds a record to the block; `false` when the slot is full.
    fn append(&mut self, now: Instant, entry: &Entry<'_>) -> bool {
        let before = self.block.len();
        let mut block = core::mem::take(&mut self.block);
        if block.is_empty() {
            block.resize(BLOCK_HEAD_LEN, 0);
        }
        let after = now.as_micros().wrapping_sub(self.last_at.as_micros());
        // It goes to the heap, and has nothing that cannot be serialized.
        self.block = postcard::to_extend(&Record { after, entry: *entry }, block).unwrap_or_default();
        let reserved = if matches!(entry, Entry::Polled { .. }) { 0 } else { ACCOUNT_LEN_MAX + BLOCK_HEAD_LEN };
        let end = self.at + (self.block.len() + END_MARK.len() + reserved) as u64;
        if end > self.geometry.slot_len {
            self.block.truncate(before);
            return false;
        }
        self.last_at = now;
        self.oldest_at.get_or_insert(now);
        true
    }

    /// Closes the block being filled: from here on it waits for the disk.
    fn seal(&mut self) {
        if self.block.len() <= BLOCK_HEAD_LEN {
            return;
        }
        // Only a segment that has begun has records.
        let segment = self.sequence.saturating_sub(1);
        let bytes = sealed(core::mem::take(&mut self.block), segment);
        let at = self.geometry.slot_of(segment) + self.at;
        self.at += (bytes.len() - END_MARK.len()) as u64;
        self.push(Region { at, bytes });
    }

    fn push(&mut self, region: Region) {
        self.backlog += region.bytes.len();
        self.waiting.push(region);
    }

    fn look_at_outcome(&mut self) {
        let failure = self.tape.outcome().failure.clone();
        if let Some(reason) = failure.filter(|_| self.stopped().is_none()) {
            self.stop(reason);
        }
    }

    fn stop(&mut self, reason: String) {
        self.untold = Some(reason.clone());
        self.standing = Standing::Stopped { reason };
        self.forget();
    }

    /// Gives up what was not written, and its memory.
    fn forget(&mut self) {
        (self.block, self.waiting) = (vec![], vec![]);
        (self.backlog, self.oldest_at) = (0, None);
    }
}
