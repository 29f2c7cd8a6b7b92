//! Agreement by a tree, which equal digests define (`tree.rs`): a convergecast, and a broadcast.
//!
//! A bit of the header says that the sender and *all below it* have had this digest. When that is so at the root, all have; and the other bit,
//! that *all* agree, goes down the same edges. It takes three datagrams of a bare header for each node, one up and, for what is lost,
//! two down, in as many steps as the tree is deep. None is acknowledged: a parent asks the children that it has not heard for their
//! digests, and a child that does not hear that all agree says once more what it has to say, ever more seldom, which is answered
//! with that.
//!
//! **Why a claim is true.** Whoever sets the bit has the digest, and has heard the bit, in a datagram with this digest, from each
//! of its children, so that by induction each below it has had the digest. That it *has had* it stays true, for what is replicated
//! only grows (`hearsay.rs`). It rests on three things. Equal digests are equal lists of the living: who lives is in the digest of
//! members, suspicion is not, and whoever joins or goes makes another digest, with another tree. All keep the same stores: a node
//! cannot tell of what it does not keep, so where we know of one that keeps others than we do, there is no tree here, and none of our
//! bits. And nobody lies: of a member that sets either bit falsely, others believe what it says, as they do when it forges a digest.
//! Then agreement is claimed too soon, and rumors of the dead may be forgotten before all have them; no row is changed by it.
//!
//! **Where it does not do.** An edge that is cut holds up whatever lies above it. So the tree is waited for no longer than
//! [`TREE_PATIENCE`]; then evidence goes along any path besides, as `hearsay.rs` has it.
use super::{
    Convergence,
    calm::{first_wait, grown},
    tree::{Children, Tree},
};
use crate::{
    columns::Knowledge,
    config::convergence::{PATIENCE_BELOW, TREE_PATIENCE},
    context::Context,
    id::{Addr, NodeId},
    records::Intent,
    storage::Storage,
    time::{Instant, Span},
    wire::Ping,
};
use core::time::Duration;

/// What is to be done along the edges.
#[derive(Clone, Copy)]
enum Phase {
    /// Some children are yet to say that all below them agree with us.
    Gather,
    /// They have: our parent is to hear of it.
    Report,
    /// All agree, and the children are to hear of that.
    Spread,
}

impl Convergence {
    /// Whether all below us in the tree of our digest have it, and we.
    pub(crate) const fn is_subtree(&self) -> bool {
        self.tree.is_complete()
    }

    /// A member that keeps what we keep, and knows what we know, says that so do all below it.
    pub(crate) fn on_report<S: Storage>(&mut self, cx: &Context<S>, members: &mut Knowledge<'_, S>, from: NodeId) {
        self.grow_tree(cx, members);
        let Some(child) = self.tree.child_number::<S>(members, from) else { return };
        if self.tree.on_alike(child) {
            if self.tree.is_root() {
                self.on_unanimous(cx, cx.stores(), members);
            } else {
                self.begin_phase(cx);
            }
        }
    }

    /// Whether a member is one to whom we pass it on that all agree.
    pub(crate) fn is_child<S: Storage>(&self, members: &S::Members, id: NodeId) -> bool {
        self.tree.child_number::<S>(members, id).is_some()
    }

    /// All agree: our children are to hear of it.
    pub(super) fn spread<S: Storage>(&mut self, cx: &Context<S>, members: &S::Members) {
        self.grow_tree(cx, members);
        self.begin_phase(cx);
        if self.tree.is_told() {
            // Once for each digest: who contradicts us, and then does not, makes nobody say it again.
            self.digest_probe_at = Instant::NEVER;
        }
    }

    /// When somebody is next to be told that all agree.
    pub(super) const fn spread_at(&self) -> Instant {
        if self.tree.is_known() { self.digest_probe_at } else { Instant::NEVER }
    }

    /// Whether it is by the tree alone that it is to be found out who agrees.
    pub(super) fn goes_by_tree<S: Storage>(&self, cx: &Context<S>) -> bool {
        !self.tree.is_none() && !self.is_done_by_tree() && cx.now < self.tree_until(cx)
    }

    /// Whether we are the root, and have heard all that is to be heard: whoever is not believed to agree must be asked.
    fn is_done_by_tree(&self) -> bool {
        !self.is_unanimous() && self.tree.is_complete() && self.tree.is_root()
    }

