//! Where a node runs, one life after the other.
use crate::{mirror::Mirror, reference::Row};
use core::time::Duration;
use gossip_core::{
    Addr, Config, Dot, Heap, Instant, Liveness, Node, NodeId, SaveCursor,
    wire::{Frame, Read, Reader},
};
use rand_pcg::Pcg32;
use std::collections::{BTreeMap, BTreeSet};

/// One timer may set another one to the same moment, but not for ever.
const CALLS_AT_ONCE_MAX: usize = 3;
/// In front of the frames of each chunk saved: four bytes to know it by, the cluster's label, the node's id.
const CHUNK_HEADER_LEN: usize = 4 + 4 + 8 + 8;

/// A place for a node, and what its application knows.
pub(crate) struct Place {
    pub(crate) number: usize,
    pub(crate) clock_ahead: Duration,
    /// How often it moved: under another number, it has another address.
    pub(crate) house: u8,
    pub(crate) lives: u64,
    pub(crate) node: Option<Node<Heap>>,
    pub(crate) left: bool,
    pub(crate) disk: Disk,
    pub(crate) mirror: Mirror,
    pub(crate) presence: Vec<u8>,
    pub(crate) written: u32,
    pub(crate) published: u32,
    pub(crate) deadline: Instant,
    /// How often it asked to be called at once, one time after the other.
    calls_at_once: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) told: BTreeSet<Dot>,
}

/// Whether a life begins with what the last one saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    Kept,
    Lost,
}

impl Place {
    pub(crate) fn new(number: usize, clock_ahead: Duration) -> Self {
        Self {
            number,
            clock_ahead,
            house: 0,
            lives: 0,
            node: None,
            left: false,
            disk: Disk::default(),
            mirror: Mirror::default(),
            presence: Vec::new(),
            written: 0,
            published: 0,
            deadline: Instant::NEVER,
            calls_at_once: 0,
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        NodeId::from_name(&format!("place {}", self.number))
    }

    pub(crate) fn addr(&self) -> Addr {
        Addr::new(&[self.number as u8, self.house]).unwrap()
    }

    /// Begins a life.
    pub(crate) fn live(&mut self, now: Instant, seed: u64, memory: Memory) {
        self.lives += 1;
        let mut rng = Pcg32::new(seed, self.number as u64 * 1_000 + self.lives);
        let mut node = Node::<Heap>::new(self.id(), self.addr(), Config::lan(), &mut rng).unwrap();
        if memory == Memory::Lost {
            self.disk = Disk::default();
        }
        self.disk.chunks.iter().for_each(|chunk| node.restore(now, chunk).unwrap());
        self.mirror = Mirror::new(self.lives, self.disk.told.clone());
        (self.written, self.published, self.presence, self.left) = (0, 0, Vec::new(), false);
        self.node = Some(node);
    }

    /// It was called at its deadline, and names the next one.
    pub(crate) fn was_called(&mut self, now: Instant) {
        self.calls_at_once = if self.deadline > now { 0 } else { self.calls_at_once + 1 };
        assert!(self.calls_at_once <= CALLS_AT_ONCE_MAX, "{} keeps itself busy", self.number);
    }

    pub(crate) fn wrote(&mut self, dot: Dot) {
        self.written += 1;
        self.check_number(dot, self.written);
    }

    /// A life numbers what it says from 1, without a gap.
    pub(crate) fn check_number(&self, dot: Dot, number: u32) {
        let me = self.node.as_ref().unwrap().me();
        assert_eq!((dot.origin, dot.generation, dot.sequence), (me.id, me.generation, number));
    }

    /// Nothing that these commands ask for is refused, but to whoever has left.
    pub(crate) fn check_left(&self) {
        assert!(self.left, "{} refuses", self.number);
    }

    /// What holds at any moment.
    pub(crate) fn check(&self) {
        let Some(node) = &self.node else { return };
        assert_eq!(node.me().presence, self.presence);
        assert!(node.usage().rows().all(|(_, used, limit)| used <= limit));
        // Among the honest, there is nothing to refuse.
        let stats = node.stats();
        let refused = [
            stats.malformed_frames,
            stats.entries_malformed,
            stats.entries_refused,
            stats.rumors_refused,
            stats.members_refused,
            stats.claims_refused,
            stats.rebirths,
            stats.refused_truncated,
            stats.refused_version,
            stats.refused_incredible,
        ];
        assert_eq!(refused, [0; 10], "{stats:?}");
    }

    pub(crate) fn sees(&self, id: NodeId) -> Option<Liveness> {
        Some(self.node.as_ref()?.member(id)?.liveness)
    }

    pub(crate) fn describe(&self) -> String {
        let node = self.node.as_ref();
        let members = node.map(|node| node.members().map(|member| (member.id, member.liveness)).collect::<Vec<_>>());
        format!("{}: {} sees {members:?}, {:?}", self.number, self.id(), node.map(Node::agreement))
    }
}

pub(crate) fn saved(node: &Node<Heap>) -> Vec<Vec<u8>> {
    let (mut cursor, mut buffer, mut chunks) = (SaveCursor::default(), [0; 1400], Vec::new());
    while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
        chunks.push(chunk.to_vec());
    }
    chunks
}

/// What is held under each key, deletions included: what a node saves is all that it knows.
pub(crate) fn rows(chunks: &[Vec<u8>]) -> BTreeMap<Vec<u8>, Row> {
    let frames = chunks.iter().flat_map(|chunk| Reader::new(&chunk[CHUNK_HEADER_LEN..]));
    let rows = frames.filter_map(|read| match read.expect("what is saved can be read") {
        Read::Frame(Frame::Entry(entry)) => {
            let row = Row { stamp: entry.stamp, dot: entry.dot, value: entry.written().map(<[u8]>::to_vec) };
            Some((entry.key.to_vec(), row))
        }
        _ => None,
    });
    rows.collect()
}
