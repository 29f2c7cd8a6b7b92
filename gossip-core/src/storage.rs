//! Where a node keeps what it remembers, and how much of it.
use crate::{
    id::{Addr, Dot, Life, NodeId, WaitId},
    observer::Observer,
    records::{Confirmation, Entry, Member, NameConflict, Outgoing, Question, Rumor, Seed, Wait, Window},
    table::{self, InlineBlob, InlineQueue, InlineTable, Queue, Table},
    wire::{Store, Stores},
};
#[cfg(feature = "alloc")]
use crate::{
    observer::Attached,
    table::{HeapQueue, HeapTable},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    /// What the application waits for. A node that does without refuses to wait.
    type Waits: Table<WaitId, Wait>;
    /// What each member has shown to have of our writes, while the application waits for that. It goes with `Waits`.
    type Confirmations: Table<NodeId, Confirmation>;
    /// Whoever is told of each thing that is counted: no memory at all, where nobody is.
    type Observer: Observer + Default;
}

/// How much a node may remember. Every region has a limit, on a heap too; what happens there is said at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Members, ourselves included. Full: the member gone longest makes room; while all live, newcomers are refused.
    pub members: usize,
    /// Addresses to join through, and of members that were lost and forgotten. Full: for one that is named, one of the lost makes
    /// room, then one that never answered; of the lost, a sample is kept.
    pub seeds: usize,
    /// Names that two nodes go by. Full: ours takes the place of another; else a further one is counted, and not remembered.
    pub name_conflicts: usize,
    /// Rumors to be told again; zero: this node has no part in rumors, and the others ask it for none. Full: the oldest that the
    /// application knows makes room, critical ones last; and none of our own that is yet to be handed to others, which may be
    /// half of them: then `publish` is busy.
    pub rumors: usize,
    /// Keys, deleted ones included; zero: this node holds no entries, and the others ask it for none. Full: `put` of a new key is
    /// refused; another's write is left with those who have room.
    pub entries: usize,
    /// Lives of nodes that ever wrote, and as many that ever published. Full: further ones are refused.
    pub writers: usize,
    /// Datagrams owed. Full: they are dropped; gossip survives it.
    pub outbox: usize,
    /// Questions to be answered. Full: they are dropped; the asker asks again.
    pub questions: usize,
    /// What the application may wait for at a time; zero: this node does not wait. Full: `await_write` and `await_converged` refuse.
    pub waits: usize,
}

/// Which limit does not go with a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitError {
    /// It is zero, and must not be.
    Zero(&'static str),
    /// The memory holds less.
    BeyondStorage(&'static str),
}

impl Limits {
    /// As [`Config::lan`](crate::Config::lan) has it, on a heap, which gives a region its memory only when that is needed.
    pub(crate) const LAN: Self = Self {
        members: 16_384,
        seeds: 256,
        name_conflicts: 4,
        rumors: 1_024,
        entries: 16_384,
        writers: 16_384,
        outbox: 1_024,
        questions: 64,
        waits: 64,
    };

    /// As much as a memory of fixed size can hold: for [`storage!`](crate::storage!) maps of one's own.
    #[must_use]
    pub fn of<S: Storage>() -> Self {
        let mut limits = Self {
            members: S::Members::CAPACITY,
            seeds: S::Seeds::CAPACITY,
            name_conflicts: S::NameConflicts::CAPACITY,
            rumors: S::Rumors::CAPACITY,
            entries: S::Entries::CAPACITY,
            writers: 0,
            outbox: S::Outbox::CAPACITY,
            questions: S::Questions::CAPACITY,
            waits: S::Waits::CAPACITY,
        };
        limits.writers = limits.writers_capacity::<S>().unwrap_or(0);
        limits
    }

    /// Which stores there is room for: members, and each other one whose limit is not zero.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let all = [(Store::Members, self.members), (Store::Rumors, self.rumors), (Store::Entries, self.entries)];
        all.into_iter().filter(|(_, limit)| *limit > 0).fold(Stores::NONE, |stores, (store, _)| stores.with(store))
    }

    pub(crate) fn check<S: Storage>(&self) -> Result<(), LimitError> {
        for (name, limit, capacity) in [
            ("limits.members", self.members, S::Members::CAPACITY),
            ("limits.seeds", self.seeds, S::Seeds::CAPACITY),
            ("limits.name_conflicts", self.name_conflicts, S::NameConflicts::CAPACITY),
            ("limits.rumors", self.rumors, S::Rumors::CAPACITY),
            ("limits.entries", self.entries, S::Entries::CAPACITY),
            ("limits.writers", self.writers, self.writers_capacity::<S>().unwrap_or(usize::MAX)),
            ("limits.outbox", self.outbox, S::Outbox::CAPACITY),
            ("limits.questions", self.questions, S::Questions::CAPACITY),
            ("limits.waits", self.waits, S::Waits::CAPACITY),
        ] {
            let may_be_none = match name {
                "limits.name_conflicts" => capacity == 0,
                "limits.rumors" | "limits.entries" | "limits.waits" => true,
                "limits.writers" => self.stores() == Stores::NONE.with(Store::Members),
                _ => false,
            };
            if limit == 0 && !may_be_none {
                return Err(LimitError::Zero(name));
            }
            if limit > capacity {
                return Err(LimitError::BeyondStorage(name));
            }
        }
        Ok(())
    }

    /// Of how many writers the stores that have writers can keep account; `None` where there is no such store.
    fn writers_capacity<S: Storage>(&self) -> Option<usize> {
        let of_rumors = (self.rumors > 0).then_some(S::Windows::CAPACITY);
        let of_entries = (self.entries > 0).then_some(S::Versions::CAPACITY);
        of_rumors.into_iter().chain(of_entries).min()
    }
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
        Waits: Serialize + DeserializeOwned,
        Confirmations: Serialize + DeserializeOwned,
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
/// `Summary`, `Members`, `Seeds`, `Outbox` and `Questions` are always named; `Rumors` go with `Windows`, `Entries` with
/// `Versions`, and `Waits` with `Confirmations`. A `Summary` holds a datagram without its header: `datagram_len_max` less 29 bytes.
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
    (@region Waits) => {};
    (@region Confirmations) => {};
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
                type Waits = Waits;
                type Confirmations = Confirmations;
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
    pub type Waits = NoTable;
    pub type Confirmations = NoTable;
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
        Waits = HeapTable<WaitId, Wait>;
        Confirmations = HeapTable<NodeId, Confirmation>;
        Observer = Attached;
    }
}

#[cfg(feature = "alloc")]
impl Snapshot for Heap {}
