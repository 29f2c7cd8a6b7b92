//! Which members ride on a datagram.
use super::{Membership, health::Health};
use crate::{
    config::{
        dissemination::{CROWD, PICKED_MAX, PUSHED_MAX, RELAYED_BY_MANY},
        joining::NEWCOMER_FOR,
    },
    context::Context,
    id::NodeId,
    path::Proof,
    records::{Claim, Intent, Member, Namesake, Retransmits, Suspicion},
    storage::Storage,
    table::Smallest,
    time::Span,
    wire::{Accusation, Cause, Frame, MemberFrame, Ping, Standing, Writer},
};

impl<S: Storage> Membership<S> {
    /// Tells `peer` what it must know to deal with us: what is said against it, and who we are, unless it has long counted
    /// us in. An announce and its answer always say that: they are how nodes get to know each other.
    pub(crate) fn introduce(&self, cx: &Context<S>, peer: Option<NodeId>, intent: Intent, writer: &mut Writer<'_>) {
        let known = peer.and_then(|id| self.list.get(id));
        if let (Some(id), Some(member)) = (peer, known)
            && (member.standing != Standing::Alive
                || member.namesake == Namesake::Heard
                || member.suspicion != Suspicion::None)
        {
            // Told first to whom it concerns: it can contradict at once (Lifeguard's "buddy"). To one of two that go by one name,
            // rather what the other says, for that tells where it is.
            let accused = member.standing != Standing::Alive || member.suspicion != Suspicion::None;
            let _ = !accused && writer.put(&news(id, member)) || writer.put(&accusation_to_itself(id, member));
        }
        // All others have heard of us by now, or will ask who we are.
        let newcomer =
            self.list.get(cx.me.id).is_some_and(|me| cx.now < me.since + cx.config.probe_interval.times(NEWCOMER_FOR));
        let stranger = known.is_none_or(|member| !member.is_live() || member.heard_at.is_none() && newcomer);
        let announces = matches!(intent, Intent::Ping(Ping::ANNOUNCE) | Intent::Ack(Ping::ANNOUNCE));
        let Some(me) = self.list.get(cx.me.id) else { return };
        if stranger || announces {
            let _ = writer.put(&news(cx.me.id, me));
        }
    }

    /// Fills what is left of a datagram with news of members: our own first, then what was told least.
    /// One that is too long for a path that is known counts as told: the receiver has to have it from others.
    pub(crate) fn piggyback(
        &mut self,
        cx: &mut Context<S>,
        peer: Option<NodeId>,
        path: Proof,
        writer: &mut Writer<'_>,
    ) {
        self.names.piggyback(cx, writer);
        if self.list.counts.pending == 0 {
            return;
        }
        let crowd = self.list.counts.pending > PUSHED_MAX;
        let ours = self.list.slot(cx.me.id);
        let rank = |slot: usize| {
            let (_, member) = self.list.row(slot)?;
            let told = if Some(slot) == ours { 0 } else { u8::MAX - member.retransmits.0 };
            (!crowd || is_never_pulled(member)).then_some((told, slot))
        };
        let picked = Smallest::<_, PICKED_MAX>::of(self.list.pending_from(0).filter_map(rank));
        for &(_, slot) in picked.as_slice() {
            let Some((id, member)) = self.list.row(slot) else { continue };
            let of_itself = peer == Some(*id) && *id != cx.me.id;
            if of_itself && cx.live > 2 {
                // It knows, or was told already; the copies that we owe are for the others.
                continue;
            }
            let done = of_itself || writer.put(&told(*id, member));
            if done || writer.is_bare() && path == Proof::Settled {
                self.list.update(cx, slot, |member| member.retransmits = member.retransmits.after_one());
            }
        }
    }

    /// Writes what we hold against a member that is gone; nothing, if it is there again, or forgotten.
    pub(crate) fn put_verdict(&self, id: NodeId, writer: &mut Writer<'_>) -> bool {
        self.list.get(id).is_some_and(|member| !member.is_live() && writer.put(&accusation(id, member)))
    }

    /// How often what others said of a member is told on. Where many tell it and next to nothing is lost, a push that reaches
    /// six of seven will do: the rest is told in passing, at the price of the datagrams that there are anyway.
    pub(super) fn relay_retransmits(&self, cx: &Context<S>) -> Retransmits {
        let retransmits = cx.relay_retransmits();
        if relays_little(cx, &self.health) { retransmits.min(RELAYED_BY_MANY) } else { retransmits }
    }

    /// A round of pushes is over. Of what is too much to be pushed, a retransmit is spent all the same: it is left to those who
    /// find that they lack it.
    pub(crate) fn on_round(&mut self, cx: &mut Context<S>) {
        if self.list.counts.pending > PUSHED_MAX {
            self.spend_retransmits(cx);
        }
    }

    /// Somebody knows all that we have to tell: spends a retransmit of each pending row.
    pub(crate) fn spend_retransmits(&mut self, cx: &mut Context<S>) {
        let mut from = 0;
        loop {
            let Some(slot) = self.list.pending_from(from).next() else { return };
            if !self.list.row(slot).is_some_and(|(_, member)| is_never_pulled(member)) {
                self.list.update(cx, slot, |member| member.retransmits = member.retransmits.after_one());
            }
            from = slot + 1;
        }
    }
}

/// Whether news is so common, and so surely comes across, that it is told as seldom as will do. Smaller clusters see too
/// little of it to save any.
pub(super) fn relays_little<S: Storage>(cx: &Context<S>, health: &Health) -> bool {
    cx.live >= CROWD && health.sees_no_loss()
}

/// Whether it is known to whoever was told, and to nobody else: a suspicion shows in no digest.
fn is_never_pulled<B>(member: &Member<B>) -> bool {
    member.standing == Standing::Suspect
}

/// What is to be told of a member: what is said against it where there is anything, with all who say so.
pub(super) fn told<B: AsRef<[u8]>>(id: NodeId, member: &Member<B>) -> Frame<'_> {
    if member.standing == Standing::Suspect { accusation(id, member) } else { news(id, member) }
}

/// What is to be said of a member to one who may never have heard of it: its own words while it lives, else what became of it.
pub(super) fn news<B: AsRef<[u8]>>(id: NodeId, member: &Member<B>) -> Frame<'_> {
    // An accusation may have run ahead of the words that we have; those would be taken for later ones than they are.
    if !member.is_live() || (member.stated, member.stated_in) != (member.incarnation, member.generation) {
        return accusation(id, member);
    }
    Frame::Member(MemberFrame {
        id,
        generation: member.generation,
        incarnation: member.incarnation,
        standing: member.standing,
        addr: member.addr,
        capabilities: member.capabilities,
        presence: member.extended(),
    })
}

/// The accusation that a member is told of itself: a verdict that we doubt, too.
fn accusation_to_itself<B>(id: NodeId, member: &Member<B>) -> Frame<'static> {
    let doubted = member.standing == Standing::Alive && member.suspicion != Suspicion::None;
    match accusation(id, member) {
        Frame::Accusation(said) if doubted => {
            Frame::Accusation(Accusation { standing: Standing::Down, cause: Cause::Silence, ..said })
        }
        frame => frame,
    }
}

fn accusation<B>(id: NodeId, member: &Member<B>) -> Frame<'static> {
    let Claim { incarnation, standing, generation } = member.claim();
    let Member { by, cause, accusers, .. } = *member;
    Frame::Accusation(Accusation { id, generation, incarnation, standing, by, cause, accusers })
}
