//! Anti-entropy: what follows from a digest that is ours, or another; questions, and what their answers show.
use super::Node;
use crate::{
    config::ranges::DATAGRAM_LEN_MIN,
    context::Credit,
    id::NodeId,
    path_search::PathSearch,
    reconcile::{Difference, Peer, Same},
    records::{Intent, Outgoing, Question},
    replicated::Replicated,
    stats::Counter,
    storage::Storage,
    table::{Blob, Queue},
    wire::{Compare, Header, Pull, PullEnd, Remainder, Store, StoreDigests, Stores},
};

impl<S: Storage> Node<S> {
    /// What an answer shows of the path that it came by. One that is not cut short is as long as those would have been that
    /// did not come.
    pub(super) fn learn_length(&mut self, answerer: NodeId, end: &PullEnd) {
        let Some(failures) = self.reconcile.failures_of(answerer, end.token) else { return };
        let members = &mut self.membership.lend();
        if failures > 0 && end.remainder != Remainder::Nothing {
            self.paths.on_failures(&self.cx, members, answerer, failures);
        }
        PathSearch::on_answer(&self.cx, members, answerer, self.cx.received.len);
        if end.remainder != Remainder::Nothing {
            self.paths.on_cut_short(&self.cx, members, answerer);
        }
        if end.remainder == Remainder::TooLong {
            self.paths.on_blocked(&self.cx, members, answerer);
        }
    }

    /// A member itself tells which stores it keeps: what others told of that, before it was heard, may have been wrong.
    fn on_stores_heard(&mut self, from: NodeId, stores: Stores) {
        if self.cx.received.credit == Credit::Full && self.membership.on_stores_heard(&mut self.cx, from, stores) {
            let members = &mut self.membership.lend();
            self.convergence.on_stores_heard(&self.cx, members, from);
            self.waits.on_stores_heard();
        }
    }

    /// Nothing is to be had from the other side, so that it may be us who have something to give.
    pub(super) fn on_unresolved(&mut self) {
        if self.reconcile.take_unresolved() {
            self.stores.entries.re_announce(&self.cx);
        }
    }

    pub(super) fn on_compare(&mut self, header: &Header, compare: &Compare) {
        let asker = header.sender;
        let Some(addr) = self.addr_of_asker(header) else { return };
        let len_max = self.agreed_len(compare.len_max);
        self.cx.owe(Outgoing {
            to: addr,
            peer: Some(asker),
            intent: Intent::StoreDigests(compare.digests.get(Store::Members).unwrap_or_default()),
            len_max,
        });
        self.on_stores_heard(asker, compare.digests.stores());
        let ours = self.store_digests();
        if !ours.differing(&compare.digests).is_empty() && self.membership.is_live(asker) {
            let (ours, theirs) = (ours.of(compare.digests.stores()), compare.digests.of(ours.stores()));
            self.on_differing(header, Difference { ours: self.digest_of(&ours), theirs: self.digest_of(&theirs) });
        }
    }

    pub(super) fn on_store_digests(&mut self, answerer: NodeId, theirs: &StoreDigests) {
        self.on_stores_heard(answerer, theirs.stores());
        let ours = self.store_digests();
        // Of members, there may be nothing to ask it, although they differ.
        let (our_members, their_members) = (self.membership.digest(), theirs.get(Store::Members).unwrap_or_default());
        let digest = self.digest();
        let is_ahead = self.is_ahead_of(self.digest_with_members(ours.stores())(their_members), ours.stores());
        let members = if is_ahead { our_members } else { their_members };
        let theirs = theirs.with(Store::Members, members);
        self.reconcile.on_store_digests(&mut self.cx, answerer, &theirs, &ours, digest);
        self.on_unresolved();
    }

    /// Keeps a question until the next drain: it is answered with what we know then.
    pub(super) fn on_pull(&mut self, header: &Header, pull: &Pull<'_>) {
        let (asker, generation) = (header.sender, header.generation);
        if self.addr_of_asker(header).is_none() {
            return;
        }
        if !self.cx.stores().contains(pull.store) {
            // We have said that we keep none: the asker has yet to hear so.
            self.cx.count(Counter::QuestionsShed);
            return;
        }
        let Some(summary) = S::Summary::copy_of(pull.summary) else {
            self.cx.count(Counter::QuestionsShed);
            return;
        };
        let Pull { token, store, from, until, .. } = *pull;
        let len_max = self.agreed_len(pull.len_max);
        self.paths.on_wanted(&self.cx, &mut self.membership.lend(), asker, len_max);
        let question = Question { peer: asker, generation, token, store, from, until, len_max, summary };
        if store == Store::Entries {
            self.convergence.on_behind::<S>(&mut self.membership.lend(), asker, self.stores.entries.behind(&question));
        }
        if self.questions.push_back(question).is_err() {
            self.cx.count(Counter::QuestionsShed);
        }
    }

    /// How long the answer to a member's question may be: as long as it says, within reason.
    fn agreed_len(&self, wanted: u16) -> u16 {
        let len_max = self.cx.config.datagram_len_max;
        wanted.clamp(DATAGRAM_LEN_MIN.min(len_max), len_max)
    }

    pub(super) fn on_differing(&mut self, header: &Header, difference: Difference) {
        let id = header.sender;
        if self.membership.has_name_conflict(id) && self.cx.received.credit != Credit::Full {
            // Where others say that one of two is: it is asked once it has been heard before.
            return;
        }
        if let Some(member) = self.membership.get(id)
            && let Some(&addr) = self.membership.addr_of(id, header.generation)
        {
            let peer = Peer { id, addr, round_trip: member.round_trip, difference };
            self.reconcile.on_differing(&mut self.cx, peer);
        }
    }

    /// The digest in every header says whether there is anything to talk about.
    pub(super) fn compare_digests(&mut self, header: &Header) {
        if !self.membership.is_live(header.sender) {
            return;
        }
        let (all, shared) = (self.digest(), self.shared_with(Some(header.sender)));
        let ours = self.part_of(all, shared);
        self.convergence.set_digest(&self.cx, all);
        let knows = if header.digest == ours { all } else { header.digest };
        self.convergence.on_heard(&self.cx, &mut self.membership.lend(), header.sender, knows);
        if header.digest != ours {
            if self.is_ahead_of(header.digest, shared) {
                // There is nothing to ask it; it will ask us.
                return;
            }
            self.on_differing(header, Difference { ours, theirs: header.digest });
            return;
        }
        self.on_held(header, shared);
        if shared.contains(Store::Rumors) {
            self.stores.rumors.on_caught_up();
        }
        if self.reconcile.on_same(header.sender) == Same::AskAnyway {
            self.on_differing(header, Difference { ours, theirs: ours });
        }
        self.membership.spend_retransmits(&mut self.cx);
        if header.is_unanimous() {
            self.convergence.on_unanimous(&self.cx, shared, &mut self.membership.lend());
        }
        if header.is_subtree() && !header.is_unanimous() && shared == self.cx.stores() {
            self.on_report(header.sender);
        }
    }

    /// A member says that all below it in the tree of our digest have had it, and knows not that all have.
    fn on_report(&mut self, from: NodeId) {
        if !self.convergence.is_unanimous() {
            self.convergence.on_report(&self.cx, &mut self.membership.lend(), from);
        } else if self.convergence.is_child::<S>(self.membership.table(), from)
            && let Some(member) = self.membership.get(from)
        {
            self.cx.answer(member.addr, from, Intent::Agreement);
        }
    }
}
