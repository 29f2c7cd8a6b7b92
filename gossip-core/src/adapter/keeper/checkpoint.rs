//! All that a node knows, written anew beside the log, a slice at a time.
//!
//! Things change between the slices, so that what changes while it is written may be missing in it: but that is in the log,
//! which goes on meanwhile and is kept. Once all slices are written, and all that was not in the log by then, it takes the place of the
//! last one, and of the logs that there were when it began.
use super::{
    log::{CHECKPOINT, DRAFT},
    records::{Composer, Kind},
    writing::Step,
};
use crate::{
    id::Life,
    node::{Node, SaveCursor},
    storage::Heap,
};
use std::{borrow::ToOwned, collections::BTreeMap, string::String, vec, vec::Vec};

/// So much is written at a time, and a chunk more.
const SLICE_LEN: usize = 64 * 1024;
const CHUNK_LEN: usize = 64 * 1024;
/// After so many slices the disk is flushed, so that at the end there is not much left to flush at once.
const SLICES_A_FLUSH: u32 = 32;

#[derive(Debug)]
pub(super) struct Checkpoint {
    /// How long the one is that there is.
    len: u64,
    /// Whether one is to be written, however short the log.
    is_due: bool,
    salt: u64,
    standing: Standing,
    turn: Turn,
    /// What was known when it began: that is in it, or in the log.
    known: BTreeMap<Life, u32>,
    /// How many logs it takes the place of.
    logs: usize,
}

#[derive(Debug)]
enum Standing {
    Idle,
    Running {
        cursor: SaveCursor,
        composer: Option<Composer>,
        slices: u32,
    },
    /// All slices are: it waits for a batch.
    Written(Composer),
    /// And that is written, too.
    Closed(Composer),
    Adopted(u64),
}

/// Whose turn it is, where there is a batch to write and a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Log,
    Checkpoint,
}

impl Checkpoint {
    /// After one of this length, if any; another one `is_due` where that does not hold all that it should.
    pub(super) const fn after(len: u64, is_due: bool, salt: u64) -> Self {
        let standing = Standing::Idle;
        Self { len, is_due, salt, standing, turn: Turn::Log, known: BTreeMap::new(), logs: 0 }
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    pub(super) const fn is_due(&self) -> bool {
        self.is_due
    }

    pub(super) const fn is_running(&self) -> bool {
        !matches!(self.standing, Standing::Idle)
    }

    /// Whether it is being written, and it is its turn before the next batch.
    pub(super) fn takes_turn(&self) -> bool {
        self.is_running() && self.turn == Turn::Checkpoint
    }

    /// Whether a batch is to be written before it counts.
    pub(super) const fn needs_batch(&self) -> bool {
        matches!(self.standing, Standing::Written(_))
    }

    /// Whether there is nothing left to be written of it, or besides.
    pub(super) const fn is_written(&self) -> bool {
        matches!(self.standing, Standing::Written(_) | Standing::Closed(_))
    }

    /// What was known when it began.
    pub(super) const fn known(&self) -> &BTreeMap<Life, u32> {
        &self.known
    }

    /// How many logs it takes the place of.
    pub(super) const fn logs(&self) -> usize {
        self.logs
    }

    /// Begins, with so many logs closed.
    pub(super) fn begin(&mut self, node: &Node<Heap>, logs: usize) {
        self.known = node.versions().collect();
        self.logs = logs;
        // No two drafts are alike.
        self.salt = self.salt.wrapping_add(1 << 48);
        self.standing = Standing::Running { cursor: SaveCursor::default(), composer: None, slices: 0 };
    }

    /// A piece of a batch was written in between.
    pub(super) const fn pass(&mut self) {
        self.turn = Turn::Checkpoint;
    }

    /// A batch is on the disk.
    pub(super) fn on_batch(&mut self) {
        self.standing = match core::mem::replace(&mut self.standing, Standing::Idle) {
            Standing::Written(composer) => Standing::Closed(composer),
            standing => standing,
        };
    }

    /// The steps that write the next slice.
    pub(super) fn next_slice(&mut self, node: &Node<Heap>) -> Vec<Step> {
        self.turn = Turn::Log;
        let Standing::Running { cursor, composer, slices } = &mut self.standing else { return Vec::new() };
        let (mut bytes, mut steps, draft) = (Vec::new(), Vec::new(), || DRAFT.to_owned());
        if composer.is_none() {
            steps.push(Step::Create(draft()));
        }
        let salt = self.salt;
        let file = composer.get_or_insert_with(|| Composer::begin(salt, &mut bytes));
        let mut buffer = vec![0; CHUNK_LEN];
        let mut is_last = false;
        while bytes.len() < SLICE_LEN && !is_last {
            match node.save(cursor, &mut buffer) {
                Some(chunk) => file.put(Kind::Part, chunk, &mut bytes),
                None => is_last = true,
            }
        }
        steps.push(Step::Append(draft(), bytes));
        *slices += 1;
        if slices.is_multiple_of(SLICES_A_FLUSH) {
            steps.push(Step::Sync(draft()));
        }
        if is_last {
            self.standing = composer.take().map_or(Standing::Idle, Standing::Written);
        }
        steps
    }

    /// The steps that put it in the place of the last one, and of these logs.
    pub(super) fn adopt(&mut self, logs: Vec<String>) -> Vec<Step> {
        let (Standing::Written(mut file) | Standing::Closed(mut file)) =
            core::mem::replace(&mut self.standing, Standing::Idle)
        else {
            return Vec::new();
        };
        let mut bytes = Vec::new();
        file.put(Kind::End, &[], &mut bytes);
        self.standing = Standing::Adopted(file.len());
        let draft = || DRAFT.to_owned();
        let mut steps =
            vec![Step::Append(draft(), bytes), Step::Sync(draft()), Step::Rename(DRAFT, CHECKPOINT), Step::SyncNames];
        steps.extend(logs.into_iter().map(Step::Discard));
        steps
    }

    /// It is the one that there is.
    pub(super) fn on_adopted(&mut self) {
        if let Standing::Adopted(len) = core::mem::replace(&mut self.standing, Standing::Idle) {
            self.len = len;
            self.is_due = false;
        }
    }

    /// Something went wrong: another one is begun when it is due.
    pub(super) fn give_up(&mut self) {
        self.standing = Standing::Idle;
    }
}
