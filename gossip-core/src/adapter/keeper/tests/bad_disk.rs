//! A disk that loses, tears and flips: what is not flushed when the power goes may be there, or a part of it, or something else.
use crate::{adapter::keeper::disk::Disk, rng::Rng};
use std::{
    collections::BTreeMap,
    io,
    string::{String, ToString},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    vec::Vec,
};

/// What a flush, or a write, does from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no room.
    Full,
    /// The next flush fails, and what it was to flush is lost, whatever later ones say.
    Sync,
    /// The power goes after so many operations more.
    PowerCut(u32),
}

#[derive(Debug, Clone, Default)]
struct Stored {
    bytes: Vec<u8>,
    /// So many of them survive.
    flushed: usize,
    /// From here on, what is flushed is lost all the same.
    lost_from: Option<usize>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Stored>,
    names: BTreeMap<String, usize>,
    /// The names that survive.
    flushed_names: BTreeMap<String, usize>,
    fault: Option<Fault>,
    has_power: bool,
}

/// Clones are one disk.
#[derive(Debug, Clone)]
pub(super) struct BadDisk(Arc<Mutex<State>>);

impl BadDisk {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { has_power: true, ..State::default() })))
    }

    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// The power is gone, and comes back: what was not flushed is there in part, and partly as something else.
    pub(super) fn crash(&self, chance: &mut Rng) {
        let mut state = self.state();
        let State { files, names, flushed_names, .. } = &mut *state;
        // Of each name that was made or dropped since, it is open which of the two survived.
        let touched: Vec<String> = names.keys().chain(flushed_names.keys()).cloned().collect();
        for name in touched {
            let survivor = if chance.below(2) == 0 { names.get(&name) } else { flushed_names.get(&name) };
            match survivor.copied() {
                Some(file) => drop(names.insert(name, file)),
                None => drop(names.remove(&name)),
            }
        }
        for file in files.iter_mut() {
            let safe = file.lost_from.unwrap_or(usize::MAX).min(file.flushed);
            let left = chance.below(file.bytes.len() - safe + 1);
            file.bytes.truncate(safe + left);
            // Blocks are written in any order, or not at all.
            for block in file.bytes[safe..].chunks_mut(16) {
                if chance.below(4) == 0 {
                    block.fill(0);
                }
            }
            (file.flushed, file.lost_from) = (file.bytes.len(), None);
        }
        state.flushed_names = state.names.clone();
        (state.fault, state.has_power) = (None, true);
    }

    /// Something happens to a file: one of its bits.
    pub(super) fn flip(&self, name: &str, bit: usize) {
        let mut state = self.state();
        let file = state.names[name];
        let bytes = &mut state.files[file].bytes;
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        self.create(name).unwrap();
        self.append(name, bytes).unwrap();
        self.sync(name).unwrap();
        self.sync_names().unwrap();
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an operation that writes begins with.
    fn operate(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        match &mut state.fault {
            Some(Fault::PowerCut(0)) => state.has_power = false,
            Some(Fault::PowerCut(left)) => *left -= 1,
            Some(Fault::Full | Fault::Sync) | None => {}
        }
        if state.has_power { Ok(state) } else { Err(io::Error::other("no power")) }
    }
}

impl State {
    fn file(&mut self, name: &str) -> io::Result<&mut Stored> {
        let file = *self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.files[file])
    }
}

impl Disk for BadDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(self.state().file(name)?.bytes.clone())
    }

    fn create(&self, name: &str) -> io::Result<()> {
        let mut state = self.operate()?;
        let file = state.files.len();
        state.files.push(Stored::default());
        state.names.insert(name.to_string(), file);
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.operate()?;
        // Of what there is no room for, some is written.
        let room = if state.fault == Some(Fault::Full) { bytes.len() / 3 } else { bytes.len() };
        state.file(name)?.bytes.extend_from_slice(&bytes[..room]);
        if room < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let mut state = self.operate()?;
        let fails = state.fault == Some(Fault::Sync);
        if fails {
            state.fault = None;
        }
        let file = state.file(name)?;
        if fails {
            file.lost_from.get_or_insert(file.flushed);
            return Err(io::Error::other("not flushed"));
        }
        file.flushed = file.bytes.len();
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.operate()?;
        state.flushed_names = state.names.clone();
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.operate()?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_string(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operate()?.names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
