//! What each datagram is for. It is written when it leaves, and never before.
use super::Node;
use crate::{
    id::{Addr, Life, NodeId},
    membership::Otherwise,
    records::{Intent, Outgoing, Question, Trial},
    storage::Storage,
    table::Queue,
    wire::{
        Ack, Compare, Confirm, Frame, Header, Ping, PingRequest, Pull, Relayed, Rest, Served, Store, Unreached, Writer,
        len,
    },
};

/// A presence as long as this is sure to fit the answer to a knock; a longer one is learned by asking.
const KNOCK_PRESENCE_LEN: usize = 128;

impl<S: Storage> Node<S> {
    /// Writes the next datagram that we owe into `buffer`: where to, and how long it is.
    pub(super) fn write_next(&mut self, buffer: &mut [u8]) -> Option<(Addr, usize)> {
        loop {
            let (to, len) = if let Some(outgoing) = self.cx.next_outgoing() {
                (outgoing.to, self.write_outgoing(&outgoing, buffer))
            } else {
                let question = self.questions.pop_front()?;
                let Some(asker) = self.membership.get(question.peer) else { continue };
                (asker.addr, self.write_answer(&question, buffer))
            };
            if let Some(len) = len {
                self.cx.stats.datagrams_sent += 1;
                self.cx.stats.bytes_sent += u64::try_from(len).unwrap_or(0);
                return Some((to, len));
            }
        }
    }

    /// `None` when there turns out to be nothing to say.
    fn write_outgoing(&mut self, outgoing: &Outgoing, buffer: &mut [u8]) -> Option<usize> {
        let len_max = usize::from(outgoing.len_max).min(buffer.len());
        let mut writer = Writer::new(buffer.get_mut(..len_max)?, &self.header())?;
        let bare = writer.len();
        let otherwise = match outgoing.intent {
            Intent::Ack(Ping::INQUIRY..) => Some(Otherwise::Nothing),
            // Before they are compared: most often, there is nothing left to ask for then.
            Intent::Parts(theirs) if theirs != self.membership.digest() => Some(Otherwise::All),
            _ => None,
        };
        if let Some(otherwise) = otherwise {
            writer.reserve(len::PARTS);
            self.catch_up(outgoing.peer, otherwise, &mut writer);
            writer.release();
        }
        if !self.put_intent(outgoing.intent, &mut writer) {
            return None;
        }
        // On the answer to a probe, whose way there and back has been measured.
        if matches!(outgoing.intent, Intent::Ack(probe) if probe > Ping::INQUIRY) && self.is_trusted(outgoing.peer) {
            self.cx.calendar.piggyback(self.cx.now, &mut writer);
        }
        if outgoing.intent == Intent::Confirm {
            self.hand_over(outgoing.peer, &mut writer);
        }
        self.piggyback(outgoing, &mut writer);
        match outgoing.intent {
            Intent::Ping(Ping::KNOCK) => writer.pad(self.knock_len()),
            // The answer may have to say what is said against us, and may be no longer than this, where we are not known.
            Intent::Ping(Ping::INQUIRY) if !self.is_on_trial(outgoing.peer) => {
                writer.pad(len::HEADER + len::PING + len::ACCUSATION)
            }
            _ => {}
        }
        (writer.len() > bare).then_some(writer.len())
    }

    fn is_on_trial(&self, peer: Option<NodeId>) -> bool {
        peer.and_then(|id| self.membership.get(id)).is_some_and(|peer| peer.trial != Trial::None)
    }

