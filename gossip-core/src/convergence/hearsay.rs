//! Hearsay: evidence of who agrees, passed on and believed.
//!
//! Why it may be believed: the teller's header has our digest, so that what it says of others it says of just what we know; and it
//! says so of those that it heard with that digest, or of whom another said so that had it. Whoever had a digest once knows what it
//! stands for still, whatever it has learned since: all that is replicated only grows, and a member that leaves the digest is one
//! whose row has risen to a verdict. That each keeps the same stores as we do does not follow: hence `stores`.
use super::{Convergence, is_live, tally::Tally};
use crate::{
    columns::Knowledge,
    context::Context,
    id::NodeId,
    records::{Intent, Member, Outgoing},
    storage::Storage,
    table::Table,
    time::Instant,
    wire::{Agreeing, Frame, Ping, Stores, Writer},
};

/// As many members are looked up at a time.
const LOOKED_UP_MAX: usize = 16;

/// More than a datagram takes for the bits of [`Agreeing`] beside the bits themselves.
const BESIDE_BITS: usize = 32;

/// Of whom it is said that they agree.
#[derive(Clone, Copy)]
enum Hearsay<'a> {
    /// Of those whose bits are set, by their ranks among the living.
    Of(&'a [u8]),
    /// Of all: each of them has had our digest, also one that was heard to have another, unless that was after all agreed.
    OfAll,
}

impl Hearsay<'_> {
    fn is_of(self, rank: usize) -> bool {
        match self {
            Self::Of(bits) => bits.get(rank / 8).is_some_and(|byte| byte >> (rank % 8) & 1 == 1),
            Self::OfAll => true,
        }
    }
}

impl Convergence {
    /// A member that knows what we know of `stores`, which it keeps, has heard of others that do.
    pub(crate) fn on_agreeing<S: Storage>(
        &mut self,
        cx: &Context<S>,
        bits: &[u8],
        stores: Stores,
        members: &mut Knowledge<'_, S>,
    ) {
        self.on_all_hearsay(cx, members, stores, Hearsay::Of(bits));
    }

    /// A member that knows what we know of `stores`, which it keeps, has heard that everybody does.
    pub(crate) fn on_unanimous<S: Storage>(&mut self, cx: &Context<S>, stores: Stores, members: &mut Knowledge<'_, S>) {
        self.on_all_hearsay(cx, members, stores, Hearsay::OfAll);
    }

    /// Passes evidence on: a few times after each time that there was more of it, and to whoever sends a digest probe. That
    /// everybody agrees is said by the header alone.
    pub(crate) fn piggyback<S: Storage>(
        &mut self,
        cx: &Context<S>,
        outgoing: &Outgoing,
        members: &mut Knowledge<'_, S>,
        writer: &mut Writer<'_>,
    ) {
        let probed = outgoing.intent == Intent::Ack(Ping::DIGEST_PROBE);
        // To one that has just asked, and knows something else, it would mean nothing.
        let peer = outgoing.peer.and_then(|id| members.get(&id));
        let in_vain = probed && peer.is_none_or(|peer| peer.knows != self.digest);
        let wanted = cx.now >= self.hearsay_at
            && !self.goes_by_tree(cx)
            && (self.retransmits.is_pending() || probed)
            && !in_vain;
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
        for (rank, slot) in live_slots::<S>(members, None).enumerate() {
            if (Some(slot) == me || !self.is_unlike::<S>(members, slot))
                && let Some(byte) = bits.get_mut(rank / 8)
            {
                *byte |= 1 << (rank % 8);
            }
        }
        let _ = writer.put_tailed(&Frame::Agreeing(Agreeing { bits: &[] }), len);
    }

    /// Believes of the others that they agree with us, as far as it is said of their places among the living. Of what the one
    /// who says so does not keep, it cannot tell: whoever shares more with us than `stores` is to be heard itself.
    fn on_all_hearsay<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Knowledge<'_, S>,
        stores: Stores,
        hearsay: Hearsay<'_>,
    ) {
        if self.is_unanimous() {
            return;
        }
        self.count(cx, members);
        let (mut rank, mut after) = (0, None);
        // A few at a time, for what is learned of them changes the table that they are found in.
        loop {
            let mut learned = heapless::Vec::<usize, LOOKED_UP_MAX>::new();
            for slot in members.order(after) {
                let believed = hearsay.is_of(rank)
                    && self.is_doubtful(cx, members, slot)
                    && self.may_have_caught_up::<S>(members, slot, self.heard_before(hearsay))
                    && stores.contains_all(shared_with(cx, members, slot));
                if believed && learned.push(slot).is_err() {
                    break;
                }
                rank += usize::from(is_live::<S>(members, slot));
                after = members.as_slice().get(slot).map(|(id, _)| *id);
            }
            for &slot in &learned {
                self.overruled |= !self.may_have_caught_up::<S>(members, slot, self.changed_at);
                self.on_evidence(cx);
                self.record(cx, members, slot, self.digest);
            }
            if !learned.is_full() {
                return;
            }
        }
    }

    /// What was heard before then does not count against hearsay. Among many who learn the same news in different orders, each is
    /// heard with digests that the others never had; that all have had ours is believed all the same, once: whoever contradicts
    /// then is ahead of us.
    const fn heard_before(&self, hearsay: Hearsay<'_>) -> Instant {
        match hearsay {
            Hearsay::OfAll if !self.contradicted => Instant::NEVER,
            Hearsay::OfAll | Hearsay::Of(_) => self.changed_at,
        }
    }

    /// Whether a member was heard to know what we knew before, or nothing, or anything `before` then: it may agree by now. One
    /// that has since said something that we never said may be ahead.
    fn may_have_caught_up<S: Storage>(&self, members: &S::Members, slot: usize, before: Instant) -> bool {
        let Some((_, member)) = members.as_slice().get(slot) else { return false };
        member.knows == Member::<S::Blob>::UNHEARD
            || member.heard_at.is_none_or(|heard_at| heard_at < before)
            || self.has_passed(member.knows)
    }
}

/// Which stores both we and a member keep.
fn shared_with<S: Storage>(cx: &Context<S>, members: &S::Members, slot: usize) -> Stores {
    let row = members.as_slice().get(slot);
    row.map_or_else(|| cx.stores(), |(_, member)| cx.shared_with(member.capabilities))
}

/// The slots of the live members by id, ourselves included, from the first one beyond `after` on.
fn live_slots<S: Storage>(members: &S::Members, after: Option<NodeId>) -> impl Iterator<Item = usize> {
    members.order(after).filter(|&slot| is_live::<S>(members, slot))
}

/// Those members.
pub(super) fn live<S: Storage>(
    members: &S::Members,
    after: Option<NodeId>,
) -> impl Iterator<Item = &(NodeId, Member<S::Blob>)> {
    live_slots::<S>(members, after).filter_map(|slot| members.as_slice().get(slot))
}
