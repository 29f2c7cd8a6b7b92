//! Where the choices come from that make a world: a seed, or bytes.
use crate::rng::Rng;

/// Where choices come from.
pub(super) enum Choices<'a> {
    Seed(Rng),
    Bytes(&'a [u8]),
}

impl Choices<'_> {
    /// A choice of `0..bound`; of bytes, when there are none left, the first.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        match self {
            Self::Seed(rng) => rng.below(bound),
            Self::Bytes(bytes) => {
                let len = if bound > 256 { 2 } else { 1 };
                let (taken, rest) = bytes.split_at(len.min(bytes.len()));
                *bytes = rest;
                let number = taken.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
                number.checked_rem(bound).unwrap_or(0)
            }
        }
    }

    pub(super) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most + 1 - least)
    }

    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(super) fn pick<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        choices.get(self.below(choices.len()))
    }

    /// A small number, up to `most`.
    pub(super) fn small(&mut self, most: u8) -> u8 {
        u8::try_from(self.below(usize::from(most) + 1)).unwrap_or(most)
    }

    /// A share, up to so many percent.
    pub(super) fn percent(&mut self, most: u8) -> f64 {
        f64::from(self.small(most)) / 100.0
    }
}
