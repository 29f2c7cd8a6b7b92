//! What is recorded: one entry for each thing done to a node.
use crate::{
    id::{Addr, Dot, WaitId},
    node::Node,
    storage::Heap,
    time::Instant,
    waiting::Quorum,
    wire::Urgency,
};
use core::{fmt::Display, time::Duration};
use serde::{Deserialize, Serialize, Serializer};
use std::string::{String, ToString};

/// What an application asked of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command<'a> {
    /// To join the cluster of somebody.
    Join {
        /// Where that one is.
        seed: Addr,
    },
    /// To hand over what is its own, and to say farewell.
    Leave {
        /// How long the first may take.
        patience: Duration,
    },
    /// To spread a rumor.
    Publish {
        /// How urgent it is.
        urgency: Urgency,
        /// What it says.
        #[serde(serialize_with = "raw")]
        payload: &'a [u8],
        /// How long it lives.
        ttl: Duration,
    },
    /// To write an entry.
    Put {
        /// To which key.
        #[serde(serialize_with = "raw")]
        key: &'a [u8],
        /// What.
        #[serde(serialize_with = "raw")]
        value: &'a [u8],
    },
    /// To delete an entry.
    Delete {
        /// Which.
        #[serde(serialize_with = "raw")]
        key: &'a [u8],
    },
    /// To say something else of itself.
    SetPresence {
        /// What.
        #[serde(serialize_with = "raw")]
        presence: &'a [u8],
    },
    /// To go by another date.
    SetWallClock {
        /// By which, in milliseconds since the Unix epoch.
        unix_millis: u64,
    },
    /// To wait until so many have a write.
    AwaitWrite {
        /// Which.
        write: Dot,
        /// How many.
        quorum: Quorum,
        /// Until when, at the latest.
        until: Instant,
    },
    /// To wait until all agree.
    AwaitConverged {
        /// Until when, at the latest.
        until: Instant,
    },
    /// To wait no longer.
    CancelWait {
        /// For what.
        wait: WaitId,
    },
}

/// What a node answered to a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// It was done, and goes by this name.
    Named(Dot),
    /// It was refused, for this reason.
    Refused(String),
}

impl Command<'_> {
    /// Asks the same again.
    pub(super) fn ask(&self, node: &mut Node<Heap>, now: Instant) -> Answer {
        match *self {
            Self::Join { seed } => Answer::of(node.join(now, seed), |()| Answer::Done),
            Self::Leave { patience } => {
                node.leave_within(now, patience);
                Answer::Done
            }
            Self::Publish { urgency, payload, ttl } => {
                Answer::of(node.publish_for(now, urgency, payload, ttl), Answer::Named)
            }
            Self::Put { key, value } => Answer::of(node.put(now, key, value), Answer::Named),
            Self::Delete { key } => Answer::of(node.delete(now, key), Answer::Named),
            Self::SetWallClock { unix_millis } => {
                node.set_wall_clock(now, unix_millis);
                Answer::Done
            }
            Self::AwaitWrite { write, quorum, until } => {
                Answer::of(node.await_write(now, write, quorum, until), |_| Answer::Done)
            }
            Self::AwaitConverged { until } => Answer::of(node.await_converged(now, until), |_| Answer::Done),
            Self::CancelWait { wait } => {
                node.cancel_wait(now, wait);
                Answer::Done
            }
            Self::SetPresence { presence } => Answer::of(node.set_presence(now, presence), |()| Answer::Done),
        }
    }
}

impl Answer {
    /// Whether it was done.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    fn of<T>(result: Result<T, impl Display>, done: impl FnOnce(T) -> Self) -> Self {
        result.map_or_else(|refusal| Self::Refused(refusal.to_string()), done)
    }
}

/// What was done to a node, or to what it put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry<'a> {
    /// It was given a datagram.
    Received {
        from: Addr,
        #[serde(serialize_with = "raw")]
        bytes: &'a [u8],
    },
    /// It was told the time.
    TimerFired,
    /// It was asked something.
    #[serde(borrow)]
    Asked(Command<'a>),
    /// Its output was polled so many times, and all output of the segment so far has this fingerprint.
    Polled { times: u32, digest: u32 },
    /// A datagram of its was not sent.
    SendFailed { to: Addr, reason: &'a str },
    /// The socket complained.
    ReceiveFailed { reason: &'a str },
}

/// An entry with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record<'a> {
    /// Microseconds since the record before, or the beginning of the segment. Should time ever run backwards, it wraps.
    pub(super) after: u64,
    #[serde(borrow)]
    pub(super) entry: Entry<'a>,
}

/// As a whole, rather than byte by byte: the same bytes in the end, and sooner.
pub(super) fn raw<W: Serializer>(bytes: &[u8], serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_bytes(bytes)
}
