//! Do all agree? Known from the digests that ride on every datagram.
//!
//! A digest stands for all that a node knows: who lives, which rumors it saw, which writes it saw. Whoever was heard with
//! our digest agrees with us. To hear that of everyone directly takes as long as probing everyone. So it is gathered and spread
//! along a tree that equal digests define (`convergecast.rs`); and where an edge of that is cut, nodes pass on along any path whom
//! *they* have heard with that same digest: evidence spreads as rumors do, in a bit for each member (`hearsay.rs`).
mod agreement;
mod calm;
mod convergecast;
mod doubt;
mod hearsay;
mod tally;
mod tree;

use crate::{
    columns::Knowledge,
    config::{
        convergence::{PAST, WAIT_MAX},
        dissemination::NEWS_FOR,
    },
    context::Context,
    digest::Digest,
    id::{Addr, NodeId},
    io::Event,
    records::{Intent, Member, Retransmits},
    storage::Storage,
    table::{Flag, Table},
    time::{Instant, Span},
    wire::Ping,
};
pub use agreement::Agreement;
use calm::{grown, hearsay_at, patience, price, vain_after};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use tally::Tally;
use tree::Tree;

/// Who agrees, as far as is known. What each member was last known to know lies with the member.
#[derive(Serialize, Deserialize)]
pub(crate) struct Convergence {
    digest: Digest,
    /// What our digest was before, half of each: whoever was heard with one of these was behind us, not ahead.
    past: [u32; PAST as usize],
    past_at: u8,
    since: Option<Instant>,
    tally: Tally,
    /// Where somebody was last found who is not known to agree: most likely the first whom a new digest is news to.
    doubted: u32,
    /// How many times what we know of the others is still to be told.
    retransmits: Retransmits,
    told: Claimed,
    /// Whether anything happened since we last looked.
    dirty: bool,
    /// When we next ask somebody who is not known to agree, and how long we waited before.
    digest_probe_at: Instant,
    wait: Duration,
    /// Since when our digest is what it is.
    changed_at: Instant,
    /// From when on things have stood still for long enough to find out who agrees.
    settled_at: Instant,
    /// And from when on for long enough to pass on who agrees, along any path, which costs more.
    hearsay_at: Instant,
    /// How often of late that was in vain: what was found out did not last.
    vain: u8,
    /// Whether we have asked anybody, or passed anything on, since our digest last changed.
    tried: bool,
    /// Whether we have passed anything on since then, and it was counted what that costs.
    has_paid: bool,
    /// When all that this has cost so far will have been made up for.
    paid_at: Instant,
    tree: Tree,
    /// Whether all were said to agree, and we believed it of one that was heard to know something else since our digest changed.
    overruled: bool,
    /// Whether all agreed on our digest, until somebody was heard to know something else.
    contradicted: bool,
}

/// What the application was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Claimed {
    Nothing,
    Converged,
    Diverged,
}

impl Convergence {
    pub(crate) fn new(digest: Digest) -> Self {
        Self {
            digest,
            past: [half(digest); PAST as usize],
            past_at: 0,
            since: None,
            tally: Tally::Unheard,
            doubted: 0,
            retransmits: Retransmits::NONE,
            told: Claimed::Nothing,
            dirty: false,
            digest_probe_at: Instant::NEVER,
            wait: Duration::ZERO,
            changed_at: Instant::ZERO,
            settled_at: Instant::NEVER,
            hearsay_at: Instant::NEVER,
            vain: 0,
            tried: false,
            has_paid: false,
            paid_at: Instant::ZERO,
            tree: Tree::NONE,
            overruled: false,
            contradicted: false,
        }
    }

    /// Our own digest, which may have changed.
    pub(crate) fn set_digest<S: Storage>(&mut self, cx: &Context<S>, digest: Digest) {
        if digest == self.digest {
            return;
        }
        let tried = core::mem::take(&mut self.tried);
        self.vain = vain_after(cx, self.vain, self.since, tried);
        if let Some(oldest) = self.past.get_mut(usize::from(self.past_at)) {
            *oldest = half(self.digest);
        }
        self.past_at = (self.past_at + 1) % PAST;
        self.digest = digest;
        self.tree = Tree::NONE;
        (self.overruled, self.contradicted) = (false, false);
        self.has_paid = false;
        self.since = None;
        self.tally = Tally::Unheard;
        self.dirty = true;
        // Things have to settle first; under a stream of changes, they never do.
        self.changed_at = cx.now;
        self.digest_probe_at = Instant::ZERO;
        self.unsettle(cx);
    }

