//! A datagram in words: its frames by their names, members by theirs.
use crate::{
    NodeId, TextOrHex,
    program::{console, times::Calendar},
};
use gossip_core::{
    Addr, Heap, Instant, Node,
    presence::Presence,
    wire::{Frame, Header, Ping, Read, Reader, Refusal, Remainder, Store, Urgency},
};
use serde::Serialize;

/// What a datagram says.
#[derive(Debug, Serialize)]
pub(super) struct Datagram {
    /// Who says it; `None` where it is not for us.
    pub(super) sender: Option<String>,
    pub(super) bytes: usize,
    /// Why it is not for us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<&'static str>,
    pub(super) frames: Vec<Said>,
}

/// One frame.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    pub(super) frame: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) says: String,
}

impl Datagram {
    pub(super) fn read(bytes: &[u8], names: Names<'_>) -> Self {
        let (len, config) = (bytes.len(), names.0.config());
        let refused = |why| Self { sender: None, bytes: len, refused: Some(why), frames: Vec::new() };
        if len > usize::from(config.datagram_len_max) {
            return refused("longer than any of this cluster");
        }
        let (header, frames) = match Header::open(bytes, config.cluster) {
            Ok(opened) => opened,
            Err(refusal) => return refused(reason_of(refusal)),
        };
        let mut said: Vec<Said> = Vec::new();
        for read in Reader::new(frames) {
            said.push(match read {
                Ok(Read::Frame(frame)) => say(&frame, names),
                Ok(Read::Unknown) => Said { frame: "Unknown", says: String::new() },
                Err(_) => Said { frame: "Malformed", says: String::new() },
            });
        }
        Self { sender: Some(names.of(header.sender)), bytes: len, refused: None, frames: said }
    }

    /// How long it is, and all that it says.
    pub(super) fn words(&self) -> String {
        if let Some(refused) = self.refused {
            return format!("{} bytes: {refused}", self.bytes);
        }
        let frames: Vec<String> =
            self.frames.iter().map(|said| format!("{} {}", said.frame, said.says).trim_end().to_owned()).collect();
        match frames.as_slice() {
            [] => format!("{} bytes: a header alone", self.bytes),
            frames => format!("{} bytes: {}", self.bytes, frames.join("; ")),
        }
    }
}

/// What members are called, as far as the node knows at that moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n>(pub(super) &'n Node<Heap>);

impl Names<'_> {
    /// The name that a member tells, or its id.
    pub(super) fn of(self, id: NodeId) -> String {
        let view = if id == self.0.me().id { Some(self.0.me()) } else { self.0.member(id) };
        let presence = view.as_ref().and_then(|view| Presence::decode(view.presence));
        presence
            .map(|presence| presence.name)
            .filter(|name| !name.is_empty())
            .map_or_else(|| id.to_string(), console::plain)
    }

    /// Who is at an address, and the address.
    pub(super) fn at(self, addr: Addr) -> String {
        let there = self.0.members().find(|view| view.addr == addr);
        there.map_or_else(|| addr.to_string(), |view| format!("{} at {addr}", self.of(view.id)))
    }
}

/// A string of bytes that fits a line.
pub(super) fn text(bytes: &[u8]) -> String {
    console::excerpt(TextOrHex(bytes))
}

