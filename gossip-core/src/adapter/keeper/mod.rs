//! What must survive a restart: a log that is appended to, and a checkpoint that it goes on from.
//!
//! What a writer wrote is appended to the log within [`SAVE_INTERVAL`], or at once where somebody waits for it; all that came meanwhile
//! goes with it, in one batch with one flush of the disk. When the log has grown long, all that the node knows is written anew beside
//! it, some of it after each batch, and takes the place of what was there. A crash at any moment leaves what was flushed. The node's own
//! task copies bytes and waits for nothing: see [`FileSave`].
//!
//! Files, in the order in which they build on each other: `disk` (what is asked of one), `unread` (why a file is not read), `records`
//! (how a file looks) and `image` (how it did in version 1), `log` (which files there are), `data_file` and `recover` (how they are
//! read), `backlog` (what is not written yet, and who waits), `writing` (one writing), `checkpoint` (how far the next one has come), and
//! here: what is due.
mod backlog;
mod checkpoint;
mod data_file;
mod disk;
mod image;
mod log;
mod records;
mod recover;
#[cfg(test)]
mod tests;
mod unread;
mod writing;

pub use self::{data_file::DataFile, writing::FileSave};
use crate::{
    adapter::{BindError, IoCounts, reply::Reply},
    digest::Digester,
    id::Life,
    node::Node,
    storage::Heap,
    time::Instant,
};
use backlog::{Backlog, Extent, Piece, Waiting};
use checkpoint::Checkpoint;
use core::time::Duration;
use disk::{Directory, Disk};
use log::{Appendix, Log};
use records::Kind;
use std::{
    borrow::ToOwned,
    boxed::Box,
    fs::{self, File, TryLockError},
    io,
    path::Path,
    string::String,
    sync::{Arc, Weak},
    vec::Vec,
};
use writing::{Ending, Place, Step};

/// How much a crash may cost, where nobody waited for the disk: a change is on its way there at most this long after it was made.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);
/// After something went wrong, it is tried again after this time, and each time after twice as long, up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// So many may wait for the disk.
const WAITING_MAX: usize = 4096;
/// The log is not worth a checkpoint before it is as long as this, or as so many checkpoints; or in so many files.
const LOG_LEN_MIN: u64 = 1 << 20;
const LOG_CHECKPOINTS: u64 = 2;
const LOG_FILES_MAX: usize = 8;

/// Keeps the data of one node, and every other node away from it.
#[derive(Debug)]
pub struct Keeper {
    place: Arc<Place>,
    _lock: Option<File>,
    /// What there is to write, once the node has begun.
    memory: Option<Memory>,
    /// When to write what nobody waits for; `None` while nothing has changed.
    save_at: Option<Instant>,
    /// When to try again, after something went wrong; and how long that was put off.
    retry_at: Instant,
    retry_wait: Duration,
    /// What the writing on its way is for.
    issued: Option<Issued>,
    in_flight: Weak<()>,
}

#[derive(Debug)]
struct Memory {
    backlog: Backlog,
    log: Log,
    checkpoint: Checkpoint,
}

/// What a writing is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Issued {
    /// The middle of a batch.
    Part,
    /// The end of a batch.
    Batch,
    /// A slice of the checkpoint.
    Slice,
    /// The checkpoint takes its place.
    Adoption,
}

