//! What the chip remembers.
#[cfg(not(feature = "full"))]
use gossip_core::{
    Addr, Dot, Life,
    records::{Entry, Member, Outgoing, Question, Rumor, Seed, Window},
    table::{InlineBlob, InlineQueue, InlineTable, NoTable},
};
use gossip_core::{Config, Limits, NodeId, Storage, records::NameConflict, table::Table};

/// As much as [`Sensor`](gossip_core::Sensor) does, without the names that two nodes go by: whoever sets up a sensor gives it a name
/// of its own, and the list would take 112 bytes of RAM and 3 kB of flash.
#[cfg(not(feature = "full"))]
pub(crate) enum Memory {}

/// All that a node can remember.
#[cfg(feature = "full")]
pub(crate) use gossip_core::Sensor as Memory;

#[cfg(not(feature = "full"))]
impl Storage for Memory {
    type Key = InlineBlob<16>;
    type Blob = InlineBlob<32>;
    type Summary = InlineBlob<72>;
    type Members = InlineTable<NodeId, Member<Self::Blob>, 16>;
    type Seeds = InlineTable<Addr, Seed, 3>;
    type NameConflicts = NoTable;
    type Rumors = InlineTable<Dot, Rumor<Self::Blob>, 8>;
    type Windows = InlineTable<Life, Window, 16>;
    type Entries = InlineTable<Self::Key, Entry<Self::Blob>, 16>;
    type Versions = InlineTable<Life, u32, 16>;
    type Outbox = InlineQueue<Outgoing, 7>;
    type Questions = InlineQueue<Question<Self::Summary>, 1>;
}

/// The sensor's preset, for this memory.
pub(crate) fn config() -> Config {
    let preset = Config::sensor();
    let name_conflicts = <<Memory as Storage>::NameConflicts as Table<NodeId, NameConflict>>::CAPACITY;
    Config { limits: Limits { name_conflicts, ..preset.limits }, ..preset }
}
