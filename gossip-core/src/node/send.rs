//! What each datagram is for. It is written when it leaves, and never before.
use super::{Node, stores::ask_store};
use crate::{
    config::joining::ANNOUNCE_PRESENCE_LEN,
    id::{Addr, NodeId},
    membership::Fallback,
    path::Path,
    records::{Intent, Outgoing, Question, Suspicion},
    replicated::Replicated,
    stats::Counter,
    storage::Storage,
    table::Queue,
    wire::{
        Ack, Compare, Confirm, Frame, Header, Ping, PingRequest, Position, Pull, PullEnd, Relayed, Remainder, Store,
        Unreached, Writer, len,
    },
};

impl<S: Storage> Node<S> {
    /// Writes the next datagram that we owe into `buffer`: where to, and how long it is.
    pub(super) fn write_next(&mut self, buffer: &mut [u8]) -> Option<(Addr, usize)> {
        loop {
            let (to, len) = if let Some(outgoing) = self.cx.next_outgoing() {
                (outgoing.to, self.write_outgoing(&outgoing, buffer))
            } else {
                let question = self.questions.pop_front()?;
                let Some(&addr) = self.membership.addr_of(question.peer, question.generation) else { continue };
                (addr, self.write_answer(&question, buffer))
            };
            if let Some(len) = len {
                self.cx.count(Counter::DatagramsSent);
                self.cx.count_by(Counter::BytesSent, u64::try_from(len).unwrap_or(0));
                return Some((to, len));
            }
        }
    }

    /// `None` when there turns out to be nothing to say.
    fn write_outgoing(&mut self, outgoing: &Outgoing, buffer: &mut [u8]) -> Option<usize> {
        let len_max = usize::from(outgoing.len_max.min(self.longest(outgoing))).min(buffer.len());
        let mut writer = Writer::new(buffer.get_mut(..len_max)?, &self.header(outgoing.peer))?;
        let bare = writer.len();
        self.tell_first(outgoing, &mut writer);
        if !self.put_intent(outgoing, &mut writer) {
            return None;
        }
        if matches!(outgoing.intent, Intent::Ping(Ping::PATH_PROBE) | Intent::Ack(Ping::PATH_PROBE)) {
            writer.pad(len_max);
            return Some(writer.len());
        }
        // On the answer to a probe, whose way there and back has been measured.
        if matches!(outgoing.intent, Intent::Ack(probe) if probe > Ping::DIGEST_PROBE) && self.is_trusted(outgoing.peer)
        {
            self.cx.calendar.piggyback(self.cx.now, &mut writer);
        }
        if outgoing.intent == Intent::Confirm {
            self.hand_over(outgoing.peer, &mut writer);
        }
        self.piggyback(outgoing, &mut writer);
        match outgoing.intent {
            Intent::Ping(Ping::ANNOUNCE) => writer.pad(self.announce_len()),
            // The answer may have to say what is said against us, and may be no longer than this, where we are not known.
            Intent::Ping(Ping::DIGEST_PROBE) if !self.is_under_suspicion(outgoing.peer) => {
                writer.pad(len::HEADER + len::PING + len::ACCUSATION)
            }
            _ => {}
        }
        (writer.len() > bare || outgoing.intent == Intent::Agreement).then_some(writer.len())
    }

    /// What the receiver most likely lacks goes before what the datagram is for.
    fn tell_first(&self, outgoing: &Outgoing, writer: &mut Writer<'_>) {
        let fallback = match outgoing.intent {
            Intent::Ack(Ping::DIGEST_PROBE..) => Fallback::Nothing,
            // Before they are compared: most often, there is nothing left to ask for then.
            Intent::StoreDigests(theirs) if theirs != self.membership.digest() => Fallback::All,
            _ => return,
        };
        writer.reserve(len::STORE_DIGESTS);
        self.catch_up(outgoing.peer, fallback, writer);
        writer.release();
    }

