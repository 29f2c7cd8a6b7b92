//! Which machine a frame goes to.
use super::{
    Node,
    stores::{ask_store, each_store},
};
use crate::{
    config::DATAGRAM_LEN_MIN,
    context::{Credit, Source},
    dissemination::{AskPublisher, Authority},
    id::{Addr, Life, NodeId},
    membership::Change,
    path_search::PathSearch,
    reconcile::{Difference, Peer, Same},
    records::{Intent, Member, Outgoing, Question},
    replicated::Replicated,
    storage::Storage,
    table::{Blob, Queue},
    time::Span,
    wire::{
        Ack, Cause, Clock, Compare, Confirm, Frame, Header, Horizon, MemberFrame, NameConflictFrame, Ping, Pull,
        PullEnd, Read, Reader, Refusal, Remainder, Standing, Store, StoreDigests,
    },
};

impl<S: Storage> Node<S> {
    pub(super) fn on_datagram(&mut self, from: Addr, bytes: &[u8]) {
        self.cx.stats.datagrams_received += 1;
        self.cx.stats.bytes_received += u64::try_from(bytes.len()).unwrap_or(0);
        self.cx.received_len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        let Some((header, frames)) = self.open(from, bytes) else { return };
        self.cx.credit = self.credit_of(from, header.sender);
        (self.cx.may_ask, self.cx.may_agree, self.cx.may_announce) = (true, true, true);
        let ours = self.digest();
        if self.reconcile.is_answering(header.sender, ours) {
            self.cx.source = Source::AskedFor;
        }
        for read in Reader::new(frames) {
            match read {
                Ok(Read::Frame(frame)) => self.on_frame(from, &header, &frame),
                Ok(Read::Unknown) => self.cx.stats.unknown_frames += 1,
                Err(_) => self.cx.stats.malformed_frames += 1,
            }
        }
        self.cx.source = Source::Told;
        self.membership.on_heard(&mut self.cx, from, &header);
        self.compare_digests(&header);
    }

    /// Strangers, and members somewhere else than they say, have little credit.
    fn credit_of(&self, from: Addr, asker: NodeId) -> Credit {
        if self.membership.is_proven(asker, from) { Credit::Full } else { Credit::Upto(self.cx.received_len) }
    }

