//! Every replicated type is a join-semilattice: whatever arrives, in whatever order and however often, ends the same.
use core::fmt::Debug;
use gossip_core::{
    Dot, Generation, Incarnation, NodeId, Stamp,
    lattice::{Joined, Lattice},
    records::{Claim, Precedence, Sight, Window},
    wire::Standing,
};
use proptest::prelude::*;

/// Commutative, associative, idempotent; and it says truly whether anything grew.
fn check<T: Lattice + Clone, V: PartialEq + Debug>(
    a: &T,
    b: &T,
    c: &T,
    seen: impl Fn(&T) -> V,
) -> Result<(), TestCaseError> {
    let join = |a: &T, b: &T| {
        let mut joined = a.clone();
        let grew = joined.join(b);
        (joined, grew)
    };
    let ((ab, grew), (ba, _)) = (join(a, b), join(b, a));
    prop_assert_eq!(seen(&ab), seen(&ba));
    prop_assert_eq!(grew == Joined::Grew, seen(&ab) != seen(a));
    prop_assert_eq!(seen(&join(&ab, c).0), seen(&join(a, &join(b, c).0).0));
    let (again, grew) = join(&ab, b);
    prop_assert_eq!((seen(&again), grew), (seen(&ab), Joined::Same));
    Ok(())
}

fn claim() -> impl Strategy<Value = Claim> {
    let standing = prop::sample::select(vec![Standing::Alive, Standing::Suspect, Standing::Down, Standing::Left]);
    (0..3_u32, standing, 0..3_u32).prop_map(|(incarnation, standing, generation)| Claim {
        incarnation: Incarnation(incarnation),
        standing,
        generation: Generation(generation),
    })
}

fn window() -> impl Strategy<Value = Window> {
    (0..80_u32, prop_oneof![Just(0), Just(u64::MAX), any::<u64>()]).prop_map(|(floor, above)| Window::new(floor, above))
}

fn precedence() -> impl Strategy<Value = Precedence> {
    (0..3_u64, 0..3_u64, 0..3_u32).prop_map(|(millis, origin, sequence)| Precedence {
        stamp: Stamp::from_millis(millis),
        dot: Dot { origin: NodeId(origin), generation: Generation(0), sequence },
    })
}

proptest! {
    #[test]
    fn claims_are_a_lattice(a in claim(), b in claim(), c in claim()) {
        check(&a, &b, &c, |claim| *claim)?;
    }

    #[test]
    fn windows_are_a_lattice(a in window(), b in window(), c in window()) {
        // As long as they are within reach of each other, which is all that a window promises.
        let reach = a.floor().max(b.floor()).max(c.floor()) - a.floor().min(b.floor()).min(c.floor());
        prop_assume!(reach <= Window::REACH);
        check(&a, &b, &c, |window| *window)?;
    }

    #[test]
    fn writes_to_a_key_are_a_lattice(a in precedence(), b in precedence(), c in precedence()) {
        check(&a, &b, &c, |precedence| *precedence)?;
    }

    #[test]
    fn a_window_tells_each_number_once(sequences in prop::collection::vec(1..200_u32, 0..400)) {
        let mut window = Window::default();
        let mut seen = std::collections::BTreeSet::new();
        for sequence in sequences {
            match window.look(sequence) {
                Sight::New => prop_assert!(seen.insert(sequence)),
                Sight::Seen => prop_assert!(seen.contains(&sequence)),
                Sight::BeyondReach => prop_assert!(sequence > window.floor() + Window::REACH),
            }
            window.see(sequence);
            prop_assert!((1..=window.floor()).all(|below| seen.contains(&below)));
        }
    }

    #[test]
    fn a_raised_window_counts_what_was_missed(start in window(), rise in 0..100_u32) {
        let mut window = start;
        let floor = start.floor() + rise;
        let missed = (start.floor() + 1..=floor).filter(|&sequence| start.look(sequence) != Sight::Seen).count();
        prop_assert_eq!(window.raise(floor), u32::try_from(missed).unwrap());
        prop_assert!(window.floor() >= floor);
    }
}
