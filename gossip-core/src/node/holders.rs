//! Who has what of ours: one question, and one place that asks it and records the answers, for a farewell and for whatever waits.
//!
//! The question carries what the asked lacks of ours, as far as we know; the answer says how far it has all. That somebody was heard
//! with our digest is as good an answer.
use super::Node;
use crate::{
    context::Credit,
    id::{Life, NodeId},
    records::Intent,
    stats::Counter,
    storage::Storage,
    wire::{Confirmed, Header, Store, Stores, Writer},
};
use serde::{Deserialize, Serialize};

/// So many of our writes and rumors, the first of this life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    pub(super) written: u32,
    pub(super) published: u32,
}

/// What an answer calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answered {
    /// Nobody asked.
    Unasked,
    /// Nothing at once: it has all, or no more than before.
    Noted,
    /// It has more than before and not all: it is told the next.
    Progress,
}

impl Extent {
    /// Which stores there is something of ours in.
    pub(super) fn stores(self) -> Stores {
        let all = [Store::Rumors, Store::Entries].into_iter().filter(|&store| self.of(store) > 0);
        all.fold(Stores::NONE, Stores::with)
    }

    /// How much there is in a store.
    pub(super) const fn of(self, store: Store) -> u32 {
        match store {
            Store::Rumors => self.published,
            Store::Entries => self.written,
            _ => 0,
        }
    }

    /// As much as either of them.
    pub(super) fn and(self, other: Self) -> Self {
        Self { written: self.written.max(other.written), published: self.published.max(other.published) }
    }

    /// What is left of this beyond `other`.
    pub(super) const fn beyond(self, other: Self) -> Self {
        Self {
            written: self.written.saturating_sub(other.written),
            published: self.published.saturating_sub(other.published),
        }
    }
}

impl From<&Confirmed> for Extent {
    fn from(confirmed: &Confirmed) -> Self {
        Self { written: confirmed.written, published: confirmed.published }
    }
}

impl<S: Storage> Node<S> {
    pub(super) fn ask_to_confirm(&mut self, id: NodeId) {
        if let Some(addr) = self.membership.get(id).map(|member| member.addr) {
            self.cx.send(addr, Some(id), Intent::Confirm);
        }
    }

    /// Writes what a member that is asked lacks of ours.
    pub(super) fn hand_over(&self, peer: Option<NodeId>, writer: &mut Writer<'_>) {
        let Some((stores, Extent { written, published })) =
            peer.and_then(|id| self.handed_over_to(id).or_else(|| self.confirmed_by(id)))
        else {
            return;
        };
        let all = self.extent();
        if stores.contains(Store::Rumors) {
            self.stores.rumors.hand_over(&self.cx, published, writer);
        }
        if stores.contains(Store::Entries) && written < all.written {
            self.stores.entries.serve_writer(self.cx.me.writer(), written, all.written, writer);
        }
    }

    /// How much of what an asker wrote and published we have.
    pub(super) fn confirmed(&self, asker: Life) -> Confirmed {
        let (written, published) = (self.stores.entries.seen(asker), self.stores.rumors.seen(asker));
        Confirmed { generation: asker.generation, written, published }
    }

    /// A member says how much of ours it has: if that is more than before and not all, it is told the next at once.
    pub(super) fn on_confirmed(&mut self, header: &Header, confirmed: &Confirmed) {
        let answered = if confirmed.generation == self.cx.me.generation {
            let has = confirmed.into();
            self.note_handed_over(header.sender, has).max(self.note_confirmed(header, has))
        } else {
            Answered::Unasked
        };
        match answered {
            Answered::Unasked => return self.cx.count(Counter::StaleAnswers),
            // Whoever was never heard at its address before gets no more than it sent: that is asked by the timer.
            Answered::Progress if self.cx.received.credit == Credit::Full => self.ask_to_confirm(header.sender),
            Answered::Progress | Answered::Noted => {}
        }
        self.finish_when_handed_over();
    }

    /// Somebody knows all that we know of `stores`: what is ours by now does not go with us.
    pub(super) fn on_held(&mut self, header: &Header, stores: Stores) {
        let Extent { written, published } = self.extent();
        let of = |store, all| if stores.contains(store) { all } else { 0 };
        let held = Extent { written: of(Store::Entries, written), published: of(Store::Rumors, published) };
        self.held = self.held.and(held);
        if stores.contains(Store::Entries) {
            self.note_confirmed(header, held);
        }
    }

    /// How much we wrote and published in this life.
    pub(super) fn extent(&self) -> Extent {
        Extent { written: self.stores.entries.written(&self.cx), published: self.stores.rumors.published() }
    }

    /// Whether we wrote or published anything in this life.
    #[cfg(feature = "sim")]
    pub(crate) fn has_words_of_its_own(&self) -> bool {
        !self.extent().stores().is_empty()
    }

    /// Whether one of the others has all that we wrote in this life, and one, perhaps another for want of room, all that we published.
    #[cfg(feature = "sim")]
    pub(crate) fn is_held_by<'n>(&self, others: impl Iterator<Item = &'n Self>) -> bool {
        let of_ours = others.map(|other| Extent::from(&other.confirmed(self.cx.me.writer())));
        let held = of_ours.fold(Extent::default(), Extent::and);
        self.extent().beyond(held) == Extent::default()
    }

    /// The last write of our present life; its number is zero where there is none.
    #[cfg(feature = "sim")]
    pub(crate) fn last_write(&self) -> crate::id::Dot {
        self.cx.me.writer().dot(self.extent().written)
    }

    /// Whether we have seen all writes of a life up to this one.
    #[cfg(feature = "sim")]
    pub(crate) fn has_seen(&self, write: crate::id::Dot) -> bool {
        self.stores.entries.seen(write.writer()) >= write.sequence
    }
}
