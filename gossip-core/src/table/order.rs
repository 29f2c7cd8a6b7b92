//! The slots of a table in the order of their keys, at six bytes and a little a row: the keys stay in the rows, but for
//! their first bits.
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A run this long is cut in two: what an insertion moves stays within the nearest cache, however many rows there are.
const RUN_MAX: usize = 512;

/// Slots, in runs of bounded length. No run is empty.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    runs: Vec<Run>,
}

/// The leads lie apart from the slots: to find a key, one looks at many of the former and few of the latter.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Run {
    leads: Vec<u16>,
    slots: Vec<u32>,
}

/// A place in an [`Order`], until it next changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    run: usize,
    at: usize,
}

impl Place {
    pub(super) const FIRST: Self = Self { run: 0, at: 0 };
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// The first place whose slot is not `before` what is sought, which begins with `lead`; beyond the last one, when all
    /// are. Only slots with the same lead are asked about.
    pub(super) fn place(&self, lead: u16, before: impl Fn(u32) -> bool) -> Place {
        let passed = |run: &Run| match (run.leads.last(), run.slots.last()) {
            (Some(&last), Some(&slot)) => last < lead || last == lead && before(slot),
            _ => false,
        };
        let run = self.runs.partition_point(passed);
        let at = self.runs.get(run).map_or(0, |run| run.place(lead, before));
        Place { run, at }
    }

    pub(super) fn get(&self, place: Place) -> Option<u32> {
        self.runs.get(place.run)?.slots.get(place.at).copied()
    }

    pub(super) fn set(&mut self, place: Place, slot: u32) {
        if let Some(held) = self.runs.get_mut(place.run).and_then(|run| run.slots.get_mut(place.at)) {
            *held = slot;
        }
    }

    pub(super) fn insert(&mut self, mut place: Place, lead: u16, slot: u32) {
        if place.run == self.runs.len() {
            // Beyond the last of all: at the end of the last run.
            match self.runs.last() {
                Some(last) => place = Place { run: place.run - 1, at: last.slots.len() },
                None => self.runs.push(Run::default()),
            }
        }
        let Some(run) = self.runs.get_mut(place.run) else { return };
        insert(&mut run.leads, place.at, lead);
        insert(&mut run.slots, place.at, slot);
        if run.slots.len() >= RUN_MAX {
            let upper = Run { leads: upper_half(&mut run.leads), slots: upper_half(&mut run.slots) };
            self.runs.insert(place.run + 1, upper);
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(run) = self.runs.get_mut(place.run).filter(|run| place.at < run.slots.len()) else { return };
        run.leads.remove(place.at);
        run.slots.remove(place.at);
        if run.slots.is_empty() {
            self.runs.remove(place.run);
        }
    }

    /// The row in `slot` is gone, and the one in `last`, which may be the same, has taken its place: found by a look at all,
    /// for an order whose keys are not at hand.
    pub(super) fn swap_remove(&mut self, slot: u32, last: u32) {
        for run in &mut self.runs {
            if let Some(at) = run.slots.iter().position(|&held| held == slot) {
                run.leads.remove(at);
                run.slots.remove(at);
            }
            run.slots.iter_mut().filter(|held| **held == last).for_each(|held| *held = slot);
        }
        self.runs.retain(|run| !run.slots.is_empty());
    }

    /// The slots from `place` on.
    pub(super) fn from(&self, place: Place) -> impl Iterator<Item = u32> {
        let first = self.runs.get(place.run).and_then(|run| run.slots.get(place.at..)).unwrap_or_default();
        let others = self.runs.get(place.run + 1..).unwrap_or_default();
        first.iter().chain(others.iter().flat_map(|run| &run.slots)).copied()
    }
}

impl Run {
    fn place(&self, lead: u16, before: impl Fn(u32) -> bool) -> usize {
        let from = self.leads.partition_point(|&held| held < lead);
        let len = self.leads.get(from..).unwrap_or_default().partition_point(|&held| held == lead);
        from + self.slots.get(from..from + len).unwrap_or_default().partition_point(|&slot| before(slot))
    }
}

/// Inserts an item, and makes room for not many more.
fn insert<T>(items: &mut Vec<T>, at: usize, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact((items.len() / 8).max(4));
    }
    items.insert(at, item);
}

fn upper_half<T>(items: &mut Vec<T>) -> Vec<T> {
    let mut upper = items.split_off(items.len() / 2);
    upper.shrink_to_fit();
    items.shrink_to_fit();
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots are their own keys, and each lead is that of several.
    fn lead(slot: u32) -> u16 {
        u16::try_from(slot / 3).unwrap()
    }

    fn insert(order: &mut Order, slot: u32) {
        order.insert(order.place(lead(slot), |held| held < slot), lead(slot), slot);
    }

    fn remove(order: &mut Order, slot: u32) {
        let place = order.place(lead(slot), |held| held < slot);
        if order.get(place) == Some(slot) {
            order.remove(place);
        }
    }

    #[test]
    fn many_runs_are_one_order() {
        let slots = 5 * u32::try_from(RUN_MAX).unwrap();
        let mut order = Order::new();
        // A stride without a divisor in common with the number of slots meets each of them.
        (0..slots).for_each(|turn| insert(&mut order, turn * 7 % slots));
        assert!(order.runs.len() >= 5 && order.runs.iter().all(|run| run.slots.len() < RUN_MAX));
        assert!(order.from(Place::FIRST).eq(0..slots));
        assert!(order.from(order.place(lead(999), |held| held <= 999)).eq(1_000..slots));
        (0..slots).filter(|slot| slot % 64 > 0).for_each(|slot| remove(&mut order, slot));
        assert!(order.from(Place::FIRST).eq((0..slots).step_by(64)));
        (0..slots).for_each(|slot| remove(&mut order, slot));
        assert!(order.runs.is_empty() && order.get(Place::FIRST).is_none());
    }
}
