//! What is said of members.
use super::{Capabilities, Extended};
use crate::id::{Addr, Generation, Incarnation, NodeId};
use serde::{Deserialize, Serialize};

/// What is said of a member's life. Under one incarnation, the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// It says so itself.
    Alive,
    /// It did not answer somebody.
    Suspect,
    /// It did not contradict a suspicion in time.
    Down,
    /// It said farewell.
    Left,
}

/// A member, in its own words; only the member itself ever makes one up, all others pass it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFrame<'a> {
    /// Who.
    pub id: NodeId,
    /// In which life.
    pub generation: Generation,
    /// As of which change of mind.
    pub incarnation: Incarnation,
    /// Alive or suspected: who is gone has only an [`Accusation`].
    pub standing: Standing,
    /// Where it can be reached.
    pub addr: Addr,
    /// What it can be asked.
    pub capabilities: Capabilities,
    /// What it tells of itself, for the application; and the frame's extension.
    #[serde(borrow)]
    pub presence: Extended<'a>,
}

/// Two living nodes that go by one name. Only the two of them ever make one up, all others pass it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameConflictFrame {
    /// The name.
    pub id: NodeId,
    /// How long ago both were known to live, in milliseconds: what it lay at each node, added up.
    pub age_millis: u32,
    /// The two.
    pub bearers: [Bearer; 2],
}

/// One of those that go by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearer {
    /// In which life.
    pub generation: Generation,
    /// Where it can be reached.
    pub addr: Addr,
}

/// Something said against a member, or a farewell that it said itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accusation {
    /// Against whom.
    pub id: NodeId,
    /// Which life is meant.
    pub generation: Generation,
    /// Holds until the accused shows a higher one.
    pub incarnation: Incarnation,
    /// What is said.
    pub standing: Standing,
    /// By whom first.
    pub by: NodeId,
    /// On what grounds.
    pub cause: Cause,
    /// Who else found the same.
    pub accusers: Accusers,
}

/// Why a member is suspected, or counted as gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// It did not answer at all.
    #[default]
    Silence,
    /// It answered too seldom to be of use: most of what is sent to it, or by it, is lost.
    Loss,
    /// It says so itself.
    OwnWord,
}

/// Which members found the same, as far as that can be told from two bytes: each of them sets one bit of sixteen.
///
/// A lattice by union, whatever way it comes. Two may share a bit, so that it counts too few at times, and never too many: a
/// suspicion then lasts longer than it might.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Accusers(#[serde(with = "postcard::fixint::le")] pub u16);

impl Accusers {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// One.
    #[must_use]
    pub const fn of(id: NodeId) -> Self {
        // The high bits of a product depend on all bits of the id, however the application chose it (Knuth, TAOCP 3, §6.4).
        Self(1 << (id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60))
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// How many, at least.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether one may be among them.
    #[must_use]
    pub const fn may_include(self, id: NodeId) -> bool {
        self.0 & Self::of(id).0 != 0
    }
}
