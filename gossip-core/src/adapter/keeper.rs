//! The data file: what must survive a restart, written so that a crash at any moment leaves the old one or the new one.
//!
//! The state of a running node loses no entry, so that each save holds what the one before held. A restart may lose some: the
//! node has been given less room. Then the file is kept aside before it is replaced.
use crate::{
    adapter::{
        BindError, IoCounts,
        image::{self, Unread},
        text,
    },
    node::Node,
    storage::Heap,
    time::Instant,
};
use core::time::Duration;
use serde::Serialize;
use std::{
    borrow::ToOwned,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    string::String,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    vec::Vec,
};

/// How much a crash may cost: a change is on the disk at most this long after it was made.
const SAVE_INTERVAL: Duration = Duration::from_secs(3);
/// So many files that hold more than we could take are kept aside; then, the shortest makes room.
const ASIDE_MAX: usize = 3;

/// What became of the data file when the node started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DataFile {
    /// The node keeps none.
    None,
    /// There was none yet.
    Fresh {
        /// Where it will be.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
    },
    /// It was read.
    Restored {
        /// Where it is.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
        /// How many entries of the replicated map were in it.
        entries: usize,
    },
    /// It was read, and this node has no room for all of it, or cannot read all of it.
    Partial {
        /// Where it is.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
        /// How many entries of the replicated map were taken from it.
        entries: usize,
        /// How many were not.
        left: usize,
        /// Where the whole file was put aside: the next save replaces the other.
        #[serde(serialize_with = "text::path")]
        kept_as: PathBuf,
    },
    /// It could not be read; the node started without it, and lost nothing that its peers have.
    Damaged {
        /// Where the damaged file was put aside.
        #[serde(serialize_with = "text::path")]
        kept_as: PathBuf,
        /// What was wrong with it.
        reason: &'static str,
    },
}

/// Keeps the data file of one node, and every other node away from it.
#[derive(Debug)]
pub struct Keeper {
    place: Arc<Place>,
    /// When to save; `None` while nothing has changed.
    save_at: Option<Instant>,
    issued: u64,
    in_flight: Weak<()>,
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
        let place = Place { dir: dir.to_owned(), written: Mutex::new(0), outcome: Mutex::default(), _lock: lock };
        Ok(Self { place: Arc::new(place), save_at: None, issued: 0, in_flight: Weak::new() })
    }

    /// Gives a node its memory back. A damaged file is put aside, and `fresh` makes the node that starts without it.
    ///
    /// # Errors
    /// The file cannot be read. It is whole, but not ours: nobody's memory is thrown away for a wrong path. Or `fresh` fails.
    pub fn restore(
        &self,
        now: Instant,
        fresh: impl Fn() -> Result<Node<Heap>, BindError>,
    ) -> Result<(Node<Heap>, DataFile), BindError> {
        let path = self.place.path();
        let refuse = |source| BindError::DataDir { path: path.clone(), source };
        let mut node = fresh()?;
        let image = match fs::read(&path) {
            Ok(image) => image,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                return Ok((node, DataFile::Fresh { path }));
            }
            Err(source) => return Err(refuse(source)),
        };
        match image::read(&image, now, &mut node) {
            Ok(left) => {
                let entries = node.entries(b"").count();
                if left == 0 {
                    return Ok((node, DataFile::Restored { path, entries }));
                }
                let kept_as = self.place.keep_aside(&image).map_err(refuse)?;
                Ok((node, DataFile::Partial { path, entries, left, kept_as }))
            }
            Err(Unread::Refused(source)) => Err(BindError::DataFile { path, source }),
            Err(Unread::Damaged(reason)) => {
                let kept_as = self.place.put_aside(now).map_err(refuse)?;
                Ok((fresh()?, DataFile::Damaged { kept_as, reason }))
            }
        }
    }

    /// Notes that there is something new to save.
    pub fn mark_changed(&mut self, now: Instant) {
        self.save_at.get_or_insert(now + SAVE_INTERVAL);
    }

    /// When to ask again whether a save is due.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        self.save_at.unwrap_or(Instant::NEVER)
    }

    /// The save that is due, if any. There is never more than one on its way.
    #[must_use]
    pub fn due(&mut self, now: Instant, node: &Node<Heap>) -> Option<FileSave> {
        if self.place.outcome().take_retry() {
            self.mark_changed(now);
        }
        self.save_at.take_if(|at| *at <= now)?;
        if self.in_flight.strong_count() > 0 {
            self.mark_changed(now);
            return None;
        }
        self.save(node)
    }

    /// A save of what the node remembers; `None` when the file says so already.
    #[must_use]
    pub fn save(&mut self, node: &Node<Heap>) -> Option<FileSave> {
        let image = image::write(node);
        if self.place.outcome().last_saved == image::checksum_at_end(&image) {
            return None;
        }
        let token = Arc::new(());
        self.in_flight = Arc::downgrade(&token);
        self.issued += 1;
        Some(FileSave { place: Arc::clone(&self.place), issue: self.issued, image, _in_flight: token })
    }

    /// Why the file cannot be written; once, however often that is tried again in vain.
    pub fn take_failure(&mut self) -> Option<String> {
        self.place.outcome().untold.take()
    }

    /// Adds what went right and wrong to the counts of a node.
    pub fn count_into(&self, counts: &mut IoCounts) {
        let outcome = self.place.outcome();
        counts.saves = outcome.saves;
        counts.save_errors = outcome.errors;
        if let Some(error) = &outcome.last_error {
            counts.last_error = Some(error.clone());
        }
    }
}

