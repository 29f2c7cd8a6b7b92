//! How a node gets its memory back: from the checkpoint and from all logs, whatever became of either.
//!
//! What is read is joined, as what peers say is: so the order of files matters little, one that is read twice not at all, and of
//! a file that something happened to, all counts that can be read.
use super::{
    DataFile,
    disk::Disk,
    image,
    log::{CHECKPOINT, DRAFT, number_of},
    records::{self, Composer, Contents, Kind},
    unread::Unread,
};
use crate::{adapter::BindError, digest::Digester, error::RestoreError, node::Node, storage::Heap, time::Instant};
use std::{borrow::ToOwned, format, io, path::Path, string::String, vec::Vec};

/// So many files of a kind are kept aside; then, the shortest makes room.
pub(super) const ASIDE_MAX: usize = 3;

/// A node that remembers, and what its memory lies in.
pub(super) struct Recovered {
    pub(super) node: Node<Heap>,
    pub(super) data_file: DataFile,
    pub(super) checkpoint_len: u64,
    /// The logs that there are, oldest first, and how long each is.
    pub(super) logs: Vec<(String, u64)>,
}

struct Source {
    name: String,
    bytes: Vec<u8>,
}

/// What all files together hold.
#[derive(Default)]
struct Findings<'s> {
    /// Each chunk, with the file that it is in.
    chunks: Vec<(&'s Source, &'s [u8])>,
    torn: usize,
    /// The last file that something happened to, and what that was.
    damage: Option<(&'s Source, &'static str)>,
}

/// Reads all that there is. What is damaged, or does not fit, is put aside as it is.
pub(super) fn recover(disk: &dyn Disk, dir: &Path, now: Instant, mut node: Node<Heap>) -> Result<Recovered, BindError> {
    let sources = sources(disk, dir)?;
    let lens = sources.iter().map(|source| (source.name.clone(), len_of(source)));
    let (checkpoints, logs): (Vec<_>, Vec<_>) = lens.partition(|(name, _)| name == CHECKPOINT);
    let checkpoint_len = checkpoints.first().map_or(0, |(_, len)| *len);
    if sources.is_empty() {
        return Ok(Recovered { node, data_file: DataFile::Fresh { path: dir.to_owned() }, checkpoint_len, logs });
    }
    let findings = findings(&sources, dir)?;
    restore_all(&mut node, now, &findings, dir)?;
    let data_file =
        put_aside(disk, dir, &node, &findings).map_err(|source| BindError::DataDir { path: dir.to_owned(), source })?;
    Ok(Recovered { node, data_file, checkpoint_len, logs })
}

/// What is in the files, as far as it can be read.
fn findings<'s>(sources: &'s [Source], dir: &Path) -> Result<Findings<'s>, BindError> {
    let mut findings = Findings::default();
    for source in sources {
        match contents(source) {
            Ok(contents) => {
                findings.torn += contents.torn;
                if contents.is_damaged {
                    findings.damage = Some((source, "a part of it is no record"));
                } else if source.name == CHECKPOINT && !contents.is_whole {
                    findings.damage = Some((source, "it is cut off"));
                }
                findings.chunks.extend(contents.chunks.into_iter().map(|chunk| (source, chunk)));
            }
            Err(Unread::Damaged(_)) if is_barely_begun(source) => findings.torn += source.bytes.len(),
            Err(Unread::Damaged(reason)) => findings.damage = Some((source, reason)),
            Err(Unread::Refused(refused)) => {
                return Err(BindError::DataFile { path: dir.join(&source.name), source: refused });
            }
        }
    }
    Ok(findings)
}

/// Gives a node all that was found.
fn restore_all(node: &mut Node<Heap>, now: Instant, findings: &Findings<'_>, dir: &Path) -> Result<(), BindError> {
    let refuse = |source: &Source, refused| BindError::DataFile { path: dir.join(&source.name), source: refused };
    for (source, chunk) in &findings.chunks {
        restore(node, now, chunk).map_err(|refused| refuse(source, refused))?;
    }
    if findings.damage.is_some() {
        // Nothing is taken in above a hole, where it may yet be filled. Nobody is known to be able to fill this one.
        for (source, chunk) in &findings.chunks {
            node.give_up_before(chunk);
            restore(node, now, chunk).map_err(|refused| refuse(source, refused))?;
        }
    }
    Ok(())
}

