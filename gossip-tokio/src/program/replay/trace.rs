//! A moment of a replay, as a line for people or as JSON.
use super::frames::{Datagram, Names, text};
use crate::{
    OwnedEvent,
    program::{
        readers::events::sentence,
        times::{Calendar, Clock, on_calendar},
    },
};
use gossip_core::{
    Addr, Heap, Instant, Node,
    adapter::flight::{Answer, Command, Difference, Moment, Opening, Segment, What},
    wire::Urgency,
};
use serde_json::{Value, json};

/// The line for people: number, time, kind, words.
pub(super) fn line(moment: &Moment<'_>, node: &Node<Heap>) -> String {
    let (kind, words) = words(moment, node);
    format!("{:>8}  {}  {kind:<5}  {words}", moment.number, Clock(on_calendar(node, moment.at))).trim_end().to_owned()
}

/// The same for machines, and the whole bytes.
pub(super) fn json(moment: &Moment<'_>, node: &Node<Heap>) -> Value {
    let mut object = json!({"number": moment.number, "at_us": moment.at.as_micros(), "at": Calendar(on_calendar(node, moment.at)).to_string()});
    let (kind, words) = words(moment, node);
    object["kind"] = kind.into();
    match &moment.what {
        What::Received { from, bytes } => datagram(&mut object, "from", *from, bytes, node),
        What::Sent { to, bytes } => datagram(&mut object, "to", *to, bytes, node),
        What::Told(event) => object["event"] = serde_json::to_value(event).unwrap_or_default(),
        What::Counted(counter, by) => (object["counter"], object["by"]) = (counter.name().into(), (*by).into()),
        What::TimerFired => {}
        _ => object["words"] = words.into(),
    }
    object
}

/// Which day it is: said before the first line of each.
pub(super) fn day(at: Instant, node: &Node<Heap>) -> String {
    Calendar(on_calendar(node, at)).to_string().chars().take_while(|char| *char != 'T').collect()
}

fn words(moment: &Moment<'_>, node: &Node<Heap>) -> (&'static str, String) {
    let names = Names(node);
    match &moment.what {
        What::Began(segment) => ("--", began(segment, node)),
        What::Received { from, bytes } => {
            let datagram = Datagram::read(bytes, names);
            let sender =
                datagram.sender.as_ref().map_or_else(|| from.to_string(), |sender| format!("{sender} at {from}"));
            ("in", format!("from {sender}, {}", datagram.words()))
        }
        What::TimerFired => ("time", String::new()),
        What::Asked(command, answer) => ("asked", format!("{}: {}", asked(command), answered(answer))),
        What::Sent { to, bytes } => ("out", format!("to {}, {}", names.at(*to), Datagram::read(bytes, names).words())),
        What::Told(event) => ("event", told(event)),
        What::Counted(counter, 1) => ("count", counter.name().to_owned()),
        What::Counted(counter, by) => ("count", format!("{} {by}", counter.name())),
        What::SendFailed { to, reason } => {
            ("io", format!("not sent to {}: {}", names.at(*to), text(reason.as_bytes())))
        }
        What::ReceiveFailed { reason } => ("io", format!("receiving: {}", text(reason.as_bytes()))),
        What::Differs(difference) => ("!!", differs(*difference).to_owned()),
        What::Torn => ("--", "the recording is torn here: what follows is lost".to_owned()),
        What::Unrecorded => {
            ("--", "the recording ends before it says what came out; the rest is not proven".to_owned())
        }
        What::Ended => ("--", "the recording ends here".to_owned()),
    }
}

fn began(segment: &Segment, node: &Node<Heap>) -> String {
    let me = node.me();
    let how = match segment.opening {
        Opening::Start => "started",
        Opening::Continued => "goes on",
        Opening::AfterGap => "goes on after a gap: the disk was too slow",
    };
    let build = if segment.is_kin { "" } else { ", another build" };
    let (name, version) = (Names(node).of(me.id), &segment.version);
    format!("{name} ({}) at {}, life {}: {how} (gossip {version}{build})", me.id, me.addr, me.generation)
}

fn asked(command: &Command<'_>) -> String {
    match command {
        Command::Join { seed } => format!("join {seed}"),
        Command::Leave { .. } => "leave".to_owned(),
        Command::Publish { urgency: Urgency::Critical, payload, .. } => format!("publish, critical: {}", text(payload)),
        Command::Publish { urgency: Urgency::Normal, payload, .. } => format!("publish: {}", text(payload)),
        Command::Put { key, value } => format!("put {} = {}", text(key), text(value)),
        Command::Delete { key } => format!("delete {}", text(key)),
        Command::AwaitWrite { write, quorum, until } => {
            format!("wait until {quorum} have write {write}, until {} ms", until.as_millis())
        }
        Command::AwaitConverged { until } => format!("wait until all agree, until {} ms", until.as_millis()),
        Command::CancelWait { wait } => format!("cancel {wait}"),
        Command::SetWallClock { unix_millis } => {
            format!("go by the date {}", Calendar(Instant::from_micros(unix_millis.saturating_mul(1_000))))
        }
        Command::SetPresence { presence } => {
            let presence = gossip_core::presence::Presence::decode(presence);
            let words = presence.map(|presence| {
                let tags = presence.tags.iter().map(|(key, value)| format!(" {key}={value}"));
                format!("{} {}{}", presence.name, presence.role, tags.collect::<String>())
            });
            format!("say of itself: {}", text(words.unwrap_or_default().trim_end().as_bytes()))
        }
    }
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Named(dot) => format!("done, as {dot}"),
        Answer::Refused(reason) => format!("refused: {reason}"),
    }
}

fn told(event: &OwnedEvent) -> String {
    serde_json::to_value(event).map(|value| sentence(&value)).unwrap_or_default()
}

pub(super) const fn differs(difference: Difference) -> &'static str {
    match difference {
        Difference::Output => "what comes out is not what came out then",
        Difference::State => "the node is not what it was then",
        Difference::Nonsense => "this program cannot read the node or what it was given",
    }
}

fn datagram(object: &mut Value, way: &str, addr: Addr, bytes: &[u8], node: &Node<Heap>) {
    object[way] = addr.to_string().into();
    object["datagram"] = serde_json::to_value(Datagram::read(bytes, Names(node))).unwrap_or_default();
    object["hex"] = hex(bytes).into();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
