//! What an asker says it has: a run of items in order, read one by one and never collected.
use core::marker::PhantomData;
use serde::{Deserialize, Serialize};

/// Writes items while they fit, and says how long they are, and which was the first that did not fit.
pub(crate) fn write_items<T: Serialize>(out: &mut [u8], items: impl Iterator<Item = T>) -> (usize, Option<T>) {
    let mut len = 0;
    for item in items {
        let written = out.get_mut(len..).and_then(|room| postcard::to_slice(&item, room).ok());
        let Some(written) = written else { return (len, Some(item)) };
        len += written.len();
    }
    (len, None)
}

/// The items of a summary, up to the first malformed one.
pub(crate) struct Items<'a, T> {
    rest: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T> Items<'a, T> {
    pub(crate) const fn of(summary: &'a [u8]) -> Self {
        Self { rest: summary, item: PhantomData }
    }
}

impl<T: for<'de> Deserialize<'de>> Items<'_, T> {
    /// Takes the item of `key`, if there is one, and skips those before it. Keys are asked for in their order.
    pub(crate) fn seek<K: Ord>(&mut self, key: K, key_of: impl Fn(&T) -> K) -> Option<T> {
        loop {
            let (item, rest) = postcard::take_from_bytes(self.rest).ok()?;
            let order = key_of(&item).cmp(&key);
            if order.is_gt() {
                return None;
            }
            self.rest = rest;
            if order.is_eq() {
                return Some(item);
            }
        }
    }
}

impl<T: for<'de> Deserialize<'de>> Iterator for Items<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (item, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(item)
    }
}
