//! Where a node keeps what it remembers.
use crate::{
    id::{Addr, Dot, NodeId, Writer},
    records::{Entry, Evidence, Member, Outgoing, Question, Rumor, Seed, Window},
    table::{Blob, Queue, Table},
};

/// The memory of a node, one line per region. A later version may add regions: that is a breaking change of this trait.
pub trait Storage: 'static {
    /// The key of an entry.
    type Key: Blob;
    /// A value, a rumor's payload, a presence.
    type Blob: Blob;
    /// A question as it came, at most a datagram long.
    type Summary: Blob;
    /// Everyone we have heard of, ourselves included.
    type Members: Table<NodeId, Member<Self::Blob>>;
    /// Addresses to join through.
    type Seeds: Table<Addr, Seed>;
    /// Rumors we can still tell.
    type Rumors: Table<Dot, Rumor<Self::Blob>>;
    /// Which rumors of each writer were seen.
    type Windows: Table<Writer, Window>;
    /// The replicated entries, deleted ones included.
    type Entries: Table<Self::Key, Entry<Self::Blob>>;
    /// Up to where the writes of each writer were seen.
    type Versions: Table<Writer, u32>;
    /// What each member was last heard to know.
    type Evidence: Table<NodeId, Evidence>;
    /// Datagrams we owe.
    type Outbox: Queue<Outgoing>;
    /// Questions we have yet to answer.
    type Questions: Queue<Question<Self::Summary>>;
}

/// State on the heap, growing up to its limits.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub enum Heap {}

#[cfg(feature = "alloc")]
impl Storage for Heap {
    type Key = alloc::boxed::Box<[u8]>;
    type Blob = alloc::boxed::Box<[u8]>;
    type Summary = alloc::boxed::Box<[u8]>;
    type Members = crate::table::HeapTable<NodeId, Member<Self::Blob>>;
    type Seeds = crate::table::HeapTable<Addr, Seed>;
    type Rumors = crate::table::HeapTable<Dot, Rumor<Self::Blob>>;
    type Windows = crate::table::HeapTable<Writer, Window>;
    type Entries = crate::table::HeapTable<Self::Key, Entry<Self::Blob>>;
    type Versions = crate::table::HeapTable<Writer, u32>;
    type Evidence = crate::table::HeapTable<NodeId, Evidence>;
    type Outbox = crate::table::HeapQueue<Outgoing>;
    type Questions = crate::table::HeapQueue<Question<Self::Summary>>;
}
