//! Who is believed to live.
use super::message::{Standing, Update};
use crate::{
    id::{Addr, NodeId},
    rng::Rng,
    time::Instant,
};
use alloc::{collections::BTreeMap, vec::Vec};

/// All others that were ever heard of, and the order in which they are probed.
#[derive(Debug, Default)]
pub(super) struct Members {
    rows: BTreeMap<NodeId, Row>,
    /// When suspicions are over.
    suspected_until: BTreeMap<NodeId, Instant>,
    /// Those that are probed: who lives, and who is suspected (SWIM §4.2).
    turns: Vec<NodeId>,
    next: usize,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    addr: Addr,
    incarnation: u32,
    standing: Standing,
}

/// What an update changed: what a member was taken for, and what it is.
pub(super) struct Change {
    pub(super) before: Option<Standing>,
    pub(super) now: Standing,
}

impl Members {
    /// How many live, as far as is known, we among them.
    pub(super) fn live(&self) -> usize {
        self.turns.len() + 1
    }

    pub(super) fn is_known(&self, id: NodeId) -> bool {
        self.rows.contains_key(&id)
    }

    pub(super) fn counts(&self, id: NodeId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.standing != Standing::Faulty)
    }

    pub(super) fn addr(&self, id: NodeId) -> Option<Addr> {
        self.rows.get(&id).map(|row| row.addr)
    }

    /// All that is known of a member.
    pub(super) fn claim(&self, id: NodeId) -> Option<Update> {
        let Row { addr, incarnation, standing } = *self.rows.get(&id)?;
        Some(Update { id, addr, incarnation, standing })
    }

    /// All that is known of those that live.
    pub(super) fn claims(&self) -> impl Iterator<Item = Update> {
        self.turns.iter().filter_map(|&id| self.claim(id))
    }

    /// Takes in what is said of another: the higher incarnation wins, and under one, the worse (SWIM §4.2). Not as there: a member's
    /// own word, of a higher incarnation, outdoes the verdict as well.
    pub(super) fn join(&mut self, update: &Update, until: Instant, rng: &mut Rng) -> Option<Change> {
        let Update { id, addr, incarnation, standing } = *update;
        let before = self.rows.get(&id).map(|row| (row.incarnation, row.standing));
        // Of one that is gone, and was never known, there is nothing to be known.
        let is_news = before.map_or(standing != Standing::Faulty, |before| (incarnation, standing) > before);
        if !is_news {
            return None;
        }
        self.rows.insert(id, Row { addr, incarnation, standing });
        match standing {
            Standing::Suspect => self.suspected_until.insert(id, until),
            Standing::Alive | Standing::Faulty => self.suspected_until.remove(&id),
        };
        let before = before.map(|(_, standing)| standing);
        match (before.is_some_and(|before| before != Standing::Faulty), standing != Standing::Faulty) {
            (false, true) => self.insert_turn(id, rng),
            (true, false) => self.remove_turn(id),
            _ => {}
        }
        Some(Change { before, now: standing })
    }

    /// Whose turn it is to be probed: one after the other, in an order that is drawn anew for each round (SWIM §4.3).
    pub(super) fn next_turn(&mut self, rng: &mut Rng) -> Option<NodeId> {
        if self.next >= self.turns.len() {
            self.next = 0;
            for at in (1..self.turns.len()).rev() {
                self.turns.swap(at, rng.below(at + 1));
            }
        }
        let turn = self.turns.get(self.next).copied();
        self.next += 1;
        turn
    }

    /// So many of those that live, each with the same chance, but not this one.
    pub(super) fn some(&self, count: usize, but: Option<NodeId>, rng: &mut Rng) -> Vec<(NodeId, Addr)> {
        let mut pool: Vec<_> = self.turns.iter().copied().filter(|id| Some(*id) != but).collect();
        let count = count.min(pool.len());
        for at in 0..count {
            let other = at + rng.below(pool.len() - at);
            pool.swap(at, other);
        }
        pool.truncate(count);
        pool.into_iter().filter_map(|id| Some((id, self.addr(id)?))).collect()
    }

    /// When the first of all suspicions is over.
    pub(super) fn next_verdict(&self) -> Instant {
        self.suspected_until.values().copied().min().unwrap_or(Instant::NEVER)
    }

    /// Those whose suspicion is over.
    pub(super) fn overdue(&self, now: Instant) -> Vec<NodeId> {
        let overdue = self.suspected_until.iter().filter(|(_, until)| **until <= now);
        overdue.map(|(id, _)| *id).collect()
    }

    /// A newcomer's turn comes anywhere in the round (SWIM §4.3).
    fn insert_turn(&mut self, id: NodeId, rng: &mut Rng) {
        let at = rng.below(self.turns.len() + 1);
        self.turns.insert(at, id);
        self.next += usize::from(at < self.next);
    }

    fn remove_turn(&mut self, id: NodeId) {
        if let Some(at) = self.turns.iter().position(|other| *other == id) {
            self.turns.remove(at);
            self.next -= usize::from(at < self.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Alive, Faulty, Suspect};

    fn update(id: u64, incarnation: u32, standing: Standing) -> Update {
        Update { id: NodeId(id), addr: Addr::new(&id.to_le_bytes()).unwrap(), incarnation, standing }
    }

    #[test]
    fn of_two_claims_the_one_wins_that_the_paper_says() {
        // What overrides a suspicion of incarnation 2, and what does not (SWIM §4.2).
        for (incarnation, standing, wins) in [
            (1, Suspect, false),
            (2, Alive, false),
            (2, Suspect, false),
            (3, Alive, true),
            (3, Suspect, true),
            (2, Faulty, true),
        ] {
            let (mut members, mut rng) = (Members::default(), Rng::from_seed(1));
            members.join(&update(7, 2, Suspect), Instant::ZERO, &mut rng).unwrap();
            let change = members.join(&update(7, incarnation, standing), Instant::NEVER, &mut rng);
            assert_eq!(change.is_some(), wins, "{incarnation} {standing:?}");
            assert_eq!(members.overdue(Instant::ZERO).is_empty(), wins, "{incarnation} {standing:?}");
        }
    }

    #[test]
    fn each_has_its_turn_within_two_rounds_less_one() {
        let (mut members, mut rng) = (Members::default(), Rng::from_seed(1));
        (0..20).for_each(|id| {
            let _ = members.join(&update(id, 0, Alive), Instant::NEVER, &mut rng);
        });
        let mut last = [0; 20];
        for turn in 1..2_000 {
            let id = usize::try_from(members.next_turn(&mut rng).unwrap().0).unwrap();
            assert!(turn - last[id] < 40, "{id} had to wait from {} to {turn} (SWIM §4.3)", last[id]);
            last[id] = turn;
        }
    }

    #[test]
    fn a_round_goes_on_where_it_was_when_some_come_and_go() {
        let (mut members, mut rng) = (Members::default(), Rng::from_seed(3));
        (0..8).for_each(|id| {
            let _ = members.join(&update(id, 0, Alive), Instant::NEVER, &mut rng);
        });
        let mut probed: Vec<_> = (0..4).filter_map(|_| members.next_turn(&mut rng)).collect();
        let gone = probed[1];
        members.join(&update(gone.0, 0, Faulty), Instant::NEVER, &mut rng).unwrap();
        members.join(&update(gone.0, 1, Alive), Instant::NEVER, &mut rng).unwrap();
        members.join(&update(gone.0, 1, Faulty), Instant::NEVER, &mut rng).unwrap();
        probed.extend((0..4).filter_map(|_| members.next_turn(&mut rng)));
        probed.sort();
        assert_eq!(probed, (0..8).map(NodeId).collect::<Vec<_>>());
        assert_eq!((members.live(), members.counts(gone), members.is_known(gone)), (8, false, true));
    }
}