impl Keeper {
    /// Takes possession of a directory, which is created if need be.
    ///
    /// # Errors
    /// It cannot be used, or another running node has it.
    pub fn open(dir: &Path) -> Result<Self, BindError> {
        let refuse = |path: &Path, source| BindError::DataDir { path: path.to_owned(), source };
        fs::create_dir_all(dir).map_err(|source| refuse(dir, source))?;
        let lock_path = dir.join("gossip.lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|source| refuse(&lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BindError::DataDirInUse(dir.to_owned())),
            // Some file systems know no locks. That is no reason not to run.
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(source)) => return Err(refuse(&lock_path, source)),
        }
        Ok(Self { _lock: Some(lock), ..Self::on(dir, Box::new(Directory::new(dir))) })
    }

    /// On a disk that nobody else has.
    fn on(dir: &Path, disk: Box<dyn Disk>) -> Self {
        Self {
            place: Arc::new(Place::new(dir.to_owned(), disk)),
            _lock: None,
            memory: None,
            save_at: None,
            retry_at: Instant::ZERO,
            retry_wait: Duration::ZERO,
            issued: None,
            in_flight: Weak::new(),
        }
    }

    /// Gives `node` its memory back, and goes on from there. What is damaged is put aside, and what can be read of it is taken.
    ///
    /// # Errors
    /// A file cannot be read, or put aside. Or it is whole, but not ours: nobody's memory is thrown away for a wrong path.
    pub fn restore(&mut self, now: Instant, node: Node<Heap>) -> Result<(Node<Heap>, DataFile), BindError> {
        let found = recover::recover(&*self.place.disk, &self.place.dir, now, node)?;
        let recover::Recovered { node, data_file, checkpoint_len, logs } = found;
        // What lies in a damaged file, or in one that does not fit, is written anew before anything is thrown away.
        let is_due = matches!(data_file, DataFile::Damaged { .. } | DataFile::Partial { .. });
        let me = node.me();
        let salt = Digester::unkeyed().of_words(&[me.id.0, me.generation.0.into(), now.as_micros()]).0;
        let log = Log::after(logs, salt);
        self.memory = Some(Memory {
            backlog: Backlog::of(&node),
            checkpoint: Checkpoint::after(checkpoint_len, is_due, salt),
            log,
        });
        Ok((node, data_file))
    }

    /// Notes that there is something new to save.
    pub fn mark_changed(&mut self, now: Instant) {
        self.save_at.get_or_insert(now + SAVE_INTERVAL);
    }

    /// Notes who wrote something.
    pub fn mark_written(&mut self, writer: Life) {
        if let Some(memory) = &mut self.memory {
            memory.backlog.on_write(writer);
        }
    }

    /// Whether no more can wait for the disk.
    pub(super) fn is_crowded(&self) -> bool {
        self.memory.as_ref().is_none_or(|memory| memory.backlog.waiting() >= WAITING_MAX)
    }

    /// Has somebody told when all that `writer` has written by now is on the disk, or why it cannot be.
    pub(super) fn wait(&mut self, writer: Life, waiting: Reply<Result<(), String>>) {
        self.mark_written(writer);
        if let Some(memory) = &mut self.memory {
            memory.backlog.wait(waiting);
        }
    }

    /// When to ask again whether a writing is due.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        let Some(memory) = &self.memory else { return Instant::NEVER };
        let at = if memory.is_busy() { Instant::ZERO } else { self.save_at.unwrap_or(Instant::NEVER) };
        at.max(self.retry_at)
    }

    /// The writing that is due, if any. There is never more than one on its way.
    #[must_use]
    pub fn due(&mut self, now: Instant, node: &Node<Heap>) -> Option<FileSave> {
        if self.in_flight.strong_count() > 0 {
            return None;
        }
        self.look_at_outcome(now);
        if now < self.retry_at {
            return None;
        }
        let memory = self.memory.as_mut()?;
        let is_due = self.save_at.is_some_and(|at| at <= now);
        if memory.begins_batch(is_due) {
            let extent = if is_due { Extent::All } else { Extent::Writes };
            memory.backlog.begin_batch(node, extent);
            self.save_at.take_if(|_| is_due);
        }
        let (issued, steps, waiting) = memory.next_writing(node)?;
        Some(self.issue(issued, steps, waiting))
    }

    /// A last writing, of all that is not on the disk, and of the end of the log; `None` when there is nothing to write.
    #[must_use]
    pub fn last(&mut self, node: &Node<Heap>) -> Option<FileSave> {
        self.look_at_outcome(Instant::ZERO);
        let memory = self.memory.as_mut()?;
        // What becomes of a writing that is still on its way is not known: all of it is written again, in another file.
        if self.in_flight.strong_count() > 0 {
            memory.log.leave();
        }
        memory.backlog.on_failed().into_iter().for_each(|waiting| memory.backlog.wait(waiting));
        node.versions().for_each(|(writer, _)| memory.backlog.on_write(writer));
        memory.backlog.begin_batch(node, Extent::All);
        let (mut steps, mut waiting) = (Vec::new(), Vec::new());
        while let Some(piece) = memory.backlog.next_piece(node) {
            let is_last = matches!(piece, Piece::Last(..));
            let (more, others) = memory.append(piece);
            steps.extend(more);
            waiting.extend(others);
            if is_last {
                break;
            }
        }
        if memory.log.is_open() {
            steps.extend(memory.end_log());
        }
        (!steps.is_empty()).then(|| self.issue(Issued::Batch, steps, waiting))
    }

    /// Why the data cannot be written; once, however often that is tried again in vain.
    pub fn take_failure(&mut self) -> Option<String> {
        self.place.outcome().untold.take()
    }

    /// Adds what went right and wrong to the counts of a node.
    pub fn count_into(&self, counts: &mut IoCounts) {
        let outcome = self.place.outcome();
        counts.saves = outcome.writings;
        counts.saved_bytes = outcome.bytes;
        counts.save_errors = outcome.errors;
        if let Some(error) = &outcome.last_error {
            counts.last_error = Some(error.clone());
        }
    }

    fn issue(&mut self, issued: Issued, steps: Vec<Step>, waiting: Vec<Waiting>) -> FileSave {
        let token = Arc::new(());
        self.in_flight = Arc::downgrade(&token);
        self.issued = Some(issued);
        FileSave::new(Arc::clone(&self.place), steps, waiting, token)
    }

    /// What came of the writing that was on its way, if it is done.
    fn look_at_outcome(&mut self, now: Instant) {
        if self.in_flight.strong_count() > 0 {
            return;
        }
        let (Some(issued), Some(memory)) = (self.issued.take(), &mut self.memory) else { return };
        let (last, reason) = self.place.outcome().take_last();
        if last == Some(Ending::Written) {
            self.retry_wait = Duration::ZERO;
            return memory.on_written(issued);
        }
        for waiting in memory.backlog.on_failed() {
            waiting.give(Err(reason.clone()));
        }
        memory.log.close();
        memory.checkpoint.give_up();
        self.retry_wait = (self.retry_wait * 2).clamp(RETRY.0, RETRY.1);
        self.retry_at = now + self.retry_wait;
        // Whatever it was, it is still to be written.
        self.save_at.get_or_insert(now);
    }
}

