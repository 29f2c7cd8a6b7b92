//! Drawing a peer.
//!
//! Gossip spreads in logarithmic time among peers that are drawn with the same chance (Demers et al. 1987, §1); one that is
//! drawn more often pays for all others. To walk on from a row that will not do to the next that does is no such draw: whoever
//! stands behind those who left is drawn for all of them.
use super::{
    Membership,
    list::{MemberList, Row},
    namesakes::Namesakes,
};
use crate::{
    config::dissemination::DRAWS_MAX,
    context::Context,
    id::{Addr, NodeId},
    records::Namesake,
    storage::Storage,
};

impl<S: Storage> Membership<S> {
    /// A live member drawn at random, other than us and those that will not do: each that will with the same chance.
    pub(crate) fn sample(&self, cx: &mut Context<S>, will_not_do: &dyn Fn(NodeId) -> bool) -> Option<(NodeId, Addr)> {
        self.list.sample(cx, &self.names, will_not_do)
    }
}

impl<S: Storage> MemberList<S> {
    pub(super) fn sample(
        &self,
        cx: &mut Context<S>,
        names: &Namesakes<S>,
        will_not_do: &dyn Fn(NodeId) -> bool,
    ) -> Option<(NodeId, Addr)> {
        let (rows, me) = (self.rows(), cx.me.id);
        let will_do = |(id, member): &&Row<S>| *id != me && member.is_live() && !will_not_do(*id);
        for _ in 0..DRAWS_MAX {
            if let Some(row) = rows.get(cx.rng.below(rows.len())).filter(will_do) {
                return Some(place(cx, names, row));
            }
        }
        // Few will do: by rank among them.
        let rank = cx.rng.below(rows.iter().filter(will_do).count());
        rows.iter().filter(will_do).nth(rank).map(|row| place(cx, names, row))
    }
}

/// Where to reach a member; of two that go by its name, either.
fn place<S: Storage>(cx: &mut Context<S>, names: &Namesakes<S>, (id, member): &Row<S>) -> (NodeId, Addr) {
    if member.namesake == Namesake::Known
        && cx.rng.below(2) == 1
        && let Some(rival) = names.rival_of(*id, member.generation)
    {
        return (*id, rival);
    }
    (*id, member.addr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        id::{Generation, Incarnation},
        storage::Heap,
        wire::{Capabilities, MemberFrame, Standing},
    };

    fn addr(n: u64) -> Addr {
        Addr::new(&n.to_le_bytes()).unwrap()
    }

    /// A node that knows so many, in this order, and of each whether it lives.
    fn knowing(lives: impl Iterator<Item = bool>) -> (Context<Heap>, Membership<Heap>) {
        let mut cx = Context::<Heap>::new(NodeId(0), addr(0), Config::lan(), 1);
        let mut membership = Membership::new(&mut cx);
        membership.start(&mut cx);
        for (n, lives) in (1..).zip(lives) {
            let frame = MemberFrame {
                id: NodeId(n),
                generation: Generation(1),
                incarnation: Incarnation(0),
                standing: Standing::Alive,
                addr: addr(n),
                capabilities: Capabilities::default(),
                presence: b"".into(),
            };
            let _ = membership.on_member(&mut cx, NodeId(n), &frame);
            let slot = membership.list.slot(NodeId(n)).unwrap();
            let standing = if lives { Standing::Alive } else { Standing::Left };
            membership.list.update(&mut cx, slot, |member| member.standing = standing);
        }
        (cx, membership)
    }

    /// By how much the frequencies of those that may be drawn stray from what is to be expected: χ², with how many were drawn.
    fn stray(lives: impl Iterator<Item = bool>, will_not_do: impl Fn(NodeId) -> bool) -> (f64, u32) {
        const DRAWS: u32 = 20_000;
        let (mut cx, membership) = knowing(lives);
        let mut drawn = std::collections::BTreeMap::new();
        for _ in 0..DRAWS {
            let (id, at) = membership.sample(&mut cx, &will_not_do).unwrap();
            assert!(membership.is_live(id) && id != cx.me.id && at == addr(id.0) && !will_not_do(id));
            *drawn.entry(id).or_insert(0_u32) += 1;
        }
        let kinds = u32::try_from(drawn.len()).unwrap();
        let expected = f64::from(DRAWS) / f64::from(kinds);
        (drawn.values().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum(), kinds)
    }

    #[test]
    fn each_is_drawn_with_the_same_chance() {
        // One in a thousand exceeds 43.8 at 19 degrees of freedom, and 148 at 99. The seed is fixed: there is no luck in it.
        let everyone = |_| false;
        let (chi, kinds) = stray((0..100).map(|_| true), everyone);
        assert!(kinds == 100 && chi < 148.0, "{kinds} without gaps: {chi}");
        let (chi, kinds) = stray((0..100).map(|n| n < 20), everyone);
        assert!(kinds == 20 && chi < 43.8, "{kinds} before those who left: {chi}");
        let (chi, kinds) = stray((0..2_000).map(|n| n % 100 == 7), everyone);
        assert!(kinds == 20 && chi < 43.8, "{kinds} far between: {chi}");
        let (chi, kinds) = stray((0..100).map(|_| true), |id| id.0 > 20);
        assert!(kinds == 20 && chi < 43.8, "{kinds} that will do: {chi}");
    }

    #[test]
    fn nobody_is_drawn_where_nobody_will_do() {
        let (mut cx, membership) = knowing([true, false].into_iter());
        assert_eq!(membership.sample(&mut cx, &|id| id == NodeId(1)), None);
        let (mut cx, membership) = knowing([].into_iter());
        assert_eq!(membership.sample(&mut cx, &|_| false), None);
    }
}
