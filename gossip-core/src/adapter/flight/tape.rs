//! The file that is recorded to, and what is to be written there.
use super::format::{BLOCK_HEAD_LEN, END_MARK, Geometry, HEADER_LEN, RecordingError, body_len, first_block};
use std::{
    borrow::ToOwned,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    string::String,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    vec,
    vec::Vec,
};

/// A file that is ours to record in.
#[derive(Debug)]
pub(super) struct Tape {
    path: PathBuf,
    /// Held while something is written.
    disk: Mutex<Disk>,
    /// Held for a moment only, so that the driver never waits for the disk.
    outcome: Mutex<Outcome>,
}

#[derive(Debug)]
struct Disk {
    file: File,
    /// The latest writing that was done.
    latest: u64,
}

/// What came of writing.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) bytes: u64,
    pub(super) failure: Option<String>,
}

impl Tape {
    /// Takes possession of a file, which is created if need be, and says which segment is the next.
    pub(super) fn open(path: &Path, geometry: Geometry) -> Result<(Self, u64), RecordingError> {
        // A device or a pipe is no file to come back to, and opening one may wait for ever.
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(RecordingError::NotARecording);
        }
        let mut file = private(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RecordingError::InUse),
            // Some file systems know no locks. That is no reason not to record.
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(source)) => return Err(source.into()),
        }
        let next = next_segment(&mut file, geometry)?;
        // It may have been there before, open to others. What is no recording was refused, and is left as it is.
        keep_private(&file)?;
        let tape =
            Self { path: path.to_owned(), disk: Mutex::new(Disk { file, latest: 0 }), outcome: Mutex::default() };
        Ok((tape, next))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the disk is full, or might as well be.
    #[cfg(test)]
    pub(super) fn fail(&self) {
        self.disk.lock().unwrap().file = File::open(&self.path).unwrap();
    }

    fn write(&self, issue: u64, regions: &[Region]) -> io::Result<()> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, Region { at, bytes }) in regions.iter().enumerate() {
            // At the end, two writings may overtake each other: then the end of this one is not the end any more.
            let overtaken = issue < disk.latest && place + 1 == regions.len();
            let len = if overtaken { bytes.len().saturating_sub(END_MARK.len()) } else { bytes.len() };
            disk.file.seek(SeekFrom::Start(*at))?;
            disk.file.write_all(&bytes[..len])?;
        }
        disk.latest = disk.latest.max(issue);
        Ok(())
    }
}

/// Bytes, and where they go.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

/// A part of a recording on its way to the disk, where it may block.
#[derive(Debug)]
pub struct TapeWrite {
    pub(super) tape: Arc<Tape>,
    /// Writings are numbered in their order.
    pub(super) issue: u64,
    pub(super) regions: Vec<Region>,
    /// As long as it lives, it is on its way.
    pub(super) _in_flight: Arc<()>,
}

impl TapeWrite {
    /// Writes it. What goes wrong ends the recording, and is told (see [`Recorder::take_failure`](super::Recorder::take_failure)).
    pub fn write(self) {
        if self.tape.outcome().failure.is_some() {
            return;
        }
        let result = self.tape.write(self.issue, &self.regions);
        let mut outcome = self.tape.outcome();
        match result {
            Ok(()) => outcome.bytes += self.regions.iter().map(|region| region.bytes.len() as u64).sum::<u64>(),
            Err(error) => outcome.failure = Some(std::format!("{}: {error}", self.tape.path.display())),
        }
    }
}

/// Opens a file that nobody else may read, if it is new.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Sees to it that nobody else may read the file.
#[cfg(unix)]
fn keep_private(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Where to go on in a file that may hold former recordings: those are evidence, and go only when their turn has come.
fn next_segment(file: &mut File, geometry: Geometry) -> Result<u64, RecordingError> {
    let mut header = Vec::new();
    (&*file).take(HEADER_LEN as u64).read_to_end(&mut header)?;
    if header.is_empty() {
        file.write_all(&geometry.header())?;
        return Ok(0);
    }
    let found = Geometry::of_header(&header)?;
    if found != geometry {
        return Err(RecordingError::OtherBound { len_max: found.len_max() });
    }
    let mut next = 0;
    for slot in 0..u64::from(geometry.slots) {
        if let Some(sequence) = segment_at(file, geometry.slot_of(slot), geometry.slot_len)? {
            next = next.max(sequence.saturating_add(1));
        }
    }
    Ok(next)
}

/// The number of the segment in a slot, if there is one.
fn segment_at(file: &mut File, at: u64, slot_len: u64) -> io::Result<Option<u64>> {
    let mut head = [0; BLOCK_HEAD_LEN];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut block = vec![];
    block.extend_from_slice(&head);
    (&*file).take(body_len(head).min(slot_len)).read_to_end(&mut block)?;
    Ok(first_block(&block).map(|(head, _)| head.sequence))
}