impl Memory {
    /// Whether there is something to write that does not wait for its time.
    fn is_busy(&self) -> bool {
        self.backlog.is_awaited()
            || self.backlog.is_in_batch()
            || self.checkpoint.is_running()
            || self.wants_checkpoint()
    }

    fn wants_checkpoint(&self) -> bool {
        let long = LOG_LEN_MIN.max(self.checkpoint.len().saturating_mul(LOG_CHECKPOINTS));
        self.checkpoint.is_due() || self.log.len() > long || self.log.files() > LOG_FILES_MAX
    }

    /// Whether a batch is to begin now. A checkpoint takes its turn between batches, and ends with one.
    fn begins_batch(&self, is_due: bool) -> bool {
        if self.backlog.is_in_batch() {
            return false;
        }
        let wanted = is_due || self.backlog.is_awaited();
        wanted && !self.checkpoint.takes_turn() || self.checkpoint.needs_batch()
    }

    /// What to write next, in these steps, and who waits for it.
    fn next_writing(&mut self, node: &Node<Heap>) -> Option<(Issued, Vec<Step>, Vec<Waiting>)> {
        if let Some(piece) = self.backlog.next_piece(node) {
            let issued = if matches!(piece, Piece::Last(..)) { Issued::Batch } else { Issued::Part };
            let (steps, waiting) = self.append(piece);
            self.checkpoint.pass();
            return Some((issued, steps, waiting));
        }
        if self.checkpoint.is_written() {
            // All that was not in it is in the log by now.
            let logs = self.log.first(self.checkpoint.logs());
            return Some((Issued::Adoption, self.checkpoint.adopt(logs), Vec::new()));
        }
        if !self.checkpoint.is_running() {
            if !self.wants_checkpoint() {
                return None;
            }
            self.log.close();
            self.checkpoint.begin(node, self.log.files());
        }
        Some((Issued::Slice, self.checkpoint.next_slice(node), Vec::new()))
    }

    /// The steps that append a piece of a batch to the log.
    fn append(&mut self, piece: Piece) -> (Vec<Step>, Vec<Waiting>) {
        let (Appendix { name, head, bytes }, waiting, is_last) = match piece {
            Piece::Part(chunks) => (self.log.append(&chunks, Kind::Part), Vec::new(), false),
            Piece::Last(chunks, waiting) => (self.log.append(&chunks, Kind::Commit), waiting, true),
        };
        let begin = |head| {
            [Step::Create(name.clone()), Step::Append(name.clone(), head), Step::Sync(name.clone()), Step::SyncNames]
        };
        let mut steps: Vec<Step> = head.map(begin).into_iter().flatten().collect();
        steps.push(Step::Append(name.clone(), bytes));
        if is_last {
            steps.push(Step::Sync(name));
        }
        (steps, waiting)
    }

    /// The steps that end a log for good: after that, what is no record in it is damage.
    fn end_log(&mut self) -> [Step; 2] {
        let Appendix { name, bytes, .. } = self.log.append(&[], Kind::End);
        self.log.leave();
        [Step::Append(name.clone(), bytes), Step::Sync(name)]
    }

    fn on_written(&mut self, issued: Issued) {
        match issued {
            Issued::Part => self.log.on_written(),
            Issued::Batch => {
                self.log.on_written();
                self.backlog.on_written();
                self.checkpoint.on_batch();
            }
            Issued::Slice => {}
            Issued::Adoption => {
                self.backlog.on_checkpoint(self.checkpoint.known());
                self.log.forget(self.checkpoint.logs());
                self.checkpoint.on_adopted();
            }
        }
    }
}