    fn is_under_suspicion(&self, peer: Option<NodeId>) -> bool {
        peer.and_then(|id| self.membership.get(id)).is_some_and(|peer| peer.suspicion != Suspicion::None)
    }

    /// How long a datagram may be for it to arrive. What would be taken for a death when it is lost is kept short: whoever can be
    /// reached at all can be reached by it.
    fn longest(&self, outgoing: &Outgoing) -> u16 {
        let len_max = self.cx.config.datagram_len_max;
        let path = self.path_of(outgoing.peer).len;
        match outgoing.intent {
            Intent::Ping(Ping::PATH_PROBE) | Intent::Ack(Ping::PATH_PROBE) => len_max,
            Intent::Ping(Ping::ANNOUNCE | Ping::DIGEST_PROBE) | Intent::Ack(Ping::ANNOUNCE | Ping::DIGEST_PROBE) => {
                path
            }
            Intent::Ping(_) | Intent::Ack(_) | Intent::PingRequest(..) => path.min(Path::floor(len_max)),
            Intent::Relayed(..) | Intent::Unreached(..) => path.min(Path::floor(len_max)),
            // A question that was not answered may have been too long itself.
            Intent::Compare | Intent::Pull { .. } => path.min(self.wanted(outgoing.peer)),
            Intent::Confirm | Intent::Confirmed(_) | Intent::Agreement => path.min(Path::floor(len_max)),
            Intent::News | Intent::Verdict(_) | Intent::StoreDigests(_) => path,
        }
    }

    /// The path to a member; of anybody else, nothing is known.
    pub(super) fn path_of(&self, peer: Option<NodeId>) -> Path {
        let known = peer.and_then(|id| self.membership.get(id)).map(|member| member.path);
        known.unwrap_or_else(|| Path::untried(self.cx.config.datagram_len_max))
    }

    /// How long an answer to ask a member for.
    fn wanted(&self, peer: Option<NodeId>) -> u16 {
        let failures = peer.map_or(0, |id| self.reconcile.failures(id));
        self.path_of(peer).wanted(self.cx.config.datagram_len_max, failures)
    }

    /// So much of our news was too long for a datagram to `peer`.
    pub(super) fn on_too_long(&mut self, peer: Option<NodeId>, pieces: u16) {
        if let Some(peer) = peer.filter(|_| pieces > 0) {
            self.cx.count_by(Counter::NewsTooLong, u64::from(pieces));
            self.paths.on_need(&self.cx, &mut self.membership.lend(), peer);
        }
    }

    /// Whether the frame that the datagram is for fitted. News is for nothing in particular.
    fn put_intent(&mut self, outgoing: &Outgoing, writer: &mut Writer<'_>) -> bool {
        match outgoing.intent {
            Intent::Ping(probe) => writer.put(&Frame::Ping(Ping { probe })),
            Intent::Ack(probe) => writer.put(&Frame::Ack(Ack { probe })),
            Intent::PingRequest(probe, target) => writer.put(&Frame::PingRequest(PingRequest { probe, target })),
            Intent::Relayed(probe, target) => writer.put(&Frame::Relayed(Relayed { probe, target })),
            Intent::Unreached(probe, target) => writer.put(&Frame::Unreached(Unreached { probe, target })),
            Intent::Verdict(id) => self.membership.put_verdict(id, writer),
            Intent::News | Intent::Agreement => true,
            Intent::Compare => {
                // The digests fit any path: whatever else the answer may tell is left out where one did not come.
                let has_failed = outgoing.peer.is_some_and(|id| self.reconcile.failures(id) > 0);
                let len_max = self.wanted(outgoing.peer);
                let len_max = if has_failed { Path::floor(len_max) } else { len_max };
                writer.put(&Frame::Compare(Compare { digests: self.store_digests(), len_max }))
            }
            Intent::StoreDigests(_) => writer.put(&Frame::StoreDigests(self.store_digests())),
            Intent::Confirm => writer.put(&Frame::Confirm(Confirm)),
            Intent::Confirmed(asker) => writer.put(&Frame::Confirmed(self.confirmed(asker))),
            Intent::Pull { token, store, from } => {
                self.put_pull(token, store, from, self.wanted(outgoing.peer), writer)
            }
        }
    }

