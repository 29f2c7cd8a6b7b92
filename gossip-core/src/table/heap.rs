//! Memory that grows up to its limit (feature `alloc`).
use super::{Blob, Queue, Table};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use core::{borrow::Borrow, ops::Bound};
use serde::{Deserialize, Serialize};

/// A [`Table`] with an index, found in logarithmic time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Rows<K, V>")]
#[serde(bound(
    serialize = "K: Serialize, V: Serialize",
    deserialize = "K: Clone + Ord + Deserialize<'de> + 'static, V: Deserialize<'de> + 'static"
))]
pub struct HeapTable<K, V> {
    rows: Vec<(K, V)>,
    /// Follows from the rows.
    #[serde(skip)]
    index: BTreeMap<K, usize>,
    limit: usize,
}

impl<K: Clone + Ord + 'static, V: 'static> Table<K, V> for HeapTable<K, V> {
    const CAPACITY: usize = usize::MAX;

    fn with_limit(limit: usize) -> Self {
        Self { rows: Vec::new(), index: BTreeMap::new(), limit }
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

    fn slot<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.index.get(key).copied()
    }

    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        if self.is_full() || self.index.contains_key(&key) {
            return Err((key, value));
        }
        self.index.insert(key.clone(), self.rows.len());
        self.rows.push((key, value));
        Ok(())
    }

    fn swap_remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let slot = self.index.remove(key)?;
        let (_, value) = self.rows.swap_remove(slot);
        if let Some((moved, _)) = self.rows.get(slot)
            && let Some(place) = self.index.get_mut::<K>(moved)
        {
            *place = slot;
        }
        Some(value)
    }

    fn ascending(&self, after: Option<K>) -> impl Iterator<Item = &(K, V)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.index.range((from, Bound::Unbounded)).filter_map(|(_, &slot)| self.rows.get(slot))
    }
}

/// A [`HeapTable`] as it is written down: rows keep their places, for on these hang the choices to come.
#[derive(Deserialize)]
struct Rows<K, V> {
    rows: Vec<(K, V)>,
    limit: usize,
}

impl<K: Clone + Ord + 'static, V: 'static> TryFrom<Rows<K, V>> for HeapTable<K, V> {
    type Error = &'static str;

    fn try_from(written: Rows<K, V>) -> Result<Self, Self::Error> {
        let mut table = Self::with_limit(written.limit);
        for (key, value) in written.rows {
            table.insert(key, value).map_err(|_| "a table with a key twice, or beyond its limit")?;
        }
        Ok(table)
    }
}

/// A [`Queue`] that grows.
#[derive(Debug, Serialize, Deserialize)]
pub struct HeapQueue<T> {
    items: VecDeque<T>,
    limit: usize,
}

impl<T> Queue<T> for HeapQueue<T> {
    const CAPACITY: usize = usize::MAX;

    fn with_limit(limit: usize) -> Self {
        Self { items: VecDeque::new(), limit }
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn push_back(&mut self, item: T) -> Result<(), T> {
        if self.items.len() >= self.limit {
            return Err(item);
        }
        self.items.push_back(item);
        Ok(())
    }

    fn pop_front(&mut self) -> Option<T> {
        self.items.pop_front()
    }
}

impl Blob for Box<[u8]> {
    const CAPACITY: usize = usize::MAX;

    fn copy_of(bytes: &[u8]) -> Option<Self> {
        Some(bytes.into())
    }
}
