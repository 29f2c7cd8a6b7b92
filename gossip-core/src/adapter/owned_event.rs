//! The core's events, in owned form: they outlive the drain that they came out of.
use crate::{
    adapter::{MemberInfo, WhyInfo, info, text},
    id::{Dot, NodeId},
    io::{Arrival, ClockStanding, Departure, Event},
    node::Node,
    storage::Heap,
    wire::Urgency,
};
use core::{net::SocketAddr, time::Duration};
use serde::{Serialize, Serializer};
use std::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

/// Something that happened to the node, or in its cluster. In JSON, the field `event` names it: `member_up`, `changed`, …
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OwnedEvent {
    /// A member joined, or came back.
    MemberUp {
        /// Who.
        member: MemberInfo,
        /// How.
        #[serde(serialize_with = "write_arrival")]
        arrival: Arrival,
        /// How long it had been gone or suspected, where that was told. In JSON, `after_ms`: milliseconds.
        #[serde(rename = "after_ms", serialize_with = "text::optional_millis")]
        after: Option<Duration>,
    },
    /// A member changed what it says of itself, or its address.
    MemberUpdated {
        /// Who.
        member: MemberInfo,
    },
    /// A member does not answer, or too seldom; it may yet contradict.
    MemberSuspect {
        /// Who; and in [`MemberInfo::why`], who found that, and on what grounds.
        member: MemberInfo,
    },
    /// A suspected member contradicted.
    MemberRefuted {
        /// Who.
        member: MemberInfo,
        /// How long it had been suspected. In JSON, `after_ms`: milliseconds.
        #[serde(rename = "after_ms", serialize_with = "text::optional_millis")]
        after: Option<Duration>,
        /// On what grounds it had been.
        why: Option<Box<WhyInfo>>,
    },
    /// A member left, or was given up for dead.
    MemberDown {
        /// Who.
        member: MemberInfo,
        /// How.
        #[serde(serialize_with = "write_departure")]
        departure: Departure,
        /// How long it had been suspected before, if it was. In JSON, `after_ms`: milliseconds.
        #[serde(rename = "after_ms", serialize_with = "text::optional_millis")]
        after: Option<Duration>,
    },
    /// Two living nodes go by one name, which may be ours: one of them must be renamed, and until then nobody claims agreement.
    NameConflict {
        /// The member, as it is shown: one of the two. [`MemberInfo::rival`] says where the other one is.
        member: Box<MemberInfo>,
    },
    /// One node at most goes by a name again that two went by.
    NameConflictOver {
        /// That one.
        member: Box<MemberInfo>,
    },
    /// Datagrams up to a length reach a member, and longer ones do not; or they do again. Told of paths that were found to
    /// carry less than the configured length, each time that it changes.
    PathLen {
        /// To whom; [`MemberInfo::path`] says how it stands.
        member: MemberInfo,
    },
    /// A member has something for us that is too long for the path: it is missing here until somebody else has it for us.
    PathBlocks {
        /// Who; [`MemberInfo::path`] says how it stands.
        member: MemberInfo,
    },
    /// No live member is left, or no seed has answered yet.
    Alone,
    /// Our own links are so bad that we quarantine ourselves: others count us as gone, by our own word.
    Quarantined,
    /// Our links have been good for a while: we take part again.
    Resumed,
    /// A rumor arrived, for the first and only time.
    Delivered {
        /// Its name.
        #[serde(serialize_with = "text::display")]
        dot: Dot,
        /// By whom it was published: `dot.origin`.
        #[serde(serialize_with = "text::display")]
        publisher: NodeId,
        /// What that one is called; its id while the name is not known.
        publisher_name: String,
        /// How its publisher marked it.
        #[serde(serialize_with = "write_urgency")]
        urgency: Urgency,
        /// What it says.
        #[serde(serialize_with = "text::bytes")]
        payload: Vec<u8>,
        /// How long ago it was published, at least. In JSON, `age_ms`: milliseconds.
        #[serde(rename = "age_ms", serialize_with = "text::millis")]
        age: Duration,
    },
    /// Rumors were published while we were there, and can no longer be told to us.
    RumorsMissed {
        /// By whom they were published.
        #[serde(serialize_with = "text::display")]
        publisher: NodeId,
        /// What that one is called; its id while the name is not known.
        publisher_name: String,
        /// How many.
        count: u32,
    },
    /// An entry of the replicated map changed, here or elsewhere.
    Changed {
        /// Its key.
        #[serde(serialize_with = "text::bytes")]
        key: Vec<u8>,
        /// Its value; `None` when it was deleted.
        #[serde(serialize_with = "text::optional_bytes")]
        value: Option<Vec<u8>>,
        /// The write that did it.
        #[serde(serialize_with = "text::display")]
        dot: Dot,
        /// By whom it was written: `dot.origin`.
        #[serde(serialize_with = "text::display")]
        writer: NodeId,
        /// What that one is called; its id while the name is not known.
        writer_name: String,
    },
    /// Every live member is known to hold the same state.
    Converged {
        /// How many they are, ourselves included.
        live: usize,
    },
    /// A live member is known, or may be suspected, to hold another state.
    Diverged {
        /// How many hold ours, ourselves included.
        agreeing: usize,
        /// How many live members there are, ourselves included.
        live: usize,
    },
    /// A seed that was given by name stands for other addresses than before, or is known for the first time.
    SeedResolved {
        /// The seed.
        seed: String,
        /// All that it stands for now; they are asked for the cluster.
        addrs: Vec<SocketAddr>,
        /// Whether the node itself is at one of them.
        is_self: bool,
    },
    /// It is not known what a seed stands for that was given by name. It is looked up again; told once, until it is known.
    SeedUnresolved {
        /// The seed.
        seed: String,
        /// What the operating system said.
        reason: String,
    },
    /// The data file cannot be written. It is tried again every few seconds, and told again only after it went well.
    SaveFailed {
        /// Which file, and what the operating system said.
        reason: String,
    },
    /// The flight recorder has stopped: the node goes on without it. Told once.
    RecordingStopped {
        /// Why.
        reason: String,
    },
    /// This machine's wall clock is far from most of the peers', or is right again. In JSON, `standing`: `wrong` or `right`.
    ClockSkew {
        /// Which of the two.
        #[serde(serialize_with = "write_clock_standing")]
        standing: ClockStanding,
        /// By how many milliseconds it is ahead of the median of theirs; below zero, behind. Up to 24 days either way.
        #[serde(rename = "skew_ms")]
        millis: i32,
    },
    /// We leave, and nobody is known to have all that we wrote and published. It is in the data file, where there is one.
    NotHandedOver {
        /// How many of the last writes.
        writes: u32,
        /// How many of the last rumors.
        rumors: u32,
    },
    /// Our own farewell is done: the node stops.
    Departed,
    /// This subscriber was too slow, and lost the oldest events.
    Missed {
        /// How many.
        count: u64,
    },
}

