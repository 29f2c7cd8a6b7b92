//! What is not on the disk yet, and who waits until it is.
//!
//! The disk is answered as a peer would be that asks for what it lacks: of each writer, it has all up to some number, and is
//! written what comes after that. Only writers are looked at of whom there is something new.
use crate::{
    adapter::reply::Reply,
    digest::{Digest, Digester},
    id::Life,
    node::{Node, SaveCursor},
    storage::Heap,
    wire::{Store, Stores},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec,
    vec::Vec,
};

/// Who waits until what it wrote is on the disk, or cannot be written: why not.
pub(super) type Waiting = Reply<Result<(), String>>;

/// So much is written at a time, and a chunk more: the node is not held up for longer than it takes to copy it.
const PART_LEN: usize = 128 * 1024;
/// Room for a chunk.
const CHUNK_LEN: usize = 64 * 1024;
/// What begins a chunk, and says when it was made.
const STAMP_LEN: usize = 24;

/// What is to be written.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Up to which of its numbers the disk has all that each writer wrote.
    on_disk: BTreeMap<Life, u32>,
    /// Who wrote anything since.
    writers: BTreeSet<Life>,
    waiting: Vec<Waiting>,
    batch: Option<Batch>,
    /// The fingerprint of all but the entries, as the disk has it.
    besides: Option<Digest>,
    buffer: Vec<u8>,
}

/// What is being written, and counts once all of it is.
#[derive(Debug)]
struct Batch {
    /// Up to which of its numbers each writer's writes are in it: those that there were when it began, so that it has an end.
    writers: BTreeMap<Life, u32>,
    /// Up to where they are written.
    reached: BTreeMap<Life, u32>,
    /// Chunks of all but the entries, and their fingerprint.
    besides: Option<(Vec<Vec<u8>>, Digest)>,
    waiting: Vec<Waiting>,
}

/// The next of a batch.
#[derive(Debug)]
pub(super) enum Piece {
    Part(Vec<Vec<u8>>),
    /// The last of it, and who waits for that.
    Last(Vec<Vec<u8>>, Vec<Waiting>),
}

/// How much is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// What writers wrote.
    Writes,
    /// And all else: who was met, which rumors were seen.
    All,
}

impl Backlog {
    /// The disk has all that a node knows by now.
    pub(super) fn of(node: &Node<Heap>) -> Self {
        Self {
            on_disk: node.versions().collect(),
            writers: BTreeSet::new(),
            waiting: Vec::new(),
            batch: None,
            besides: None,
            buffer: vec![0; CHUNK_LEN],
        }
    }

    /// Somebody has written something.
    pub(super) fn on_write(&mut self, writer: Life) {
        self.writers.insert(writer);
    }

    /// Somebody waits until all that was written by now is on the disk.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len() + self.batch.as_ref().map_or(0, |batch| batch.waiting.len())
    }

    /// Whether somebody waits for a batch that is yet to begin.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn is_in_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// Begins a batch of all that is not on the disk: of what, if there is anything.
    pub(super) fn begin_batch(&mut self, node: &Node<Heap>, extent: Extent) {
        let besides = match extent {
            Extent::Writes => None,
            Extent::All => Some(self.besides(node)).filter(|(_, digest)| self.besides != Some(*digest)),
        };
        let seen: BTreeMap<Life, u32> = core::mem::take(&mut self.writers)
            .into_iter()
            .filter_map(|writer| Some((writer, node.seen(writer))).filter(|(_, seen)| *seen > self.on_disk(writer)))
            .collect();
        if besides.is_some() || !seen.is_empty() || !self.waiting.is_empty() {
            let waiting = core::mem::take(&mut self.waiting);
            self.batch = Some(Batch { writers: seen, reached: BTreeMap::new(), besides, waiting });
        }
    }

    /// The next piece of the batch.
    pub(super) fn next_piece(&mut self, node: &Node<Heap>) -> Option<Piece> {
        let batch = self.batch.as_mut()?;
        let (mut chunks, mut len) = (Vec::new(), 0);
        while let Some((&writer, &upto)) = batch.writers.first_key_value() {
            if len >= PART_LEN {
                return Some(Piece::Part(chunks));
            }
            let after = *batch.reached.get(&writer).or_else(|| self.on_disk.get(&writer)).unwrap_or(&0);
            match node.save_writes(writer, after, &mut self.buffer).filter(|_| after < upto) {
                Some((chunk, reached)) => {
                    len += chunk.len();
                    chunks.push(chunk.to_vec());
                    batch.reached.insert(writer, reached);
                }
                None => drop(batch.writers.pop_first()),
            }
        }
        if let Some((besides, _)) = &mut batch.besides {
            chunks.append(besides);
        }
        Some(Piece::Last(chunks, core::mem::take(&mut batch.waiting)))
    }

    /// All of the batch is on the disk.
    pub(super) fn on_written(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.on_disk.extend(batch.reached);
            self.besides = batch.besides.map(|(_, digest)| digest).or(self.besides);
        }
    }

    /// It is not known what of the batch is on the disk: all of it is to be written again. Those who still wait for it.
    pub(super) fn on_failed(&mut self) -> Vec<Waiting> {
        let Some(batch) = self.batch.take() else { return Vec::new() };
        self.writers.extend(batch.writers.into_keys().chain(batch.reached.into_keys()));
        batch.waiting
    }

    /// A checkpoint has all that was known by then.
    pub(super) fn on_checkpoint(&mut self, known: &BTreeMap<Life, u32>) {
        self.on_disk.retain(|writer, _| known.contains_key(writer));
        for (writer, upto) in known {
            let on_disk = self.on_disk.entry(*writer).or_default();
            *on_disk = (*on_disk).max(*upto);
        }
    }

    fn on_disk(&self, writer: Life) -> u32 {
        self.on_disk.get(&writer).copied().unwrap_or(0)
    }

    /// All that a next life should know but the entries. Its fingerprint leaves out when that was written.
    fn besides(&mut self, node: &Node<Heap>) -> (Vec<Vec<u8>>, Digest) {
        let (digester, mut digest, mut chunks) = (Digester::unkeyed(), Digest::default(), Vec::new());
        let mut cursor = SaveCursor::of(Stores::ALL.without(Store::Entries));
        while let Some(chunk) = node.save(&mut cursor, &mut self.buffer) {
            digest += digester.of_bytes(chunk.get(STAMP_LEN..).unwrap_or_default());
            chunks.push(chunk.to_vec());
        }
        (chunks, digest)
    }
}
