//! Memory that grows up to its limit (feature `alloc`).
use super::{
    Blob, Flag, Key, Queue, Table,
    flags::Flags,
    order::{Order, Place},
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::borrow::Borrow;
use serde::{Deserialize, Serialize};

/// A [`Table`] with an index, found in logarithmic time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Rows<K, V>")]
#[serde(bound(
    serialize = "K: Serialize, V: Serialize",
    deserialize = "K: Key + Deserialize<'de> + 'static, V: Deserialize<'de> + 'static"
))]
pub struct HeapTable<K, V> {
    rows: Vec<(K, V)>,
    /// Follows from the rows.
    #[serde(skip)]
    order: Order,
    /// The order of another name of the rows.
    names: Order,
    flags: Flags,
    limit: usize,
}

/// By what part of itself a table grows when it is full. Doubling would leave a quarter of the memory unused on average.
const GROWTH: usize = 16;
/// By how many rows at least.
const GROWTH_MIN: usize = 4;

impl<K: Key + 'static, V: 'static> Table<K, V> for HeapTable<K, V> {
    const CAPACITY: usize = usize::MAX;

    fn with_limit(limit: usize) -> Self {
        Self { rows: Vec::new(), order: Order::new(), names: Order::new(), flags: Flags::new(), limit }
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
        self.found(self.place(key), key)
    }

    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        let (place, lead) = (self.place(&key), key.lead());
        // Beyond 2³² rows, there is no name for a slot.
        let Ok(slot) = u32::try_from(self.rows.len()) else { return Err((key, value)) };
        if self.is_full() || self.found(place, &key).is_some() {
            return Err((key, value));
        }
        self.grow();
        self.rows.push((key, value));
        self.order.insert(place, lead, slot);
        Ok(())
    }

    fn swap_remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        let slot = self.found(place, key)?;
        let last = self.rows.len() - 1;
        if let Some((moved, _)) = self.rows.get(last) {
            // First the one that moves, as long as both lie where the order has them.
            self.order.set(self.place::<K>(moved), u32::try_from(slot).ok()?);
        }
        self.order.remove(place);
        self.names.swap_remove(u32::try_from(slot).ok()?, u32::try_from(last).ok()?);
        self.flags.swap_remove(slot, last);
        Some(self.rows.swap_remove(slot).1)
    }

    fn order(&self, after: Option<K>) -> impl Iterator<Item = usize> {
        let place = after.map_or(Place::FIRST, |after| {
            self.order.place(after.lead(), |slot| self.key(slot).is_some_and(|key| *key <= after))
        });
        self.order.from(place).filter_map(|slot| usize::try_from(slot).ok())
    }

    fn enter<N: Key>(&mut self, slot: usize, name_of: impl Fn(&(K, V)) -> N) {
        if let (Some(row), Ok(named)) = (self.rows.get(slot), u32::try_from(slot)) {
            let place = self.named(slot, &name_of);
            self.names.insert(place, name_of(row).lead(), named);
        }
    }

    fn strike<N: Key>(&mut self, slot: usize, name_of: impl Fn(&(K, V)) -> N) {
        let place = self.named(slot, &name_of);
        if self.names.get(place).and_then(|named| usize::try_from(named).ok()) == Some(slot) {
            self.names.remove(place);
        }
    }

    fn by_name<N: Key + Copy>(&self, after: N, name_of: impl Fn(&(K, V)) -> N) -> impl Iterator<Item = usize> {
        let place = self.names.place(after.lead(), |slot| self.row(slot).is_some_and(|row| name_of(row) <= after));
        self.names.from(place).filter_map(|slot| usize::try_from(slot).ok())
    }

    fn set_flag(&mut self, slot: usize, flag: Flag, is_set: bool) {
        self.flags.set_flag(slot, flag, is_set && slot < self.rows.len());
    }

    fn is_set(&self, slot: usize, flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> bool {
        let is_set = self.flags.is_set(slot, flag);
        debug_assert_eq!(is_set, self.rows.get(slot).is_some_and(holds), "{flag:?} of slot {slot}");
        is_set
    }

    fn flagged(&self, from: usize, flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> impl Iterator<Item = usize> {
        let slots = self.flags.from(from, flag);
        slots.inspect(move |&slot| debug_assert!(self.rows.get(slot).is_some_and(&holds), "{flag:?} of slot {slot}"))
    }
}

impl<K: Key, V> HeapTable<K, V> {
    fn row(&self, slot: u32) -> Option<&(K, V)> {
        self.rows.get(usize::try_from(slot).ok()?)
    }

    fn key(&self, slot: u32) -> Option<&K> {
        self.row(slot).map(|(key, _)| key)
    }

    /// Where the row in `slot` is in the order of names, or would be; of those with one name, the lower slot comes first.
    fn named<N: Key>(&self, slot: usize, name_of: &impl Fn(&(K, V)) -> N) -> Place {
        let (Some(row), Ok(sought)) = (self.rows.get(slot), u32::try_from(slot)) else { return Place::FIRST };
        let name = name_of(row);
        self.names.place(name.lead(), |slot| {
            self.row(slot).is_some_and(|row| name_of(row).cmp(&name).then(slot.cmp(&sought)).is_lt())
        })
    }

    /// Where `key` is in the order, or would be.
    fn place<Q: Key + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        self.order.place(key.lead(), |slot| self.key(slot).is_some_and(|known| known.borrow() < key))
    }

    /// The slot at a place, if that is `key`'s.
    fn found<Q: Key + ?Sized>(&self, place: Place, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let slot = self.order.get(place)?;
        self.key(slot).filter(|known| (*known).borrow() == key).and_then(|_| usize::try_from(slot).ok())
    }

    /// Makes room for a row: for not many more, and for none beyond the limit.
    fn grow(&mut self) {
        if self.rows.len() == self.rows.capacity() {
            let room = self.limit.saturating_sub(self.rows.len());
            self.rows.reserve_exact((self.rows.len() / GROWTH).max(GROWTH_MIN).min(room));
        }
    }
}