impl OwnedEvent {
    /// An event of `node`, with what is known now of the member that it speaks of; what was known before is added later.
    pub(super) fn of(event: Event<'_>, node: &Node<Heap>) -> Option<Self> {
        let member = |id| node.member(id).map(|view| MemberInfo::of(&view, node));
        let bearer = |id| if id == node.me().id { Some(MemberInfo::of_self(node)) } else { member(id) }.map(Box::new);
        Some(match event {
            Event::MemberUp { id, arrival } => Self::MemberUp { member: member(id)?, arrival, after: None },
            Event::MemberUpdated(id) => Self::MemberUpdated { member: member(id)? },
            Event::MemberSuspect(id) => Self::MemberSuspect { member: member(id)? },
            Event::MemberRefuted(id) => Self::MemberRefuted { member: member(id)?, after: None, why: None },
            Event::MemberDown { id, departure } => Self::MemberDown { member: member(id)?, departure, after: None },
            Event::NameConflict { id, .. } => Self::NameConflict { member: bearer(id)? },
            Event::NameConflictOver(id) => Self::NameConflictOver { member: bearer(id)? },
            Event::PathLen { id, .. } => Self::PathLen { member: member(id)? },
            Event::PathBlocks { id, .. } => Self::PathBlocks { member: member(id)? },
            Event::Alone => Self::Alone,
            Event::Quarantined => Self::Quarantined,
            Event::Resumed => Self::Resumed,
            Event::Delivered { dot, urgency, payload, age } => {
                let (publisher, publisher_name) = (dot.origin, info::name_of(node, dot.origin));
                Self::Delivered { dot, publisher, publisher_name, urgency, payload: payload.to_owned(), age }
            }
            Event::RumorsMissed { publisher, count } => {
                Self::RumorsMissed { publisher, publisher_name: info::name_of(node, publisher), count }
            }
            Event::NotHandedOver { writes, rumors } => Self::NotHandedOver { writes, rumors },
            Event::Changed { key, value, dot } => {
                let (writer, writer_name) = (dot.origin, info::name_of(node, dot.origin));
                Self::Changed { key: key.to_owned(), value: value.map(ToOwned::to_owned), dot, writer, writer_name }
            }
            Event::Converged { live } => Self::Converged { live },
            Event::Diverged { agreeing, live } => Self::Diverged { agreeing, live },
            Event::ClockSkew { standing, millis } => Self::ClockSkew { standing, millis },
            Event::Departed => Self::Departed,
            // Whoever waits is told, and nobody else.
            Event::WaitReached { .. } | Event::WaitFailed { .. } => return None,
        })
    }
}