/// One writing of the data file. It blocks on the disk.
#[derive(Debug)]
pub struct FileSave {
    place: Arc<Place>,
    issue: u64,
    image: Vec<u8>,
    _in_flight: Arc<()>,
}

impl FileSave {
    /// Writes the file. What goes wrong is counted (see [`IoCounts`]), and tried again later.
    pub fn write(self) {
        let mut written = self.place.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written > self.issue {
            return; // a later save was quicker
        }
        let result = self.place.replace(&self.image);
        let mut outcome = self.place.outcome();
        match result {
            Ok(()) => {
                *written = self.issue;
                outcome.saves += 1;
                outcome.last_saved = image::checksum_at_end(&self.image);
                outcome.standing = Standing::Fine;
            }
            Err(error) => {
                let reason = std::format!("{}: {error}", self.place.path().display());
                if outcome.standing == Standing::Fine {
                    outcome.untold = Some(reason.clone());
                }
                outcome.errors += 1;
                outcome.standing = Standing::Failed;
                outcome.last_error = Some(reason);
            }
        }
    }
}

/// A directory that is ours.
#[derive(Debug)]
struct Place {
    dir: PathBuf,
    /// The latest save on the disk; held while one is written.
    written: Mutex<u64>,
    /// Held for a moment only, so that the driver never waits for the disk.
    outcome: Mutex<Outcome>,
    _lock: File,
}

impl Place {
    fn path(&self) -> PathBuf {
        self.dir.join("gossip.state")
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Write, flush, rename, flush the directory: in this order, a crash leaves the old file or the new one.
    fn replace(&self, image: &[u8]) -> io::Result<()> {
        let draft = self.dir.join("gossip.state.new");
        let mut file = File::create(&draft)?;
        file.write_all(image)?;
        file.sync_all()?;
        fs::rename(&draft, self.path())?;
        self.sync_dir()
    }

    #[cfg(unix)]
    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    /// Elsewhere a directory is no file, and renaming is as durable as it gets.
    #[cfg(not(unix))]
    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }

    /// Keeps the file as it is under another name too, whatever becomes of its own.
    fn keep_aside(&self, image: &[u8]) -> io::Result<PathBuf> {
        let names = (1..=ASIDE_MAX).map(|number| self.dir.join(std::format!("gossip.state.old-{number}")));
        let names: Vec<PathBuf> = names.collect();
        if let Some(known) = names.iter().find(|name| fs::read(name).is_ok_and(|kept| kept == image)) {
            return Ok(known.clone());
        }
        let len = |name: &&PathBuf| fs::metadata(name).map_or(0, |kept| kept.len());
        let kept_as = names.iter().min_by_key(len).cloned().unwrap_or_default();
        match fs::remove_file(&kept_as) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A link takes no room on a disk that may be full; some file systems know none.
        if fs::hard_link(self.path(), &kept_as).is_err() {
            fs::copy(self.path(), &kept_as)?;
        }
        self.sync_dir().map(|()| kept_as)
    }

    fn put_aside(&self, now: Instant) -> io::Result<PathBuf> {
        let mut seconds = now.as_millis() / 1_000;
        loop {
            let kept_as = self.dir.join(std::format!("gossip.state.damaged-{seconds}"));
            if !kept_as.exists() {
                return fs::rename(self.path(), &kept_as).map(|()| kept_as);
            }
            seconds += 1;
        }
    }
}

#[derive(Debug, Default)]
struct Outcome {
    saves: u64,
    errors: u64,
    last_error: Option<String>,
    last_saved: Option<u64>,
    standing: Standing,
    /// The first failure since a save went well, until somebody is told.
    untold: Option<String>,
}

