//! What the keeper asks of a disk: few things, so that a disk which loses, tears and flips can stand in for one.
use core::fmt::Debug;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    string::String,
    sync::{Mutex, MutexGuard, PoisonError},
    vec::Vec,
};

/// A directory, and the files in it by their names. What is not synced may be lost in a crash, all or part of it; and of what was
/// synced in vain, nothing is known.
pub(super) trait Disk: Debug + Send + Sync {
    /// The names of its files.
    fn list(&self) -> io::Result<Vec<String>>;

    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Makes an empty file, in place of any other of that name.
    fn create(&self, name: &str) -> io::Result<()>;

    /// Writes to the end of a file that was [created](Self::create) since the start.
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// What the file holds survives a crash. Its name may not: see [`sync_names`](Self::sync_names).
    fn sync(&self, name: &str) -> io::Result<()>;

    /// The names of files survive a crash as they are.
    fn sync_names(&self) -> io::Result<()>;

    /// Gives a file a new name, in place of any other that had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A directory of the operating system's.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// What was created and is appended to.
    open: Mutex<BTreeMap<String, File>>,
}

impl Directory {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, File>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_open(&self, name: &str, act: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        self.open().get_mut(name).map_or_else(|| Err(io::ErrorKind::NotFound.into()), act)
    }
}

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn create(&self, name: &str) -> io::Result<()> {
        let file = File::create(self.path.join(name))?;
        self.open().insert(name.into(), file);
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.with_open(name, |file| file.write_all(bytes))
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.with_open(name, |file| file.sync_data())
    }

    #[cfg(unix)]
    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Elsewhere a directory is no file, and renaming is as durable as it gets.
    #[cfg(not(unix))]
    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.open().remove(from);
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.open().remove(name);
        fs::remove_file(self.path.join(name))
    }
}
