//! Choosing the few that go first out of many, in one pass and without an allocator.

/// The `N` smallest of what it was offered, in order.
#[derive(Debug)]
pub(crate) struct Smallest<T, const N: usize>(heapless::Vec<T, N>);

impl<T: Copy + Ord, const N: usize> Smallest<T, N> {
    /// The smallest of `items`.
    pub(crate) fn of(items: impl Iterator<Item = T>) -> Self {
        let mut smallest = Self(heapless::Vec::new());
        items.for_each(|item| smallest.offer(item));
        smallest
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.0
    }

    fn offer(&mut self, item: T) {
        if self.0.push(item).is_err() {
            match self.0.last_mut() {
                Some(last) if item < *last => *last = item,
                _ => return,
            }
        }
        // Up to its place, past the greater ones.
        let mut rest = self.0.as_mut_slice();
        while let [.., before, last] = rest
            && last < before
        {
            core::mem::swap(before, last);
            let [shorter @ .., _] = rest else { return };
            rest = shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_the_smallest_in_order(items in prop::collection::vec(0..12_u8, 0..12)) {
            let smallest = Smallest::<_, 5>::of(items.iter().copied());
            let mut sorted = items;
            sorted.sort_unstable();
            sorted.truncate(5);
            prop_assert_eq!(smallest.as_slice(), sorted);
        }
    }
}
