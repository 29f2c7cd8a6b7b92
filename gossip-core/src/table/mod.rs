//! The shapes of memory: dense maps, queues and byte strings, inside a node or on the heap.
//!
//! Order is part of the contract: rows lie densely in the order of insertion, and a removed row is filled by the last.
//! Every implementation thus gives the same order, hence the same random choices, hence the same datagrams.
#[cfg(feature = "alloc")]
mod heap;
mod inline;
mod select;

use core::{borrow::Borrow, fmt::Debug};

#[cfg(feature = "alloc")]
pub use heap::{HeapQueue, HeapTable};
pub use inline::{InlineBlob, InlineQueue, InlineTable};
pub(crate) use select::Smallest;

/// A dense map.
pub trait Table<K: 'static, V: 'static> {
    /// The most rows it can ever hold.
    const CAPACITY: usize;

    /// Empty, for at most `limit` rows (and never more than [`CAPACITY`](Self::CAPACITY)).
    fn with_limit(limit: usize) -> Self;

    /// The most rows it takes.
    fn limit(&self) -> usize;

    /// The rows, densely.
    fn as_slice(&self) -> &[(K, V)];

    /// The row in `slot`, its value to be changed.
    fn at_mut(&mut self, slot: usize) -> Option<(&K, &mut V)>;

    /// Where `key` lies now. Removing any row may move it.
    fn slot<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>;

    /// Adds an absent `key`, or hands it back when full.
    ///
    /// # Errors
    /// The row, when the table is full. Inserting a key that is there is a fault of the caller: it is handed back too.
    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)>;

    /// Removes `key`; the last row takes its place.
    fn swap_remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>;

    /// The rows in the order of their keys, from the first key beyond `after` on.
    fn ascending(&self, after: Option<K>) -> impl Iterator<Item = &(K, V)>;

    /// How many rows there are.
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Whether no row can be added.
    fn is_full(&self) -> bool {
        self.len() >= self.limit()
    }

    /// The value of `key`.
    fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.slot(key).and_then(|slot| self.as_slice().get(slot)).map(|(_, value)| value)
    }

    /// The value of `key`, to be changed.
    fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let slot = self.slot(key)?;
        self.at_mut(slot).map(|(_, value)| value)
    }
}

/// A first-in, first-out queue.
pub trait Queue<T> {
    /// The most items it can ever hold.
    const CAPACITY: usize;

    /// Empty, for at most `limit` items (and never more than [`CAPACITY`](Self::CAPACITY)).
    fn with_limit(limit: usize) -> Self;

    /// The most items it takes.
    fn limit(&self) -> usize;

    /// How many items wait.
    fn len(&self) -> usize;

    /// Whether nothing waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends, or hands the item back when full.
    ///
    /// # Errors
    /// The item, when the queue is full.
    fn push_back(&mut self, item: T) -> Result<(), T>;

    /// Takes the oldest.
    fn pop_front(&mut self) -> Option<T>;
}

/// A short string of bytes, copied from where it was read.
pub trait Blob: AsRef<[u8]> + Borrow<[u8]> + Clone + Debug + Ord + 'static {
    /// The most bytes it can ever hold.
    const CAPACITY: usize;

    /// A copy; `None` when it does not fit.
    fn copy_of(bytes: &[u8]) -> Option<Self>;
}