/// A [`HeapTable`] as it is written down: rows keep their places, for on these hang the choices to come.
#[derive(Deserialize)]
struct Rows<K, V> {
    rows: Vec<(K, V)>,
    names: Order,
    flags: Flags,
    limit: usize,
}

impl<K: Key + 'static, V: 'static> TryFrom<Rows<K, V>> for HeapTable<K, V> {
    type Error = &'static str;

    fn try_from(written: Rows<K, V>) -> Result<Self, Self::Error> {
        let mut table = Self::with_limit(written.limit);
        for (key, value) in written.rows {
            table.insert(key, value).map_err(|_| "a table with a key twice, or beyond its limit")?;
        }
        (table.names, table.flags) = (written.names, written.flags);
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

impl Key for Box<[u8]> {
    fn lead(&self) -> u16 {
        self.as_ref().lead()
    }
}

impl Blob for Box<[u8]> {
    const CAPACITY: usize = usize::MAX;

    fn copy_of(bytes: &[u8]) -> Option<Self> {
        Some(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rng::Rng, table::InlineTable};

    fn is_odd((_, value): &(u8, u8)) -> bool {
        value % 2 == 1
    }

    fn set(table: &mut impl Table<u8, u8>, key: u8, value: u8) {
        let slot = match table.slot(&key) {
            Some(slot) => slot,
            None if table.insert(key, value).is_ok() => table.len() - 1,
            None => return,
        };
        if let Some((_, held)) = table.at_mut(slot) {
            *held = value;
        }
        table.set_flag(slot, Flag::Pending, value % 2 == 1);
    }

    #[test]
    fn names_find_what_a_look_at_all_rows_finds() {
        let name_of = |(key, value): &(u8, u8)| Wide(*value, *key);
        let mut rng = Rng::from_seed(2);
        let mut draw = |bound| u8::try_from(rng.below(bound)).unwrap();
        let mut heap = HeapTable::<u8, u8>::with_limit(200);
        let mut inline = InlineTable::<u8, u8, 200>::with_limit(200);
        for _ in 0..3_000 {
            let (key, value) = (draw(256), draw(256));
            for table in [0, 1] {
                if table == 0 { give(&mut heap, key, value, name_of) } else { give(&mut inline, key, value, name_of) }
            }
            let after = Wide(draw(256), draw(256));
            assert!(heap.by_name(after, name_of).eq(inline.by_name(after, name_of)));
        }
        let gone = heap.as_slice()[7].0;
        assert_eq!(heap.swap_remove(&gone), inline.swap_remove(&gone));
        assert!(heap.by_name(Wide(0, 0), name_of).eq(inline.by_name(Wide(0, 0), name_of)));
    }

    /// Of two bytes, of which the first leads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Wide(u8, u8);

    impl Key for Wide {
        fn lead(&self) -> u16 {
            u16::from(self.0 / 4)
        }
    }

    fn give(table: &mut impl Table<u8, u8>, key: u8, value: u8, name_of: impl Fn(&(u8, u8)) -> Wide) {
        match table.slot(&key) {
            Some(slot) => {
                table.strike(slot, &name_of);
                table.at_mut(slot).into_iter().for_each(|(_, held)| *held = value);
                table.enter(slot, &name_of);
            }
            None if table.insert(key, value).is_ok() => table.enter(table.len() - 1, &name_of),
            None => {}
        }
    }

    #[test]
    fn marks_find_what_a_look_at_all_rows_finds() {
        let mut rng = Rng::from_seed(1);
        let mut draw = |bound| u8::try_from(rng.below(bound)).unwrap();
        let mut heap = HeapTable::<u8, u8>::with_limit(200);
        let mut inline = InlineTable::<u8, u8, 200>::with_limit(200);
        for _ in 0..5_000 {
            let (key, value) = (draw(256), draw(256));
            if draw(3) == 0 {
                assert_eq!(heap.swap_remove(&key), inline.swap_remove(&key));
            } else {
                set(&mut heap, key, value);
                set(&mut inline, key, value);
            }
            let from = usize::from(draw(256));
            assert!(heap.flagged(from, Flag::Pending, is_odd).eq(inline.flagged(from, Flag::Pending, is_odd)));
            assert_eq!(heap.is_set(from, Flag::Pending, is_odd), inline.is_set(from, Flag::Pending, is_odd));
        }
        assert!(heap.len() > 100 && heap.flagged(0, Flag::Untold, is_odd).next().is_none());
    }
}
