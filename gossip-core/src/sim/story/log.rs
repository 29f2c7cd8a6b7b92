//! A story's log: what happened, in words, a line each.
use super::{Act, Detail, print::Bytes};
use crate::{
    id::{Addr, Dot, Life, NodeId},
    io::{Arrival, ClockStanding, Departure},
    node::MemberView,
    sim::{HostId, Told, World, journal::Noted},
    storage::Storage,
    time::Instant,
    wire::{Frame, Header, Items, Pull, Read, Reader, Remainder, Standing, Store},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt::Write, time::Duration};

/// What happened, in words.
pub(super) struct Log {
    began: Instant,
    detail: Detail,
    lines: Vec<String>,
}

impl Log {
    pub(super) const fn new(began: Instant) -> Self {
        Self { began, detail: Detail::Events, lines: Vec::new() }
    }

    pub(super) fn set_detail(&mut self, detail: Detail) {
        self.detail = detail;
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    pub(super) fn act(&mut self, now: Instant, act: &Act) {
        match act {
            Act::Chapter(heading) => self.line(now, &format!("== {heading}")),
            // What holds is no news, and what does not ends the log.
            Act::Expect { .. } | Act::Log(_) => {}
            _ if self.detail > Detail::Nothing && act.duration() == Duration::ZERO => {
                self.line(now, &format!("* {act}"));
            }
            _ => {}
        }
    }

    pub(super) fn line(&mut self, now: Instant, what: &str) {
        let millis = now.saturating_duration_since(self.began).as_millis();
        self.lines.push(format!("{:>5}.{:03} {what}", millis / 1_000, millis % 1_000));
    }

    /// Writes down what the world has noted since.
    pub(super) fn take<S: Storage>(&mut self, world: &mut World<S>) {
        for (at, host, noted) in world.take_journal() {
            let who = name_of_host(world, host);
            match noted {
                Noted::Told(told) => self.line(at, &format!("{who}: {}", in_words(world, world.id(host), &told))),
                Noted::Sent { to, bytes, lost } => {
                    let whom = name_of_addr(world, to);
                    let lost = if lost { " (lost)" } else { "" };
                    self.line(at, &format!("{who} > {whom}{lost}: {}", contents(world, host, &bytes)));
                }
            }
        }
    }

    /// Whom and what a node knows.
    pub(super) fn show<S: Storage>(&mut self, world: &World<S>, host: HostId) {
        let who = name_of_host(world, host);
        let Some(node) = world.node(host) else { return self.line(world.now(), &format!("{who} is dead")) };
        let mut members: Vec<_> = node.members().collect();
        members.sort_by_key(|member| member.id);
        let words = |member: &MemberView<'_>| {
            let known = format!("{} {}", name_of(world, member.id), member.liveness);
            if member.presence.is_empty() { known } else { format!("{known} as {}", Bytes(member.presence)) }
        };
        let mut members: Vec<_> = members.iter().map(words).collect();
        members.sort();
        let mut entries: Vec<_> = node.entries(b"").collect();
        entries.sort_by_key(|entry| entry.key);
        let entries: Vec<_> =
            entries.iter().map(|entry| format!("{}={}", Bytes(entry.key), Bytes(entry.value))).collect();
        let agreement = node.agreement();
        let claim = if agreement.is_converged() { "all" } else { "not all" };
        let none = |list: Vec<String>| if list.is_empty() { "-".to_string() } else { list.join(", ") };
        self.line(
            world.now(),
            &format!("{who} sees {}; has {}; {claim} of {} agree", none(members), none(entries), agreement.live),
        );
    }
}

