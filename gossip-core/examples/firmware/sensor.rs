//! The memory map of a sensor: what a node of 16 members, 8 rumors and 16 entries of 32 bytes takes.
//!
//! One file for all who need it: the firmware beside it, and the tests and fuzzers that compare it with the heap.
use gossip_core::{
    Addr, Config, Dot, Limits, Node, NodeId, Storage,
    id::Writer,
    records::{Entry, Evidence, Member, Outgoing, Question, Rumor, Seed, Window},
    table::{InlineBlob, InlineQueue, InlineTable},
};

/// The memory of a node in a few kilobytes, all of it inside the node.
#[derive(Debug)]
pub(crate) enum Sensor {}

impl Storage for Sensor {
    type Key = InlineBlob<16>;
    type Blob = InlineBlob<32>;
    type Summary = InlineBlob<80>;
    type Members = InlineTable<NodeId, Member<Self::Blob>, 16>;
    type Seeds = InlineTable<Addr, Seed, 2>;
    type Rumors = InlineTable<Dot, Rumor<Self::Blob>, 8>;
    type Windows = InlineTable<Writer, Window, 16>;
    type Entries = InlineTable<Self::Key, Entry<Self::Blob>, 16>;
    type Versions = InlineTable<Writer, u32, 16>;
    type Evidence = InlineTable<NodeId, Evidence, 16>;
    type Outbox = InlineQueue<Outgoing, 6>;
    type Questions = InlineQueue<Question<Self::Summary>, 1>;
}

/// The configuration that goes with it: the preset, within this memory.
pub(crate) fn config() -> Config {
    let preset = Config::sensor();
    Config { limits: Limits { writers: 16, outbox: 6, ..preset.limits }, ..preset }
}

const _: () = assert!(size_of::<Node<Sensor>>() <= 8 * 1024, "a sensor's node fits in 8 KiB");
