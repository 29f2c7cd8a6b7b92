//! Both storages against a model, step by step: the same answers and the same order, at the limit too.
use gossip_core::table::{Blob, HeapQueue, HeapTable, InlineBlob, InlineQueue, InlineTable, Queue, Table};
use proptest::prelude::*;
use std::collections::VecDeque;

/// What the inline storages can hold; limits are drawn from below and above it.
const CAPACITY: usize = 16;
const KEYS: u8 = 24;

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u32),
    Remove(u8),
    Change(u8, u32),
    ChangeAt(usize, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..KEYS, any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        2 => (0..KEYS).prop_map(Step::Remove),
        1 => (0..KEYS, any::<u32>()).prop_map(|(key, value)| Step::Change(key, value)),
        1 => (0..CAPACITY + 2, any::<u32>()).prop_map(|(slot, value)| Step::ChangeAt(slot, value)),
    ];
    prop::collection::vec(step, 0..120)
}

/// What a table is, in the fewest words.
struct Model {
    rows: Vec<(u8, u32)>,
    limit: usize,
}

impl Model {
    /// What the step hands back: a value refused, removed or replaced.
    fn take(&mut self, step: &Step) -> Option<u32> {
        match *step {
            Step::Insert(key, value) if self.rows.len() == self.limit || self.slot(key).is_some() => Some(value),
            Step::Insert(key, value) => {
                self.rows.push((key, value));
                None
            }
            Step::Remove(key) => self.slot(key).map(|slot| self.rows.swap_remove(slot).1),
            Step::Change(key, value) => self.slot(key).map(|slot| core::mem::replace(&mut self.rows[slot].1, value)),
            Step::ChangeAt(slot, value) => self.rows.get_mut(slot).map(|row| core::mem::replace(&mut row.1, value)),
        }
    }

    fn slot(&self, key: u8) -> Option<usize> {
        self.rows.iter().position(|(known, _)| *known == key)
    }

    fn ascending(&self, after: Option<u8>) -> Vec<(u8, u32)> {
        let mut rows: Vec<_> =
            self.rows.iter().filter(|row| after.is_none_or(|after| row.0 > after)).copied().collect();
        rows.sort();
        rows
    }
}

fn take(table: &mut impl Table<u8, u32>, step: &Step) -> Option<u32> {
    match *step {
        Step::Insert(key, value) => table.insert(key, value).err().map(|row| {
            assert_eq!(row, (key, value), "a refused row comes back whole");
            row.1
        }),
        Step::Remove(key) => table.swap_remove(&key),
        Step::Change(key, value) => table.get_mut(&key).map(|held| core::mem::replace(held, value)),
        Step::ChangeAt(slot, value) => table.at_mut(slot).map(|(_, held)| core::mem::replace(held, value)),
    }
}

fn check_table<T: Table<u8, u32>>(steps: &[Step], limit: usize) -> Result<(), TestCaseError> {
    let mut table = T::with_limit(limit);
    let mut model = Model { rows: Vec::new(), limit: limit.min(T::CAPACITY) };
    prop_assert_eq!(table.limit(), model.limit);
    for step in steps {
        prop_assert_eq!(take(&mut table, step), model.take(step));
        prop_assert_eq!(table.as_slice(), &model.rows);
        prop_assert_eq!((table.len(), table.is_empty()), (model.rows.len(), model.rows.is_empty()));
        prop_assert_eq!(table.is_full(), model.rows.len() == model.limit);
        for key in 0..KEYS {
            let slot = model.slot(key);
            prop_assert_eq!(table.slot(&key), slot);
            prop_assert_eq!(table.get(&key), slot.map(|slot| &model.rows[slot].1));
        }
    }
    for after in (0..KEYS).map(Some).chain([None]) {
        prop_assert_eq!(table.ascending(after).copied().collect::<Vec<_>>(), model.ascending(after));
    }
    Ok(())
}

fn check_queue<Q: Queue<u32>>(steps: &[Option<u32>], limit: usize) -> Result<(), TestCaseError> {
    let mut queue = Q::with_limit(limit);
    let limit = limit.min(Q::CAPACITY);
    prop_assert_eq!(queue.limit(), limit);
    let mut model = VecDeque::new();
    for step in steps {
        match *step {
            Some(item) if model.len() == limit => prop_assert_eq!(queue.push_back(item), Err(item)),
            Some(item) => {
                model.push_back(item);
                prop_assert_eq!(queue.push_back(item), Ok(()));
            }
            None => prop_assert_eq!(queue.pop_front(), model.pop_front()),
        }
        prop_assert_eq!((queue.len(), queue.is_empty()), (model.len(), model.is_empty()));
    }
    Ok(())
}

fn check_blob<B: Blob>(one: &[u8], other: &[u8]) -> Result<(), TestCaseError> {
    let (one_copy, other_copy) = (B::copy_of(one), B::copy_of(other));
    prop_assert_eq!(one_copy.as_ref().map(AsRef::as_ref), Some(one).filter(|one| one.len() <= B::CAPACITY));
    if let (Some(one_copy), Some(other_copy)) = (one_copy, other_copy) {
        prop_assert_eq!(one_copy.cmp(&other_copy), one.cmp(other));
        prop_assert_eq!(one_copy < other_copy, one < other);
        prop_assert_eq!(one_copy == other_copy, one == other);
        let borrowed: &[u8] = one_copy.borrow();
        prop_assert_eq!(borrowed, one);
    }
    Ok(())
}

proptest! {
    #[test]
    fn tables_are_maps_of_one_order(steps in steps(), limit in 0..CAPACITY + 4) {
        check_table::<HeapTable<u8, u32>>(&steps, limit)?;
        check_table::<InlineTable<u8, u32, CAPACITY>>(&steps, limit)?;
    }

    #[test]
    fn queues_are_queues(
        steps in prop::collection::vec(prop::option::weighted(0.6, any::<u32>()), 0..100),
        limit in 0..CAPACITY + 4,
    ) {
        check_queue::<HeapQueue<u32>>(&steps, limit)?;
        check_queue::<InlineQueue<u32, CAPACITY>>(&steps, limit)?;
    }

    #[test]
    fn blobs_are_the_bytes_that_they_copy(
        one in prop::collection::vec(0..4_u8, 0..CAPACITY + 4),
        other in prop::collection::vec(0..4_u8, 0..CAPACITY + 4),
    ) {
        check_blob::<Box<[u8]>>(&one, &other)?;
        check_blob::<InlineBlob<CAPACITY>>(&one, &other)?;
    }
}
