//! The tree of those who have one digest, which each of them knows without a word: the living, in the order of their names, from one
//! on that the digest tells, so that each is in the middle as often as others, with [`CHILDREN`] below each.
use super::hearsay::live;
use crate::{
    config::convergence::CHILDREN,
    context::Context,
    digest::Digest,
    id::{Addr, NodeId},
    storage::Storage,
};
use serde::{Deserialize, Serialize};

/// Our place in the tree of our digest, and how far its edges have brought us. To find it takes a look at all members, for each digest
/// that is talked of; and so does whom to report to. Children follow each other in the order of names.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Tree {
    /// From 0, the root. The children of place *p* are those from 8 *p* + 1 on.
    place: u32,
    /// The first of our children, if there is one.
    first: NodeId,
    /// How many there are.
    count: u8,
    /// Which of them have yet to say that all below them have our digest, a bit each.
    unheard: u8,
    /// Which of them is next, in this round.
    next: u8,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Shape {
    /// Nobody has looked since our digest changed.
    Unknown,
    /// Somebody keeps other stores than we do, or we are not one of the living.
    None,
    /// We know our place, and have spoken to nobody.
    Fresh,
    /// We know our place.
    Known,
    /// So we do, and have told each child once that all agree.
    ToldOnce,
    /// And once more: whoever did not hear it says so.
    Told,
}

/// Whom a round goes over.
#[derive(Clone, Copy)]
pub(super) enum Children {
    All,
    /// Those that have not said that all below them have our digest.
    Unheard,
}

impl Tree {
    pub(super) const NONE: Self =
        Self { place: 0, first: NodeId(0), count: 0, unheard: 0, next: 0, shape: Shape::Unknown };

    /// Looks at all members.
    pub(super) fn of<S: Storage>(cx: &Context<S>, members: &S::Members, digest: Digest) -> Self {
        let nowhere = Self { shape: Shape::None, ..Self::NONE };
        if cx.name_conflicts > 0 {
            // Of two that look like one, nobody knows which of them agrees.
            return nowhere;
        }
        let mut rank = None;
        for (number, (id, member)) in live::<S>(members, None).enumerate() {
            if *id == cx.me.id {
                rank = Some(number);
            } else if member.capabilities.stores() != cx.stores() {
                return nowhere;
            }
        }
        // Whoever stepped aside, or left, is none of the living.
        let Some(rank) = rank else { return nowhere };
        let place = (rank + shift(cx, digest)) % cx.live.max(1);
        let count = cx.live.saturating_sub(first_child(place)).min(CHILDREN);
        let first = if count == 0 { None } else { at(cx, members, digest, first_child(place)) };
        match (u32::try_from(place), u8::try_from(count)) {
            (Ok(place), Ok(count)) => {
                let first = first.map_or(NodeId(0), |(id, _)| id);
                // None of no children, and all bits of eight.
                let unheard = u8::MAX.checked_shr(u8::BITS - u32::from(count)).unwrap_or(0);
                Self { place, first, count, unheard, shape: Shape::Fresh, ..Self::NONE }
            }
            _ => nowhere,
        }
    }

    pub(super) const fn is_known(&self) -> bool {
        matches!(self.shape, Shape::Fresh | Shape::Known | Shape::ToldOnce | Shape::Told)
    }

    pub(super) const fn is_root(&self) -> bool {
        self.is_known() && self.place == 0
    }

    /// Whether all below us have our digest.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_known() && self.unheard == 0
    }

    pub(super) fn is_told(&self) -> bool {
        self.shape == Shape::Told
    }

    /// Whether nobody has looked since our digest changed.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self.shape, Shape::Unknown)
    }

    /// Whether those with our digest make no tree that we are part of.
    pub(super) const fn is_none(&self) -> bool {
        matches!(self.shape, Shape::None)
    }

    /// Notes that a child and all below it have our digest. Says whether by now all below us have.
    pub(super) fn on_alike(&mut self, child: u8) -> bool {
        let was_complete = self.is_complete();
        self.unheard &= !1_u8.checked_shl(child.into()).unwrap_or(0);
        !was_complete && self.is_complete()
    }

    /// Whether it is now that we first speak to anybody.
    pub(super) fn begin(&mut self) -> bool {
        let is_first = self.shape == Shape::Fresh;
        if is_first {
            self.shape = Shape::Known;
        }
        is_first
    }

    /// Whether it was only now that each child was told once that all agree.
    pub(super) fn is_to_tell_again(&mut self) -> bool {
        self.shape = if self.shape == Shape::Known { Shape::ToldOnce } else { Shape::Told };
        self.shape == Shape::ToldOnce
    }

    /// The first round of a phase begins.
    pub(super) const fn rewind(&mut self) {
        self.next = 0;
    }

    pub(super) fn parent<S: Storage>(
        &self,
        cx: &Context<S>,
        members: &S::Members,
        digest: Digest,
    ) -> Option<(NodeId, Addr)> {
        let place = usize::try_from(self.place).ok()?.checked_sub(1)? / CHILDREN;
        at(cx, members, digest, place)
    }

    /// Which of our children a member is, if it is one.
    pub(super) fn child_number<S: Storage>(&self, members: &S::Members, id: NodeId) -> Option<u8> {
        self.child::<S>(members, &|_, child| child == id).map(|(number, ..)| number)
    }

    /// The first child of which that is so, by its number and its name: they follow each other in the order of names, which begins again
    /// at its end.
    #[inline(never)]
    fn child<S: Storage>(
        &self,
        members: &S::Members,
        is_it: &dyn Fn(u8, NodeId) -> bool,
    ) -> Option<(u8, NodeId, Addr)> {
        let mut number = 0;
        for before in [self.first.0.checked_sub(1).map(NodeId), None] {
            for (id, member) in live::<S>(members, before) {
                if number == self.count {
                    return None;
                }
                if is_it(number, *id) {
                    return Some((number, *id, member.addr));
                }
                number += 1;
            }
        }
        None
    }

    /// Whose turn it is in a round over the children, or over those that have not said that all below them are alike; `None` at its end.
    #[inline(never)]
    pub(super) fn next_child<S: Storage>(&mut self, members: &S::Members, whom: Children) -> Option<(NodeId, Addr)> {
        let meant = match whom {
            Children::All => u8::MAX,
            Children::Unheard => self.unheard,
        };
        while self.next < self.count {
            let child = self.next;
            self.next += 1;
            if meant.checked_shr(child.into()).unwrap_or(0) & 1 == 1 {
                let turn = self.child::<S>(members, &|number, _| number == child);
                return turn.map(|(_, id, addr)| (id, addr));
            }
        }
        self.next = 0;
        None
    }

    /// Whether it is the turn of our parent, in a round over that one alone.
    pub(super) fn next_parent(&mut self) -> bool {
        self.next = u8::from(self.next == 0);
        self.next == 1
    }
}

