//! The frames. The order of [`Frame`]'s variants is the wire contract: append, never insert.
//!
//! Questions and answers are different types, and no answer ever elicits another datagram: no storm can feed itself.
use super::{Capabilities, Compare, Extended, Pull, PullEnd, StoreDigests};
use crate::{
    id::{Addr, Dot, Generation, Incarnation, Life, NodeId},
    stamp::Stamp,
};
use serde::{Deserialize, Serialize};

/// One statement of a datagram.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frame<'a> {
    /// Question: are you there?
    Ping(Ping),
    /// Answer to a ping: I am.
    Ack(Ack),
    /// Question: would you ping somebody for me?
    PingRequest(PingRequest),
    /// Answer to a ping request: it is there.
    Relayed(Relayed),
    /// News: a member and all that it says of itself.
    #[serde(borrow)]
    Member(MemberFrame<'a>),
    /// News: what is said against a member.
    Accusation(Accusation),
    /// News: a rumor.
    #[serde(borrow)]
    Rumor(RumorFrame<'a>),
    /// News: a write.
    #[serde(borrow)]
    Entry(EntryFrame<'a>),
    /// News: writes that were superseded.
    SupersededRange(SupersededRange),
    /// News: up to where rumors are no longer remembered.
    Horizon(Horizon),
    /// News: who agrees with the sender.
    #[serde(borrow)]
    Agreeing(Agreeing<'a>),
    /// Question: in what do we differ?
    Compare(Compare),
    /// Answer to a comparison.
    StoreDigests(StoreDigests),
    /// Question: what do I lack?
    #[serde(borrow)]
    Pull(Pull<'a>),
    /// Answer to a pull, after the news that it asked for.
    PullEnd(PullEnd),
    /// Answer to a ping request: it does not answer me either.
    Unreached(Unreached),
    /// News: what the sender's wall clock shows.
    Clock(Clock),
    /// Question: how much of what I wrote and published do you have?
    Confirm(Confirm),
    /// Answer to that.
    Confirmed(Confirmed),
    /// News: two living nodes go by one name.
    NameConflict(NameConflictFrame),
}

impl<'a> Frame<'a> {
    /// How many kinds there are: higher ones are skipped.
    pub const KINDS: u8 = 20;

    /// The kinds' names, in the order of the wire.
    pub const NAMES: [&'static str; 20] = [
        "Ping",
        "Ack",
        "PingRequest",
        "Relayed",
        "Member",
        "Accusation",
        "Rumor",
        "Entry",
        "SupersededRange",
        "Horizon",
        "Agreeing",
        "Compare",
        "StoreDigests",
        "Pull",
        "PullEnd",
        "Unreached",
        "Clock",
        "Confirm",
        "Confirmed",
        "NameConflict",
    ];

    /// The same with what follows its known fields in `bytes`, of which the last `rest` were not read: members, entries and
    /// rumors are passed on with it.
    pub(super) fn extended(mut self, bytes: &'a [u8], rest: usize) -> Self {
        match &mut self {
            Self::Member(MemberFrame { presence: end, .. })
            | Self::Rumor(RumorFrame { payload: end, .. })
            | Self::Entry(EntryFrame { value: end, .. })
                if rest > 0 =>
            {
                *end = end.extended(bytes, rest);
            }
            _ => {}
        }
        self
    }

    /// Whether it wants to be answered. A datagram carries one question at most.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        matches!(self, Self::Ping(_) | Self::PingRequest(_) | Self::Compare(_) | Self::Pull(_) | Self::Confirm(_))
    }
}

/// What is kept in step, in the order in which it is pulled. The order of the variants is the wire contract.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Store {
    /// Who is there.
    Members,
    /// Rumors.
    Rumors,
    /// Replicated entries.
    Entries,
}

impl Store {
    /// All of them, in that order.
    pub const ALL: [Self; Self::COUNT] = [Self::Members, Self::Rumors, Self::Entries];
    /// How many there are.
    pub const COUNT: usize = 3;

    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Asks a node for an [`Ack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Ties the answer to the question.
    pub probe: u16,
}

/// Numbers with a meaning of their own: each other one is that of a probe.
impl Ping {
    /// Announces the sender to a stranger, or to one lost, whose answer introduces itself.
    pub const ANNOUNCE: u16 = 0;
    /// Asks for the digest in the header of the answer.
    pub const DIGEST_PROBE: u16 = 1;
    /// Is padded, and so is its answer, to find out whether datagrams of that length arrive (RFC 8899, §4).
    pub const PATH_PROBE: u16 = 2;
}

/// Answers a [`Ping`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The question's number.
    pub probe: u16,
}

/// Asks a helper to ping `target` (SWIM §3.1, `ping-req`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingRequest {
    /// Ties the answer to the question.
    pub probe: u16,
    /// Whom to ping. A helper pings only members that it knows itself, at the address that it knows.
    pub target: NodeId,
}

/// Answers a [`PingRequest`]: `target` answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// The question's number.
    pub probe: u16,
    /// Who answered.
    pub target: NodeId,
}

/// Answers a [`PingRequest`]: `target` does not answer the sender either (Lifeguard's `nack`). It says two things: that asker
/// and helper hear each other, so that the asker's own path is not what failed; and what the helper found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// The question's number.
    pub probe: u16,
    /// Who did not answer.
    pub target: NodeId,
}

/// What the sender's wall clock shows, at the moment of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds since the Unix epoch.
    #[serde(with = "postcard::fixint::le")]
    pub unix_millis: u64,
}

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

/// What goes first when a datagram is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Urgency {
    /// Goes ahead of everything.
    Critical,
    /// Waits its turn.
    Normal,
}

/// A rumor, to be told to the application once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RumorFrame<'a> {
    /// Its name.
    pub dot: Dot,
    /// How urgent its publisher found it.
    pub urgency: Urgency,
    /// How long it has been on its way, in milliseconds: what it lay at each node, added up. Never a date, for clocks may be
    /// wrong. What it took from node to node is not counted.
    pub age_millis: u32,
    /// How long it lives, in seconds, at most [`RumorFrame::TTL_SECS_MAX`]: a longer one is taken for that.
    pub ttl_secs: u32,
    /// What it says; and the frame's extension.
    #[serde(borrow)]
    pub payload: Extended<'a>,
}

impl RumorFrame<'_> {
    /// The longest life of a rumor: 24 days, three bytes as a varint.
    pub const TTL_SECS_MAX: u32 = (1 << 21) - 1;
}

/// A write: of all that `dot`'s writer wrote in the `span` numbers up to `dot`, this alone still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFrame<'a> {
    /// The write's name.
    pub dot: Dot,
    /// How many numbers, `dot`'s included, this accounts for; at least 1.
    pub span: u32,
    /// When it was written: decides between concurrent writes.
    pub stamp: Stamp,
    /// What was written to.
    pub key: &'a [u8],
    /// What was done to it.
    pub operation: Operation,
    /// What was put there, and nothing when it was deleted; and the frame's extension.
    #[serde(borrow)]
    pub value: Extended<'a>,
}

impl<'a> EntryFrame<'a> {
    /// What was written; `None` when the key was deleted.
    #[must_use]
    pub fn written(&self) -> Option<&'a [u8]> {
        (self.operation == Operation::Put).then(|| self.value.known())
    }
}

/// What a write does to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// It is there no more.
    Delete,
    /// It has a value.
    Put,
}

/// All that `writer` wrote after `after` and up to `upto` was superseded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupersededRange {
    /// Who wrote.
    pub writer: Life,
    /// From here, exclusive.
    pub after: u32,
    /// To here, inclusive.
    pub upto: u32,
}

/// The rumors of `writer` up to `upto` that the asker has not seen are remembered by the sender no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// Who published.
    pub writer: Life,
    /// Up to where, inclusive.
    pub upto: u32,
}

/// Who has been seen to know just what the header's digest stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreeing<'a> {
    /// Bit *i* (of byte *i*/8, lowest first) stands for the *i*-th live member by id. Equal digests mean equal lists of
    /// live members, so that both sides count alike.
    pub bits: &'a [u8],
}

/// Asks for [`Confirmed`]: of the sender's present life. What the answerer lacks may follow in the same datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm;

/// How much of what the asker wrote and published the sender has. It only grows, so that a late answer is as good as any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// In which of the asker's lives.
    pub generation: Generation,
    /// All its writes up to here.
    pub written: u32,
    /// All its rumors up to here.
    pub published: u32,
}
