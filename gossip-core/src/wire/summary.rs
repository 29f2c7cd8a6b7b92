//! What an asker says it has: a run of items in order, read one by one and never collected.
use core::marker::PhantomData;
use serde::Deserialize;

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

impl<T: for<'de> Deserialize<'de>> Iterator for Items<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (item, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(item)
    }
}
