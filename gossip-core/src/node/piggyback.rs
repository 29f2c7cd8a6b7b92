//! Piggyback (SWIM §4.1): which news rides on a datagram, and in what order.
//!
//! Whatever a datagram is for, there is room in it. First comes what the receiver must know to deal with us at all; then
//! critical rumors, ahead of everything; then members, in half of what is left, so that a flood of arrivals does not
//! silence the application; then the application's rumors and writes; last, evidence of agreement.
use super::{
    Node,
    stores::{ask_store, each_store},
};
use crate::{
    path::Proof,
    records::{Intent, Outgoing},
    replicated::{Replicated, ReplicatedData},
    storage::Storage,
    wire::{Ping, Store, Stores, Urgency, Writer},
};

impl<S: Storage> Node<S> {
    pub(super) fn piggyback(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        self.membership.introduce(&self.cx, outgoing.peer, outgoing.intent, writer);
        let announces = matches!(outgoing.intent, Intent::Ping(Ping::ANNOUNCE) | Intent::Ack(Ping::ANNOUNCE));
        if announces || !self.is_trusted(outgoing.peer) {
            return;
        }
        let path = self.path_of(outgoing.peer);
        let stores = self.shared_with(outgoing.peer);
        self.piggyback_stores(stores, Urgency::Critical, path.proof, writer);
        let mut too_long = writer.take_too_long();
        let has_news = |number| stores.contains(number) && ask_store!(self, number, store => store.has_news());
        let shared = Store::ALL.into_iter().any(|number| number != Store::Members && has_news(number));
        if shared {
            writer.reserve(writer.room() / 2);
        }
        let of_members = if shared { Proof::Untried } else { path.proof };
        self.membership.piggyback(&mut self.cx, outgoing.peer, of_members, writer);
        writer.release();
        // In half a datagram, what does not fit may fit a whole one.
        let of_members = writer.take_too_long();
        too_long += if shared { 0 } else { of_members };
        self.piggyback_stores(stores, Urgency::Normal, path.proof, writer);
        self.on_too_long(outgoing.peer, too_long + writer.take_too_long());
        self.convergence.piggyback(&self.cx, outgoing, &mut self.membership.lend(), writer);
    }

    fn piggyback_stores(&mut self, stores: Stores, urgency: Urgency, path: Proof, writer: &mut Writer<'_>) {
        each_store!(self.stores, (number, store) => if stores.contains(number) {
            store.piggyback(&self.cx, urgency, path, writer);
        });
    }
}
