//! Anti-entropy (Demers et al. 1987, §1.3): whoever hears a digest other than its own finds out what it lacks, and asks for it.
//!
//! Pull only, of push, pull and push-pull, one exchange at a time: both sides of a difference hear of it, and each asks for itself. The answering
//! side keeps nothing: a question carries all that is needed to answer it. An exchange is a comparison of the stores,
//! and then, for each that differs, questions until nothing is lacking; each step is one datagram there and one back.
//!
//! - here: with whom the next exchange is, when it starts, and how it goes on;
//! - `exchange`: the one under way;
//! - `timeout`: how long to wait for an answer;
//! - `backoff`: whom not to ask for now, after exchanges that brought nothing.
mod backoff;
mod exchange;
mod timeout;

use crate::{
    config::exchange::{NO_PROGRESS_MAX, TRIES_MAX, TRIES_OF_MANY},
    context::Context,
    digest::Digest,
    id::NodeId,
    pace::Pace,
    records::Intent,
    round_trip::RoundTrip,
    stats::Counter,
    storage::Storage,
    time::{Instant, Span},
    wire::{Position, PullEnd, Remainder, Store, StoreDigests, Stores},
};
use backoff::{Again, Backoff};
use core::time::Duration;
pub(crate) use exchange::{Difference, Peer};
use exchange::{Exchange, Pulling, TRY};
use serde::{Deserialize, Serialize};

/// The exchange under way, and with whom to start the next.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reconcile {
    exchange: Exchange,
    candidate: Option<Peer>,
    /// With whom the last exchange is or was.
    last: NodeId,
    choice: Choice,
    pace: Pace,
    /// When the next exchange starts, if there is cause.
    next_at: Instant,
    /// What we knew before the datagram that is being taken in.
    before: Digest,
    /// Whether the entries differed when it began.
    entries_differ: bool,
    /// Whether an exchange ended with entries that differ, and nothing to pull.
    unresolved: bool,
    backoff: Backoff,
    /// How long answers to our questions take: longer ones than those to a ping.
    round_trip: RoundTrip,
    token: u8,
    /// Whether the answers of this exchange, or the last one, brought us anything.
    made_progress: bool,
}

/// Why the candidate is the candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Choice {
    /// It spoke last.
    Latest,
    /// It may have what the one that we ask now has not: whoever speaks meanwhile.
    Better,
}

/// What follows from hearing our own digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Same {
    /// There is nothing to ask.
    Agreed,
    /// To whoever has just come, that says little: the first to join a new cluster all know no more than each other, until the
    /// others have come.
    AskAnyway,
}

const _: () = assert!(TRIES_MAX <= TRY);
const FIRST_TRY: u8 = 1;

impl Reconcile {
    pub(crate) const fn new() -> Self {
        Self {
            exchange: Exchange::Idle,
            candidate: None,
            last: NodeId(0),
            choice: Choice::Latest,
            pace: Pace::new(),
            next_at: Instant::NEVER,
            before: Digest(0),
            entries_differ: false,
            unresolved: false,
            backoff: Backoff::NONE,
            round_trip: RoundTrip::UNKNOWN,
            token: 0,
            made_progress: false,
        }
    }

    /// We begin to join. A newcomer asks what it lacks a gossip interval and more after that: of those who join together, all
    /// have come by then, and do not all ask one seed at once. Whoever is heard only later, for losses, has waited by then.
    pub(crate) fn on_join<S: Storage>(&mut self, cx: &mut Context<S>) {
        if self.pace.is_untried() && self.next_at == Instant::NEVER {
            let interval = cx.config.gossip_interval;
            self.next_at = cx.now + interval + cx.random_part(interval.part(2));
        }
    }

