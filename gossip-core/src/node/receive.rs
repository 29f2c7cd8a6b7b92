//! Which machine a frame goes to.
use super::{Node, stores::each_store};
use crate::{
    context::{Credit, Received, Source},
    dissemination::{AskPublisher, Authority},
    id::{Addr, Life, NodeId},
    membership::Changes,
    reconcile::{Difference, Peer},
    records::{Intent, Member, Outgoing},
    replicated::ReplicatedData,
    stats::Counter,
    storage::Storage,
    table::Queue,
    time::Span,
    wire::{
        Ack, Cause, Clock, Confirm, Frame, Header, Horizon, MemberFrame, NameConflictFrame, Ping, Read, Reader,
        Refusal, Standing,
    },
};

impl<S: Storage> Node<S> {
    pub(super) fn on_datagram(&mut self, from: Addr, bytes: &[u8]) {
        self.cx.count(Counter::DatagramsReceived);
        self.cx.count_by(Counter::BytesReceived, u64::try_from(bytes.len()).unwrap_or(0));
        let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.cx.received = Received::new(len, Credit::Upto(len));
        if let Some((header, frames)) = self.open(from, bytes) {
            // Strangers, and members somewhere else than they say, have little credit.
            if self.membership.is_proven(header.sender, from) {
                self.cx.received.credit = Credit::Full;
            }
            self.take_in(from, &header, frames);
        }
        self.cx.received = Received::NOTHING;
    }

    fn take_in(&mut self, from: Addr, header: &Header, frames: &[u8]) {
        if self.reconcile.has_asked(header.sender) {
            let ours = self.digest();
            if self.reconcile.is_answering(header.sender, ours) {
                self.cx.received.source = Source::AskedFor;
            }
        }
        for read in Reader::new(frames) {
            match read {
                Ok(Read::Frame(frame)) => self.on_frame(from, header, &frame),
                Ok(Read::Unknown) => self.cx.count(Counter::UnknownFrames),
                Err(_) => self.cx.count(Counter::MalformedFrames),
            }
        }
        self.cx.received.source = Source::Told;
        self.membership.on_heard(&mut self.cx, from, header);
        self.compare_digests(header);
    }

