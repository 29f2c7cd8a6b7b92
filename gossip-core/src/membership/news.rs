//! Which members ride on a datagram, and what a peer lacks of them.
use super::Membership;
use crate::{
    context::Context,
    id::{Generation, Incarnation, Life, NodeId},
    records::{Claim, Intent, Member, Question},
    storage::Storage,
    table::{Mark, Smallest, Table},
    wire::{Accusation, Frame, Items, MemberFrame, Ping, Standing, Writer, write_items},
};
use serde::{Deserialize, Serialize};

/// Most rows written into one datagram.
const PICKED_MAX: usize = 32;
/// From among so many rows that are news. When thousands join at once, there are more; those come with the next datagrams.
const CONSIDERED_MAX: usize = 256;

/// What an asker knows of one member: an item of a summary.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Known {
    id: NodeId,
    generation: Generation,
    incarnation: Incarnation,
    standing: Standing,
    stated: Incarnation,
}

impl Known {
    const fn of<B>(id: NodeId, member: &Member<B>) -> Self {
        let Claim { incarnation, standing, generation } = member.claim();
        Self { id, generation, incarnation, standing, stated: member.stated }
    }

    const fn claim(&self) -> Claim {
        Claim { incarnation: self.incarnation, standing: self.standing, generation: self.generation }
    }
}

impl<S: Storage> Membership<S> {
    /// Tells `peer` what it must know to deal with us: what is said against it, and who we are, unless it has long counted
    /// us in. A knock and its answer always say that: they are how nodes get to know each other.
    pub(crate) fn introduce(&self, cx: &Context<S>, peer: Option<NodeId>, intent: Intent, writer: &mut Writer<'_>) {
        let known = peer.and_then(|id| self.members.get(&id));
        if let (Some(id), Some(member)) = (peer, known)
            && (member.standing != Standing::Alive || member.contested)
        {
            // Told first to whom it concerns: it can contradict at once (Lifeguard's "buddy").
            let _ = writer.put(&accusation(id, member));
        }
        let stranger = known.is_none_or(|member| !member.is_live() || member.heard_at.is_none());
        let knock = matches!(intent, Intent::Ping(Ping::KNOCK) | Intent::Ack(Ping::KNOCK));
        if (stranger || knock)
            && let Some(me) = self.members.get(&cx.me.id)
        {
            let _ = writer.put(&news(cx.me.id, me));
        }
    }

    /// Fills what is left of a datagram with news of members: our own first, then what was told least.
    pub(crate) fn piggyback(&mut self, cx: &mut Context<S>, writer: &mut Writer<'_>) {
        if self.hot == 0 {
            return;
        }
        let ours = self.members.slot(&cx.me.id);
        let rank = |slot| {
            let (_, member): &(NodeId, Member<S::Blob>) = self.members.as_slice().get(slot)?;
            let told = if Some(slot) == ours { 0 } else { u8::MAX - member.heat.0 };
            member.heat.is_hot().then_some((told, slot))
        };
        let hot_from = |from| self.members.marked(from, Mark::Hot, |(_, member)| member.heat.is_hot());
        let round = hot_from(self.tell_from).chain(hot_from(0).take_while(|&slot| slot < self.tell_from));
        let mut considered = 0;
        let mut last = 0;
        let others = round.filter(|&slot| Some(slot) != ours).take(CONSIDERED_MAX).inspect(|&slot| {
            considered += 1;
            last = slot;
        });
        let picked = Smallest::<_, PICKED_MAX>::of(ours.into_iter().chain(others).filter_map(rank));
        self.tell_from = if considered == CONSIDERED_MAX { last + 1 } else { 0 };
        for &(_, slot) in picked.as_slice() {
            let Some((id, member)) = self.members.as_slice().get(slot) else { continue };
            if writer.put(&news(*id, member)) {
                self.update(cx, slot, |member| member.heat = member.heat.cooled());
            }
        }
    }

    pub(crate) fn has_news(&self) -> bool {
        self.hot > 0
    }

    /// Writes what we know of the members from `from` on, and says up to where it fitted.
    pub(crate) fn summarise(&self, from: Life, out: &mut [u8]) -> (usize, Life) {
        let before = from.origin.0.checked_sub(1).map(NodeId);
        let (len, unfit) = write_items(out, self.members.ascending(before).map(|(id, member)| Known::of(*id, member)));
        // Its row is where the next range begins.
        let begins = |known: Known| Life { origin: known.id, generation: Generation(0) };
        (len, unfit.map_or(Life::LAST, |known| begins(known).predecessor()))
    }

    /// Writes what the asker lacks, and says whether that was all of it.
    pub(crate) fn serve(&self, question: &Question<S::Summary>, writer: &mut Writer<'_>) -> bool {
        let mut items = Items::<Known>::of(question.summary.as_ref());
        let before = question.from.origin.0.checked_sub(1).map(NodeId);
        let rows = self.members.ascending(before).take_while(|(id, _)| *id <= question.until.origin);
        for (id, member) in rows {
            let lacks = match items.seek(*id, |known| known.id) {
                Some(known) => known.claim() < member.claim() || known.stated < member.stated,
                // Who is gone is no news to one who never knew it.
                None => member.is_live(),
            };
            if lacks && !writer.put(&news(*id, member)) {
                return false;
            }
        }
        true
    }
}

/// What is to be said of a member: its own words while it lives, else what became of it.
fn news<B: AsRef<[u8]>>(id: NodeId, member: &Member<B>) -> Frame<'_> {
    // An accusation may have run ahead of the words that we have; those would be taken for later ones than they are.
    if !member.is_live() || member.stated != member.incarnation {
        return accusation(id, member);
    }
    Frame::Member(MemberFrame {
        id,
        generation: member.generation,
        incarnation: member.incarnation,
        standing: member.standing,
        addr: member.addr,
        presence: member.presence.as_ref(),
    })
}

fn accusation<B>(id: NodeId, member: &Member<B>) -> Frame<'static> {
    let Claim { incarnation, standing, generation } = member.claim();
    Frame::Accusation(Accusation { id, generation, incarnation, standing, by: member.by })
}