    /// Our digest is about to change.
    pub(crate) fn unsettle<S: Storage>(&mut self, cx: &Context<S>) {
        self.wait = patience(cx, self.vain);
        self.settled_at = cx.now + self.wait;
        self.hearsay_at = hearsay_at(cx, self.wait, self.paid_at);
        self.digest_probe_at = self.digest_probe_at.max(self.settled_at);
    }

    /// Whether we learned something just now. Others lack that for some time, and nothing follows from it.
    pub(crate) fn is_learning<S: Storage>(&self, cx: &Context<S>) -> bool {
        cx.now < self.changed_at + cx.config.gossip_interval.times(NEWS_FOR)
    }

    /// Whether `digest` was ours not long ago: whoever has it knows nothing that we do not.
    pub(crate) fn has_passed(&self, digest: Digest) -> bool {
        self.past.contains(&half(digest))
    }

    /// `peer` was told all that it lacked. What it said before is out of date.
    pub(crate) fn on_told_all<S: Storage>(&mut self, cx: &Context<S>, members: &mut Knowledge<'_, S>, peer: NodeId) {
        if let Some(slot) = members.slot(&peer).filter(|&slot| self.is_unlike::<S>(members, slot)) {
            self.record(cx, members, slot, Member::<S::Blob>::UNHEARD);
        }
    }

