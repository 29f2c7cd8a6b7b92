//! The frames. The order of [`Frame`]'s variants is the wire contract: append, never insert.
//!
//! Questions and answers are different types, and no answer ever elicits another datagram: no storm can feed itself.
use super::{Accusation, Compare, Extended, MemberFrame, NameConflictFrame, Pull, PullEnd, StoreDigests};
use crate::{
    id::{Dot, Generation, Life, NodeId},
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
