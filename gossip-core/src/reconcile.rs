//! Anti-entropy: whoever hears a digest other than its own finds out what it lacks, and asks for it.
//!
//! Pull only, one exchange at a time: both sides of a difference hear of it, and each asks for itself. The answering
//! side keeps nothing: a question carries all that is needed to answer it. An exchange is a comparison of the stores,
//! and then, for each that differs, questions until nothing is lacking; each step is one datagram there and one back.
use crate::{
    context::{Context, Credit},
    digest::Digest,
    id::{Addr, Life, NodeId},
    pace::Pace,
    records::Intent,
    storage::Storage,
    time::Instant,
    wire::{Parts, Served, Store},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The exchange under way, and with whom to start the next.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reconcile {
    exchange: Exchange,
    candidate: Option<Peer>,
    /// One that may have what those who were asked have not: it is asked next.
    better: Option<Peer>,
    pace: Pace,
    /// When the next exchange starts, if there is cause.
    next_at: Instant,
    /// What we knew when the exchange began.
    began_with: Parts,
    /// Whether the entries differed when it began.
    entries_differ: bool,
    /// Whether an exchange ended with entries that differ, and nothing to pull.
    stalemate: bool,
    /// Differences that lately turned out to be nothing that we could take over.
    fruitless: [Fruitless; FRUITLESS_MAX],
    /// How long an answer took lately: the longest, fading.
    round_trip: Option<Duration>,
    token: u8,
    /// Whether the last exchange brought us anything.
    fruitful: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Peer {
    id: NodeId,
    addr: Addr,
    difference: Difference,
}

/// Two nodes that know different things: our digest, and theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) ours: Digest,
    pub(crate) theirs: Digest,
}

/// A difference over which an exchange changed nothing on our side: the other one lacks something, or we have no room. As
/// long as it lasts, to ask anybody who knows the same is to ask in vain; we do it ever more seldom.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Fruitless {
    difference: Difference,
    wait: Duration,
    until: Instant,
}

/// Lasting differences are few: one for each group of nodes that agree with each other.
const FRUITLESS_MAX: usize = 2;
/// How seldom a lasting difference is looked into, in reconnect intervals.
const FRUITLESS_WAIT_MAX: u32 = 8;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Exchange {
    Idle,
    Comparing { peer: Peer, asked_at: Instant, until: Instant, tries: u8 },
    Pulling { peer: Peer, asked_at: Instant, until: Instant, tries: u8, pull: Pulling },
}

/// One question of an exchange.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Pulling {
    store: Store,
    /// The range of writers asked for; its end is known once the question is written.
    from: Life,
    end: Life,
    token: u8,
    /// The store's digest when we asked: an answer that changes nothing is no progress.
    had: Parts,
    later: Todo,
}

impl Fruitless {
    const NONE: Self = Self {
        difference: Difference { ours: Digest(0), theirs: Digest(0) },
        wait: Duration::ZERO,
        until: Instant::ZERO,
    };
}

/// Stores still to be pulled.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Todo {
    rumors: bool,
    entries: bool,
}

/// So often a question is asked before its exchange is given up: at a loss of one in four each way, one in 60 is.
const TRIES_MAX: u8 = 5;

impl Reconcile {
    pub(crate) const fn new() -> Self {
        Self {
            exchange: Exchange::Idle,
            candidate: None,
            better: None,
            pace: Pace::new(),
            next_at: Instant::NEVER,
            began_with: Parts::NONE,
            entries_differ: false,
            stalemate: false,
            fruitless: [Fruitless::NONE; FRUITLESS_MAX],
            round_trip: None,
            token: 0,
            fruitful: false,
        }
    }

