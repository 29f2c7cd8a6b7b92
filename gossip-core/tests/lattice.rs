//! Every replicated type is a join-semilattice: whatever arrives, in whatever order and however often, ends the same.
//!
//! `orders.rs` asks the same of whole nodes.
use core::fmt::Debug;
use gossip_core::{
    Dot, Generation, Incarnation, NodeId, Stamp,
    lattice::{Joined, Lattice},
    records::{Claim, Precedence, SequenceStatus, Window},
    wire::Standing,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The laws, of any three values; and whether a join says truly that it grew.
fn check<T: Lattice + Clone + PartialEq + Debug>(a: &T, b: &T, c: &T) -> Result<(), TestCaseError> {
    let (ab, grew) = join(a, b);
    prop_assert_eq!(&ab, &join(b, a).0, "commutative");
    prop_assert_eq!(join(&ab, c).0, join(a, &join(b, c).0).0, "associative");
    prop_assert_eq!(join(a, a), (a.clone(), Joined::Same), "idempotent");
    prop_assert_eq!(grew, if ab == *a { Joined::Same } else { Joined::Grew }, "truthful");
    for below in [a, b] {
        // What was taken in stays in, whatever comes after it.
        let above = join(&ab, c).0;
        prop_assert_eq!(join(&above, below), (above, Joined::Same), "monotone");
    }
    Ok(())
}

fn join<T: Lattice + Clone>(a: &T, b: &T) -> (T, Joined) {
    let mut joined = a.clone();
    let grew = joined.join(b);
    (joined, grew)
}

fn claim() -> impl Strategy<Value = Claim> {
    let standing = prop::sample::select(vec![Standing::Alive, Standing::Suspect, Standing::Down, Standing::Left]);
    (0..3_u32, standing, 0..3_u32).prop_map(|(incarnation, standing, generation)| Claim {
        incarnation: Incarnation(incarnation),
        standing,
        generation: Generation(generation),
    })
}

fn precedence() -> impl Strategy<Value = Precedence> {
    (0..3_u64, 0..3_u64, 0..3_u32, 0..3_u32).prop_map(|(millis, origin, generation, sequence)| Precedence {
        stamp: Stamp::from_millis(millis),
        dot: Dot { origin: NodeId(origin), generation: Generation(generation), sequence },
    })
}

fn window(floor: impl Strategy<Value = u32>) -> impl Strategy<Value = Window> {
    let above = prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), any::<u64>().prop_map(|bits| bits | !0 >> 9)];
    (floor, above).prop_map(|(floor, above)| Window::new(floor, above))
}

/// Near each other and far apart, and at the end of all numbers.
fn any_floor() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..80_u32, 2 => 0..400_u32, 1 => u32::MAX - 200..=u32::MAX - Window::REACH]
}

/// What a window has seen above `base`.
fn seen(window: Window, base: u32) -> BTreeSet<u32> {
    let top = window.floor().saturating_add(Window::REACH);
    (base.saturating_add(1)..=top).filter(|&sequence| window.status_of(sequence) == SequenceStatus::Seen).collect()
}

proptest! {
    #[test]
    fn claims_are_a_lattice(a in claim(), b in claim(), c in claim()) {
        check(&a, &b, &c)?;
    }

    #[test]
    fn writes_to_a_key_are_a_lattice(a in precedence(), b in precedence(), c in precedence()) {
        check(&a, &b, &c)?;
    }

    #[test]
    fn windows_are_a_lattice(a in window(any_floor()), b in window(any_floor()), c in window(any_floor())) {
        check(&a, &b, &c)?;
    }

    #[test]
    fn windows_join_as_sets_do(a in window(0..400_u32), b in window(0..400_u32)) {
        // Up to the lower floor, both have seen everything.
        let base = a.floor().min(b.floor());
        let both = seen(a, base).union(&seen(b, base)).copied().collect::<BTreeSet<_>>();
        prop_assert_eq!(seen(join(&a, &b).0, base), both);
    }

    #[test]
    fn a_window_tells_each_number_once(sequences in prop::collection::vec(0..200_u32, 0..400)) {
        let mut window = Window::default();
        let mut seen = BTreeSet::from([0]);
        for sequence in sequences {
            match window.status_of(sequence) {
                SequenceStatus::New => prop_assert!(seen.insert(sequence)),
                SequenceStatus::Seen => prop_assert!(seen.contains(&sequence)),
                SequenceStatus::BeyondReach => prop_assert!(sequence > window.floor() + Window::REACH),
            }
            window.see(sequence);
            prop_assert!((0..=window.floor()).all(|below| seen.contains(&below)));
            prop_assert!(!seen.contains(&(window.floor() + 1)), "the floor is as high as can be");
        }
    }

    #[test]
    fn a_raised_window_counts_what_was_missed(start in window(any_floor()), rise in 0..100_u32) {
        let mut window = start;
        let floor = start.floor().saturating_add(rise);
        let missed = (start.floor().saturating_add(1)..=floor).filter(|&sequence| start.status_of(sequence) != SequenceStatus::Seen).count();
        prop_assert_eq!(window.raise(floor), u32::try_from(missed).unwrap());
        prop_assert!(window.floor() >= floor);
        prop_assert!(seen(start, floor).is_subset(&seen(window, floor)));
        prop_assert_eq!(window.raise(start.floor()), 0, "and never sinks");
    }
}
