//! Where a node keeps what it remembers.
use crate::{
    id::{Addr, Dot, Life, NodeId},
    records::{Entry, Member, NameConflict, Outgoing, Question, Rumor, Seed, Window},
    table::{Blob, InlineBlob, InlineQueue, InlineTable, Queue, Table},
};
use serde::{Serialize, de::DeserializeOwned};

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
    /// Names that two nodes go by. [`NoTable`](crate::table::NoTable) for a node that does without: it is not told of them, takes
    /// the two for one that restarts again and again, and may count as agreed what but one of them said.
    type NameConflicts: Table<NodeId, NameConflict>;
    /// Rumors we can still tell.
    type Rumors: Table<Dot, Rumor<Self::Blob>>;
    /// Which rumors of each writer were seen.
    type Windows: Table<Life, Window>;
    /// The replicated entries, deleted ones included.
    type Entries: Table<Self::Key, Entry<Self::Blob>>;
    /// Up to where the writes of each writer were seen.
    type Versions: Table<Life, u32>;
    /// Datagrams we owe.
    type Outbox: Queue<Outgoing>;
    /// Questions we have yet to answer.
    type Questions: Queue<Question<Self::Summary>>;
}

/// A memory that can be written down whole and read back: what an exact copy of a node asks for. Whoever makes none pays
/// nothing for it, on bare metal least of all: the code is generic, and nobody calls it.
pub(crate) trait Snapshot:
    Storage<
        Key: Serialize + DeserializeOwned,
        Blob: Serialize + DeserializeOwned,
        Summary: Serialize + DeserializeOwned,
        Members: Serialize + DeserializeOwned,
        Seeds: Serialize + DeserializeOwned,
        NameConflicts: Serialize + DeserializeOwned,
        Rumors: Serialize + DeserializeOwned,
        Windows: Serialize + DeserializeOwned,
        Entries: Serialize + DeserializeOwned,
        Versions: Serialize + DeserializeOwned,
        Outbox: Serialize + DeserializeOwned,
        Questions: Serialize + DeserializeOwned,
    >
{
}

/// State inside the node, in 8 KiB: 16 members, 8 rumors, and 16 entries whose key and value take 32 bytes together.
///
/// It goes with [`Config::sensor`](crate::Config::sensor). For other sizes, write a map like this one:
///
/// ```
/// use gossip_core::{Addr, Dot, Life, Node, NodeId, Storage, records::*, table::*};
///
/// enum Tiny {}
/// impl Storage for Tiny {
///     type Key = InlineBlob<8>;
///     type Blob = InlineBlob<16>;
///     type Summary = InlineBlob<80>;
///     type Members = InlineTable<NodeId, Member<Self::Blob>, 4>;
///     type Seeds = InlineTable<Addr, Seed, 1>;
///     type NameConflicts = InlineTable<NodeId, NameConflict, 1>;
///     type Rumors = InlineTable<Dot, Rumor<Self::Blob>, 4>;
///     type Windows = InlineTable<Life, Window, 8>;
///     type Entries = InlineTable<Self::Key, Entry<Self::Blob>, 4>;
///     type Versions = InlineTable<Life, u32, 8>;
///     type Outbox = InlineQueue<Outgoing, 8>;
///     type Questions = InlineQueue<Question<Self::Summary>, 1>;
/// }
/// const _: () = assert!(size_of::<Node<Tiny>>() <= 5 * 1024, "a tiny node fits in 5 KiB");
/// ```
#[derive(Debug)]
pub enum Sensor {}

impl Storage for Sensor {
    type Key = InlineBlob<16>;
    type Blob = InlineBlob<32>;
    type Summary = InlineBlob<72>;
    type Members = InlineTable<NodeId, Member<Self::Blob>, 16>;
    type Seeds = InlineTable<Addr, Seed, 3>;
    type NameConflicts = InlineTable<NodeId, NameConflict, 1>;
    type Rumors = InlineTable<Dot, Rumor<Self::Blob>, 8>;
    type Windows = InlineTable<Life, Window, 16>;
    type Entries = InlineTable<Self::Key, Entry<Self::Blob>, 16>;
    type Versions = InlineTable<Life, u32, 16>;
    type Outbox = InlineQueue<Outgoing, 7>;
    type Questions = InlineQueue<Question<Self::Summary>, 1>;
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
    type NameConflicts = crate::table::HeapTable<NodeId, NameConflict>;
    type Rumors = crate::table::HeapTable<Dot, Rumor<Self::Blob>>;
    type Windows = crate::table::HeapTable<Life, Window>;
    type Entries = crate::table::HeapTable<Self::Key, Entry<Self::Blob>>;
    type Versions = crate::table::HeapTable<Life, u32>;
    type Outbox = crate::table::HeapQueue<Outgoing>;
    type Questions = crate::table::HeapQueue<Question<Self::Summary>>;
}

#[cfg(feature = "alloc")]
impl Snapshot for Heap {}