    /// A live member spoke: so much it knows. Where it keeps less than we do, and agrees on that, it is our digest that it knows:
    /// when ours changes, it is asked again.
    pub(crate) fn on_heard<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Knowledge<'_, S>,
        peer: NodeId,
        digest: Digest,
    ) {
        let Some(slot) = members.slot(&peer) else { return };
        if knows::<S>(members, slot) != digest {
            self.dirty = true;
            if digest == self.digest {
                self.on_evidence(cx);
            }
            self.record(cx, members, slot, digest);
        }
    }

    /// A member keeps other stores than it was said to: it was compared with us over others than we share, and is yet to be heard.
    pub(crate) fn on_stores_heard<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Knowledge<'_, S>,
        peer: NodeId,
    ) {
        self.tree = Tree::NONE;
        self.on_heard(cx, members, peer, Member::<S::Blob>::UNHEARD);
    }

    /// `peer` asked for writes, and was seen to lack so many.
    pub(crate) fn on_behind<S: Storage>(&self, members: &mut Knowledge<'_, S>, peer: NodeId, behind: u32) {
        if let Some(known) = members.of(peer) {
            *known.behind = u16::try_from(behind).unwrap_or(u16::MAX);
        }
    }

    pub(crate) fn on_forgotten(&mut self) {
        self.dirty = true;
    }

    /// Looks whether all agree now.
    pub(crate) fn settle<S: Storage>(&mut self, cx: &Context<S>, members: &S::Members) {
        if !core::mem::take(&mut self.dirty) {
            return;
        }
        // Of two that look like one, nobody knows which of them agrees.
        let all = cx.live > 1 && cx.name_conflicts == 0 && self.all_agree(cx, members);
        if all && self.since.is_none() {
            self.since = Some(cx.now);
            self.spread(cx, members);
        } else if !all && self.since.take().is_some() {
            self.contradicted = true;
            self.begin_phase(cx);
            self.wait = patience(cx, self.vain);
            self.digest_probe_at = cx.now + self.wait;
        }
    }

    pub(crate) fn is_unanimous(&self) -> bool {
        self.since.is_some()
    }

    /// Whether nobody whom we know is known to know more: what all lack may be given up.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_unanimous() && !self.overruled
    }

    pub(crate) fn agreement<S: Storage>(&self, cx: &Context<S>, members: &S::Members) -> Agreement {
        let mut agreement = Agreement { agreeing: 1, live: cx.live, since: self.since, behind: 0 };
        for (_, member) in members.as_slice().iter().filter(|row| is_other(cx, row)) {
            if member.knows == self.digest {
                agreement.agreeing += 1;
            } else {
                agreement.behind += u64::from(member.behind);
            }
        }
        agreement
    }

    /// Takes back a claim that stands no more. This is told before the news that it comes from.
    pub(crate) fn take_back<S: Storage>(&mut self, cx: &Context<S>, members: &S::Members) -> Option<Event<'static>> {
        if cx.live == 1 {
            // Nobody is there to agree or differ: the application is told that we are alone.
            self.told = Claimed::Nothing;
        }
        if self.since.is_some() || self.told != Claimed::Converged {
            return None;
        }
        self.told = Claimed::Diverged;
        let Agreement { agreeing, live, .. } = self.agreement(cx, members);
        Some(Event::Diverged { agreeing, live })
    }

    /// Claims that all agree. This is told after all that they agree on.
    pub(crate) fn claim<S: Storage>(&mut self, cx: &Context<S>) -> Option<Event<'static>> {
        if cx.live == 1 || self.since.is_none() || self.told == Claimed::Converged {
            return None;
        }
        self.told = Claimed::Converged;
        Some(Event::Converged { live: cx.live })
    }

    /// To whom to speak now, and why: along the tree; and where that did not do, for the digest in its answer, to one of those who are not
    /// known to agree as well, at random. As long as that brings nothing new, each next one is asked after half as long again.
    pub(crate) fn on_timer<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        members: &S::Members,
    ) -> Option<(NodeId, Addr, Intent)> {
        if cx.now < self.next_deadline() {
            return None;
        }
        self.grow_tree(cx, members);
        let waited = self.wait;
        let relative = self.next_relative(cx, members);
        if relative.is_some() || self.is_unanimous() || self.goes_by_tree(cx) {
            return relative;
        }
        self.wait = grown(waited).at_most(cx.config.probe_interval.times(WAIT_MAX));
        self.digest_probe_at = cx.now + self.wait;
        if cx.now < self.hearsay_at {
            return None;
        }
        self.spend(cx);
        let Some(slot) = self.draw_doubtful(cx, members) else {
            // Nobody is in doubt. When somebody comes, the digest changes.
            self.digest_probe_at = Instant::NEVER;
            return None;
        };
        members.as_slice().get(slot).map(|(id, member)| (*id, member.addr, Intent::Ping(Ping::DIGEST_PROBE)))
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        if self.is_unanimous() { self.spread_at() } else { self.digest_probe_at }
    }

    /// It costs what it costs, however often we speak of it.
    fn spend<S: Storage>(&mut self, cx: &Context<S>) {
        self.tried = true;
        if !core::mem::replace(&mut self.has_paid, true) {
            self.paid_at = self.paid_at.max(cx.now) + price(cx);
        }
    }

    /// Something was learned: it is worth asking on.
    fn on_evidence<S: Storage>(&mut self, cx: &Context<S>) {
        self.dirty = true;
        if self.goes_by_tree(cx) {
            return;
        }
        self.wait = patience(cx, self.vain);
        self.digest_probe_at = self.digest_probe_at.min((cx.now + self.wait).max(self.hearsay_at));
    }

    /// Whether a live member is not known to agree.
    fn is_doubtful<S: Storage>(&self, cx: &Context<S>, members: &S::Members, slot: usize) -> bool {
        self.is_unlike::<S>(members, slot)
            && is_live::<S>(members, slot)
            && members.as_slice().get(slot).is_some_and(|(id, _)| *id != cx.me.id)
    }

    /// Whether a member was last known to know something else than we do, or nothing.
    fn is_unlike<S: Storage>(&self, members: &S::Members, slot: usize) -> bool {
        match self.tally {
            Tally::Counted(_) => members.is_set(slot, Flag::Unlike, |(_, member)| member.knows != self.digest),
            Tally::Unheard | Tally::Uncounted => knows::<S>(members, slot) != self.digest,
        }
    }

    fn all_agree<S: Storage>(&mut self, cx: &Context<S>, members: &S::Members) -> bool {
        if let Tally::Counted(alike) = self.tally {
            debug_assert_eq!(alike + 1, self.agreement(cx, members).agreeing);
            return alike + 1 == cx.live;
        }
        let doubted = self.next_doubtful(cx, members, usize::try_from(self.doubted).unwrap_or(0).min(members.len()));
        self.doubted = doubted.and_then(|slot| u32::try_from(slot).ok()).unwrap_or(0);
        doubted.is_none()
    }
}

fn is_other<S: Storage>(cx: &Context<S>, (id, member): &(NodeId, Member<S::Blob>)) -> bool {
    member.is_live() && *id != cx.me.id
}

fn is_live<S: Storage>(members: &S::Members, slot: usize) -> bool {
    !members.is_set(slot, Flag::Gone, |(_, member)| !member.is_live())
}

fn knows<S: Storage>(members: &S::Members, slot: usize) -> Digest {
    members.as_slice().get(slot).map_or(Member::<S::Blob>::UNHEARD, |(_, member)| member.knows)
}