    /// The first of these looks at all members, for each digest that lasts.
    pub(super) fn grow_tree<S: Storage>(&mut self, cx: &Context<S>, members: &S::Members) {
        if self.tree.is_unknown() {
            self.tree = Tree::of(cx, members, self.digest);
        }
    }

    /// To whom to speak now along the edges, and why: to each that is meant in a round, and each next round after half as long again.
    pub(super) fn next_relative<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &S::Members,
    ) -> Option<(NodeId, Addr, Intent)> {
        if !self.tree.is_known() || self.is_done_by_tree() {
            return None;
        }
        let phase = match (self.is_unanimous(), self.tree.is_complete()) {
            (true, _) => Phase::Spread,
            (false, true) => Phase::Report,
            (false, false) => Phase::Gather,
        };
        self.tried = true;
        if self.tree.begin() {
            self.wait = first_wait(cx);
            if let Phase::Gather = phase {
                // Those below us speak up by themselves.
                self.wait_for(cx, self.wait.times(PATIENCE_BELOW));
                return None;
            }
        }
        let next = self.next_in_round(cx, members, phase);
        match next {
            Some(_) => self.digest_probe_at = cx.now,
            None => self.end_round(cx, phase),
        }
        next
    }

    /// Whose turn it is, and what is sent there; `None` at the end of the round.
    fn next_in_round<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &S::Members,
        phase: Phase,
    ) -> Option<(NodeId, Addr, Intent)> {
        let (relative, intent) = match phase {
            Phase::Gather => (self.tree.next_child::<S>(members, Children::Unheard), Intent::Ping(Ping::DIGEST_PROBE)),
            Phase::Spread => (self.tree.next_child::<S>(members, Children::All), Intent::Agreement),
            Phase::Report => {
                let is_turn = self.tree.next_parent();
                let parent = if is_turn { self.tree.parent(cx, members, self.digest) } else { None };
                (parent, Intent::Agreement)
            }
        };
        relative.map(|(id, addr)| (id, addr, intent))
    }

    fn end_round<S: Storage>(&mut self, cx: &Context<S>, phase: Phase) {
        let wait = grown(self.wait);
        match phase {
            // Once more, for what was lost. Who did not hear it then says so.
            Phase::Spread if self.tree.is_to_tell_again() => self.wait_for(cx, cx.config.gossip_interval.part(2)),
            Phase::Spread => self.digest_probe_at = Instant::NEVER,
            Phase::Gather => self.wait_for(cx, wait.at_most(cx.config.gossip_interval)),
            Phase::Report => self.wait_for(cx, wait.at_least(cx.config.gossip_interval.part(2))),
        }
    }

    pub(super) fn begin_phase<S: Storage>(&mut self, cx: &Context<S>) {
        self.tree.rewind();
        self.wait = first_wait(cx);
        self.digest_probe_at = cx.now;
    }

    /// Until the tree has done it, or was waited for in vain.
    fn wait_for<S: Storage>(&mut self, cx: &Context<S>, wait: Duration) {
        self.wait = wait;
        let (at, until) = (cx.now + wait, self.tree_until(cx));
        self.digest_probe_at = if until > cx.now { at.min(until) } else { at };
    }

    /// From when on the tree is not waited for.
    fn tree_until<S: Storage>(&self, cx: &Context<S>) -> Instant {
        self.settled_at + cx.config.gossip_interval.times(TREE_PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::convergence::CHILDREN,
        convergence::tests::{OURS, among},
        storage::{Heap, Storage},
        wire::Stores,
    };
    use std::{vec, vec::Vec};

    /// A machine in a node, which has our digest.
    struct Machine {
        cx: Context<Heap>,
        members: <Heap as Storage>::Members,
        convergence: Convergence,
    }

    /// Machines that agree and do not know it, and what passes between them at once, and is heard by all but for some.
    struct Machines {
        all: Vec<Machine>,
        sent: usize,
        lost: Vec<(NodeId, NodeId)>,
    }

    impl Machines {
        fn of(count: usize) -> Self {
            let machine = |id| {
                let (mut cx, members, mut convergence) = among(&vec![Stores::ALL; count - 1]);
                cx.me.id = NodeId(id);
                convergence.unsettle(&cx);
                Machine { cx, members, convergence }
            };
            Self { all: (0..).map(machine).take(count).collect(), sent: 0, lost: Vec::new() }
        }

        fn machine(&mut self, id: NodeId) -> &mut Machine {
            let at = usize::try_from(id.0).unwrap();
            &mut self.all[at]
        }

        /// Who is where in the tree.
        fn at(&self, place: usize) -> NodeId {
            let count = self.all.len();
            let shift = usize::try_from(OURS.0).unwrap() % count;
            NodeId(u64::try_from((place + count - shift) % count).unwrap())
        }

        fn pass(&mut self, time: Duration) {
            let until = self.all[0].cx.now + time;
            loop {
                let due = (0..).map(NodeId).zip(&self.all).map(|(id, one)| (one.convergence.next_deadline(), id)).min();
                let Some((now, id)) = due.filter(|(now, _)| *now <= until) else { break };
                self.all.iter_mut().for_each(|one| one.cx.now = now.max(one.cx.now));
                let Machine { cx, members, convergence } = self.machine(id);
                if let Some((to, _, intent)) = convergence.on_timer(cx, members) {
                    self.hear(id, to);
                    if intent != Intent::Agreement {
                        self.hear(to, id);
                    }
                }
            }
            self.all.iter_mut().for_each(|one| one.cx.now = until);
        }

        /// What a node does with the header of another one that has its digest.
        fn hear(&mut self, from: NodeId, to: NodeId) {
            self.sent += 1;
            if let Some(at) = self.lost.iter().position(|lost| *lost == (from, to)) {
                self.lost.swap_remove(at);
                return;
            }
            let said = &self.machine(from).convergence;
            let (subtree, unanimous) = (said.is_subtree(), said.is_unanimous());
            let Machine { cx, members, convergence } = self.machine(to);
            convergence.on_heard(cx, &mut Knowledge::new(members), from, OURS);
            if unanimous {
                convergence.on_unanimous(cx, Stores::ALL, &mut Knowledge::new(members));
            } else if subtree && convergence.is_unanimous() {
                let is_told = convergence.is_child::<Heap>(members, from);
                if is_told {
                    self.hear(to, from);
                }
            } else if subtree {
                convergence.on_report(cx, &mut Knowledge::new(members), from);
            }
            let Machine { cx, members, convergence } = self.machine(to);
            convergence.settle(cx, members);
        }

        fn claims(&self) -> usize {
            self.all.iter().filter(|one| one.convergence.is_unanimous()).count()
        }
    }

    #[test]
    fn all_know_that_they_agree_after_three_datagrams_each() {
        for count in [2, 9, 10, 14] {
            let mut machines = Machines::of(count);
            machines.pass(Duration::from_secs(1));
            // A report up, and twice down that all agree.
            assert_eq!((machines.claims(), machines.sent), (count, 3 * (count - 1)), "of {count}");
        }
    }

    #[test]
    fn what_is_lost_on_the_way_is_said_again() {
        for place in [1, 8, 9, 13] {
            for lost in [[place, (place - 1) / CHILDREN], [(place - 1) / CHILDREN, place]] {
                let mut machines = Machines::of(14);
                let [from, to] = lost.map(|place| machines.at(place));
                machines.lost = vec![(from, to); 2];
                machines.pass(Duration::from_secs(2));
                assert_eq!(machines.claims(), 14, "though {lost:?} was lost twice");
            }
        }
    }

    #[test]
    fn a_report_of_one_that_is_no_child_counts_for_nothing() {
        let mut machines = Machines::of(14);
        let (root, grandchild, child) = (machines.at(0), machines.at(9), machines.at(1));
        let Machine { cx, members, convergence } = machines.machine(root);
        for id in (0..14).map(NodeId).filter(|id| *id != child) {
            convergence.on_report(cx, &mut Knowledge::new(members), id);
        }
        convergence.on_report(cx, &mut Knowledge::new(members), grandchild);
        convergence.settle(cx, members);
        assert!(!convergence.is_unanimous(), "one child was not heard");
        convergence.on_report(cx, &mut Knowledge::new(members), child);
        convergence.settle(cx, members);
        assert!(convergence.is_unanimous());
    }
}