/// What a node called `me` told its application.
pub(super) fn in_words<S: Storage>(world: &World<S>, me: NodeId, told: &Told) -> String {
    let name = |id: &NodeId| name_of(world, *id);
    match told {
        Told::Up(id, Arrival::Joined) => format!("{} is there", name(id)),
        Told::Up(id, Arrival::Returned) => format!("{} is back", name(id)),
        Told::Up(id, Arrival::Restarted) => format!("{} was restarted", name(id)),
        Told::Updated(id) => format!("{} changed", name(id)),
        Told::Suspect(id) => format!("{} does not answer", name(id)),
        Told::Refuted(id) => format!("{} answers after all", name(id)),
        Told::Down(id, Departure::Failed) => format!("{} is down", name(id)),
        Told::Down(id, Departure::Left) => format!("{} has left", name(id)),
        Told::NameConflict(id) if *id == me => "somebody else goes by my name".to_string(),
        Told::NameConflict(id) => format!("two go by the name of {}", name(id)),
        Told::NameConflictOver(id) if *id == me => "nobody else goes by my name".to_string(),
        Told::NameConflictOver(id) => format!("one goes by the name of {}", name(id)),
        Told::PathLen(id, len) => format!("datagrams of up to {len} bytes reach {}", name(id)),
        Told::PathBlocks(id) => format!("{} has something too long for the path", name(id)),
        Told::Alone => "alone".to_string(),
        Told::Quarantined => "quarantined itself".to_string(),
        Told::Resumed => "resumed".to_string(),
        Told::Delivered(dot, payload) => format!("rumor {} {}", dot_of(world, *dot), Bytes(payload)),
        Told::Changed(key, Some(value), dot) => {
            format!("{}={} by {}", Bytes(key), Bytes(value), dot_of(world, *dot))
        }
        Told::Changed(key, None, dot) => format!("{} deleted by {}", Bytes(key), dot_of(world, *dot)),
        Told::Converged(live) => format!("all {live} agree"),
        Told::Diverged => "not all agree".to_string(),
        Told::ClockSkew(ClockStanding::Wrong) => "my clock is wrong".to_string(),
        Told::ClockSkew(ClockStanding::Right) => "my clock is right again".to_string(),
        Told::RumorsMissed(publisher, count) => format!("{count} rumors of {} were missed", name(publisher)),
        Told::NotHandedOver(writes, rumors) => format!("{writes} writes and {rumors} rumors are not handed over"),
        Told::WaitReached(wait, holders, of) => format!("{wait} has come true: {holders} of {of}"),
        Told::WaitFailed(wait, why, holders, of) => format!("{wait} was in vain, {why}: {holders} of {of}"),
        Told::Departed => "farewell is said".to_string(),
    }
}

/// The frames of a datagram, each with what it is about.
fn contents<S: Storage>(world: &World<S>, sender: HostId, bytes: &[u8]) -> String {
    let cluster = world.node(sender).map(|node| node.config().cluster).unwrap_or_default();
    let Ok((_, frames)) = Header::open(bytes, cluster) else { return format!("{} bytes", bytes.len()) };
    let mut words = String::new();
    for read in Reader::new(frames) {
        if !words.is_empty() {
            words.push_str(", ");
        }
        match read {
            Ok(Read::Frame(frame)) => words.push_str(&frame_in_words(world, &frame)),
            Ok(Read::Unknown) => words.push_str("unknown"),
            Err(_) => words.push_str("malformed"),
        }
    }
    if words.is_empty() { "nothing but a header".to_string() } else { words }
}

