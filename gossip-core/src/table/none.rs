//! No memory at all: what a node is not to remember.
use super::{Key, Table};
use core::borrow::Borrow;

/// A [`Table`] without rows, for a region that a node does without: it takes no byte of the node, and what the program would do
/// with its rows is left out of the program.
///
/// Regions that may be one say so; their limit in [`Limits`](crate::config::Limits) is then zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTable;

impl<K: Key + 'static, V: 'static> Table<K, V> for NoTable {
    const CAPACITY: usize = 0;

    fn with_limit(_limit: usize) -> Self {
        Self
    }

    fn limit(&self) -> usize {
        0
    }

    fn as_slice(&self) -> &[(K, V)] {
        &[]
    }

    fn at_mut(&mut self, _slot: usize) -> Option<(&K, &mut V)> {
        None
    }

    fn slot<Q: Key + ?Sized>(&self, _key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        None
    }

    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        Err((key, value))
    }

    fn swap_remove<Q: Key + ?Sized>(&mut self, _key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        None
    }

    fn order(&self, _after: Option<K>) -> impl Iterator<Item = usize> {
        core::iter::empty()
    }
}
