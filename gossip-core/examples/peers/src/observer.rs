//! Who believes in whom: all that a workload may look at.
use crate::contest::{Belief, Index, Moment};

/// Follows what nodes say they believe.
#[derive(Debug)]
pub(crate) struct Observer {
    size: usize,
    /// Whether the first of a pair believes in the second, row by row.
    believes: Vec<bool>,
    live: Vec<bool>,
    /// Ordered pairs of live nodes of which the first does not believe in the second.
    pub(crate) missing: usize,
    /// Pairs of a live node and a dead one that it believes in.
    pub(crate) stale: usize,
    /// Whoever was declared gone, in the order of time.
    pub(crate) verdicts: Vec<Verdict>,
}

/// Somebody declared somebody gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Verdict {
    pub(crate) about: Index,
    pub(crate) at: Moment,
    pub(crate) truth: Truth,
}

/// Whether it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    True,
    False,
}

impl Observer {
    /// Nobody believes in anybody yet.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            believes: vec![false; size * size],
            live: vec![true; size],
            missing: size * size.saturating_sub(1),
            stale: 0,
            verdicts: Vec::new(),
        }
    }

    /// `by` changed its mind.
    pub(crate) fn note(&mut self, at: Moment, by: Index, belief: Belief) {
        let (about, up) = match belief {
            Belief::Up(about) => (about, true),
            Belief::Down(about) => (about, false),
        };
        let before = &mut self.believes[by * self.size + about];
        if by == about || *before == up {
            return;
        }
        *before = up;
        let lives = self.live[about];
        if !up {
            self.verdicts.push(Verdict { about, at, truth: if lives { Truth::False } else { Truth::True } });
        }
        match (self.live[by], lives, up) {
            (false, ..) => {}
            (true, true, true) => self.missing -= 1,
            (true, true, false) => self.missing += 1,
            (true, false, true) => self.stale += 1,
            (true, false, false) => self.stale -= 1,
        }
    }

    /// `node` is dead from now on.
    pub(crate) fn crash(&mut self, node: Index) {
        self.live[node] = false;
        (self.missing, self.stale) = (0, 0);
        for by in (0..self.size).filter(|&by| self.live[by]) {
            for about in (0..self.size).filter(|&about| about != by) {
                match (self.live[about], self.believes[by * self.size + about]) {
                    (true, false) => self.missing += 1,
                    (false, true) => self.stale += 1,
                    _ => {}
                }
            }
        }
    }

    /// The verdicts on those that live.
    pub(crate) fn false_verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.truth == Truth::False)
    }

    /// The first verdict on each of those that are dead, in the order of time.
    pub(crate) fn first_verdicts(&self) -> Vec<Moment> {
        let mut found: Vec<_> = self.verdicts.iter().filter(|verdict| verdict.truth == Truth::True).collect();
        found.sort();
        found.dedup_by_key(|verdict| verdict.about);
        let mut moments: Vec<_> = found.into_iter().map(|verdict| verdict.at).collect();
        moments.sort();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_secs(1);

    #[test]
    fn pairs_are_counted_by_who_lives() {
        let mut observer = Observer::new(3);
        assert_eq!(observer.missing, 6);
        for by in 0..3 {
            (0..3).for_each(|about| observer.note(NOW, by, Belief::Up(about)));
        }
        assert_eq!((observer.missing, observer.stale), (0, 0));
        observer.crash(2);
        assert_eq!((observer.missing, observer.stale), (0, 2));
        observer.note(NOW, 0, Belief::Down(2));
        observer.note(NOW, 0, Belief::Down(2));
        observer.note(NOW, 1, Belief::Down(0));
        assert_eq!((observer.missing, observer.stale), (1, 1));
        observer.note(NOW, 2, Belief::Down(0));
        assert_eq!((observer.missing, observer.stale), (1, 1), "nobody asks the dead");
    }

    #[test]
    fn a_verdict_is_true_or_false_and_the_first_one_finds() {
        let mut observer = Observer::new(3);
        (0..3).for_each(|about| observer.note(NOW, 0, Belief::Up(about)));
        observer.note(NOW, 1, Belief::Up(2));
        observer.note(NOW, 0, Belief::Down(1));
        observer.crash(2);
        observer.note(NOW * 3, 0, Belief::Down(2));
        observer.note(NOW * 4, 1, Belief::Down(2));
        assert_eq!(observer.false_verdicts().map(|verdict| verdict.about).collect::<Vec<_>>(), [1]);
        assert_eq!(observer.first_verdicts(), [NOW * 3]);
    }
}
