//! Memory inside the node: no allocator, a size known to the compiler.
use super::{Blob, Key, Queue, Table};
use core::{borrow::Borrow, cmp::Ordering};
use heapless::LenType;

/// A [`Table`] of at most `N` rows, searched linearly: at a few dozen rows that beats an index.
#[derive(Debug)]
pub struct InlineTable<K, V, const N: usize> {
    rows: heapless::Vec<(K, V), N>,
    limit: usize,
}

impl<K: Key + 'static, V: 'static, const N: usize> Table<K, V> for InlineTable<K, V, N> {
    const CAPACITY: usize = N;

    fn with_limit(limit: usize) -> Self {
        Self { rows: heapless::Vec::new(), limit: limit.min(N) }
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn as_slice(&self) -> &[(K, V)] {
        &self.rows
    }

    fn at_mut(&mut self, slot: usize) -> Option<(&K, &mut V)> {
        self.rows.get_mut(slot).map(|(key, value)| (&*key, value))
    }

    fn slot<Q: Key + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.rows.iter().position(|(known, _)| known.borrow() == key)
    }

    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        if self.is_full() || self.slot(&key).is_some() {
            return Err((key, value));
        }
        self.rows.push((key, value))
    }

    fn swap_remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let slot = self.slot(key)?;
        // Exchanged and taken off the end: to move a row over another takes `memmove`, longer than any function of ours.
        let (last, others) = self.rows.split_last_mut()?;
        if let Some(row) = others.get_mut(slot) {
            core::mem::swap(row, last);
        }
        self.rows.pop().map(|(_, value)| value)
    }

    fn order(&self, after: Option<K>) -> impl Iterator<Item = usize> {
        core::iter::successors(self.next(after.as_ref()), |&slot| self.next(self.rows.get(slot).map(|(key, _)| key)))
    }
}

impl<K: Key, V, const N: usize> InlineTable<K, V, N> {
    /// The slot of the least key beyond `after`. It takes a scan: at a few dozen rows that beats an index, too.
    fn next(&self, after: Option<&K>) -> Option<usize> {
        let mut least: Option<(usize, &K)> = None;
        for (slot, (key, _)) in self.rows.iter().enumerate() {
            if after.is_none_or(|after| key > after) && least.is_none_or(|(_, least)| key < least) {
                least = Some((slot, key));
            }
        }
        least.map(|(slot, _)| slot)
    }
}

/// A [`Queue`] of at most `N` items in a ring.
#[derive(Debug)]
pub struct InlineQueue<T, const N: usize> {
    items: heapless::Deque<T, N>,
    limit: usize,
}

impl<T, const N: usize> Queue<T> for InlineQueue<T, N> {
    const CAPACITY: usize = N;

    fn with_limit(limit: usize) -> Self {
        Self { items: heapless::Deque::new(), limit: limit.min(N) }
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn push_back(&mut self, item: T) -> Result<(), T> {
        if self.items.len() >= self.limit { Err(item) } else { self.items.push_back(item) }
    }

    fn pop_front(&mut self) -> Option<T> {
        self.items.pop_front()
    }
}

/// A [`Blob`] of at most `N` bytes, which are counted in one byte: for more than 255 of them, say so by `InlineBlob<N, u16>`.
#[derive(Debug, Clone)]
pub struct InlineBlob<const N: usize, L: LenType = u8>(heapless::Vec<u8, N, L>);

impl<const N: usize, L: LenType + 'static> Blob for InlineBlob<N, L> {
    const CAPACITY: usize = N;

    fn copy_of(bytes: &[u8]) -> Option<Self> {
        let mut copy = heapless::Vec::new();
        copy.extend_from_slice(bytes).ok()?;
        Some(Self(copy))
    }
}

impl<const N: usize, L: LenType> AsRef<[u8]> for InlineBlob<N, L> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize, L: LenType> Borrow<[u8]> for InlineBlob<N, L> {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize, L: LenType> PartialEq for InlineBlob<N, L> {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl<const N: usize, L: LenType> Eq for InlineBlob<N, L> {}

impl<const N: usize, L: LenType> Ord for InlineBlob<N, L> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(other.as_ref())
    }
}

impl<const N: usize, L: LenType> Key for InlineBlob<N, L> {
    fn lead(&self) -> u16 {
        self.as_ref().lead()
    }
}

impl<const N: usize, L: LenType> PartialOrd for InlineBlob<N, L> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