fn write_arrival<W: Serializer>(arrival: &Arrival, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(match arrival {
        Arrival::Joined => "joined",
        Arrival::Returned => "returned",
        Arrival::Restarted => "restarted",
    })
}

fn write_clock_standing<W: Serializer>(standing: &ClockStanding, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(match standing {
        ClockStanding::Right => "right",
        ClockStanding::Wrong => "wrong",
    })
}

fn write_departure<W: Serializer>(departure: &Departure, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(match departure {
        Departure::Failed => "failed",
        Departure::Left => "left",
    })
}

fn write_urgency<W: Serializer>(urgency: &Urgency, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(match urgency {
        Urgency::Critical => "critical",
        Urgency::Normal => "normal",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Generation;
    use std::{string::ToString, vec};

    #[test]
    fn json_names_the_event_and_writes_words_as_people_do() {
        let dot = Dot { origin: NodeId(10), generation: Generation(1), sequence: 2 };
        let (urgency, age) = (Urgency::Critical, Duration::from_millis(7));
        let (publisher, publisher_name) = (dot.origin, "web-3".to_owned());
        let delivered =
            OwnedEvent::Delivered { dot, publisher, publisher_name, urgency, payload: b"fire".to_vec(), age };
        assert_eq!(
            serde_json::to_string(&delivered).unwrap(),
            concat!(
                r#"{"event":"delivered","dot":"000000000000000a.00000001.2","publisher":"000000000000000a","#,
                r#""publisher_name":"web-3","urgency":"critical","payload":"fire","age_ms":7}"#
            )
        );
        let (writer, writer_name) = (dot.origin, dot.origin.to_string());
        let deleted = OwnedEvent::Changed { key: vec![0xff], value: None, dot, writer, writer_name };
        assert_eq!(
            serde_json::to_string(&deleted).unwrap(),
            concat!(
                r#"{"event":"changed","key":{"hex":"ff"},"value":null,"dot":"000000000000000a.00000001.2","#,
                r#""writer":"000000000000000a","writer_name":"000000000000000a"}"#
            )
        );
        assert_eq!(serde_json::to_string(&OwnedEvent::Missed { count: 3 }).unwrap(), r#"{"event":"missed","count":3}"#);
    }
}