    /// Turns away what is not for us.
    fn open<'a>(&mut self, from: Addr, bytes: &'a [u8]) -> Option<(Header, &'a [u8])> {
        if bytes.len() > usize::from(self.cx.config.datagram_len_max) {
            self.cx.count(Counter::RefusedOversized);
            return None;
        }
        let (header, frames) = match Header::open(bytes, self.cx.config.cluster) {
            Ok(opened) => opened,
            Err(refusal) => {
                match refusal {
                    Refusal::Truncated => self.cx.count(Counter::RefusedTruncated),
                    Refusal::Version => self.cx.count(Counter::RefusedVersion),
                    Refusal::ForeignCluster => self.cx.count(Counter::RefusedForeignCluster),
                    Refusal::Incredible => self.cx.count(Counter::RefusedIncredible),
                }
                return None;
            }
        };
        if header.sender == self.cx.me.id {
            self.cx.count(Counter::RefusedOwn);
            self.membership.on_namesake(&mut self.cx, from, &header, frames);
            return None;
        }
        Some((header, frames))
    }

    fn on_frame(&mut self, from: Addr, header: &Header, frame: &Frame<'_>) {
        if frame.is_question() && !core::mem::take(&mut self.cx.received.may_ask) {
            // A datagram is for one thing; one that asks for many is up to no good.
            self.cx.count(Counter::QuestionsShed);
            return;
        }
        let cx = &mut self.cx;
        let changes: Changes = match frame {
            Frame::Member(member) => self.on_member(header.sender, member),
            Frame::Accusation(accusation) => [self.membership.on_accusation(cx, from, header, accusation), None],
            Frame::Ping(_) | Frame::Ack(_) | Frame::PingRequest(_) | Frame::Relayed(_) | Frame::Unreached(_) => {
                return self.on_probe_frame(from, header, frame);
            }
            _ => return self.on_data_frame(header, frame),
        };
        for change in changes.into_iter().flatten() {
            self.on_change(change);
        }
    }

    /// The frames that ask whether somebody is there, and answer that.
    fn on_probe_frame(&mut self, from: Addr, header: &Header, frame: &Frame<'_>) {
        let cx = &mut self.cx;
        match frame {
            Frame::Ping(Ping { probe: Ping::PATH_PROBE }) => self.answer_length(from, header.sender),
            Frame::Ack(Ack { probe: Ping::PATH_PROBE }) => {
                self.paths.on_ack(cx, &mut self.membership.lend(), header.sender, cx.received.len);
            }
            Frame::Ping(ping) => self.membership.on_ping(cx, from, header, *ping),
            Frame::Ack(ack) => {
                cx.received.may_announce &= ack.probe != Ping::ANNOUNCE;
                self.membership.on_ack(cx, header, *ack);
            }
            Frame::PingRequest(request) => self.membership.on_ping_request(cx, header, *request),
            Frame::Relayed(relayed) => self.membership.on_relayed(cx, *relayed),
            Frame::Unreached(unreached) => self.membership.on_unreached(cx, header, *unreached),
            _ => {}
        }
    }

    /// As long as the question: both directions are tried.
    fn answer_length(&mut self, from: Addr, asker: NodeId) {
        if self.membership.is_live(asker) {
            let len_max = self.cx.spend_credit(self.cx.received.len);
            self.cx.owe(Outgoing { to: from, peer: Some(asker), intent: Intent::Ack(Ping::PATH_PROBE), len_max });
        } else {
            self.cx.count(Counter::QuestionsOfStrangers);
        }
    }

    /// A member that is nowhere, or whose words we could not pass on, is not taken in.
    fn on_member(&mut self, by: NodeId, member: &MemberFrame<'_>) -> Changes {
        let nowhere = member.addr.as_bytes().is_empty();
        if nowhere || member.presence.bytes().len() > self.presence_len_max_at(member.addr) {
            self.cx.count(Counter::MembersRefused);
            return [None; 2];
        }
        self.membership.on_member(&mut self.cx, by, member)
    }

    /// Of two, either may have asked, and the answer would go where nobody was heard yet.
    fn on_name_conflict(&mut self, conflict: &NameConflictFrame) {
        let had_conflict = self.membership.has_name_conflict(conflict.id);
        self.membership.on_name_conflict(&mut self.cx, conflict);
        if !had_conflict && self.membership.has_name_conflict(conflict.id) {
            self.leave_unanswered(conflict.id);
        }
    }

    /// Drops the questions of a member that has moved, perhaps in the same breath: it asks again, from where it is by then.
    pub(super) fn leave_unanswered(&mut self, asker: NodeId) {
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
            _ if !self.may_tell(header) => self.cx.count(Counter::NewsOfStrangers),
            Frame::Clock(clock) => self.on_clock(header.sender, *clock),
            Frame::Confirmed(confirmed) => self.on_confirmed(header, confirmed),
            Frame::StoreDigests(digests) => self.on_store_digests(header.sender, digests),
            Frame::PullEnd(end) => {
                let ours = self.digest();
                self.learn_length(header.sender, end);
                self.reconcile.on_pull_end(&mut self.cx, header.sender, end, ours);
                self.on_unresolved();
            }
            Frame::Agreeing(_) if !core::mem::take(&mut self.cx.received.may_agree) => {
                self.cx.count(Counter::EvidenceShed)
            }
            Frame::Agreeing(agreeing) => {
                let (ours, shared) = (self.digest(), self.shared_with(Some(header.sender)));
                self.convergence.set_digest(&self.cx, ours);
                if header.digest == self.part_of(ours, shared) {
                    self.convergence.on_agreeing(&self.cx, agreeing.bits, shared, &mut self.membership.lend());
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

    /// A member is about to leave, or waits, and asks how much of what it wrote we have.
    fn on_confirm(&mut self, header: &Header) {
        let Some(addr) = self.addr_of_asker(header) else { return };
        let asker = Life { origin: header.sender, generation: header.generation };
        self.cx.send(addr, Some(header.sender), Intent::Confirmed(asker));
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
        if self.cx.received.source != Source::AskedFor {
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
        let mut claims = false;
        each_store!(&self.stores, (_, store) => claims |= store.claims_our_future(&self.cx, news));
        claims
    }

    /// Where the answer to a member's question goes: to the address that all know, wherever the question came from. An
    /// answer may be longer than its question, and must not be aimed at a bystander.
    pub(super) fn addr_of_asker(&mut self, header: &Header) -> Option<Addr> {
        // One in self-quarantine goes on asking, so that it is up to date when it comes back.
        let member = self
            .membership
            .get(header.sender)
            .filter(|member| member.is_live() || member.standing == Standing::Down && member.cause == Cause::OwnWord);
        let addr = member.and_then(|_| self.membership.addr_of(header.sender, header.generation).copied());
        // Another life that speaks from elsewhere would not hear the answer: it has yet to say where it is.
        let is_heard = member.is_some_and(|member| member.stated_in == header.generation)
            || self.cx.received.credit == Credit::Full
            || self.membership.has_name_conflict(header.sender);
        let addr = addr.filter(|addr| is_heard && self.membership.is_proven(header.sender, *addr));
        self.cx.count_by(Counter::QuestionsOfStrangers, u64::from(addr.is_none()));
        addr
    }
}
