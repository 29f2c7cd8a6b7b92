//! One place in the world: a node, its machine and clock, what it told, and what it sent.
use super::{
    Traffic,
    clock::{BEGAN, Calendar, Clock},
    host_id::HostId,
    links::End,
    machine::Machine,
    network::Place,
    queue::Berth,
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

/// What a node starts its next life with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What it saved when [`World::keep`](super::World::keep) was last called, which may be long before it died.
    Kept,
    /// Its name and address alone.
    Lost,
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
    pub(super) machine: Machine,
    /// The moment for which its timer is set, by its own clock.
    pub(super) deadline: Instant,
}

impl<S: Storage> Host<S> {
    pub(super) fn new(host: HostId, name: String, berth: Berth, config: Config, now: Instant) -> Self {
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
            machine: Machine::of(host),
            deadline: Instant::NEVER,
        }
    }

    pub(super) fn addr(&self) -> Addr {
        self.berth.addr()
    }

    pub(super) const fn end(&self) -> End {
        End { host: self.machine.host, place: self.place }
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

impl Berth {
    /// The berth of a number.
    pub(super) fn numbered(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or_else(|_| unreachable!("four billion addresses")))
    }

    /// Its number.
    pub(super) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or_else(|_| unreachable!("an index of 32 bits fits"))
    }

    /// The address that it stands for: its number in four bytes.
    pub(super) fn addr(self) -> Addr {
        Addr::new(&self.0.to_be_bytes()).unwrap_or_else(|| unreachable!("four bytes are an address"))
    }

    /// The berth behind an address, if any may be.
    pub(super) fn of(addr: Addr) -> Option<Self> {
        <[u8; 4]>::try_from(addr.as_bytes()).ok().map(|bytes| Self(u32::from_be_bytes(bytes)))
    }
}
