//! Where a node keeps what it remembers.
use crate::{
    id::{Addr, Dot, Life, NodeId},
    observer::Observer,
    records::{Entry, Member, NameConflict, Outgoing, Question, Rumor, Seed, Window},
    table::{self, InlineBlob, InlineQueue, InlineTable, Queue, Table},
};
#[cfg(feature = "alloc")]
use crate::{
    observer::Attached,
    table::{HeapQueue, HeapTable},
};
use serde::{Serialize, de::DeserializeOwned};

/// The memory of a node, one line per region. Write one by [`storage!`](crate::storage!): regions that a later version adds are then
/// left out, and nothing breaks.
pub trait Storage: 'static {
    /// The key of an entry.
    type Key: table::Blob;
    /// A value, a rumor's payload, a presence.
    type Blob: table::Blob;
    /// A question as it came, at most a datagram long.
    type Summary: table::Blob;
    /// Everyone we have heard of, ourselves included.
    type Members: Table<NodeId, Member<Self::Blob>>;
    /// Addresses to join through.
    type Seeds: Table<Addr, Seed>;
    /// Names that two nodes go by. A node that does without is not told of them, takes the two for one that restarts again and again,
    /// and may count as agreed what but one of them said.
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
    /// Whoever is told of each thing that is counted: no memory at all, where nobody is.
    type Observer: Observer + Default;
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

/// Writes down the memory of a node: a type for each region that it has.
///
/// ```
/// use gossip_core::{Addr, Config, Dot, Life, Limits, Node, NodeId, records::*, storage, table::*};
///
/// storage! {
///     /// Four members, and four entries whose values take 16 bytes.
///     pub Tiny {
///         Key = InlineBlob<8>;
///         Blob = InlineBlob<16>;
///         Summary = InlineBlob<80>;
///         Members = InlineTable<NodeId, Member<Blob>, 4>;
///         Seeds = InlineTable<Addr, Seed, 1>;
///         Entries = InlineTable<Key, Entry<Blob>, 4>;
///         Versions = InlineTable<Life, u32, 8>;
///         Outbox = InlineQueue<Outgoing, 8>;
///         Questions = InlineQueue<Question<Summary>, 1>;
///     }
/// }
/// // The preset's paces, and limits that go with this memory.
/// let config = Config { limits: Limits::of::<Tiny>(), ..Config::sensor() };
/// const _: () = assert!(size_of::<Node<Tiny>>() <= 4 * 1024 + 512, "a tiny node fits in 4.5 KiB");
/// ```
///
/// A region that is not named is none at all ([`NoTable`](crate::table::NoTable)): a node that is built so does without what it is for, has
/// no code for it, and says to others that it keeps none. Its limit in [`Limits`](crate::config::Limits) is zero. `Key`, `Blob`,
/// `Summary`, `Members`, `Seeds`, `Outbox` and `Questions` are always named; `Rumors` go with `Windows`, and `Entries` with `Versions`. A
/// `Summary` holds a datagram without its header: `datagram_len_max` less 29 bytes.
#[macro_export]
macro_rules! storage {
    // A region is one of these: a slip of the pen would leave another one out.
    (@region Key) => {};
    (@region Blob) => {};
    (@region Summary) => {};
    (@region Members) => {};
    (@region Seeds) => {};
    (@region NameConflicts) => {};
    (@region Rumors) => {};
    (@region Windows) => {};
    (@region Entries) => {};
    (@region Versions) => {};
    (@region Outbox) => {};
    (@region Questions) => {};
    (@region Observer) => {};
    ($(#[$about:meta])* $visibility:vis $name:ident { $($region:ident = $memory:ty;)* }) => {
        $(#[$about])*
        #[derive(Debug)]
        $visibility enum $name {}

        const _: () = {
            // What is named goes before what comes by a glob.
            #[allow(unused_imports, reason = "all may be named")]
            use $crate::storage::left_out::*;
            $(
                $crate::storage!(@region $region);
                type $region = $memory;
            )*

            impl $crate::storage::Storage for $name {
                type Key = Key;
                type Blob = Blob;
                type Summary = Summary;
                type Members = Members;
                type Seeds = Seeds;
                type NameConflicts = NameConflicts;
                type Rumors = Rumors;
                type Windows = Windows;
                type Entries = Entries;
                type Versions = Versions;
                type Outbox = Outbox;
                type Questions = Questions;
                type Observer = Observer;
            }
        };
    };
}

/// The regions that a node can do without.
#[doc(hidden)]
pub mod left_out {
    use crate::table::NoTable;

    pub type NameConflicts = NoTable;
    pub type Rumors = NoTable;
    pub type Windows = NoTable;
    pub type Entries = NoTable;
    pub type Versions = NoTable;
    pub type Observer = ();
}

storage! {
    /// State inside the node, in 8.5 KiB: 16 members, 8 rumors, and 16 entries whose key and value take 32 bytes together.
    ///
    /// It goes with [`Config::sensor`](crate::Config::sensor).
    pub Sensor {
        Key = InlineBlob<16>;
        Blob = InlineBlob<32>;
        Summary = InlineBlob<72>;
        Members = InlineTable<NodeId, Member<Blob>, 16>;
        Seeds = InlineTable<Addr, Seed, 3>;
        NameConflicts = InlineTable<NodeId, NameConflict, 1>;
        Rumors = InlineTable<Dot, Rumor<Blob>, 8>;
        Windows = InlineTable<Life, Window, 16>;
        Entries = InlineTable<Key, Entry<Blob>, 16>;
        Versions = InlineTable<Life, u32, 16>;
        Outbox = InlineQueue<Outgoing, 7>;
        Questions = InlineQueue<Question<Summary>, 1>;
    }
}

#[cfg(feature = "alloc")]
storage! {
    /// State on the heap, growing up to its limits.
    pub Heap {
        Key = alloc::boxed::Box<[u8]>;
        Blob = alloc::boxed::Box<[u8]>;
        Summary = alloc::boxed::Box<[u8]>;
        Members = HeapTable<NodeId, Member<Blob>>;
        Seeds = HeapTable<Addr, Seed>;
        NameConflicts = HeapTable<NodeId, NameConflict>;
        Rumors = HeapTable<Dot, Rumor<Blob>>;
        Windows = HeapTable<Life, Window>;
        Entries = HeapTable<Key, Entry<Blob>>;
        Versions = HeapTable<Life, u32>;
        Outbox = HeapQueue<Outgoing>;
        Questions = HeapQueue<Question<Summary>>;
        Observer = Attached;
    }
}

#[cfg(feature = "alloc")]
impl Snapshot for Heap {}