    /// Whether the frame that the datagram is for fitted. News is for nothing in particular.
    fn put_intent(&mut self, intent: Intent, writer: &mut Writer<'_>) -> bool {
        match intent {
            Intent::Ping(probe) => writer.put(&Frame::Ping(Ping { probe })),
            Intent::Ack(probe) => writer.put(&Frame::Ack(Ack { probe })),
            Intent::PingRequest(probe, target) => writer.put(&Frame::PingRequest(PingRequest { probe, target })),
            Intent::Relayed(probe, target) => writer.put(&Frame::Relayed(Relayed { probe, target })),
            Intent::Unreached(probe, target) => writer.put(&Frame::Unreached(Unreached { probe, target })),
            Intent::Verdict(id) => self.membership.put_verdict(id, writer),
            Intent::News => true,
            Intent::Compare => writer.put(&Frame::Compare(Compare { parts: self.parts() })),
            Intent::Parts(_) => writer.put(&Frame::Parts(self.parts())),
            Intent::Confirm => writer.put(&Frame::Confirm(Confirm)),
            Intent::Confirmed(asker) => writer.put(&Frame::Confirmed(self.confirmed(asker))),
            Intent::Pull { token, store, from } => self.put_pull(token, store, from, writer),
        }
    }

    /// Tells one that spoke just now what it lacks, where that is some of what we learned last.
    fn catch_up(&self, peer: Option<NodeId>, otherwise: Otherwise, writer: &mut Writer<'_>) {
        let Some(peer) = peer.and_then(|id| self.membership.get(id)).filter(|peer| peer.is_live()) else { return };
        if peer.knows != self.digest() {
            let is_theirs = |members| self.digest_with(members) == peer.knows;
            self.membership.catch_up(&self.cx, &is_theirs, otherwise, writer);
        }
    }

    /// Asks for what we lack now, whatever it was when we decided to ask.
    fn put_pull(&mut self, token: u8, store: Store, from: Life, writer: &mut Writer<'_>) -> bool {
        let Some(summary) = writer.tail() else { return false };
        let (len, until) = match store {
            Store::Members => self.membership.summarise(&self.cx, token, from, summary),
            Store::Rumors => self.dissemination.summarise(from, summary),
            Store::Entries => self.replica.summarise(from, summary),
        };
        self.reconcile.on_asked(token, until);
        writer.put_tailed(&Frame::Pull(Pull { token, store, from, until, summary: &[] }), len)
    }

    fn write_answer(&mut self, question: &Question<S::Summary>, buffer: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(buffer, &self.header())?;
        writer.reserve(len::SERVED);
        let upto = match question.store {
            Store::Members => self.membership.serve(&self.cx, question, &mut writer),
            Store::Rumors => {
                let is_live = |life| super::is_live(&self.membership, life);
                (!self.dissemination.serve(&self.cx, question, &is_live, &mut writer)).then_some(question.from)
            }
            Store::Entries => self.replica.serve(question, &mut writer),
        };
        writer.release();
        self.cx.stats.pulls_answered += 1;
        if upto.is_none() {
            self.convergence.on_told_all(&self.cx, self.membership.table_mut(), question.peer);
        }
        // Beside the longest of writes, there is no room to say where the rest begins.
        let mut rests = [upto.map_or(Rest::Nothing, Rest::After), Rest::Some].into_iter();
        let fits = rests.any(|rest| writer.put(&Frame::Served(Served { token: question.token, rest })));
        fits.then_some(writer.len())
    }

    /// A knock is as long as an introduction may be: its answer introduces another node, and may be no longer.
    fn knock_len(&self) -> usize {
        let longest = len::HEADER + len::PING + len::MEMBER + Addr::LEN_MAX + KNOCK_PRESENCE_LEN;
        longest.min(usize::from(self.cx.config.datagram_len_max))
    }

    fn header(&self) -> Header {
        let me = &self.cx.me;
        let header = Header::new(self.cx.config.cluster, me.id, me.generation, me.incarnation, self.digest());
        if self.convergence.is_unanimous() { header.unanimous() } else { header }
    }

    /// Whether `peer` may be told anything at all.
    pub(super) fn is_trusted(&self, peer: Option<NodeId>) -> bool {
        peer.is_some_and(|id| self.membership.is_live(id))
    }
}
