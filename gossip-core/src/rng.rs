//! Chance, drawn from a seed: for choosing peers and spreading timers, never for secrets.

use serde::{Deserialize, Serialize};

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): eight bytes of state, the same draws on every platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A draw from `0..bound`; 0 when `bound` is 0.
    ///
    /// By multiply and shift (Lemire 2019) without the rejection step: the bias is below `bound / 2^64`, and peers are not lottery tickets.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.part_of(u64::try_from(bound).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// The same of a `u64`, however long a `usize` is here.
    pub(crate) fn part_of(&mut self, bound: u64) -> u64 {
        self.next_u64().carrying_mul(bound, 0).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_below_and_reach_everything() {
        let mut rng = Rng::from_seed(7);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            seen[rng.below(5)] += 1;
        }
        assert!(seen.iter().all(|&count| count > 150), "{seen:?}");
        assert_eq!(rng.below(0), 0);
        assert!((0..100).any(|_| rng.part_of(u64::MAX) > u64::MAX / 2));
    }
}