fn say(frame: &Frame<'_>, names: Names<'_>) -> Said {
    let (frame, says) = match frame {
        Frame::Ping(ping) => ("Ping", probe(ping.probe)),
        Frame::Ack(ack) => ("Ack", probe(ack.probe)),
        Frame::PingRequest(request) => ("PingRequest", format!("{} of {}", request.probe, names.of(request.target))),
        Frame::Relayed(relayed) => ("Relayed", format!("{} of {}", relayed.probe, names.of(relayed.target))),
        Frame::Confirm(_) => ("Confirm", String::new()),
        Frame::Confirmed(it) => {
            ("Confirmed", format!("{} writes and {} rumors of life {}", it.written, it.published, it.generation))
        }
        Frame::NameConflict(it) => {
            let [one, other] = it.bearers.map(|bearer| bearer.addr);
            ("NameConflict", format!("{} at {one} and at {other}, {} ms ago", names.of(it.id), it.age_millis))
        }
        Frame::Unreached(failed) => ("Unreached", format!("{} of {}", failed.probe, names.of(failed.target))),
        Frame::Member(member) => {
            let name =
                Presence::decode(member.presence.known()).map(|presence| presence.name).filter(|name| !name.is_empty());
            let name = name.map_or_else(|| names.of(member.id), console::plain);
            let standing = format!("{:?}", member.standing).to_lowercase();
            let (life, incarnation) = (member.generation, member.incarnation);
            ("Member", format!("{name} at {}, {standing}, life {life}, incarnation {incarnation}", member.addr))
        }
        Frame::Accusation(it) => {
            let standing = format!("{:?}", it.standing).to_lowercase();
            let (who, by) = (names.of(it.id), names.of(it.by));
            (
                "Accusation",
                format!("{who} is {standing}, life {}, incarnation {}, says {by}", it.generation, it.incarnation),
            )
        }
        Frame::Rumor(rumor) => {
            let urgency = if rumor.urgency == Urgency::Critical { ", critical" } else { "" };
            ("Rumor", format!("{}{urgency}: {}", rumor.dot, text(rumor.payload.known())))
        }
        Frame::Entry(entry) => {
            let value = entry.written().map_or_else(|| "deleted".to_owned(), |value| format!("= {}", text(value)));
            ("Entry", format!("{} {value}, as {} (span {})", text(entry.key), entry.dot, entry.span))
        }
        Frame::SupersededRange(range) => {
            ("SupersededRange", format!("{} after {}, up to {}", life(range.writer, names), range.after, range.upto))
        }
        Frame::Horizon(horizon) => ("Horizon", format!("{} up to {}", life(horizon.writer, names), horizon.upto)),
        Frame::Agreeing(agreeing) => {
            let count: u32 = agreeing.bits.iter().map(|byte| byte.count_ones()).sum();
            ("Agreeing", count.to_string())
        }
        Frame::Clock(clock) => {
            ("Clock", Calendar(Instant::from_micros(clock.unix_millis.saturating_mul(1_000))).to_string())
        }
        Frame::Compare(_) => ("Compare", String::new()),
        Frame::StoreDigests(_) => ("StoreDigests", String::new()),
        Frame::Pull(pull) => {
            ("Pull", format!("{} of the {}, having {} bytes", pull.token, store(pull.store), pull.summary.len()))
        }
        Frame::PullEnd(end) => (
            "PullEnd",
            format!(
                "{}, {}",
                end.token,
                match end.remainder {
                    Remainder::Nothing => "complete",
                    Remainder::Some | Remainder::After(_) => "in part",
                    Remainder::TooLong => "all but what is too long for such an answer",
                }
            ),
        ),
        other => ("Other", format!("{other:?}")),
    };
    Said { frame, says }
}

/// Three numbers have a meaning of their own.
fn probe(number: u16) -> String {
    match number {
        Ping::ANNOUNCE => "(announce)".to_owned(),
        Ping::DIGEST_PROBE => "(digest probe)".to_owned(),
        Ping::PATH_PROBE => "(path probe)".to_owned(),
        number => number.to_string(),
    }
}

fn life(life: gossip_core::Life, names: Names<'_>) -> String {
    format!("{} in life {}", names.of(life.origin), life.generation)
}

const fn store(store: Store) -> &'static str {
    match store {
        Store::Members => "members",
        Store::Rumors => "rumors",
        Store::Entries => "entries",
        _ => "another store",
    }
}

const fn reason_of(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Truncated => "ends within its header",
        Refusal::Version => "of another version, or no gossip at all",
        Refusal::ForeignCluster => "of another cluster",
        Refusal::Incredible => "claims an incarnation beyond belief",
    }
}
