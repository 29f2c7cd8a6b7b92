//! Which machine a frame goes to.
use super::Node;
use crate::{
    context::{Credit, Source},
    id::{Addr, NodeId},
    records::{Intent, Question},
    storage::Storage,
    table::{Blob, Queue},
    wire::{Compare, Frame, Header, Pull, Read, Reader, Refusal, Store},
};

impl<S: Storage> Node<S> {
    pub(super) fn on_datagram(&mut self, from: Addr, bytes: &[u8]) {
        self.cx.stats.datagrams_received += 1;
        self.cx.stats.bytes_received += u64::try_from(bytes.len()).unwrap_or(0);
        let Some((header, frames)) = self.open(from, bytes) else { return };
        self.cx.credit = self.credit_of(from, header.sender, bytes.len());
        if self.reconcile.is_pulling_from(header.sender) {
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
        self.membership.on_heard(&self.cx, from, &header);
        self.compare_digests(&header);
    }

    /// Strangers, and members somewhere else than they say, have little credit.
    fn credit_of(&self, from: Addr, asker: NodeId, question_len: usize) -> Credit {
        if self.membership.is_proven(asker, from) {
            return Credit::Full;
        }
        Credit::Upto(u16::try_from(question_len).unwrap_or(u16::MAX))
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
            self.membership.on_namesake(&mut self.cx, from, &header);
            return None;
        }
        Some((header, frames))
    }

    fn on_frame(&mut self, from: Addr, header: &Header, frame: &Frame<'_>) {
        let cx = &mut self.cx;
        let change = match frame {
            Frame::Ping(ping) => {
                self.membership.on_ping(cx, from, header, *ping);
                None
            }
            Frame::Ack(ack) => {
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
            Frame::Member(member) => self.membership.on_member(cx, member),
            Frame::Accusation(accusation) => self.membership.on_accusation(cx, accusation),
            _ => {
                self.on_data_frame(header, frame);
                None
            }
        };
        if let Some(change) = change {
            self.on_change(change);
        }
    }

    /// The frames that concern neither who is there nor who is gone.
    fn on_data_frame(&mut self, header: &Header, frame: &Frame<'_>) {
        let cx = &mut self.cx;
        match frame {
            Frame::Rumor(rumor) => self.dissemination.on_rumor(cx, rumor),
            Frame::Floor(floor) => self.dissemination.on_floor(cx, floor),
            Frame::Entry(entry) => self.replica.on_entry(cx, entry),
            Frame::Gap(gap) => self.replica.on_gap(cx, gap),
            Frame::Agreeing(agreeing) => {
                if header.digest == self.digest() {
                    self.convergence.on_agreeing(&self.cx, agreeing.bits, self.membership.live_ids());
                }
            }
            Frame::Compare(compare) => self.on_compare(header.sender, compare),
            Frame::Parts(parts) => {
                let ours = self.parts();
                self.reconcile.on_parts(&mut self.cx, header.sender, parts, &ours);
            }
            Frame::Pull(pull) => self.on_pull(header.sender, pull),
            Frame::Served(served) => {
                let ours = self.parts();
                self.reconcile.on_served(&mut self.cx, header.sender, served, &ours);
            }
            Frame::Ping(_)
            | Frame::Ack(_)
            | Frame::PingRequest(_)
            | Frame::Relayed(_)
            | Frame::Member(_)
            | Frame::Accusation(_) => {}
        }
    }

    fn on_compare(&mut self, asker: NodeId, compare: &Compare) {
        let Some(addr) = self.addr_of_asker(asker) else { return };
        self.cx.send(addr, Some(asker), Intent::Parts);
        if compare.parts != self.parts() {
            self.reconcile.on_differing(&mut self.cx, asker, addr);
        }
    }

    /// Keeps a question until the next drain: it is answered with what we know then.
    fn on_pull(&mut self, asker: NodeId, pull: &Pull<'_>) {
        if self.addr_of_asker(asker).is_none() {
            return;
        }
        let Some(summary) = S::Summary::copy_of(pull.summary) else {
            self.cx.stats.questions_shed += 1;
            return;
        };
        let Pull { token, store, from, until, .. } = *pull;
        let question = Question { peer: asker, token, store, from, until, summary };
        if store == Store::Entries {
            self.convergence.on_behind(asker, self.replica.behind(&question));
        }
        if self.questions.push_back(question).is_err() {
            self.cx.stats.questions_shed += 1;
        }
    }

    /// Where the answer to a member's question goes: to the address that all know, wherever the question came from. An
    /// answer may be longer than its question, and must not be aimed at a bystander.
    fn addr_of_asker(&mut self, asker: NodeId) -> Option<Addr> {
        let member =
            self.membership.get(asker).filter(|member| self.membership.is_live(asker) && member.heard_at.is_some());
        let addr = member.map(|member| member.addr);
        self.cx.stats.questions_of_strangers += u64::from(addr.is_none());
        addr
    }

    /// The digest in every header says whether there is anything to talk about.
    fn compare_digests(&mut self, header: &Header) {
        let Some(addr) = self.membership.get(header.sender).map(|member| member.addr) else { return };
        if !self.membership.is_live(header.sender) {
            return;
        }
        let ours = self.digest();
        self.convergence.set_digest(&self.cx, ours);
        self.convergence.on_heard(&self.cx, header);
        if header.digest != ours {
            self.reconcile.on_differing(&mut self.cx, header.sender, addr);
        } else if header.is_unanimous() {
            self.convergence.on_unanimous(&self.cx, self.membership.live_ids());
        }
    }
}
