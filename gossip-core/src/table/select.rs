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

    /// Whether more may have been offered than are held.
    pub(crate) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    fn offer(&mut self, item: T) {
        if self.0.is_full() {
            if self.0.last().is_none_or(|last| *last <= item) {
                return;
            }
            self.0.pop();
        }
        let place = self.0.partition_point(|held| *held <= item);
        // There is room: either there was, or the last one has just gone.
        let _ = self.0.insert(place, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_smallest_in_order() {
        let smallest = Smallest::<_, 3>::of([5, 1, 4, 1, 3].into_iter());
        assert_eq!(smallest.as_slice(), [1, 1, 3]);
        assert!(smallest.is_full());
        assert!(!Smallest::<u8, 3>::of([2].into_iter()).is_full());
    }
}
