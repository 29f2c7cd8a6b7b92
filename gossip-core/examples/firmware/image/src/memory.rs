//! What the chip remembers.
#[cfg(not(feature = "full"))]
use gossip_core::{
    Addr, NodeId,
    records::{Member, Outgoing, Question, Seed},
    storage,
    table::{InlineBlob, InlineQueue, InlineTable},
};
use gossip_core::{Config, Limits};
#[cfg(not(any(feature = "full", feature = "members")))]
use gossip_core::{
    Dot, Life,
    records::{Entry, Rumor, Window},
};

#[cfg(not(any(feature = "full", feature = "members")))]
storage! {
    /// As much as [`gossip_core::Sensor`] does, without the names that two nodes go by: whoever sets up a sensor gives it a name
    /// of its own, and the list would take 112 bytes of RAM and 3 kB of flash.
    pub(crate) Memory {
        Key = InlineBlob<16>;
        Blob = InlineBlob<32>;
        Summary = InlineBlob<72>;
        Members = InlineTable<NodeId, Member<Blob>, 16>;
        Seeds = InlineTable<Addr, Seed, 3>;
        Rumors = InlineTable<Dot, Rumor<Blob>, 8>;
        Windows = InlineTable<Life, Window, 16>;
        Entries = InlineTable<Key, Entry<Blob>, 16>;
        Versions = InlineTable<Life, u32, 16>;
        Outbox = InlineQueue<Outgoing, 7>;
        Questions = InlineQueue<Question<Summary>, 1>;
    }
}

#[cfg(all(feature = "members", not(feature = "full")))]
storage! {
    /// Membership alone: who is there, and nothing that they share.
    pub(crate) Memory {
        Key = InlineBlob<0>;
        Blob = InlineBlob<32>;
        Summary = InlineBlob<72>;
        Members = InlineTable<NodeId, Member<Blob>, 16>;
        Seeds = InlineTable<Addr, Seed, 3>;
        Outbox = InlineQueue<Outgoing, 7>;
        Questions = InlineQueue<Question<Summary>, 1>;
    }
}

/// All that a node can remember.
#[cfg(feature = "full")]
pub(crate) use gossip_core::Sensor as Memory;

/// The sensor's preset, for this memory.
pub(crate) fn config() -> Config {
    Config { limits: Limits::of::<Memory>(), ..Config::sensor() }
}