fn half(digest: Digest) -> u32 {
    u32::try_from(digest.0 >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        id::{Generation, Incarnation},
        path::Path,
        records::Claim,
        storage::Heap,
        wire::{Capabilities, Standing, Store, Stores},
    };
    use std::boxed::Box;

    pub(super) const OURS: Digest = Digest(1 << 40);

    /// The machine in a node that knows so many others, each of which keeps what is said of it.
    pub(super) fn among(others: &[Stores]) -> (Context<Heap>, <Heap as Storage>::Members, Convergence) {
        let addr = Addr::new(&[1]).unwrap();
        let mut cx = Context::<Heap>::new(NodeId(0), addr, Config::lan(), 1);
        (cx.now, cx.live) = (Instant::from_micros(1_000_000), others.len() + 1);
        let mut members = <Heap as Storage>::Members::with_limit(128);
        for (id, stores) in (0..).map(NodeId).zip([Stores::ALL].iter().chain(others)) {
            let claim = Claim { incarnation: Incarnation(0), standing: Standing::Alive, generation: Generation(1) };
            let row = Member::new(id, claim, addr, Box::from(&b""[..]), Path::untried(1_400), cx.now);
            let row = Member { capabilities: Capabilities::keeping(*stores), ..row };
            assert!(members.insert(id, row).is_ok());
        }
        let mut convergence = Convergence::new(Digest(0));
        convergence.set_digest(&cx, OURS);
        (cx, members, convergence)
    }

    fn claims(cx: &Context<Heap>, members: &<Heap as Storage>::Members, convergence: &mut Convergence) -> bool {
        convergence.settle(cx, members);
        convergence.is_unanimous()
    }

    #[test]
    fn all_agree_once_each_was_heard_with_our_digest_and_no_more_once_it_changes() {
        let (cx, mut members, mut convergence) = among(&[Stores::ALL; 3]);
        for id in 1..=3 {
            assert!(!claims(&cx, &members, &mut convergence), "{id} was not heard");
            convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(id), OURS);
        }
        assert!(claims(&cx, &members, &mut convergence));
        assert_eq!(convergence.claim(&cx), Some(Event::Converged { live: 4 }));
        convergence.set_digest(&cx, Digest(2 << 40));
        assert!(!claims(&cx, &members, &mut convergence));
        assert_eq!(convergence.take_back(&cx, &members), Some(Event::Diverged { agreeing: 1, live: 4 }));
    }

    #[test]
    fn hearsay_is_believed_of_those_that_may_have_caught_up() {
        let (mut cx, mut members, mut convergence) = among(&[Stores::ALL; 3]);
        convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(1), OURS);
        // One of them has said something since that we never said: it may be ahead.
        cx.now = Instant::from_micros(2_000_000);
        members.get_mut(&NodeId(3)).unwrap().heard_at = Some(cx.now);
        convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(3), Digest(9 << 40));
        convergence.on_agreeing(&cx, &[0b1111], Stores::ALL, &mut Knowledge::new(&mut members));
        let agreeing = convergence.agreement(&cx, &members).agreeing;
        assert_eq!(agreeing, 3, "of four, all but the one that is ahead");
        assert!(!claims(&cx, &members, &mut convergence));
    }

    #[test]
    fn whoever_keeps_less_cannot_tell_of_what_it_does_not_keep() {
        let less = Stores::ALL.without(Store::Entries);
        let (cx, mut members, mut convergence) = among(&[less, Stores::ALL, less]);
        convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(1), OURS);
        convergence.on_unanimous(&cx, less, &mut Knowledge::new(&mut members));
        let knows = |id| members.get(&NodeId(id)).unwrap().knows;
        assert_eq!((knows(3), knows(2)), (OURS, Member::<Box<[u8]>>::UNHEARD));
        assert!(!claims(&cx, &members, &mut convergence));
    }

    #[test]
    fn whoever_turns_out_to_keep_more_is_yet_to_be_heard() {
        let (cx, mut members, mut convergence) = among(&[Stores::ALL.without(Store::Entries)]);
        convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(1), OURS);
        assert!(claims(&cx, &members, &mut convergence));
        convergence.on_heard(&cx, &mut Knowledge::new(&mut members), NodeId(1), Member::<Box<[u8]>>::UNHEARD);
        assert!(!claims(&cx, &members, &mut convergence));
    }
}