fn frame_in_words<S: Storage>(world: &World<S>, frame: &Frame<'_>) -> String {
    let name = |id| name_of(world, id);
    let dot = |dot| dot_of(world, dot);
    let mut words = String::new();
    // Writing to a string does not fail.
    let _ = match frame {
        Frame::Ping(ping) => write!(words, "ping {}", ping.probe),
        Frame::Ack(ack) => write!(words, "ack {}", ack.probe),
        Frame::PingRequest(request) => write!(words, "ping-request {} of {}", request.probe, name(request.target)),
        Frame::Relayed(relayed) => write!(words, "relayed {} of {}", relayed.probe, name(relayed.target)),
        Frame::Unreached(failed) => write!(words, "unreached {} of {}", failed.probe, name(failed.target)),
        Frame::Member(member) => {
            let suspect = if member.standing == Standing::Suspect { " suspect" } else { "" };
            write!(words, "member {}{suspect} {}", name(member.id), member.incarnation)
        }
        Frame::Accusation(accusation) => {
            let standing = format!("{:?}", accusation.standing).to_lowercase();
            write!(
                words,
                "accusation {} {standing} {} by {}",
                name(accusation.id),
                accusation.incarnation,
                name(accusation.by)
            )
        }
        Frame::Rumor(rumor) => write!(words, "rumor {} {}", dot(rumor.dot), Bytes(rumor.payload.known())),
        Frame::Entry(entry) => match entry.written() {
            Some(value) => write!(words, "entry {} {}={}", dot(entry.dot), Bytes(entry.key), Bytes(value)),
            None => write!(words, "entry {} {} deleted", dot(entry.dot), Bytes(entry.key)),
        },
        Frame::SupersededRange(range) => {
            write!(words, "superseded range {}..{}", range.after.saturating_add(1), dot(range.writer.dot(range.upto)))
        }
        Frame::Horizon(horizon) => write!(words, "horizon of {}", name(horizon.writer.origin)),
        Frame::Agreeing(agreeing) => {
            let count: u32 = agreeing.bits.iter().map(|bits| bits.count_ones()).sum();
            write!(words, "agreeing {count}")
        }
        Frame::Compare(_) => write!(words, "compare"),
        Frame::StoreDigests(_) => write!(words, "store digests"),
        Frame::Pull(pull) => {
            let store = format!("{:?}", pull.store).to_lowercase();
            write!(words, "pull {store}{}", summary_in_words(world, pull))
        }
        Frame::Clock(_) => write!(words, "clock"),
        Frame::Confirm(_) => write!(words, "confirm"),
        Frame::Confirmed(confirmed) => {
            write!(words, "confirmed {} and {}", confirmed.written, confirmed.published)
        }
        Frame::NameConflict(conflict) => write!(words, "conflict over {}", name(conflict.id)),
        Frame::PullEnd(end) => {
            let left = match end.remainder {
                Remainder::Nothing => "",
                Remainder::Some | Remainder::After(_) => " in part",
                Remainder::TooLong => " but what is too long",
            };
            write!(words, "pull end{left}")
        }
        #[allow(unreachable_patterns, reason = "of a store that is being tried out")]
        other => write!(words, "{other:?}"),
    };
    words
}

/// Up to where the asker has seen whom.
fn summary_in_words<S: Storage>(world: &World<S>, pull: &Pull<'_>) -> String {
    let seen: Vec<Dot> = match pull.store {
        Store::Rumors => {
            Items::<(Life, u32, u64)>::of(pull.summary).map(|(writer, floor, _)| writer.dot(floor)).collect()
        }
        Store::Entries => Items::<(Life, u32)>::of(pull.summary).map(|(writer, upto)| writer.dot(upto)).collect(),
        _ => return String::new(),
    };
    let seen: Vec<String> = seen.into_iter().map(|dot| dot_of(world, dot)).collect();
    if seen.is_empty() { " having nothing".to_string() } else { format!(" having {}", seen.join(" ")) }
}

fn name_of<S: Storage>(world: &World<S>, id: NodeId) -> String {
    world.hosts_of(id).first().map_or_else(|| id.to_string(), |&host| world.name(host).to_string())
}

/// A host's name, and which it is of those that share it.
fn name_of_host<S: Storage>(world: &World<S>, host: HostId) -> String {
    let name = world.name(host);
    match world.hosts_of(world.id(host)).iter().position(|&namesake| namesake == host) {
        Some(before @ 1..) => format!("{name}({})", before + 1),
        _ => name.to_string(),
    }
}

fn name_of_addr<S: Storage>(world: &World<S>, addr: Addr) -> String {
    world.host_at(addr).map_or_else(|| addr.to_string(), |host| name_of_host(world, host))
}

/// A dot, with its life as the world counts them.
fn dot_of<S: Storage>(world: &World<S>, dot: Dot) -> String {
    let name = name_of(world, dot.origin);
    match world.life(dot.writer()) {
        1 => format!("{name}.{}", dot.sequence),
        0 => format!("{name}~?.{}", dot.sequence),
        life => format!("{name}~{life}.{}", dot.sequence),
    }
}
