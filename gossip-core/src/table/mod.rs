//! The shapes of memory: dense maps, queues and byte strings, inside a node or on the heap.
//!
//! Order is part of the contract: rows lie densely in the order of insertion, and a removed row is filled by the last.
//! Every implementation thus gives the same order, hence the same random choices, hence the same datagrams.
#[cfg(feature = "alloc")]
mod heap;
mod inline;
mod key;
mod none;
#[cfg(feature = "alloc")]
mod flags;
#[cfg(feature = "alloc")]
mod order;
mod select;

use core::{borrow::Borrow, fmt::Debug};

#[cfg(feature = "alloc")]
pub use heap::{HeapQueue, HeapTable};
pub use inline::{InlineBlob, InlineQueue, InlineTable};
pub use key::Key;
pub use none::NoTable;
pub(crate) use select::Smallest;

/// What few rows are, and is asked of all of them again and again. Whoever changes a row [sets](Table::set_flag) what it is
/// now; a large table then finds such rows without looking at the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// It has retransmits left.
    Pending,
    /// The application has yet to be told.
    Untold,
    /// It is waiting for something.
    Waiting,
    /// It counts no more.
    Gone,
    /// It is not like ours.
    Unlike,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [Self::Pending, Self::Untold, Self::Waiting, Self::Gone, Self::Unlike];
    /// How many there are.
    pub const COUNT: usize = 5;

    /// Its place among them.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Copies `bytes` to the front of `buffer`: the copy, and what is left of `buffer`; `None` when they do not fit.
pub(crate) fn copy_to<'b>(buffer: &'b mut [u8], bytes: &[u8]) -> Option<(&'b [u8], &'b mut [u8])> {
    let (copy, rest) = buffer.split_at_mut_checked(bytes.len())?;
    // Not by `copy_from_slice`, which has much to say where lengths differ.
    copy.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Some((copy, rest))
}

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
    fn slot<Q: Key + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>;

    /// Adds an absent `key`, or hands it back when full.
    ///
    /// # Errors
    /// The row, when the table is full. Inserting a key that is there is a fault of the caller: it is handed back too.
    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)>;

    /// Removes `key`; the last row takes its place.
    fn swap_remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>;

    /// The slots in the order of their rows' keys, from the first key beyond `after` on.
    fn order(&self, after: Option<K>) -> impl Iterator<Item = usize>;

    /// The rows in the order of their keys, from the first key beyond `after` on.
    fn ascending(&self, after: Option<K>) -> impl Iterator<Item = &(K, V)> {
        self.order(after).filter_map(|slot| self.as_slice().get(slot))
    }

    /// Enters the row in `slot` into an order of another name of theirs, `name_of` each: whoever changes the name of a row
    /// [strikes](Self::strike) it out before, and enters it again. A small table looks each time, and enters nothing.
    fn enter<N: Key>(&mut self, _slot: usize, _name_of: impl Fn(&(K, V)) -> N) {}

    /// Strikes the row in `slot` out of that order.
    fn strike<N: Key>(&mut self, _slot: usize, _name_of: impl Fn(&(K, V)) -> N) {}

    /// The slots in that order, from the first name beyond `after` on.
    fn by_name<N: Key + Copy>(&self, after: N, name_of: impl Fn(&(K, V)) -> N) -> impl Iterator<Item = usize> {
        let next = move |after: N| {
            let mut least: Option<(usize, N)> = None;
            for (slot, row) in self.as_slice().iter().enumerate() {
                let name = name_of(row);
                if name > after && least.is_none_or(|(_, least)| name < least) {
                    least = Some((slot, name));
                }
            }
            least
        };
        core::iter::successors(next(after), move |(_, name)| next(*name)).map(|(slot, _)| slot)
    }

    /// Sets or clears `flag` of the row in `slot`: a new row has none. A small table looks each time, and remembers nothing.
    fn set_flag(&mut self, _slot: usize, _flag: Flag, _is_set: bool) {}

    /// Whether the row in `slot` has `flag` set: as `holds` says, where flags are not remembered.
    fn is_set(&self, slot: usize, _flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> bool {
        self.as_slice().get(slot).is_some_and(holds)
    }

    /// The slots from `from` on that have `flag` set, ascending: those of which `holds` is true, all of which had it set.
    fn flagged(&self, from: usize, _flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> impl Iterator<Item = usize> {
        let rows = self.as_slice().iter().enumerate().skip(from);
        rows.filter_map(move |(slot, row)| holds(row).then_some(slot))
    }

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
    fn get<Q: Key + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.slot(key).and_then(|slot| self.as_slice().get(slot)).map(|(_, value)| value)
    }

    /// The value of `key`, to be changed.
    fn get_mut<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
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
pub trait Blob: AsRef<[u8]> + Borrow<[u8]> + Clone + Debug + Key + 'static {
    /// The most bytes it can ever hold.
    const CAPACITY: usize;

    /// A copy; `None` when it does not fit.
    fn copy_of(bytes: &[u8]) -> Option<Self>;
}
