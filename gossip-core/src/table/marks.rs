//! Which rows bear a mark: a bit a row, so that few are found among many at 64 a step.
use super::Mark;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

const BITS: usize = 64;

/// A set of slots for each [`Mark`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marks {
    sets: [Vec<u64>; Mark::COUNT],
}

impl Marks {
    pub(super) const fn new() -> Self {
        Self { sets: [const { Vec::new() }; Mark::COUNT] }
    }

    pub(super) fn note(&mut self, slot: usize, mark: Mark, bears: bool) {
        let set = &mut self.sets[mark.index()];
        if bears && set.len() <= slot / BITS {
            set.resize(slot / BITS + 1, 0);
        }
        if let Some(word) = set.get_mut(slot / BITS) {
            *word = *word & !(1 << (slot % BITS)) | u64::from(bears) << (slot % BITS);
        }
    }

    pub(super) fn bears(&self, slot: usize, mark: Mark) -> bool {
        self.sets[mark.index()].get(slot / BITS).is_some_and(|word| word >> (slot % BITS) & 1 == 1)
    }

    /// The slots that bear `mark`, from `from` on, ascending.
    pub(super) fn from(&self, from: usize, mark: Mark) -> impl Iterator<Item = usize> {
        let words = self.sets[mark.index()].get(from / BITS..).unwrap_or_default();
        words.iter().enumerate().flat_map(move |(index, &word)| {
            let word = if index == 0 { word & (u64::MAX << (from % BITS)) } else { word };
            ones(word).map(move |bit| (from / BITS + index) * BITS + bit)
        })
    }

    /// The row in `slot` is gone, and the one in `last`, which may be the same, has taken its place.
    pub(super) fn swap_remove(&mut self, slot: usize, last: usize) {
        for mark in Mark::ALL {
            let moved = self.bears(last, mark);
            self.note(slot, mark, moved);
            self.note(last, mark, false);
        }
    }
}

/// The places of the bits that are set.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = (word > 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        usize::try_from(bit).ok()
    })
}