impl Outcome {
    /// Whether a save has failed and none was begun since.
    fn take_retry(&mut self) -> bool {
        let failed = self.standing == Standing::Failed;
        if failed {
            self.standing = Standing::Retrying;
        }
        failed
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Fine,
    Failed,
    Retrying,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::image::{CHECKSUM_LEN, MAGIC, VERSION, checksum},
        config::Config,
        error::RestoreError,
        id::{Addr, NodeId},
    };
    use core::net::{Ipv4Addr, SocketAddr};

    fn node(name: &str) -> Result<Node<Heap>, BindError> {
        let addr = Addr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        Node::new(NodeId::from_name(name), addr, Config::lan(), &mut rng).map_err(BindError::Config)
    }

    fn with_entry() -> Node<Heap> {
        let mut node = node("one").unwrap();
        node.put(Instant::ZERO, b"color", b"red").unwrap();
        node
    }

    /// A directory that no other test has, and none after.
    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(std::format!("gossip-keeper-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&dir));
        dir
    }

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unnoticed() {
        let image = image::write(&with_entry());
        let mut whole = node("one").unwrap();
        image::read(&image, Instant::ZERO, &mut whole).unwrap();
        assert_eq!(whole.get(b"color"), Some(&b"red"[..]));
        for cut in 0..image.len() {
            let result = image::read(&image[..cut], Instant::ZERO, &mut node("one").unwrap());
            assert!(matches!(result, Err(Unread::Damaged(_))), "cut at {cut}");
        }
        for bit in 0..image.len() * 8 {
            let mut image = image.clone();
            image[bit / 8] ^= 1 << (bit % 8);
            let result = image::read(&image, Instant::ZERO, &mut node("one").unwrap());
            assert!(matches!(result, Err(Unread::Damaged(_))), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_file_or_another_nodes_is_refused_and_left_alone() {
        let mut image = image::write(&with_entry());
        let result = image::read(&image, Instant::ZERO, &mut node("two").unwrap());
        assert!(matches!(result, Err(Unread::Refused(RestoreError::Foreign))), "{result:?}");
        image[MAGIC.len()] = VERSION + 1;
        let summed = image.len() - CHECKSUM_LEN;
        let sum = checksum(&image[..summed]).to_le_bytes();
        image[summed..].copy_from_slice(&sum);
        let result = image::read(&image, Instant::ZERO, &mut node("one").unwrap());
        assert!(matches!(result, Err(Unread::Refused(RestoreError::Version(2)))), "{result:?}");
    }

    #[test]
    fn a_sum_that_fits_makes_no_sense_of_nonsense() {
        let mut image = MAGIC.to_vec();
        image.extend_from_slice(&[VERSION, 3, 0, 0, 0, 1, 2, 3]);
        let cut_off = {
            let mut image = image.clone();
            image[MAGIC.len() + 1] = 9;
            image
        };
        let read = |mut image: Vec<u8>| {
            let sum = checksum(&image);
            image.extend_from_slice(&sum.to_le_bytes());
            image::read(&image, Instant::ZERO, &mut node("one").unwrap())
        };
        assert!(matches!(read(cut_off), Err(Unread::Damaged("it is cut off"))));
        assert!(matches!(read(image), Ok(1)), "a chunk that makes no sense is one that was not taken");
    }

    /// A node that has room for so many entries.
    fn small(name: &str, entries: usize) -> Node<Heap> {
        let addr = Addr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let mut config = Config::lan();
        config.limits.entries = entries;
        Node::new(NodeId::from_name(name), addr, config, &mut rand_core::UnwrapErr(getrandom::SysRng)).unwrap()
    }

    #[test]
    fn a_chunk_that_makes_no_sense_costs_no_other() {
        let mut image = MAGIC.to_vec();
        image.extend_from_slice(&[VERSION, 3, 0, 0, 0, 1, 2, 3]);
        let whole = image::write(&with_entry());
        image.extend_from_slice(&whole[MAGIC.len() + 1..whole.len() - CHECKSUM_LEN]);
        let sum = checksum(&image);
        image.extend_from_slice(&sum.to_le_bytes());
        let mut node = node("one").unwrap();
        assert_eq!(image::read(&image, Instant::ZERO, &mut node).unwrap(), 1);
        assert_eq!(node.get(b"color"), Some(&b"red"[..]));
    }

    #[test]
    fn what_was_kept_is_taken_back_whatever_the_date() {
        let mut writer = node("one").unwrap();
        let two_years = 2 * 365 * 24 * 3_600 * 1_000;
        writer.set_wall_clock(Instant::ZERO, 1_800_000_000_000);
        for key in 0..200_u8 {
            writer.put(Instant::ZERO, &[key], b"value").unwrap();
        }
        let image = image::write(&writer);
        for date in [0, 1_800_000_000_000 - two_years, 1_800_000_000_000 + two_years] {
            let mut node = node("one").unwrap();
            node.set_wall_clock(Instant::ZERO, date);
            assert_eq!(image::read(&image, Instant::ZERO, &mut node).unwrap(), 0, "at {date}");
            assert_eq!(node.entries(b"").count(), 200, "at {date}");
        }
    }

    #[test]
    fn a_file_that_holds_more_than_we_take_is_kept_aside() {
        let dir = scratch("aside");
        let mut keeper = Keeper::open(&dir).unwrap();
        let mut writer = small("one", 100);
        let mut images = Vec::new();
        // Each time, the node is given less room than the file needs, and then writes what it has.
        for room in (1..=5_usize).rev() {
            let entry = |key: usize| [u8::try_from(key).unwrap(); 8];
            for key in 0..room * 4 {
                writer.put(Instant::ZERO, &entry(key), b"value").unwrap();
            }
            keeper.save(&writer).unwrap().write();
            let image = fs::read(keeper.place.path()).unwrap();
            for _ in 0..2 {
                let (node, data_file) = keeper.restore(Instant::ZERO, || Ok(small("one", room))).unwrap();
                let DataFile::Partial { entries, left, kept_as, .. } = data_file else { panic!("{data_file:?}") };
                assert_eq!((entries, left), (room, room * 4 - room));
                assert_eq!(fs::read(&kept_as).unwrap(), image);
                keeper.save(&node).unwrap().write();
                assert_eq!(fs::read(&kept_as).unwrap(), image, "the next save leaves it alone");
                fs::write(keeper.place.path(), &image).unwrap();
            }
            images.push(image);
            writer = small("one", 100);
        }
        let aside: Vec<Vec<u8>> = (1..=ASIDE_MAX)
            .map(|number| fs::read(dir.join(std::format!("gossip.state.old-{number}"))).unwrap())
            .collect();
        assert!(images[..2].iter().all(|longest| aside.contains(longest)), "the longest are kept");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_save_is_due_after_a_change_and_only_then() {
        let (dir, node) = (scratch("due"), with_entry());
        let mut keeper = Keeper::open(&dir).unwrap();
        assert!(keeper.due(Instant::NEVER, &node).is_none());
        keeper.mark_changed(Instant::ZERO);
        assert!(keeper.due(Instant::ZERO, &node).is_none());
        let due = keeper.next_deadline();
        let save = keeper.due(due, &node).unwrap();
        keeper.mark_changed(due);
        let later = keeper.next_deadline();
        assert!(keeper.due(later, &node).is_none(), "one is on its way");
        save.write();
        keeper.mark_changed(later);
        let later = keeper.next_deadline();
        assert!(keeper.due(later, &node).is_none(), "the file says so already");
        let mut counts = IoCounts::default();
        keeper.count_into(&mut counts);
        assert_eq!((counts.saves, counts.save_errors), (1, 0));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_failed_save_is_tried_again() {
        let (dir, node) = (scratch("failed"), with_entry());
        let mut keeper = Keeper::open(&dir).unwrap();
        fs::remove_dir_all(&dir).unwrap();
        keeper.save(&node).unwrap().write();
        assert!(keeper.take_failure().is_some_and(|reason| reason.contains("gossip.state")));
        assert!(keeper.due(Instant::ZERO, &node).is_none());
        let due = keeper.next_deadline();
        keeper.due(due, &node).unwrap().write();
        assert_eq!(keeper.take_failure(), None, "that is known already");
        assert!(keeper.due(due, &node).is_none());
        fs::create_dir(&dir).unwrap();
        let due = keeper.next_deadline();
        keeper.due(due, &node).unwrap().write();
        let mut counts = IoCounts::default();
        keeper.count_into(&mut counts);
        assert_eq!((counts.saves, counts.save_errors), (1, 2));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn an_older_save_never_replaces_a_newer_one() {
        let (dir, mut node) = (scratch("order"), with_entry());
        let mut keeper = Keeper::open(&dir).unwrap();
        let older = keeper.save(&node).unwrap();
        node.put(Instant::ZERO, b"shape", b"round").unwrap();
        let newer = keeper.save(&node).unwrap();
        newer.write();
        older.write();
        assert_eq!(fs::read(keeper.place.path()).unwrap(), image::write(&node));
        fs::remove_dir_all(dir).unwrap();
    }
}
