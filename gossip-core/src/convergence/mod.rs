//! Do all agree? Known from the digests that ride on every datagram.
//!
//! A digest stands for all that a node knows: who lives, which rumors it saw, which writes it saw. Whoever was heard with
//! our digest agrees with us. To hear that of everyone directly takes as long as probing everyone, so that nodes also
//! pass on whom *they* have heard with that same digest: evidence spreads as rumors do, in a bit for each member.
mod agreement;
mod calm;
mod doubt;

use crate::{
    context::Context,
    digest::Digest,
    id::{Addr, NodeId},
    io::Event,
    records::{Intent, Member, Outgoing, Retransmits},
    storage::Storage,
    table::{Flag, Table},
    time::{Instant, Span},
    wire::{Agreeing, Frame, Header, Ping, Writer},
};
pub use agreement::Agreement;
use calm::{WAIT_MAX, first_wait, patience_max, price, settled_at};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How many of our own former digests we remember, half of each: enough to tell them from a few others.
const PAST: usize = 20;

/// So many gossip intervals after a change, others may still lack it.
const LEARNING: u32 = 10;

/// As many members are looked up at a time.
const HEARSAY_MAX: usize = 16;

/// More than a datagram takes for the bits of [`Agreeing`] beside the bits themselves.
const BESIDE_BITS: usize = 32;

/// Who agrees, as far as is known. What each member was last known to know lies with the member.
#[derive(Serialize, Deserialize)]
pub(crate) struct Convergence {
    digest: Digest,
    /// What our digest was before: whoever was heard with one of these was behind us, not ahead.
    past: [u32; PAST],
    past_at: usize,
    since: Option<Instant>,
    tally: Tally,
    /// Where somebody was last found who is not known to agree: most likely the first whom a new digest is news to.
    doubted: usize,
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
    /// From when on things have stood still for long enough to ask and to pass on who agrees.
    settled_at: Instant,
    /// How long that is: twice as long each time that it was in vain, until all agree.
    patience: Duration,
    /// Whether we have asked anybody, or passed anything on, since our digest last changed.
    tried: bool,
    /// When all that this has cost so far will have been made up for.
    paid_at: Instant,
}

