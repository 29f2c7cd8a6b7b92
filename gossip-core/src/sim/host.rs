//! One place in the world: a node, its clock, what ails it, what it told, and what it sent.
use super::{
    Traffic,
    clock::{BEGAN, Calendar, Clock},
    host_id::HostId,
    links::{End, Uplink},
    network::Place,
    queue::{Berth, DatagramId},
    told::Told,
};
use crate::{
    config::Config,
    id::{Addr, Generation, NodeId},
    node::{Node, SaveCursor},
    storage::Storage,
    time::Instant,
};
use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

/// What a node starts its next life with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What it saved when [`World::keep`](super::World::keep) was last called, which may be long before it died.
    Kept,
    /// Its name and address alone.
    Lost,
}

/// What ails a host. Not the node: that does what it always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ailment {
    /// Nothing reaches it.
    Deaf,
    /// Nothing it says reaches anybody.
    Mute,
    /// It runs for a while and pauses for a while, again and again, as a starved process does. What comes in meanwhile
    /// waits, as far as there is room in the socket's buffer.
    Slow {
        /// How long it runs at a time.
        awake: Duration,
        /// How long it pauses.
        paused: Duration,
    },
    /// It runs, and so do its timers, but its socket is open for a while and shut for a while, again and again, as in
    /// Lifeguard's experiments (Dadgar et al. 2018, §V). What comes in and what is to go out meanwhile waits, as far as
    /// there is room in the socket's buffers. There, a sender that waits sends nothing else; a node hands over all it has.
    Blocked {
        /// How long its socket is open at a time.
        open: Duration,
        /// How long it is shut.
        shut: Duration,
    },
}

pub(super) struct Host<S: Storage> {
    pub(super) name: String,
    pub(super) id: NodeId,
    pub(super) berth: Berth,
    pub(super) place: Place,
    pub(super) config: Config,
    pub(super) clock: Clock,
    /// What makes a date of the clock's milliseconds; nothing, where the host has no calendar.
    pub(super) calendar: Option<i128>,
    pub(super) node: Option<Node<S>>,
    /// Its lives so far, in their order.
    pub(super) lives: Vec<Generation>,
    /// When its last node ended, while there is no new one.
    pub(super) ended_at: Option<Instant>,
    pub(super) kept: Vec<Vec<u8>>,
    pub(super) told: Vec<(Instant, Told)>,
    pub(super) traffic: Traffic,
    pub(super) uplink: Uplink,
    pub(super) ailments: Ailments,
    pub(super) inbox: Buffer,
    pub(super) outbox: Buffer,
    /// When what waits in either will be seen to.
    pub(super) served_at: Instant,
    /// The moment for which its timer is set, by its own clock.
    pub(super) deadline: Instant,
    /// The earliest moment at which the world will look whether the timer fires.
    pub(super) wake_at: Instant,
}

/// All that ails one host.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ailments {
    pub(super) deaf: bool,
    pub(super) mute: bool,
    pub(super) slow: Option<Rhythm>,
    pub(super) blocked: Option<Rhythm>,
}

/// What waits to be read or sent, in order: one of a socket's buffers.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: Vec<Waiting>,
    /// How many bytes they are.
    len: usize,
}

/// A datagram that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) to: Berth,
    pub(super) from: Berth,
    pub(super) datagram: DatagramId,
}

/// When a slow host runs, or a blocked one's socket is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pub(super) since: Instant,
    pub(super) on: Duration,
    pub(super) off: Duration,
}

/// What a socket holds each way: what Linux grants by default, in bytes.
const WAITING_MAX: usize = 212_992;

impl<S: Storage> Host<S> {
    pub(super) fn new(name: String, berth: Berth, config: Config, now: Instant) -> Self {
        Self {
            id: NodeId::from_name(&name),
            name,
            berth,
            place: Place::default(),
            config,
            clock: Clock::true_since(now),
            calendar: Calendar::Right.origin(now, BEGAN, now),
            node: None,
            lives: Vec::new(),
            ended_at: None,
            kept: Vec::new(),
            told: Vec::new(),
            traffic: Traffic::default(),
            uplink: Uplink::default(),
            ailments: Ailments::default(),
            inbox: Buffer::default(),
            outbox: Buffer::default(),
            served_at: Instant::NEVER,
            deadline: Instant::NEVER,
            wake_at: Instant::NEVER,
        }
    }