    /// `peer` knows something else than we do.
    ///
    /// A gossip interval and more passes before we ask, unless the last exchange brought us something: the push, which is
    /// under way, often settles the difference by then; and of those who join together, all have come by then, and do not
    /// all ask one seed at once. A newcomer asks the one that it heard first, through whom it came: whoever else speaks to
    /// it may have come no earlier.
    pub(crate) fn on_differing<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        peer: NodeId,
        addr: Addr,
        difference: Difference,
    ) {
        let known = self.fruitless.iter().find(|fruitless| fruitless.difference == difference);
        if known.is_some_and(|fruitless| cx.now < fruitless.until) {
            return;
        }
        let peer = Peer { id: peer, addr, difference };
        if self.is_overdue() && cx.credit == Credit::Full {
            // Whoever speaks now is a better bet than one who has not answered. A stranger's turn comes later: what we send at
            // once would be an answer, and longer than the question.
            return self.compare(cx, peer, 1);
        }
        if !self.pace.is_untried() || self.candidate.is_none() {
            self.candidate = Some(peer);
        }
        if self.next_at == Instant::NEVER {
            let interval = cx.config.gossip_interval;
            let patience = if self.fruitful { Duration::ZERO } else { interval };
            self.next_at = self.pace.next_at(cx.now) + patience + cx.random_part(interval / 2);
        }
    }

    /// `peer` knows just what we know.
    ///
    /// To whoever has just come, that says little: the first to join a new cluster all know no more than each other, until
    /// the others have come.
    pub(crate) fn on_same<S: Storage>(&mut self, cx: &mut Context<S>, peer: NodeId, addr: Addr, digest: Digest) {
        if self.pace.is_untried() {
            self.on_differing(cx, peer, addr, Difference { ours: digest, theirs: digest });
        } else {
            self.on_agreeing(peer);
        }
    }

    /// `peer` may have what the one that we ask now has not: it is asked next, whoever speaks meanwhile.
    pub(crate) fn on_better_source(&mut self, peer: NodeId, addr: Addr, difference: Difference) {
        self.better.get_or_insert(Peer { id: peer, addr, difference });
    }

    /// There is nothing to ask `peer`.
    fn on_agreeing(&mut self, peer: NodeId) {
        if self.candidate.is_some_and(|candidate| candidate.id == peer) {
            self.candidate = None;
        }
    }

    /// What the one knows, or knew, with whom the next exchange is to be. A newcomer asks whatever that is.
    pub(crate) fn theirs(&self) -> Option<Digest> {
        self.candidate.filter(|_| !self.pace.is_untried()).map(|candidate| candidate.difference.theirs)
    }

    /// We know as much by now.
    pub(crate) fn on_caught_up(&mut self) {
        self.candidate = None;
    }

    /// `peer` is gone.
    pub(crate) fn on_gone(&mut self, peer: NodeId) {
        self.on_agreeing(peer);
        self.better = self.better.filter(|better| better.id != peer);
        if self.peer() == Some(peer) {
            self.exchange = Exchange::Idle;
        }
    }

    /// Whether what `peer` says now is an answer to us.
    pub(crate) fn is_pulling_from(&self, peer: NodeId) -> bool {
        matches!(self.exchange, Exchange::Pulling { peer: asked, .. } if asked.id == peer)
    }

    pub(crate) fn on_parts<S: Storage>(&mut self, cx: &mut Context<S>, from: NodeId, theirs: &Parts, ours: &Parts) {
        let Exchange::Comparing { peer, asked_at, .. } = self.exchange else {
            cx.stats.stale_answers += 1;
            return;
        };
        if peer.id != from {
            cx.stats.stale_answers += 1;
            return;
        }
        self.on_answer(cx, asked_at);
        self.entries_differ = theirs.entries != ours.entries;
        let later = Todo { rumors: theirs.rumors != ours.rumors, entries: theirs.entries != ours.entries };
        if theirs.members == ours.members {
            self.pull_next(cx, peer, later, ours);
        } else {
            self.pull(cx, peer, Store::Members, Life::FIRST, later, ours);
        }
    }

    /// A question was written: it covers the writers up to `end`.
    pub(crate) fn on_asked(&mut self, asked: u8, end_of_range: Life) {
        if let Exchange::Pulling { pull: Pulling { token, end, .. }, .. } = &mut self.exchange
            && *token == asked
        {
            *end = end_of_range;
        }
    }

    pub(crate) fn on_served<S: Storage>(&mut self, cx: &mut Context<S>, from: NodeId, served: &Served, ours: &Parts) {
        let Exchange::Pulling { peer, asked_at, pull, .. } = self.exchange else {
            cx.stats.stale_answers += 1;
            return;
        };
        if (peer.id, pull.token) != (from, served.token) {
            cx.stats.stale_answers += 1;
            return;
        }
        self.on_answer(cx, asked_at);
        let progress = *ours != pull.had;
        // Members come by id: what is left begins behind the last one.
        let told_of = cx.told_of.filter(|_| pull.store == Store::Members);
        let next = told_of.and_then(|id| id.0.checked_add(1)).map(|id| Life { origin: NodeId(id), ..Life::FIRST });
        match (served.complete, pull.end == Life::LAST) {
            (false, _) if next.is_some_and(|next| next > pull.from) => {
                self.pull(cx, peer, pull.store, next.unwrap_or(pull.from), pull.later, ours);
            }
            // The peer has more for us, and we take it.
            (false, _) if progress => self.pull(cx, peer, pull.store, pull.from, pull.later, ours),
            (true, false) if pull.end > pull.from => self.pull(cx, peer, pull.store, pull.end, pull.later, ours),
            // All of it, or more than we have room for.
            _ => self.pull_next(cx, peer, pull.later, ours),
        }
    }

    pub(crate) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, ours: &Parts) {
        match self.exchange {
            Exchange::Idle => self.start(cx, ours),
            Exchange::Comparing { until, .. } | Exchange::Pulling { until, .. } if cx.now < until => {}
            Exchange::Comparing { peer, tries, .. } if tries < TRIES_MAX => {
                self.compare(cx, peer, tries + 1);
            }
            Exchange::Pulling { peer, tries, pull, .. } if tries < TRIES_MAX => {
                let pull = Pulling { had: *ours, ..pull };
                self.ask(cx, peer, tries + 1, pull);
            }
            Exchange::Comparing { .. } | Exchange::Pulling { .. } => {
                cx.stats.exchanges_failed += 1;
                self.finish(cx);
            }
        }
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        match self.exchange {
            Exchange::Comparing { until, .. } | Exchange::Pulling { until, .. } => until,
            Exchange::Idle => self.next_at,
        }
    }

    /// Whether a question has had to be asked again.
    fn is_overdue(&self) -> bool {
        match self.exchange {
            Exchange::Idle => false,
            Exchange::Comparing { tries, .. } | Exchange::Pulling { tries, .. } => tries > 1,
        }
    }

    /// Whether entries turned out to differ although we lack no write: told once.
    pub(crate) fn take_stalemate(&mut self) -> bool {
        core::mem::take(&mut self.stalemate)
    }

    fn peer(&self) -> Option<NodeId> {
        match self.exchange {
            Exchange::Idle => None,
            Exchange::Comparing { peer, .. } | Exchange::Pulling { peer, .. } => Some(peer.id),
        }
    }

    fn start<S: Storage>(&mut self, cx: &mut Context<S>, ours: &Parts) {
        if cx.now < self.next_at {
            return;
        }
        self.next_at = Instant::NEVER;
        if let Some(peer) = self.better.take().or_else(|| self.candidate.take()) {
            cx.stats.exchanges += 1;
            cx.newcomer = false;
            self.began_with = *ours;
            self.pace.mark(cx.now, cx.config.gossip_interval);
            self.compare(cx, peer, 1);
        }
    }

    fn compare<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, tries: u8) {
        let (asked_at, until) = (cx.now, cx.now + self.patience(cx, tries));
        self.exchange = Exchange::Comparing { peer, asked_at, until, tries };
        cx.send(peer.addr, Some(peer.id), Intent::Compare);
    }

    fn pull_next<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, todo: Todo, ours: &Parts) {
        let none = Todo { rumors: false, entries: false };
        if todo.rumors {
            self.pull(cx, peer, Store::Rumors, Life::FIRST, Todo { rumors: false, ..todo }, ours);
        } else if todo.entries {
            self.pull(cx, peer, Store::Entries, Life::FIRST, none, ours);
        } else {
            self.learn_from(cx, peer, ours);
            self.finish(cx);
        }
    }

    /// Remembers whether there was anything to be had.
    fn learn_from<S: Storage>(&mut self, cx: &Context<S>, peer: Peer, ours: &Parts) {
        self.fruitful = *ours != self.began_with;
        if self.fruitful {
            // Where there was something, there may be more, here or with others.
            self.pace.hurry(cx.config.gossip_interval);
            return;
        }
        let first = cx.config.gossip_interval.saturating_mul(2);
        let longest = cx.config.reconnect_interval.max(first).saturating_mul(FRUITLESS_WAIT_MAX);
        let known = self.fruitless.iter().position(|fruitless| fruitless.difference == peer.difference);
        // The first time, the peer may just not have asked yet for what it lacks.
        self.stalemate = self.entries_differ && known.is_some();
        let oldest = || (0..FRUITLESS_MAX).min_by_key(|&at| self.fruitless[at].until).unwrap_or(0);
        let wait = known.map_or(first, |at| self.fruitless[at].wait.saturating_mul(2).min(longest));
        let at = known.unwrap_or_else(oldest);
        self.fruitless[at] = Fruitless { difference: peer.difference, wait, until: cx.now + wait };
        // Whoever spoke meanwhile and knows the same has no more for us either.
        self.candidate = self.candidate.filter(|candidate| candidate.difference != peer.difference);
    }

    fn pull<S: Storage>(
        &mut self,
        cx: &mut Context<S>,
        peer: Peer,
        store: Store,
        from: Life,
        later: Todo,
        ours: &Parts,
    ) {
        self.token = self.token.wrapping_add(1);
        let pull = Pulling { store, from, end: from, token: self.token, had: *ours, later };
        self.ask(cx, peer, 1, pull);
    }

    /// Asks, for the first time or again: the same question under the same number, with whatever we have by now.
    fn ask<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, tries: u8, pull: Pulling) {
        let (asked_at, until) = (cx.now, cx.now + self.patience(cx, tries));
        self.exchange = Exchange::Pulling { peer, asked_at, until, tries, pull };
        // An answer may prompt it, of somebody who is not proven to be where we asked: then it is as short as that.
        cx.answer(peer.addr, peer.id, Intent::Pull { token: pull.token, store: pull.store, from: pull.from });
    }

    fn finish<S: Storage>(&mut self, cx: &Context<S>) {
        self.exchange = Exchange::Idle;
        let is_another = self.candidate.is_some() || self.better.is_some();
        self.next_at = if is_another { self.pace.next_at(cx.now) } else { Instant::NEVER };
    }

    /// How long to wait for an answer: some round trips, longer each time.
    fn patience<S: Storage>(&self, cx: &Context<S>, tries: u8) -> Duration {
        let interval = cx.config.gossip_interval;
        let first = match self.round_trip {
            Some(round_trip) => round_trip.saturating_mul(4).max(interval / 16).min(interval),
            None => interval / 8,
        };
        first.saturating_mul(1 << (tries / 2).min(2))
    }

    /// An answer came, to a question last asked at `asked_at`. If it answers an earlier asking, that tells too little; four
    /// times as much is then enough for the next question to be asked once, which tells the truth.
    fn on_answer<S: Storage>(&mut self, cx: &Context<S>, asked_at: Instant) {
        let sample = cx.now.saturating_duration_since(asked_at);
        let faded = self.round_trip.map_or(sample, |round_trip| round_trip.saturating_mul(7) / 8);
        self.round_trip = Some(sample.max(faded));
    }
}
