//! What a datagram's header tells of its sender: that it lives, in which life, where, and what it can be asked.
use super::Membership;
use crate::{
    context::{Context, Owed},
    id::{Addr, NodeId},
    records::{Intent, Namesake},
    storage::Storage,
    wire::{Header, Ping, Stores},
};

impl<S: Storage> Membership<S> {
    /// A datagram came from a member: proof that it lives, and of which life.
    pub(crate) fn on_heard(&mut self, cx: &mut Context<S>, from: Addr, header: &Header) {
        self.discovery.book.on_heard(&self.list, from, header.sender);
        if !self.is_live(header.sender) && cx.received.may_announce {
            self.discovery.on_caller(cx, from, header.sender);
        }
        let Some(member) = self.list.get_mut(header.sender) else { return };
        if member.namesake == Namesake::Known {
            if header.generation == member.generation {
                member.heard_at = Some(cx.now);
            }
            let known = member.incarnation;
            return self.names.on_bearer_heard(cx, from, header, known);
        }
        member.heard_at = Some(cx.now);
        // Another life than the one we know, and it does not outdo what we know: it must hear of it, to do so.
        let outdone = header.generation != member.generation && header.incarnation <= member.incarnation;
        let (is_new, is_live) = (member.namesake != Namesake::Heard, member.is_live());
        if outdone && (is_new || !is_live) && from != member.addr {
            if cx.received.may_announce {
                // Nothing else that we send goes there: once for each time that the other one spoke, and each time where there is no
                // other. An announce says what is said of whoever is gone. Else with the next that it sends.
                let intent = if is_live { Intent::News } else { Intent::Ping(Ping::ANNOUNCE) };
                if cx.answer(from, header.sender, intent) == Owed::Soon {
                    member.namesake = Namesake::Heard;
                }
            }
            return;
        }
        member.namesake = if outdone { Namesake::Heard } else { Namesake::None };
        if from != member.addr && header.incarnation > member.incarnation && cx.received.may_announce {
            // It speaks from elsewhere and has more to say of itself than we heard: it moved, and what we send it does not
            // arrive. Whoever answers an announce introduces itself.
            cx.answer(from, header.sender, Intent::Ping(Ping::ANNOUNCE));
        }
    }

    /// A member tells which stores it keeps: says whether that is news.
    pub(crate) fn on_stores_heard(&mut self, cx: &mut Context<S>, id: NodeId, stores: Stores) -> bool {
        let Some(slot) = self.list.slot(id).filter(|_| !self.has_name_conflict(id)) else { return false };
        let mut is_news = false;
        self.list.update(cx, slot, |member| {
            let heard = member.capabilities.with_stores(stores);
            is_news = heard.stores() != member.capabilities.stores();
            member.capabilities = heard;
        });
        is_news
    }
}
