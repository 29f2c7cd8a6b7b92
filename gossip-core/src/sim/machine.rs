//! A host's machine, whatever its node is: what ails it, what waits in its socket, and when the world will see to it and to the
//! node's timer.
use super::{
    host_id::HostId,
    links::Uplink,
    queue::{Berth, DatagramId, Queue, What},
};
use crate::time::Instant;
use alloc::vec::Vec;
use core::time::Duration;

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

/// A host's machine.
pub(super) struct Machine {
    pub(super) host: HostId,
    pub(super) uplink: Uplink,
    pub(super) ailments: Ailments,
    inbox: Buffer,
    outbox: Buffer,
    /// When what waits in either will be seen to.
    served_at: Instant,
    /// The earliest moment at which the world will look whether the timer fires.
    wake_at: Instant,
}

/// How a datagram fares at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It passes at once.
    Free,
    /// It waits, in the order of all that waits there.
    Held,
    /// There is no room for it to wait: it is lost.
    Full,
}

/// All that ails one host.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ailments {
    pub(super) deaf: bool,
    pub(super) mute: bool,
    slow: Option<Rhythm>,
    blocked: Option<Rhythm>,
}

/// What waits to be read or sent, in order: one of a socket's buffers.
#[derive(Debug, Default)]
struct Buffer {
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
struct Rhythm {
    since: Instant,
    on: Duration,
    off: Duration,
}

/// What a socket holds each way: what Linux grants by default, in bytes.
const WAITING_MAX: usize = 212_992;

impl Machine {
    pub(super) fn of(host: HostId) -> Self {
        Self {
            host,
            uplink: Uplink::default(),
            ailments: Ailments::default(),
            inbox: Buffer::default(),
            outbox: Buffer::default(),
            served_at: Instant::NEVER,
            wake_at: Instant::NEVER,
        }
    }

    /// A datagram has come, to be read.
    pub(super) fn receive(&mut self, unread: Waiting, now: Instant, queue: &mut Queue) -> Passage {
        if self.inbox.is_empty() && self.ailments.unread_until(now).is_none() {
            return Passage::Free;
        }
        let passage = self.inbox.take_in(unread, queue);
        self.set_service(now, queue);
        passage
    }

    /// The node hands over a datagram, to be sent.
    pub(super) fn send(&mut self, from: Berth, to: Berth, bytes: &[u8], now: Instant, queue: &mut Queue) -> Passage {
        if self.outbox.is_empty() && self.ailments.shut_until(now).is_none() {
            return Passage::Free;
        }
        let unsent = Waiting { to, from, datagram: queue.keep(bytes, None) };
        let passage = self.outbox.take_in(unsent, queue);
        self.set_service(now, queue);
        passage
    }

    /// Sees to it that what waits goes out, and is read, as soon as may be.
    pub(super) fn set_service(&mut self, now: Instant, queue: &mut Queue) {
        let resumes = match (self.outbox.is_empty(), self.inbox.is_empty()) {
            (true, true) => return,
            (true, false) => self.ailments.unread_until(now),
            (false, _) => self.ailments.shut_until(now),
        };
        let at = resumes.unwrap_or(now);
        if at < self.served_at {
            self.served_at = at;
            queue.push(at, What::Serve { host: self.host });
        }
    }

    /// What goes out and what is read now, of all that waited; `None` when another moment was set for it since.
    pub(super) fn resume(&mut self, now: Instant) -> Option<[Vec<Waiting>; 2]> {
        if self.served_at != now {
            return None;
        }
        self.served_at = Instant::NEVER;
        let out = if self.ailments.shut_until(now).is_none() { self.outbox.empty() } else { Vec::new() };
        let read = if self.ailments.unread_until(now).is_none() { self.inbox.empty() } else { Vec::new() };
        Some([out, read])
    }

    /// Sees to it that the world looks at the timer when it is due: at once, if that has passed. When the world looks earlier
    /// anyway, it will then see to the rest.
    pub(super) fn set_timer(&mut self, due: Instant, now: Instant, queue: &mut Queue) {
        let at = due.max(now);
        if at < self.wake_at {
            self.wake_at = at;
            queue.push(at, What::Wake { host: self.host });
        }
    }

    /// Whether it is now that the world was to look at the timer; if so, it will not look again unasked.
    pub(super) fn is_woken(&mut self, now: Instant) -> bool {
        let woken = self.wake_at == now;
        if woken {
            self.wake_at = Instant::NEVER;
        }
        woken
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
    fn shut_until(&self, now: Instant) -> Option<Instant> {
        self.blocked.and_then(|blocked| blocked.resumes(now))
    }

    /// When it reads again, if what comes in waits now.
    fn unread_until(&self, now: Instant) -> Option<Instant> {
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
    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in a datagram, if there is room.
    fn take_in(&mut self, waiting: Waiting, queue: &mut Queue) -> Passage {
        let len = self.len + queue.len_of(waiting.datagram);
        if len > WAITING_MAX {
            queue.drop_waiting(waiting.datagram);
            return Passage::Full;
        }
        self.waiting.push(waiting);
        self.len = len;
        Passage::Held
    }

    /// Hands out all there is.
    fn empty(&mut self) -> Vec<Waiting> {
        self.len = 0;
        core::mem::take(&mut self.waiting)
    }
}
