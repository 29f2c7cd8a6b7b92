//! Whose turn it is to be probed: round robin, in random order (SWIM §4.3).
use crate::{context::Context, storage::Storage};
use serde::{Deserialize, Serialize};

/// A round over all rows in random order, without remembering the order: from a random row on, by a random stride that
/// has no divisor in common with their number. Rows that come or go during a round may be met twice or not at all in
/// that one; every member is met in each full round, which bounds the time to its first probe (SWIM §4.3).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct RoundRobin {
    slot: usize,
    stride: usize,
    left: usize,
}

impl RoundRobin {
    pub(super) const fn new() -> Self {
        Self { slot: 0, stride: 1, left: 0 }
    }

    /// The next slot of so many rows.
    pub(super) fn next<S: Storage>(&mut self, cx: &mut Context<S>, rows: usize) -> usize {
        if self.left == 0 {
            self.left = rows;
            self.slot = cx.rng.below(rows);
            self.stride = 1 + cx.rng.below(rows.saturating_sub(1));
            while gcd(self.stride, rows) > 1 {
                self.stride = 1 + self.stride % rows;
            }
        }
        self.left -= 1;
        self.slot = (self.slot + self.stride) % rows.max(1);
        self.slot
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::gcd;

    #[test]
    fn a_stride_meets_every_row() {
        for rows in 1..40_usize {
            for stride in (1..=rows).filter(|&stride| gcd(stride, rows) == 1) {
                let mut met = std::collections::BTreeSet::new();
                (0..rows).for_each(|turn| {
                    met.insert(turn * stride % rows);
                });
                assert_eq!(met.len(), rows);
            }
        }
    }
}