    /// Tells one that spoke just now what it lacks, where that is some of what we learned last.
    fn catch_up(&self, peer: Option<NodeId>, fallback: Fallback, writer: &mut Writer<'_>) {
        let Some(peer) = peer.and_then(|id| self.membership.get(id)).filter(|peer| peer.is_live()) else { return };
        if peer.knows != self.digest() {
            let digest_with = self.digest_with_members(self.cx.shared_with(peer.capabilities));
            let is_theirs = |members| digest_with(members) == peer.knows;
            self.membership.catch_up(&self.cx, &is_theirs, fallback, writer);
        }
    }

    /// Asks for what we lack now, whatever it was when we decided to ask.
    fn put_pull(&mut self, token: u8, store: Store, from: Position, len_max: u16, writer: &mut Writer<'_>) -> bool {
        let Some(summary) = writer.tail() else { return false };
        let (len, until) = ask_store!(self, store, kept => kept.summarise(&self.cx, token, from, summary));
        self.reconcile.on_asked(token, until);
        writer.put_tailed(&Frame::Pull(Pull { token, store, from, until, len_max, summary: &[] }), len)
    }

    fn write_answer(&mut self, question: &Question<S::Summary>, buffer: &mut [u8]) -> Option<usize> {
        let mut writer =
            Writer::new(buffer.get_mut(..usize::from(question.len_max))?, &self.header(Some(question.peer)))?;
        // The longest of writes fit only without room to say where the rest begins.
        writer.reserve_beside(len::PULL_END, len::PULL_END_AFTER);
        let is_live = |life| super::is_live(&self.membership, life);
        let upto = ask_store!(self, question.store, store => store.serve(&self.cx, question, &is_live, &mut writer));
        writer.release();
        self.cx.count(Counter::PullsAnswered);
        let too_long = writer.take_too_long() > 0;
        self.cx.count_by(Counter::NewsTooLong, u64::from(too_long));
        if upto.is_none() && !too_long {
            self.convergence.on_told_all(&self.cx, &mut self.membership.lend(), question.peer);
        }
        let remainder = match upto {
            None if too_long => Remainder::TooLong,
            upto => upto.map_or(Remainder::Nothing, Remainder::After),
        };
        let mut remainders = [remainder, Remainder::Some].into_iter();
        let fits =
            remainders.any(|remainder| writer.put(&Frame::PullEnd(PullEnd { token: question.token, remainder })));
        fits.then_some(writer.len())
    }

    /// An announce is as long as an introduction may be: its answer introduces another node, and may be no longer.
    fn announce_len(&self) -> usize {
        let longest = len::HEADER + len::PING + len::MEMBER + Addr::LEN_MAX + ANNOUNCE_PRESENCE_LEN;
        longest.min(usize::from(self.cx.config.datagram_len_max))
    }

    /// What we say of ourselves to `peer`: it can compare the digest of what it keeps as well.
    fn header(&self, peer: Option<NodeId>) -> Header {
        let (me, digest) = (&self.cx.me, self.digest_over(self.shared_with(peer)));
        let header = Header::new(self.cx.config.cluster, me.id, me.generation, me.incarnation, digest);
        let is_subtree = self.convergence.is_subtree() && self.cx.name_conflicts == 0;
        let header = if is_subtree { header.subtree() } else { header };
        if self.convergence.is_unanimous() { header.unanimous() } else { header }
    }

    /// Whether `peer` may be told anything at all.
    pub(super) fn is_trusted(&self, peer: Option<NodeId>) -> bool {
        peer.is_some_and(|id| self.membership.is_live(id))
    }
}
