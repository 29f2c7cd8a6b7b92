//! Waiting for others: how many are to have a write, and how a wait may end in vain.
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// How many members are to have a write: of those that live and keep entries, ourselves included. Whoever keeps none is not counted.
///
/// Who counts is decided at the moment of the answer: whoever has died by then is waited for no more, whoever has come is waited for
/// too, and a holder that has died since is no holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quorum {
    /// All of them.
    All,
    /// More than half: of those that live, or of those that lived when the wait began, whichever is more. So a node that is cut off
    /// while it waits does not come to be a majority of its own; one that was cut off for long before is. Whoever fears that says
    /// how many it takes.
    Majority,
    /// So many, whoever dies or comes; zero is taken for one, which is ourselves.
    AtLeast(u32),
}

/// Why a wait ended in vain.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotReached {
    /// Its deadline came first.
    TimedOut,
    /// We leave.
    Left,
    /// A new life of ours began: others claimed to know more of this one than it said, so that its numbers are worth nothing any
    /// more. The write is still held, and spreads.
    Reborn,
}

impl Quorum {
    /// How many it takes where `living` are counted now, and `at_first` were when the wait began.
    pub(crate) fn needed(self, living: u32, at_first: u32) -> u32 {
        match self {
            Self::All => living,
            Self::Majority => living.max(at_first) / 2 + 1,
            Self::AtLeast(count) => count.max(1),
        }
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all"),
            Self::Majority => f.pad("majority"),
            Self::AtLeast(count) => count.fmt(f),
        }
    }
}

/// A word that names no quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAQuorum;

impl FromStr for Quorum {
    type Err = NotAQuorum;

    /// `all`, `majority`, or a number from 1 on.
    fn from_str(word: &str) -> Result<Self, NotAQuorum> {
        match word {
            "all" => Ok(Self::All),
            "majority" => Ok(Self::Majority),
            _ => word.parse().ok().filter(|&count| count > 0).map(Self::AtLeast).ok_or(NotAQuorum),
        }
    }
}

impl fmt::Display for NotAQuorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("say `all`, `majority`, or how many members, this one included")
    }
}

impl core::error::Error for NotAQuorum {}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TimedOut => "not in time",
            Self::Left => "this node has left its cluster",
            Self::Reborn => "this node began a new life",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_read_as_it_is_written() {
        for (word, quorum) in [("all", Quorum::All), ("majority", Quorum::Majority), ("3", Quorum::AtLeast(3))] {
            assert_eq!((word.parse(), std::format!("{quorum}").as_str()), (Ok(quorum), word));
        }
        assert!(["0", "-1", "most", ""].iter().all(|word| word.parse::<Quorum>() == Err(NotAQuorum)));
    }

    #[test]
    fn who_dies_makes_no_majority_of_the_rest() {
        let majority = |living, at_first| Quorum::Majority.needed(living, at_first);
        assert_eq!((majority(1, 1), majority(2, 2), majority(5, 5), majority(64, 64)), (1, 2, 3, 33));
        assert_eq!((majority(1, 5), majority(9, 5)), (3, 5));
        assert_eq!(
            (Quorum::All.needed(3, 9), Quorum::AtLeast(0).needed(3, 9), Quorum::AtLeast(7).needed(3, 9)),
            (3, 1, 7)
        );
    }
}
