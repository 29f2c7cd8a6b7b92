//! What each call of the application may be told instead of being served: one small type a call.
use core::{fmt, time::Duration};

/// Something is longer than a datagram, or than the storage, can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// How long it is, in bytes.
    pub len: usize,
    /// How long it may be.
    pub len_max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are too long: at most {} fit a datagram", self.len, self.len_max)
    }
}

impl core::error::Error for TooLong {}

/// Why a seed was not accepted.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinError {
    /// It is our own address.
    OwnAddress,
    /// We have said farewell.
    Left,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnAddress => f.write_str("the seed is this node's own address: name another node"),
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for JoinError {}

/// Why a presence was not taken over.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceError {
    /// It does not fit.
    TooLong(TooLong),
    /// We have said farewell.
    Left,
}

impl fmt::Display for PresenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(too_long) => too_long.fmt(f),
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for PresenceError {}

/// Why a rumor was not published.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishError {
    /// The payload does not fit.
    TooLong(TooLong),
    /// All rumors remembered are yet to be drained as events.
    Full {
        /// `limits.rumors`.
        limit: usize,
    },
    /// As many of our own rumors as may wait are yet to be handed to others: none of them is dropped for another.
    Busy {
        /// When to try again; a guess.
        retry_after: Duration,
    },
    /// This life has used up its numbers.
    Exhausted,
    /// We have said farewell.
    Left,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(too_long) => too_long.fmt(f),
            Self::Full { limit: 0 } => f.write_str("this node has no part in rumors: `limits.rumors` is zero"),
            Self::Full { limit } => {
                write!(f, "all {limit} rumors remembered wait to be drained: drain, or raise `limits.rumors`")
            }
            Self::Busy { retry_after } => {
                let millis = retry_after.as_millis();
                write!(f, "too many of our own rumors are yet to be handed to others: try again in {millis} ms")
            }
            Self::Exhausted => f.write_str(EXHAUSTED),
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for PublishError {}

/// Why a write was refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutError {
    /// Key and value together do not fit.
    TooLong(TooLong),
    /// There is no room for another key.
    Full {
        /// `limits.entries`.
        limit: usize,
    },
    /// There is no room for another writer, and this life of ours has not written yet.
    WritersFull {
        /// `limits.writers`.
        limit: usize,
    },
    /// This life has used up its numbers.
    Exhausted,
    /// The entry bears the last stamp of all, which no clock ever shows: somebody made it up. No write can come after it.
    Unsurpassable,
    /// We have said farewell.
    Left,
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(too_long) => too_long.fmt(f),
            Self::WritersFull { limit } => writers_full(f, *limit),
            Self::Full { limit: 0 } => f.write_str("this node holds no entries: `limits.entries` is zero"),
            Self::Full { limit } => {
                write!(f, "no room for another key: {limit} are held, deleted ones included; raise `limits.entries`")
            }
            Self::Exhausted => f.write_str(EXHAUSTED),
            Self::Unsurpassable => f.write_str(UNSURPASSABLE),
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for PutError {}

/// Why nothing was deleted.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteError {
    /// There is no such key.
    Absent,
    /// There is no room for another writer, and this life of ours has not written yet.
    WritersFull {
        /// `limits.writers`.
        limit: usize,
    },
    /// This life has used up its numbers.
    Exhausted,
    /// The entry bears the last stamp of all, which no clock ever shows: somebody made it up. No write can come after it.
    Unsurpassable,
    /// We have said farewell.
    Left,
}

impl fmt::Display for DeleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("there is no such key"),
            Self::WritersFull { limit } => writers_full(f, *limit),
            Self::Exhausted => f.write_str(EXHAUSTED),
            Self::Unsurpassable => f.write_str(UNSURPASSABLE),
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for DeleteError {}

/// Why nothing is waited for.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwaitError {
    /// The write is none of this node's present life.
    Foreign,
    /// As much is waited for as may be at a time.
    Full {
        /// `limits.waits`.
        limit: usize,
    },
    /// We have said farewell.
    Left,
}

impl fmt::Display for AwaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str(
                "the write is none of this node's present life: only who wrote it can wait for it, and not after a restart",
            ),
            Self::Full { limit: 0 } => f.write_str("this node does not wait: `limits.waits` is zero"),
            Self::Full { limit } => {
                write!(f, "{limit} waits go on already: let one end or cancel it, or raise `limits.waits`")
            }
            Self::Left => f.write_str(LEFT),
        }
    }
}

impl core::error::Error for AwaitError {}

/// Why something kept from a former life was not taken in.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// It was not written by [`Node::save`](crate::Node::save), or is damaged.
    Malformed,
    /// It was kept by another version.
    Version(u8),
    /// It was kept by another node.
    Foreign,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("what was kept is damaged, or was kept by another program"),
            Self::Version(version) => write!(f, "what was kept is of version {version}, which this one does not read"),
            Self::Foreign => f.write_str("what was kept belongs to another node, or to another cluster"),
        }
    }
}

impl core::error::Error for RestoreError {}

const UNSURPASSABLE: &str = "the entry bears the last stamp of all: no write can come after it; use another key";
const LEFT: &str = "this node has left its cluster";
const EXHAUSTED: &str = "this life has numbered 2^32 of them: restart the node";

fn writers_full(f: &mut fmt::Formatter<'_>, limit: usize) -> fmt::Result {
    write!(f, "no room for another writer: {limit} lives of nodes are remembered; raise `limits.writers`")
}