    /// Turns away what is not for us.
    fn open<'a>(&mut self, from: Addr, bytes: &'a [u8]) -> Option<(Header, &'a [u8])> {
        let stats = &mut self.cx.stats;
        if bytes.len() > usize::from(self.cx.config.datagram_len_max) {
            stats.refused_oversized += 1;
            return None;
        }
        let (header, frames) = match Header::open(bytes, self.cx.config.cluster) {
            Ok(opened) => opened,
            Err(refusal) => {
                match refusal {
                    Refusal::Truncated => stats.refused_truncated += 1,
                    Refusal::Version => stats.refused_version += 1,
                    Refusal::ForeignCluster => stats.refused_foreign_cluster += 1,
                    Refusal::Incredible => stats.refused_incredible += 1,
                }
                return None;
            }
        };
        if header.sender == self.cx.me.id {
            stats.refused_own += 1;
            self.cx.credit = Credit::Upto(self.cx.received_len);
            self.membership.on_namesake(&mut self.cx, from, &header, frames);
            return None;
        }
        Some((header, frames))
    }

    fn on_frame(&mut self, from: Addr, header: &Header, frame: &Frame<'_>) {
        if frame.is_question() && !core::mem::take(&mut self.cx.may_ask) {
            // A datagram is for one thing; one that asks for many is up to no good.
            self.cx.stats.questions_shed += 1;
            return;
        }
        let cx = &mut self.cx;
        let change = match frame {
            Frame::Ping(Ping { probe: Ping::PATH_PROBE }) => {
                self.answer_length(from, header.sender);
                None
            }
            Frame::Ack(Ack { probe: Ping::PATH_PROBE }) => {
                self.paths.on_ack(cx, self.membership.table_mut(), header.sender, cx.received_len);
                None
            }
            Frame::Ping(ping) => {
                self.membership.on_ping(cx, from, header, *ping);
                None
            }
            Frame::Ack(ack) => {
                cx.may_announce &= ack.probe != Ping::ANNOUNCE;
                self.membership.on_ack(cx, header, *ack);
                None
            }
            Frame::PingRequest(request) => {
                self.membership.on_ping_request(cx, header, *request);
                None
            }
            Frame::Relayed(relayed) => {
                self.membership.on_relayed(cx, *relayed);
                None
            }
            Frame::Unreached(unreached) => {
                self.membership.on_unreached(cx, header, *unreached);
                None
            }
            Frame::Member(member) => self.on_member(header.sender, member),
            Frame::Accusation(accusation) => self.membership.on_accusation(cx, from, header, accusation),
            _ => {
                self.on_data_frame(header, frame);
                None
            }
        };
        if let Some(change) = change {
            self.on_change(change);
        }
    }

    /// As long as the question: both directions are tried.
    fn answer_length(&mut self, from: Addr, asker: NodeId) {
        if self.membership.is_live(asker) {
            let len_max = self.cx.spend_credit(self.cx.received_len);
            self.cx.owe(Outgoing { to: from, peer: Some(asker), intent: Intent::Ack(Ping::PATH_PROBE), len_max });
        } else {
            self.cx.stats.questions_of_strangers += 1;
        }
    }

    /// A member that is nowhere, or whose words we could not pass on, is not taken in.
    fn on_member(&mut self, by: NodeId, member: &MemberFrame<'_>) -> Option<Change> {
        let nowhere = member.addr.as_bytes().is_empty();
        if nowhere || member.presence.bytes().len() > self.presence_len_max_at(member.addr) {
            self.cx.stats.members_refused += 1;
            return None;
        }
        let known_at = self.membership.get(member.id).map(|known| known.addr);
        let change = self.membership.on_member(&mut self.cx, by, member);
        if known_at.is_some_and(|before| self.membership.get(member.id).is_some_and(|known| known.addr != before)) {
            self.leave_unanswered(member.id);
        }
        change
    }

    /// Of two, either may have asked, and the answer would go where nobody was heard yet.
    fn on_name_conflict(&mut self, conflict: &NameConflictFrame) {
        let was_contested = self.membership.is_contested(conflict.id);
        self.membership.on_name_conflict(&mut self.cx, conflict);
        if !was_contested && self.membership.is_contested(conflict.id) {
            self.leave_unanswered(conflict.id);
        }
    }

    /// Drops the questions of a member that has moved, perhaps in the same breath: it asks again, from where it is by then.
    fn leave_unanswered(&mut self, asker: NodeId) {
        for _ in 0..self.questions.len() {
            if let Some(question) = self.questions.pop_front().filter(|question| question.peer != asker) {
                // There is room: one was taken out.
                let _ = self.questions.push_back(question);
            }
        }
    }

    /// The frames that concern neither who is there nor who is gone.
    fn on_data_frame(&mut self, header: &Header, frame: &Frame<'_>) {
        match frame {
            Frame::Compare(compare) => self.on_compare(header, compare),
            Frame::Confirm(Confirm) => self.on_confirm(header),
            Frame::Pull(pull) => self.on_pull(header, pull),
            _ if !self.may_tell(header) => self.cx.stats.news_of_strangers += 1,
            Frame::Clock(clock) => self.on_clock(header.sender, *clock),
            Frame::Confirmed(confirmed) => self.on_confirmed(header.sender, confirmed),
            Frame::StoreDigests(digests) => self.on_store_digests(header.sender, digests),
            Frame::PullEnd(end) => {
                let ours = self.digest();
                self.learn_length(header.sender, end);
                self.reconcile.on_pull_end(&mut self.cx, header.sender, end, ours);
                self.on_unresolved();
            }
            Frame::Agreeing(_) if !core::mem::take(&mut self.cx.may_agree) => self.cx.stats.evidence_shed += 1,
            Frame::Agreeing(agreeing) => {
                let (ours, shared) = (self.digest(), self.shared_with(Some(header.sender)));
                self.convergence.set_digest(&self.cx, ours);
                if header.digest == self.digest_over(shared) {
                    self.convergence.on_agreeing(&self.cx, agreeing.bits, shared, self.membership.table_mut());
                }
            }
            Frame::Horizon(horizon) => self.on_horizon(header.sender, horizon),
            Frame::NameConflict(conflict) => self.on_name_conflict(conflict),
            news => self.on_news(news),
        }
    }

    /// It was sent half a round trip ago.
    fn on_clock(&mut self, sender: NodeId, clock: Clock) {
        let round_trip = self.membership.get(sender).and_then(|member| member.round_trip.mean()).unwrap_or_default();
        self.cx.calendar.on_clock(self.cx.now, sender, clock.unix_millis, round_trip.part(2));
    }

    /// Whether data is taken in from a sender: of one that lives, and of one that leaves, in the life in which it said so. What it
    /// wrote last may come with its farewell, or after it.
    fn may_tell(&self, header: &Header) -> bool {
        let leaves =
            |member: &Member<S::Blob>| member.standing == Standing::Left && member.generation == header.generation;
        self.membership.get(header.sender).is_some_and(|member| member.is_live() || leaves(member))
    }

    /// A member is about to leave, and asks how much of what it wrote we have.
    fn on_confirm(&mut self, header: &Header) {
        let Some(addr) = self.addr_of_asker(header) else { return };
        let asker = Life { origin: header.sender, generation: header.generation };
        self.cx.send(addr, Some(header.sender), Intent::Confirmed(asker));
    }

    /// What an answer shows of the path that it came by. One that is not cut short is as long as those would have been that
    /// did not come.
    fn learn_length(&mut self, answerer: NodeId, end: &PullEnd) {
        let Some(failures) = self.reconcile.failures_of(answerer, end.token) else { return };
        let members = self.membership.table_mut();
        if failures > 0 && end.remainder != Remainder::Nothing {
            self.paths.on_failures(&self.cx, members, answerer, failures);
        }
        PathSearch::on_answer(&self.cx, members, answerer, self.cx.received_len);
        if end.remainder != Remainder::Nothing {
            self.paths.on_cut_short(&self.cx, members, answerer);
        }
        if end.remainder == Remainder::TooLong {
            self.paths.on_blocked(&self.cx, members, answerer);
        }
    }

    /// Nothing is to be had from the other side, so that it may be us who have something to give.
    fn on_unresolved(&mut self) {
        if self.reconcile.take_unresolved() {
            self.stores.entries.re_announce(&self.cx);
        }
    }

    /// What is replicated.
    fn on_news(&mut self, news: &Frame<'_>) {
        if self.claims_our_future(news) {
            return self.begin_generation();
        }
        each_store!(self.stores, (_, store) => store.on_news(&mut self.cx, news));
    }

    /// Rumors that the teller can no longer tell: we give them up, or ask their publisher. Nobody says so unasked.
    fn on_horizon(&mut self, teller: NodeId, horizon: &Horizon) {
        if self.claims_our_future(&Frame::Horizon(*horizon)) {
            return self.begin_generation();
        }
        if self.cx.source != Source::AskedFor {
            return;
        }
        let publisher = horizon.writer.origin;
        // One that does not answer us, for it has no room for us, counts as dead here.
        let is_final = teller == publisher
            || self.reconcile.is_silent(publisher)
            || !super::is_live(&self.membership, horizon.writer);
        let authority = if is_final { Authority::Final } else { Authority::Hearsay };
        if self.stores.rumors.on_horizon(&mut self.cx, horizon, authority) == AskPublisher::Yes
            && let Some(member) = self.membership.get(publisher)
            && let Some(&addr) = self.membership.addr_of(publisher, horizon.writer.generation)
        {
            let difference = Difference { ours: self.digest(), theirs: member.knows };
            let round_trip = member.round_trip;
            self.reconcile.on_better_source(Peer { id: publisher, addr, round_trip, difference });
        }
    }

    /// Whether somebody claims to know more of our present life than we said.
    pub(super) fn claims_our_future(&self, news: &Frame<'_>) -> bool {
        Store::ALL.into_iter().any(|number| ask_store!(self, number, store => store.claims_our_future(&self.cx, news)))
    }

    fn on_compare(&mut self, header: &Header, compare: &Compare) {
        let asker = header.sender;
        let Some(addr) = self.addr_of_asker(header) else { return };
        let len_max = self.agreed_len(compare.len_max);
        self.cx.owe(Outgoing {
            to: addr,
            peer: Some(asker),
            intent: Intent::StoreDigests(compare.digests.get(Store::Members).unwrap_or_default()),
            len_max,
        });
        let ours = self.store_digests();
        if !ours.differing(&compare.digests).is_empty() && self.membership.is_live(asker) {
            let (ours, theirs) = (ours.of(compare.digests.stores()), compare.digests.of(ours.stores()));
            self.on_differing(header, Difference { ours: self.digest_of(&ours), theirs: self.digest_of(&theirs) });
        }
    }

    fn on_store_digests(&mut self, answerer: NodeId, theirs: &StoreDigests) {
        let ours = self.store_digests();
        // Of members, there may be nothing to ask it, although they differ.
        let (our_members, their_members) = (self.membership.digest(), theirs.get(Store::Members).unwrap_or_default());
        let digest = self.digest();
        let is_ahead = self.is_ahead_of(self.digest_with(their_members, ours.stores()), ours.stores());
        let members = if is_ahead { our_members } else { their_members };
        let theirs = theirs.with(Store::Members, members);
        self.reconcile.on_store_digests(&mut self.cx, answerer, &theirs, &ours, digest);
        self.on_unresolved();
    }

    /// Keeps a question until the next drain: it is answered with what we know then.
    fn on_pull(&mut self, header: &Header, pull: &Pull<'_>) {
        let (asker, generation) = (header.sender, header.generation);
        if self.addr_of_asker(header).is_none() {
            return;
        }
        if !self.cx.stores().contains(pull.store) {
            // We have said that we keep none: the asker has yet to hear so.
            self.cx.stats.questions_shed += 1;
            return;
        }
        let Some(summary) = S::Summary::copy_of(pull.summary) else {
            self.cx.stats.questions_shed += 1;
            return;
        };
        let Pull { token, store, from, until, .. } = *pull;
        let len_max = self.agreed_len(pull.len_max);
        self.paths.on_wanted(&self.cx, self.membership.table_mut(), asker, len_max);
        let question = Question { peer: asker, generation, token, store, from, until, len_max, summary };
        if store == Store::Entries {
            self.convergence.on_behind::<S>(self.membership.table_mut(), asker, self.stores.entries.behind(&question));
        }
        if self.questions.push_back(question).is_err() {
            self.cx.stats.questions_shed += 1;
        }
    }

    /// How long the answer to a member's question may be: as long as it says, within reason.
    fn agreed_len(&self, wanted: u16) -> u16 {
        let len_max = self.cx.config.datagram_len_max;
        wanted.clamp(DATAGRAM_LEN_MIN.min(len_max), len_max)
    }

    /// Where the answer to a member's question goes: to the address that all know, wherever the question came from. An
    /// answer may be longer than its question, and must not be aimed at a bystander.
    fn addr_of_asker(&mut self, header: &Header) -> Option<Addr> {
        // One in self-quarantine goes on asking, so that it is up to date when it comes back.
        let member = self
            .membership
            .get(header.sender)
            .filter(|member| member.is_live() || member.standing == Standing::Down && member.cause == Cause::OwnWord);
        let addr = member.and_then(|_| self.membership.addr_of(header.sender, header.generation).copied());
        // Another life that speaks from elsewhere would not hear the answer: it has yet to say where it is.
        let is_heard = member.is_some_and(|member| member.stated_in == header.generation)
            || self.cx.credit == Credit::Full
            || self.membership.is_contested(header.sender);
        let addr = addr.filter(|addr| is_heard && self.membership.is_proven(header.sender, *addr));
        self.cx.stats.questions_of_strangers += u64::from(addr.is_none());
        addr
    }

    fn on_differing(&mut self, header: &Header, difference: Difference) {
        let id = header.sender;
        if self.membership.is_contested(id) && self.cx.credit != Credit::Full {
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
    fn compare_digests(&mut self, header: &Header) {
        if !self.membership.is_live(header.sender) {
            return;
        }
        let (all, shared) = (self.digest(), self.shared_with(Some(header.sender)));
        let ours = self.digest_over(shared);
        self.convergence.set_digest(&self.cx, all);
        let knows = if header.digest == ours { all } else { header.digest };
        self.convergence.on_heard(&self.cx, self.membership.table_mut(), header.sender, knows);
        if header.digest != ours {
            if self.is_ahead_of(header.digest, shared) {
                // There is nothing to ask it; it will ask us.
                return;
            }
            self.on_differing(header, Difference { ours, theirs: header.digest });
            return;
        }
        self.on_held(shared);
        if shared.contains(Store::Rumors) {
            self.stores.rumors.on_caught_up();
        }
        if self.reconcile.on_same(header.sender) == Same::AskAnyway {
            self.on_differing(header, Difference { ours, theirs: ours });
        }
        self.membership.spend_retransmits(&mut self.cx);
        if header.is_unanimous() {
            self.convergence.on_unanimous(&self.cx, shared, self.membership.table_mut());
        }
    }
}
