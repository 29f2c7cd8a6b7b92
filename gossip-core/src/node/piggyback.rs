//! Which news rides on a datagram, and in what order.
//!
//! Whatever a datagram is for, there is room in it. First comes what the receiver must know to deal with us at all; then
//! critical rumors, ahead of everything; then members, in half of what is left, so that a flood of arrivals does not
//! silence the application; then the application's rumors and writes; last, evidence of agreement.
use super::Node;
use crate::{
    records::{Intent, Outgoing},
    storage::Storage,
    wire::{Ping, Urgency, Writer},
};

impl<S: Storage> Node<S> {
    pub(super) fn piggyback(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        self.membership.introduce(&self.cx, outgoing.peer, outgoing.intent, writer);
        let knock = matches!(outgoing.intent, Intent::Ping(Ping::KNOCK) | Intent::Ack(Ping::KNOCK));
        if knock || !self.is_trusted(outgoing.peer) {
            return;
        }
        self.dissemination.piggyback(&self.cx, Urgency::Critical, writer);
        if self.dissemination.has_news() || self.replica.has_news() {
            writer.reserve(writer.room() / 2);
        }
        self.membership.piggyback(&mut self.cx, outgoing.peer, writer);
        writer.release();
        self.dissemination.piggyback(&self.cx, Urgency::Normal, writer);
        self.replica.piggyback(writer);
        self.convergence.piggyback(&self.cx, outgoing, self.membership.table_mut(), writer);
    }
}
