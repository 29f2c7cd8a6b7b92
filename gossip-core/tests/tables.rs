//! Both storages against a model, and against each other: the same rows in the same order, at the limit too.
use gossip_core::table::{HeapQueue, HeapTable, InlineQueue, InlineTable, Queue, Table};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

const LIMIT: usize = 8;

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u32),
    Remove(u8),
    Change(u8, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..12_u8;
    let step = prop_oneof![
        3 => (key.clone(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        1 => key.clone().prop_map(Step::Remove),
        1 => (key, any::<u32>()).prop_map(|(key, value)| Step::Change(key, value)),
    ];
    prop::collection::vec(step, 0..100)
}

fn apply(table: &mut impl Table<u8, u32>, step: &Step) -> Option<u32> {
    match *step {
        Step::Insert(key, value) => table.insert(key, value).err().map(|(_, value)| value),
        Step::Remove(key) => table.swap_remove(&key),
        Step::Change(key, value) => table.get_mut(&key).map(|held| core::mem::replace(held, value)),
    }
}

fn apply_to_model(model: &mut BTreeMap<u8, u32>, step: &Step) -> Option<u32> {
    match *step {
        Step::Insert(key, value) if model.len() == LIMIT || model.contains_key(&key) => Some(value),
        Step::Insert(key, value) => model.insert(key, value),
        Step::Remove(key) => model.remove(&key),
        Step::Change(key, value) => model.get_mut(&key).map(|held| core::mem::replace(held, value)),
    }
}

proptest! {
    #[test]
    fn tables_are_maps_of_one_order(steps in steps(), after in prop::option::of(0..12_u8)) {
        let mut inline = InlineTable::<u8, u32, 16>::with_limit(LIMIT);
        let mut heap = HeapTable::<u8, u32>::with_limit(LIMIT);
        let mut model = BTreeMap::new();
        for step in &steps {
            let answer = apply_to_model(&mut model, step);
            prop_assert_eq!(apply(&mut inline, step), answer);
            prop_assert_eq!(apply(&mut heap, step), answer);
            prop_assert_eq!(inline.as_slice(), heap.as_slice());
            prop_assert_eq!((inline.len(), inline.is_full()), (model.len(), model.len() == LIMIT));
        }
        let beyond = |key: &u8| after.is_none_or(|after| *key > after);
        let expected: Vec<_> = model.iter().filter(|(key, _)| beyond(key)).map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(inline.ascending(after).copied().collect::<Vec<_>>(), expected.as_slice());
        prop_assert_eq!(heap.ascending(after).copied().collect::<Vec<_>>(), expected.as_slice());
        for key in 0..12 {
            prop_assert_eq!(inline.get(&key), model.get(&key));
            prop_assert_eq!(heap.slot(&key), inline.slot(&key));
        }
    }

    #[test]
    fn queues_are_queues(steps in prop::collection::vec(prop::option::weighted(0.6, any::<u32>()), 0..100)) {
        let mut inline = InlineQueue::<u32, 16>::with_limit(LIMIT);
        let mut heap = HeapQueue::<u32>::with_limit(LIMIT);
        let mut model = VecDeque::new();
        for step in steps {
            match step {
                Some(item) => {
                    let refused = (model.len() == LIMIT).then_some(item).map_or(Ok(()), Err);
                    prop_assert_eq!(inline.push_back(item), refused);
                    prop_assert_eq!(heap.push_back(item), refused);
                    if refused.is_ok() {
                        model.push_back(item);
                    }
                }
                None => {
                    let item = model.pop_front();
                    prop_assert_eq!(inline.pop_front(), item);
                    prop_assert_eq!(heap.pop_front(), item);
                }
            }
            prop_assert_eq!((inline.len(), heap.len()), (model.len(), model.len()));
        }
    }
}