    pub(super) fn addr(&self) -> Addr {
        self.berth.addr()
    }

    pub(super) const fn end(&self, host: HostId) -> End {
        End { host, place: self.place }
    }

    /// Ends the node's life.
    pub(super) fn end_life(&mut self, now: Instant) {
        self.node = None;
        self.ended_at = Some(now);
        self.deadline = Instant::NEVER;
    }

    /// Writes down what the node's next life may start with.
    pub(super) fn keep(&mut self) {
        let Some(node) = &self.node else { return };
        let mut cursor = SaveCursor::default();
        let mut buffer = vec![0; usize::from(self.config.datagram_len_max)];
        self.kept.clear();
        while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
            self.kept.push(chunk.to_vec());
        }
    }
}

impl Ailments {
    /// One more from now on; of a kind that was there, this instead.
    pub(super) const fn add(&mut self, ailment: Ailment, since: Instant) {
        match ailment {
            Ailment::Deaf => self.deaf = true,
            Ailment::Mute => self.mute = true,
            Ailment::Slow { awake, paused } => self.slow = Some(Rhythm { since, on: awake, off: paused }),
            Ailment::Blocked { open, shut } => self.blocked = Some(Rhythm { since, on: open, off: shut }),
        }
    }

    /// Whether anything ails the host.
    pub(super) const fn any(&self) -> bool {
        self.deaf || self.mute || self.slow.is_some() || self.blocked.is_some()
    }

    /// When the host runs again, if it pauses now.
    pub(super) fn pauses_until(&self, now: Instant) -> Option<Instant> {
        self.slow.and_then(|slow| slow.resumes(now))
    }

    /// When it sends again, if what it sends waits now.
    pub(super) fn shut_until(&self, now: Instant) -> Option<Instant> {
        self.blocked.and_then(|blocked| blocked.resumes(now))
    }

    /// When it reads again, if what comes in waits now.
    pub(super) fn unread_until(&self, now: Instant) -> Option<Instant> {
        self.pauses_until(now).max(self.shut_until(now))
    }
}

impl Rhythm {
    /// When it is on again, if it is off now.
    fn resumes(&self, now: Instant) -> Option<Instant> {
        if self.off.is_zero() {
            return None;
        }
        if self.on.is_zero() {
            return Some(Instant::NEVER);
        }
        let (on, round) = (self.on.as_micros().max(1), self.on.saturating_add(self.off).as_micros().max(1));
        let into = now.saturating_duration_since(self.since).as_micros() % round;
        let left = u64::try_from(round - into).unwrap_or(u64::MAX);
        (into >= on).then(|| now + Duration::from_micros(left))
    }
}

impl Buffer {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in a datagram of `len` bytes; `false` when there is no room.
    pub(super) fn take_in(&mut self, waiting: Waiting, len: usize) -> bool {
        let fits = self.len + len <= WAITING_MAX;
        if fits {
            self.waiting.push(waiting);
            self.len += len;
        }
        fits
    }

    /// Hands out all there is.
    pub(super) fn empty(&mut self) -> Vec<Waiting> {
        self.len = 0;
        core::mem::take(&mut self.waiting)
    }
}

impl Berth {
    /// The address that it stands for: its number in four bytes.
    pub(super) fn addr(self) -> Addr {
        Addr::new(&self.0.to_be_bytes()).unwrap_or_else(|| unreachable!("four bytes are an address"))
    }

    /// The berth behind an address, if any may be.
    pub(super) fn of(addr: Addr) -> Option<Self> {
        <[u8; 4]>::try_from(addr.as_bytes()).ok().map(|bytes| Self(u32::from_be_bytes(bytes)))
    }
}
