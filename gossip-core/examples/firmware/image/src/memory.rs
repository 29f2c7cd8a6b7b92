//! What the chip remembers.
use gossip_core::{Config, Limits, NodeId, Storage, records::NameConflict, table::Table};
#[cfg(not(feature = "full"))]
use gossip_core::{Sensor, table::NoTable};

/// As much as [`Sensor`] does, without the names that two nodes go by: whoever sets up a sensor gives it a name
/// of its own, and the list would take 112 bytes of RAM and 3 kB of flash.
#[cfg(not(feature = "full"))]
pub(crate) enum Memory {}

/// All that a node can remember.
#[cfg(feature = "full")]
pub(crate) use gossip_core::Sensor as Memory;

#[cfg(not(feature = "full"))]
impl Storage for Memory {
    type Key = <Sensor as Storage>::Key;
    type Blob = <Sensor as Storage>::Blob;
    type Summary = <Sensor as Storage>::Summary;
    type Members = <Sensor as Storage>::Members;
    type Seeds = <Sensor as Storage>::Seeds;
    type NameConflicts = NoTable;
    type Rumors = <Sensor as Storage>::Rumors;
    type Windows = <Sensor as Storage>::Windows;
    type Entries = <Sensor as Storage>::Entries;
    type Versions = <Sensor as Storage>::Versions;
    type Outbox = <Sensor as Storage>::Outbox;
    type Questions = <Sensor as Storage>::Questions;
}

/// The sensor's preset, for this memory.
pub(crate) fn config() -> Config {
    let preset = Config::sensor();
    let name_conflicts = <<Memory as Storage>::NameConflicts as Table<NodeId, NameConflict>>::CAPACITY;
    Config { limits: Limits { name_conflicts, ..preset.limits }, ..preset }
}
