//! Which rows have a flag set: a bit a row, so that few are found among many at 64 a step.
use super::Flag;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

const BITS: usize = 64;

/// A set of slots for each [`Flag`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Flags {
    sets: [Vec<u64>; Flag::COUNT],
}

impl Flags {
    pub(super) const fn new() -> Self {
        Self { sets: [const { Vec::new() }; Flag::COUNT] }
    }

    pub(super) fn set_flag(&mut self, slot: usize, flag: Flag, is_set: bool) {
        let set = &mut self.sets[flag.index()];
        if is_set && set.len() <= slot / BITS {
            set.resize(slot / BITS + 1, 0);
        }
        if let Some(word) = set.get_mut(slot / BITS) {
            *word = *word & !(1 << (slot % BITS)) | u64::from(is_set) << (slot % BITS);
        }
    }

    pub(super) fn is_set(&self, slot: usize, flag: Flag) -> bool {
        self.sets[flag.index()].get(slot / BITS).is_some_and(|word| word >> (slot % BITS) & 1 == 1)
    }

    /// The slots that have `flag` set, from `from` on, ascending.
    pub(super) fn from(&self, from: usize, flag: Flag) -> impl Iterator<Item = usize> {
        let words = self.sets[flag.index()].get(from / BITS..).unwrap_or_default();
        words.iter().enumerate().flat_map(move |(index, &word)| {
            let word = if index == 0 { word & (u64::MAX << (from % BITS)) } else { word };
            ones(word).map(move |bit| (from / BITS + index) * BITS + bit)
        })
    }

    /// The row in `slot` is gone, and the one in `last`, which may be the same, has taken its place.
    pub(super) fn swap_remove(&mut self, slot: usize, last: usize) {
        for flag in Flag::ALL {
            let moved = self.is_set(last, flag);
            self.set_flag(slot, flag, moved);
            self.set_flag(last, flag, false);
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