const fn first_child(place: usize) -> usize {
    place.saturating_mul(CHILDREN).saturating_add(1)
}

/// Who is at a place in the tree of a digest.
fn at<S: Storage>(cx: &Context<S>, members: &S::Members, digest: Digest, place: usize) -> Option<(NodeId, Addr)> {
    let all = cx.live.max(1);
    let rank = (place + all - shift(cx, digest)) % all;
    live::<S>(members, None).nth(rank).map(|(id, member)| (*id, member.addr))
}

/// By how much places are ahead of ranks in the order of names.
fn shift<S: Storage>(cx: &Context<S>, digest: Digest) -> usize {
    let all = u64::try_from(cx.live.max(1)).unwrap_or(1);
    usize::try_from(digest.0 % all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        convergence::tests::among,
        storage::Heap,
        wire::{Store, Stores},
    };
    use std::{collections::BTreeSet, vec, vec::Vec};

    #[test]
    fn each_but_the_root_is_the_child_of_its_parent_alone() {
        for (all, digest) in [(1, 0), (2, 1), (9, 5), (10, 3), (74, 73), (100, 12_345)].map(|(n, d)| (n, Digest(d))) {
            let (mut cx, members, _) = among(&vec![Stores::ALL; all - 1]);
            let (mut roots, mut born) = (0, BTreeSet::new());
            for id in (0..).map(NodeId).take(all) {
                cx.me.id = id;
                let tree = Tree::of(&cx, &members, digest);
                assert!(tree.is_known() && tree.is_complete() == (tree.count == 0));
                roots += usize::from(tree.is_root());
                let children =
                    (0..tree.count).map(|wanted| tree.child::<Heap>(&members, &|number, _| number == wanted));
                for (_, child, _) in children.flatten() {
                    assert!(born.insert(child), "{child} has two parents among {all}");
                    cx.me.id = child;
                    let parent = Tree::of(&cx, &members, digest).parent(&cx, &members, digest);
                    assert_eq!(parent.map(|(id, _)| id), Some(id));
                }
            }
            assert_eq!((roots, born.len()), (1, all - 1));
        }
    }

    #[test]
    fn another_digest_has_another_root() {
        let (cx, members, _) = among(&[Stores::ALL; 9]);
        let roots = (0..10).filter_map(|digest| at::<Heap>(&cx, &members, Digest(digest), 0));
        assert_eq!(roots.map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 10);
    }

    #[test]
    fn there_is_no_tree_of_those_who_keep_different_stores() {
        let (cx, members, _) = among(&[Stores::ALL, Stores::ALL.without(Store::Entries)]);
        assert!(Tree::of::<Heap>(&cx, &members, Digest(0)).is_none());
    }

    #[test]
    fn a_round_goes_over_each_child_once_and_in_the_next_one_over_the_unheard() {
        let (cx, members, _) = among(&[Stores::ALL; 3]);
        // Place 0 is that of rank 0.
        let mut tree = Tree::of::<Heap>(&cx, &members, Digest(4));
        let round = |tree: &mut Tree, whom| {
            let turns = core::iter::from_fn(|| tree.next_child::<Heap>(&members, whom));
            turns.map(|(child, _)| child).collect::<Vec<_>>()
        };
        assert_eq!(round(&mut tree, Children::All), [1, 2, 3].map(NodeId));
        assert!(!tree.on_alike(1) && !tree.on_alike(1));
        assert_eq!(round(&mut tree, Children::Unheard), [1, 3].map(NodeId));
        assert!(!tree.on_alike(0) && tree.on_alike(2) && !tree.on_alike(2));
    }
}