/// Puts aside what was damaged, or not taken, and says what became of all of it.
fn put_aside(disk: &dyn Disk, dir: &Path, node: &Node<Heap>, findings: &Findings<'_>) -> io::Result<DataFile> {
    let path = dir.to_owned();
    let entries = node.entries(b"").count();
    let chunks: Vec<&[u8]> = findings.chunks.iter().map(|(_, chunk)| *chunk).collect();
    let left: usize = chunks.iter().map(|chunk| node.lacking(chunk)).sum();
    let kept_whole = if left == 0 { None } else { Some(keep_whole(disk, &chunks)?) };
    Ok(match (findings.damage, kept_whole) {
        (Some((source, reason)), _) => {
            let kept_as = dir.join(keep_aside(disk, &format!("{}.damaged", source.name), &source.bytes)?);
            DataFile::Damaged { kept_as, reason, entries }
        }
        (None, Some(kept)) => DataFile::Partial { path, entries, left, kept_as: dir.join(kept) },
        (None, None) => DataFile::Restored { path, entries, torn: findings.torn },
    })
}

/// All files that there are: the checkpoint, then the logs, oldest first. A draft of a checkpoint is of no use.
fn sources(disk: &dyn Disk, dir: &Path) -> Result<Vec<Source>, BindError> {
    let refuse = |path, source| BindError::DataDir { path, source };
    let mut names = disk.list().map_err(|source| refuse(dir.to_owned(), source))?;
    if names.iter().any(|name| name == DRAFT) {
        disk.remove(DRAFT).map_err(|source| refuse(dir.join(DRAFT), source))?;
    }
    names.retain(|name| name == CHECKPOINT || number_of(name).is_some());
    names.sort_by_key(|name| number_of(name));
    let read = |name: String| match disk.read(&name) {
        Ok(bytes) => Ok(Source { name, bytes }),
        Err(source) => Err(refuse(dir.join(name), source)),
    };
    names.into_iter().map(read).collect()
}

/// Whether a log ends before its first record begins: a crash came while it was made.
fn is_barely_begun(source: &Source) -> bool {
    source.name != CHECKPOINT && source.bytes.len() <= records::HEAD_LEN
}

fn len_of(source: &Source) -> u64 {
    u64::try_from(source.bytes.len()).unwrap_or(u64::MAX)
}

fn contents(source: &Source) -> Result<Contents<'_>, Unread> {
    match records::version(&source.bytes) {
        Ok(image::VERSION) => {
            Ok(Contents { chunks: image::read(&source.bytes)?, is_whole: true, ..Contents::default() })
        }
        Ok(_) | Err(_) => records::read(&source.bytes),
    }
}

/// What makes no sense to us is told as missing afterwards. The other chunks stand alone.
fn restore(node: &mut Node<Heap>, now: Instant, chunk: &[u8]) -> Result<(), RestoreError> {
    match node.restore(now, chunk) {
        Ok(()) | Err(RestoreError::Malformed) => Ok(()),
        Err(refused) => Err(refused),
    }
}

/// Keeps all chunks as one checkpoint, whatever becomes of the files that they were read from.
fn keep_whole(disk: &dyn Disk, chunks: &[&[u8]]) -> io::Result<String> {
    let salt = Digester::unkeyed().of_bytes(&chunks.concat()).0;
    let mut whole = Vec::new();
    let mut composer = Composer::begin(salt, &mut whole);
    chunks.iter().for_each(|chunk| composer.put(Kind::Part, chunk, &mut whole));
    composer.put(Kind::End, &[], &mut whole);
    keep_aside(disk, &format!("{CHECKPOINT}.old"), &whole)
}

/// Keeps these bytes under a name that begins so, unless they are kept already.
fn keep_aside(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<String> {
    let names: Vec<String> = (1..=ASIDE_MAX).map(|number| format!("{name}-{number}")).collect();
    let kept: Vec<Option<Vec<u8>>> = names.iter().map(|name| disk.read(name).ok()).collect();
    let known = kept.iter().position(|kept| kept.as_deref() == Some(bytes));
    if let Some(name) = known.and_then(|at| names.get(at)) {
        return Ok(name.clone());
    }
    let shortest = names.iter().zip(&kept).min_by_key(|(_, kept)| kept.as_ref().map(Vec::len));
    let name = shortest.map_or_else(|| name.to_owned(), |(name, _)| name.clone());
    disk.create(&name)?;
    disk.append(&name, bytes)?;
    disk.sync(&name)?;
    disk.sync_names()?;
    Ok(name)
}