/// How many others are known to agree.
///
/// To know it takes a look at all members. Under a stream of changes, each of which makes a new digest, that would be a
/// look at all of them for each datagram; so it is counted no sooner than somebody is known to have the same digest, and
/// from then on kept in step, with a [`Flag::Unlike`] for each of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Tally {
    /// Our digest is new, and nobody was heard to have it.
    Unheard,
    /// Somebody was.
    Uncounted,
    /// So many live members have it.
    Counted(usize),
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
            past: [half(digest); PAST],
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
            patience: Duration::ZERO,
            tried: false,
            paid_at: Instant::ZERO,
        }
    }

    /// Our own digest, which may have changed.
    pub(crate) fn set_digest<S: Storage>(&mut self, cx: &Context<S>, digest: Digest) {
        if digest == self.digest {
            return;
        }
        self.patience = match (self.is_unanimous(), core::mem::take(&mut self.tried)) {
            (true, _) => first_wait(cx),
            (false, true) => self.patience.times(2).min(patience_max(cx)),
            (false, false) => self.patience.max(first_wait(cx)),
        };
        if let Some(oldest) = self.past.get_mut(self.past_at) {
            *oldest = half(self.digest);
        }
        self.past_at = (self.past_at + 1) % PAST;
        self.digest = digest;
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
        self.wait = self.patience;
        self.settled_at = settled_at(cx, self.patience, self.paid_at);
        self.digest_probe_at = self.digest_probe_at.max(self.settled_at);
    }

    /// Whether we learned something just now. Others lack that for some time, and nothing follows from it.
    pub(crate) fn is_learning<S: Storage>(&self, cx: &Context<S>) -> bool {
        cx.now < self.changed_at + cx.config.gossip_interval.times(LEARNING)
    }

    /// Whether `digest` was ours not long ago: whoever has it knows nothing that we do not.
    pub(crate) fn has_passed(&self, digest: Digest) -> bool {
        self.past.contains(&half(digest))
    }

    /// `peer` was told all that it lacked. What it said before is out of date.
    pub(crate) fn on_told_all<S: Storage>(&mut self, cx: &Context<S>, members: &mut S::Members, peer: NodeId) {
        if let Some(slot) = members.slot(&peer).filter(|&slot| self.is_unlike::<S>(members, slot)) {
            self.record(cx, members, slot, Member::<S::Blob>::UNHEARD);
        }
    }

    /// A live member spoke: so much it knows.
    pub(crate) fn on_heard<S: Storage>(&mut self, cx: &Context<S>, members: &mut S::Members, header: &Header) {
        let Some(slot) = members.slot(&header.sender) else { return };
        if knows::<S>(members, slot) != header.digest {
            self.dirty = true;
            if header.digest == self.digest {
                self.on_evidence(cx);
            }
            self.record(cx, members, slot, header.digest);
        }
    }

    /// A member that knows what we know has heard of others that do.
    pub(crate) fn on_agreeing<S: Storage>(&mut self, cx: &Context<S>, bits: &[u8], members: &mut S::Members) {
        self.on_all_hearsay(cx, members, &|rank| bits.get(rank / 8).is_some_and(|byte| byte >> (rank % 8) & 1 == 1));
    }

    /// A member that knows what we know has heard that everybody does.
    pub(crate) fn on_unanimous<S: Storage>(&mut self, cx: &Context<S>, members: &mut S::Members) {
        self.on_all_hearsay(cx, members, &|_| true);
    }

    /// `peer` asked for writes, and was seen to lack so many.
    pub(crate) fn on_behind<S: Storage>(&self, members: &mut S::Members, peer: NodeId, behind: u32) {
        if let Some(member) = members.get_mut(&peer) {
            member.behind = u16::try_from(behind).unwrap_or(u16::MAX);
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
        } else if !all {
            self.since = None;
        }
    }

    pub(crate) fn is_unanimous(&self) -> bool {
        self.since.is_some()
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

    /// Whom to ask now for the digest in its answer: at random, one of those who are not known to agree. As long as that
    /// brings nothing new, each next one is asked after half as long again.
    pub(crate) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, members: &S::Members) -> Option<(NodeId, Addr)> {
        if cx.now < self.next_deadline() {
            return None;
        }
        self.spend(cx);
        self.wait = self.wait.times(3).part(2).min(cx.config.probe_interval.times(WAIT_MAX));
        self.digest_probe_at = cx.now + self.wait;
        let Some(slot) = self.draw_doubtful(cx, members) else {
            // Nobody is in doubt. When somebody comes, the digest changes.
            self.digest_probe_at = Instant::NEVER;
            return None;
        };
        members.as_slice().get(slot).map(|(id, member)| (*id, member.addr))
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        if self.is_unanimous() { Instant::NEVER } else { self.digest_probe_at }
    }

    /// Passes evidence on: a few times after each time that there was more of it, and to whoever sends a digest probe. That
    /// everybody agrees is said by the header alone.
    pub(crate) fn piggyback<S: Storage>(
        &mut self,
        cx: &Context<S>,
        outgoing: &Outgoing,
        members: &mut S::Members,
        writer: &mut Writer<'_>,
    ) {
        let probed = outgoing.intent == Intent::Ack(Ping::DIGEST_PROBE);
        // To one that has just asked, and knows something else, it would mean nothing.
        let peer = outgoing.peer.and_then(|id| members.get(&id));
        let lost = probed && peer.is_none_or(|peer| peer.knows != self.digest);
        let wanted = cx.now >= self.settled_at && (self.retransmits.is_pending() || probed) && !lost;
        let len = cx.live.div_ceil(8);
        // If it does not fit, each has to find out for itself.
        if self.is_unanimous() || self.tally == Tally::Unheard || !wanted || writer.room() < len + BESIDE_BITS {
            return;
        }
        self.spend(cx);
        self.retransmits = self.retransmits.after_one();
        self.count(cx, members);
        let me = members.slot(&cx.me.id);
        let Some(bits) = writer.tail().and_then(|room| room.get_mut(..len)) else { return };
        bits.fill(0);
        for (rank, slot) in live_slots::<S>(members).enumerate() {
            if (Some(slot) == me || !self.is_unlike::<S>(members, slot))
                && let Some(byte) = bits.get_mut(rank / 8)
            {
                *byte |= 1 << (rank % 8);
            }
        }
        let _ = writer.put_tailed(&Frame::Agreeing(Agreeing { bits: &[] }), len);
    }

    /// It costs what it costs, however often we speak of it.
    fn spend<S: Storage>(&mut self, cx: &Context<S>) {
        if !core::mem::replace(&mut self.tried, true) {
            self.paid_at = self.paid_at.max(cx.now) + price(cx);
        }
    }

    /// Something was learned: it is worth asking on.
    fn on_evidence<S: Storage>(&mut self, cx: &Context<S>) {
        self.dirty = true;
        self.wait = self.patience;
        self.digest_probe_at = self.digest_probe_at.min((cx.now + self.wait).max(self.settled_at));
    }

    /// Believes of the others that they agree with us, as far as `agrees` says so of their places among the living.
    fn on_all_hearsay<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut S::Members,
        agrees: &dyn Fn(usize) -> bool,
    ) {
        if self.is_unanimous() {
            return;
        }
        self.count(cx, members);
        let (mut rank, mut after) = (0, None);
        // A few at a time, for what is learned of them changes the table that they are found in.
        loop {
            let mut learned = heapless::Vec::<usize, HEARSAY_MAX>::new();
            for slot in members.order(after) {
                let believed =
                    agrees(rank) && self.is_doubtful(cx, members, slot) && self.is_behind::<S>(members, slot);
                if believed && learned.push(slot).is_err() {
                    break;
                }
                rank += usize::from(is_live::<S>(members, slot));
                after = members.as_slice().get(slot).map(|(id, _)| *id);
            }
            for &slot in &learned {
                self.on_evidence(cx);
                self.record(cx, members, slot, self.digest);
            }
            if !learned.is_full() {
                return;
            }
        }
    }

    /// Whether a member was heard to know what we knew before, or nothing, or anything before we knew what we know now: it
    /// may agree by now. One that has since said something that we never said may be ahead.
    fn is_behind<S: Storage>(&self, members: &S::Members, slot: usize) -> bool {
        let Some((_, member)) = members.as_slice().get(slot) else { return false };
        member.knows == Member::<S::Blob>::UNHEARD
            || member.heard_at.is_none_or(|heard_at| heard_at < self.changed_at)
            || self.has_passed(member.knows)
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
        let doubted = self.next_doubtful(cx, members, self.doubted.min(members.len()));
        self.doubted = doubted.unwrap_or(0);
        doubted.is_none()
    }

    /// Counts who agrees, unless that is known.
    fn count<S: Storage>(&mut self, cx: &Context<S>, members: &mut S::Members) {
        if matches!(self.tally, Tally::Counted(_)) {
            return;
        }
        let mut alike = 0;
        for slot in 0..members.len() {
            let Some(row) = members.as_slice().get(slot) else { continue };
            let is_alike = row.1.knows == self.digest;
            alike += usize::from(is_alike && is_other(cx, row));
            members.set_flag(slot, Flag::Unlike, !is_alike);
        }
        self.tally = Tally::Counted(alike);
    }

    /// Notes what a live member is now known to know.
    fn record<S: Storage>(&mut self, cx: &Context<S>, members: &mut S::Members, slot: usize, digest: Digest) {
        let Some((_, member)) = members.at_mut(slot) else { return };
        let (was_alike, is_alike) = (member.knows == self.digest, digest == self.digest);
        member.knows = digest;
        if is_alike {
            member.behind = 0;
            self.retransmits = cx.retransmit_limit();
        }
        match &mut self.tally {
            Tally::Counted(alike) => {
                *alike = *alike + usize::from(is_alike) - usize::from(was_alike);
                members.set_flag(slot, Flag::Unlike, !is_alike);
            }
            tally if is_alike => *tally = Tally::Uncounted,
            Tally::Unheard | Tally::Uncounted => {}
        }
    }
}

fn is_other<S: Storage>(cx: &Context<S>, (id, member): &(NodeId, Member<S::Blob>)) -> bool {
    member.is_live() && *id != cx.me.id
}

fn is_live<S: Storage>(members: &S::Members, slot: usize) -> bool {
    !members.is_set(slot, Flag::Gone, |(_, member)| !member.is_live())
}

/// The live members by id, ourselves included.
fn live_slots<S: Storage>(members: &S::Members) -> impl Iterator<Item = usize> {
    members.order(None).filter(|&slot| is_live::<S>(members, slot))
}

fn knows<S: Storage>(members: &S::Members, slot: usize) -> Digest {
    members.as_slice().get(slot).map_or(Member::<S::Blob>::UNHEARD, |(_, member)| member.knows)
}

fn half(digest: Digest) -> u32 {
    u32::try_from(digest.0 >> 32).unwrap_or(0)
}