    /// `peer` knows something else than we do.
    ///
    /// A gossip interval and more passes before we ask, unless the last exchange brought us something: the push, which is
    /// under way, often settles the difference by then. A newcomer asks the one that it heard first, through whom it came:
    /// whoever else speaks to it may have come no earlier.
    pub(crate) fn on_differing<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer) {
        if self.backoff.is_backed_off(cx, &peer) {
            return;
        }
        // Nobody speaks as often as the one that we ask; but what it lacks, too, others have.
        let is_better = !self.pace.is_untried() && peer.id != self.last;
        if is_better && self.choice == Choice::Latest || self.candidate.is_none() {
            self.candidate = Some(peer);
        }
        if self.next_at == Instant::NEVER {
            let interval = cx.config.gossip_interval;
            let delay = if self.made_progress { Duration::ZERO } else { interval };
            self.next_at = self.pace.next_at(cx.now) + delay + cx.random_part(interval.part(2));
        }
    }

    /// `peer` knows just what we know.
    pub(crate) fn on_same(&mut self, peer: NodeId) -> Same {
        if self.pace.is_untried() {
            return Same::AskAnyway;
        }
        self.on_agreeing(peer);
        Same::Agreed
    }

    /// `peer` may have what the one that we ask now has not: it is asked next, whoever speaks meanwhile.
    pub(crate) fn on_better_source(&mut self, peer: Peer) {
        (self.candidate, self.choice) = (Some(peer), Choice::Better);
    }

    /// Whether `peer` answered nothing when it was asked last, as far as is remembered.
    pub(crate) fn is_silent(&mut self, peer: NodeId) -> bool {
        self.backoff.is_silent(peer)
    }

    /// There is nothing to ask `peer`.
    fn on_agreeing(&mut self, peer: NodeId) {
        if self.candidate.is_some_and(|candidate| candidate.id == peer) {
            self.on_caught_up();
        }
    }

    /// With whom the next exchange is to be, unless there is nothing to ask. A newcomer asks in any case.
    pub(crate) fn candidate(&self) -> Option<Peer> {
        self.candidate.filter(|_| !self.pace.is_untried())
    }

    /// We know as much by now.
    pub(crate) fn on_caught_up(&mut self) {
        (self.candidate, self.choice) = (None, Choice::Latest);
    }

    /// `peer` is gone.
    pub(crate) fn on_gone(&mut self, peer: NodeId) {
        self.on_agreeing(peer);
        if self.exchange.peer() == Some(peer) {
            self.exchange = Exchange::Idle;
        }
    }

    /// Whether something was asked of `peer`.
    pub(crate) fn has_asked(&self, peer: NodeId) -> bool {
        self.exchange.peer() == Some(peer)
    }

    /// Whether what `peer` is about to say answers a pull; `ours` is what we know before that.
    pub(crate) fn is_answering(&mut self, peer: NodeId, ours: Digest) -> bool {
        self.before = ours;
        matches!(self.exchange, Exchange::Pulling { peer: asked, .. } if asked.id == peer)
    }

    pub(crate) fn on_store_digests<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        from: NodeId,
        theirs: &StoreDigests,
        ours: &StoreDigests,
        digest: Digest,
    ) {
        let Exchange::Comparing { peer, asked_at, tries, .. } = self.exchange else {
            cx.count(Counter::StaleAnswers);
            return;
        };
        if peer.id != from {
            cx.count(Counter::StaleAnswers);
            return;
        }
        self.made_progress |= digest != self.before;
        self.backoff.on_answer(from);
        if tries == 1 {
            self.round_trip.record(cx.now.saturating_duration_since(asked_at));
        }
        let differing = ours.differing(theirs);
        self.entries_differ = differing.contains(Store::Entries);
        self.pull_next(cx, peer, differing, digest);
    }

    /// A question was written: it covers its store up to `end`.
    pub(crate) fn on_asked(&mut self, asked: u8, end_of_range: Position) {
        if let Exchange::Pulling { pull: Pulling { token, end, .. }, .. } = &mut self.exchange
            && *token == asked & !TRY
        {
            *end = end_of_range;
        }
    }

    pub(crate) fn on_pull_end<S: Storage>(&mut self, cx: &mut Context<S>, from: NodeId, end: &PullEnd, ours: Digest) {
        let Exchange::Pulling { peer, asked_at, pull, .. } = self.exchange else {
            cx.count(Counter::StaleAnswers);
            return;
        };
        if (peer.id, pull.token) != (from, end.token & !TRY) {
            cx.count(Counter::StaleAnswers);
            return;
        }
        self.made_progress |= ours != self.before;
        if end.token & TRY == FIRST_TRY {
            // However late, and however often it was asked again meanwhile.
            self.round_trip.record(cx.now.saturating_duration_since(asked_at));
        }
        let progress = ours != pull.had;
        let no_progress = if progress { 0 } else { pull.no_progress.saturating_add(1) };
        let from = match end.remainder {
            Remainder::After(upto) if upto > pull.from && upto < pull.end && no_progress < NO_PROGRESS_MAX => upto,
            // The peer has more for us, and we take it.
            Remainder::After(_) | Remainder::Some if progress => pull.from,
            // What is too long is not to be had; all else was told.
            Remainder::Nothing | Remainder::TooLong if pull.end > pull.from && pull.end < Position::Last => pull.end,
            // All of it, or more than we have room for.
            _ => return self.pull_next(cx, peer, pull.later, ours),
        };
        self.pull(cx, peer, Pulling { from, no_progress, ..pull }, ours);
    }

    pub(crate) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, ours: Digest) {
        match self.exchange {
            Exchange::Idle => self.start(cx),
            Exchange::Comparing { until, .. } | Exchange::Pulling { until, .. } if cx.now < until => {}
            Exchange::Comparing { peer, tries, .. } | Exchange::Pulling { peer, tries, .. }
                if self.may_ask_another(cx, &peer, tries) =>
            {
                cx.count(Counter::ExchangesFailed);
                self.backoff.on_unanswered(cx, peer.id);
                self.finish(cx);
            }
            Exchange::Comparing { peer, asked_at, tries, .. } if tries < TRIES_MAX => {
                self.compare(cx, peer, tries + 1, asked_at);
            }
            Exchange::Pulling { peer, asked_at, tries, pull, .. } if tries < TRIES_MAX => {
                let pull = Pulling { had: ours, ..pull };
                self.ask(cx, peer, tries + 1, asked_at, pull);
            }
            Exchange::Comparing { peer, .. } | Exchange::Pulling { peer, .. } => {
                cx.count(Counter::ExchangesFailed);
                self.backoff.on_silence(cx, peer.id);
                self.finish(cx);
            }
        }
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        match self.exchange {
            Exchange::Comparing { until, .. } | Exchange::Pulling { until, .. } => until,
            Exchange::Idle if self.has_heard_nobody() => Instant::NEVER,
            Exchange::Idle => self.next_at,
        }
    }

    /// How often a question to `peer` had to be asked again.
    pub(crate) fn failures(&self, peer: NodeId) -> u8 {
        match self.exchange {
            Exchange::Comparing { peer: asked, tries, .. } | Exchange::Pulling { peer: asked, tries, .. }
                if asked.id == peer =>
            {
                tries.saturating_sub(1)
            }
            _ => 0,
        }
    }

    /// How often the question had been asked before that `peer` answers now; `None` when that is not the one under way.
    pub(crate) fn failures_of(&self, peer: NodeId, token: u8) -> Option<u8> {
        match self.exchange {
            Exchange::Pulling { peer: asked, pull, .. } if (asked.id, pull.token) == (peer, token & !TRY) => {
                Some((token & TRY).saturating_sub(1))
            }
            _ => None,
        }
    }

    /// Whether entries turned out to differ although we lack no write: told once.
    pub(crate) fn take_unresolved(&mut self) -> bool {
        core::mem::take(&mut self.unresolved)
    }

    /// Whether a newcomer has yet to hear whom it asks.
    fn has_heard_nobody(&self) -> bool {
        self.pace.is_untried() && self.candidate.is_none()
    }

    /// Whether somebody else is to be asked, now that `peer` answered none of so many tries.
    ///
    /// Where it is not known how long answers take, and where the answer is a long one, of which ever less is asked for, only the
    /// last and longest wait is spared: before that, what the path carries was asked for as well.
    fn may_ask_another<S: Storage>(&self, cx: &Context<S>, peer: &Peer, tries: u8) -> bool {
        let is_known = self.round_trip_to(cx, peer) != RoundTrip::UNKNOWN;
        let is_short = matches!(self.exchange, Exchange::Comparing { .. });
        let tries_max = if is_known && is_short { TRIES_OF_MANY } else { TRIES_MAX - 1 };
        (tries_max..TRIES_MAX).contains(&tries) && self.candidate.is_some_and(|candidate| candidate.id != peer.id)
    }

    fn start<S: Storage>(&mut self, cx: &mut Context<S>) {
        if cx.now < self.next_at || self.has_heard_nobody() {
            return;
        }
        self.next_at = Instant::NEVER;
        if let Some(peer) = self.candidate.take() {
            self.choice = Choice::Latest;
            cx.count(Counter::Exchanges);
            cx.newcomer = false;
            self.last = peer.id;
            self.made_progress = false;
            self.pace.mark(cx.now, cx.config.gossip_interval);
            self.compare(cx, peer, FIRST_TRY, cx.now);
        }
    }

    /// Compares, for the first time, which was at `asked_at`, or again.
    fn compare<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, tries: u8, asked_at: Instant) {
        let until = cx.now + self.timeout(cx, &peer, tries);
        self.exchange = Exchange::Comparing { peer, asked_at, until, tries };
        cx.send(peer.addr, Some(peer.id), Intent::Compare);
    }

    /// Asks for what we lack of the first of `stores`; or it was the last one.
    fn pull_next<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, stores: Stores, ours: Digest) {
        if let Some(store) = stores.first() {
            return self.pull(cx, peer, Pulling::all_of(store, stores.without(store)), ours);
        }
        self.learn_from(cx, &peer);
        self.finish(cx);
    }

    /// Remembers whether there was anything to be had.
    fn learn_from<S: Storage>(&mut self, cx: &Context<S>, peer: &Peer) {
        if self.made_progress {
            // Where there was something, there may be more, here or with others.
            self.pace.reset_backoff(cx.config.gossip_interval);
            return self.backoff.on_progress(peer);
        }
        let again = self.backoff.on_no_progress(cx, peer, self.timeout(cx, peer, FIRST_TRY));
        // The first time, the peer may just not have asked yet for what it lacks.
        self.unresolved = self.entries_differ && again == Again::Yes;
        // Whoever spoke meanwhile and knows the same has no more for us either.
        let is_better = self.choice == Choice::Better;
        self.candidate = self.candidate.filter(|candidate| is_better || !self.backoff.is_backed_off(cx, candidate));
    }

    /// Asks for what we lack of a store, from where `pull` says.
    fn pull<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, pull: Pulling, ours: Digest) {
        self.token = self.token.wrapping_add(TRY + 1);
        let pull = Pulling { end: pull.from, token: self.token, had: ours, ..pull };
        self.ask(cx, peer, FIRST_TRY, cx.now, pull);
    }

    /// Asks, for the first time, which was at `asked_at`, or again: the same question, with whatever we have by now.
    fn ask<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, tries: u8, asked_at: Instant, pull: Pulling) {
        let until = cx.now + self.timeout(cx, &peer, tries);
        self.exchange = Exchange::Pulling { peer, asked_at, until, tries, pull };
        // An answer may prompt it, of somebody who is not proven to be where we asked: then it is as short as that.
        cx.answer(peer.addr, peer.id, Intent::Pull { token: pull.token | tries, store: pull.store, from: pull.from });
    }

    fn finish<S: Storage>(&mut self, cx: &Context<S>) {
        self.exchange = Exchange::Idle;
        self.next_at = if self.candidate.is_some() { self.pace.next_at(cx.now) } else { Instant::NEVER };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, id::Addr, records::Outgoing, storage::Heap};
    use std::vec::Vec;

    const PEER: NodeId = NodeId(2);
    const OURS: Digest = Digest(1);

    fn addr() -> Addr {
        Addr::new(&[2]).unwrap()
    }

    /// The machine, with a peer that differs.
    fn differing() -> (Context<Heap>, Reconcile) {
        let mut cx = Context::<Heap>::new(NodeId(1), Addr::new(&[1]).unwrap(), Config::lan(), 1);
        let mut reconcile = Reconcile::new();
        let difference = Difference { ours: OURS, theirs: Digest(2) };
        reconcile.on_differing(&mut cx, Peer { id: PEER, addr: addr(), round_trip: RoundTrip::UNKNOWN, difference });
        (cx, reconcile)
    }

    /// Lets time pass to the next deadline, and says what is sent then.
    fn pass(cx: &mut Context<Heap>, reconcile: &mut Reconcile, ours: Digest) -> Vec<Intent> {
        cx.now = cx.now.max(reconcile.next_deadline());
        reconcile.on_timer(cx, ours);
        core::iter::from_fn(|| cx.next_outgoing()).map(|Outgoing { intent, .. }| intent).collect()
    }

    fn digests(of: [u64; 3]) -> StoreDigests {
        Store::ALL.into_iter().zip(of).fold(StoreDigests::NONE, |all, (store, it)| all.with(store, Digest(it)))
    }

    fn pulls(cx: &mut Context<Heap>) -> Vec<(u8, Store, Position)> {
        let all = core::iter::from_fn(|| cx.next_outgoing());
        all.map(|outgoing| match outgoing.intent {
            Intent::Pull { token, store, from } => (token, store, from),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn what_differs_is_asked_for_store_by_store_and_range_by_range() {
        let (mut cx, mut reconcile) = differing();
        assert_eq!(pass(&mut cx, &mut reconcile, OURS), [Intent::Compare]);
        // Members are the same; rumors and entries differ.
        reconcile.on_store_digests(&mut cx, PEER, &digests([1, 2, 3]), &digests([1, 9, 9]), OURS);
        let [(token, Store::Rumors, Position::First)] = pulls(&mut cx)[..] else { panic!("rumors come first") };
        reconcile.on_asked(token, Position::Last);
        reconcile.on_pull_end(&mut cx, PEER, &PullEnd { token, remainder: Remainder::Nothing }, Digest(3));
        let [(token, Store::Entries, Position::First)] = pulls(&mut cx)[..] else { panic!("then entries") };
        reconcile.on_asked(token, Position::Last);
        let middle = Position::behind_number(5);
        reconcile.on_pull_end(&mut cx, PEER, &PullEnd { token, remainder: Remainder::After(middle) }, Digest(4));
        let [(token, Store::Entries, from)] = pulls(&mut cx)[..] else { panic!("then the rest of them") };
        assert_eq!(from, middle);
        reconcile.on_asked(token, Position::Last);
        reconcile.on_pull_end(&mut cx, PEER, &PullEnd { token, remainder: Remainder::Nothing }, Digest(5));
        assert!(pulls(&mut cx).is_empty());
        assert_eq!((cx.stats.exchanges, cx.stats.exchanges_failed, cx.stats.stale_answers), (1, 0, 0));
    }

    #[test]
    fn a_question_is_asked_again_for_so_long_and_then_given_up() {
        let (mut cx, mut reconcile) = differing();
        let asked = (0..100).take_while(|_| pass(&mut cx, &mut reconcile, OURS) == [Intent::Compare]).count();
        assert_eq!((asked, cx.stats.exchanges_failed), (usize::from(TRIES_MAX), 1));
        assert!(reconcile.is_silent(PEER));
        // An answer that comes after that is of no use, and is counted.
        reconcile.on_store_digests(&mut cx, PEER, &digests([1, 2, 3]), &digests([1, 9, 9]), OURS);
        assert_eq!((pulls(&mut cx).len(), cx.stats.stale_answers), (0, 1));
    }

    #[test]
    fn of_a_store_that_one_of_two_lacks_nothing_is_asked() {
        let (mut cx, mut reconcile) = differing();
        pass(&mut cx, &mut reconcile, OURS);
        let theirs = StoreDigests::NONE.with(Store::Members, Digest(1));
        reconcile.on_store_digests(&mut cx, PEER, &theirs, &digests([1, 9, 9]), OURS);
        assert!(pulls(&mut cx).is_empty());
    }
}
