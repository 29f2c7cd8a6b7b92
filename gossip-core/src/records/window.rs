//! Which of a publisher's rumors were seen, in a few bytes.
use crate::lattice::{Joined, Lattice};
use serde::{Deserialize, Serialize};

/// Which of a writer's rumors were seen: all up to a floor, and some of the 64 above it.
///
/// Beside it, how many of them were missed and the application has yet to hear of: no part of what was seen.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Window {
    floor: u32,
    /// In the four bytes that would be padding.
    pub(crate) missed: u32,
    above: u64,
}

impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        (self.floor, self.above) == (other.floor, other.above)
    }
}

impl Eq for Window {}

impl Window {
    /// How far above the floor a rumor can be told apart.
    pub const REACH: u32 = 64;

    /// The window that has seen all up to `floor`, and what `above` marks: bit *i* stands for `floor + 1 + i`.
    #[must_use]
    pub fn new(floor: u32, above: u64) -> Self {
        let mut window = Self { floor, missed: 0, above };
        window.settle();
        window
    }

    /// Everything up to here was seen.
    #[must_use]
    pub const fn floor(&self) -> u32 {
        self.floor
    }

    /// What was seen above the floor.
    #[must_use]
    pub const fn above(&self) -> u64 {
        self.above
    }

    /// The highest that was seen, or given up.
    #[must_use]
    pub const fn top(&self) -> u32 {
        self.floor.saturating_add(Self::REACH - self.above.leading_zeros())
    }

    /// Whether one was seen, and another before it was not.
    #[must_use]
    pub const fn has_hole(&self) -> bool {
        self.above != 0
    }

    /// Whether `sequence` is new.
    #[must_use]
    pub fn status_of(&self, sequence: u32) -> SequenceStatus {
        match sequence.checked_sub(self.floor) {
            None | Some(0) => SequenceStatus::Seen,
            Some(height) if height > Self::REACH => SequenceStatus::BeyondReach,
            Some(height) if self.above >> (height - 1) & 1 == 1 => SequenceStatus::Seen,
            Some(_) => SequenceStatus::New,
        }
    }

    /// Marks `sequence` as seen, when it is within reach.
    pub fn see(&mut self, sequence: u32) {
        if self.status_of(sequence) == SequenceStatus::New {
            self.above |= 1 << (sequence - self.floor - 1);
            self.settle();
        }
    }

    /// Gives up all up to `floor`, and says how many of those had not been seen.
    pub fn raise(&mut self, floor: u32) -> u32 {
        let rise = floor.saturating_sub(self.floor);
        if rise == 0 {
            return 0;
        }
        let passed = if rise >= Self::REACH { self.above } else { self.above & ((1 << rise) - 1) };
        self.above = self.above.checked_shr(rise).unwrap_or(0);
        self.floor = floor;
        self.settle();
        rise - passed.count_ones()
    }

    /// Lets the floor rise over what was seen just above it.
    fn settle(&mut self) {
        let run = self.above.trailing_ones();
        self.above = self.above.checked_shr(run).unwrap_or(0);
        self.floor = self.floor.saturating_add(run);
    }
}

impl Lattice for Window {
    fn join(&mut self, other: &Self) -> Joined {
        let before = *self;
        let mut other = *other;
        // What was seen just above a floor lifts it, and the two apart again; each round lifts one of them.
        while self.floor != other.floor {
            let floor = self.floor.max(other.floor);
            self.raise(floor);
            other.raise(floor);
        }
        self.above |= other.above;
        self.settle();
        if *self == before { Joined::Same } else { Joined::Grew }
    }
}

/// What a [`Window`] says of a rumor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceStatus {
    /// Seen already, or given up.
    Seen,
    /// Not seen.
    New,
    /// Too far ahead to be told apart: it has to wait for those before it.
    BeyondReach,
}
