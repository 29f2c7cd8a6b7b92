//! Anti-entropy: whoever hears a digest other than its own finds out what it lacks, and asks for it.
//!
//! Pull only, one exchange at a time: both sides of a difference hear of it, and each asks for itself. The answering
//! side keeps nothing: a question carries all that is needed to answer it. An exchange is a comparison of the stores,
//! and then, for each that differs, questions until nothing is lacking; each step is one datagram there and one back.
use crate::{
    context::Context,
    id::{Addr, NodeId, Writer as Life},
    records::Intent,
    storage::Storage,
    time::Instant,
    wire::{Parts, Served, Store},
};

/// The exchange under way, and with whom to start the next.
pub(crate) struct Reconcile {
    exchange: Exchange,
    candidate: Option<Peer>,
    /// Exchanges start no more often than gossip goes round.
    next_at: Instant,
    token: u8,
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    id: NodeId,
    addr: Addr,
}

#[derive(Debug, Clone, Copy)]
enum Exchange {
    Idle,
    Comparing { peer: Peer, until: Instant, tries: u8 },
    Pulling { peer: Peer, until: Instant, tries: u8, pull: Pulling },
}

/// One question of an exchange.
#[derive(Debug, Clone, Copy)]
struct Pulling {
    store: Store,
    /// The range of writers asked for; its end is known once the question is written.
    from: Life,
    end: Life,
    token: u8,
    /// The store's digest when we asked: an answer that changes nothing is no progress.
    asked_at: Parts,
    later: Todo,
}

/// Stores still to be pulled.
#[derive(Debug, Clone, Copy)]
struct Todo {
    rumors: bool,
    entries: bool,
}

/// So often a question is asked before its exchange is given up: at a loss of one in four each way, one exchange in 30 is.
const TRIES_MAX: u8 = 4;

impl Reconcile {
    pub(crate) const fn new() -> Self {
        Self { exchange: Exchange::Idle, candidate: None, next_at: Instant::ZERO, token: 0 }
    }

    /// `peer` knows something else than we do.
    pub(crate) fn on_differing(&mut self, peer: NodeId, addr: Addr) {
        self.candidate = Some(Peer { id: peer, addr });
    }

    /// `peer` is gone.
    pub(crate) fn on_gone(&mut self, peer: NodeId) {
        if self.candidate.is_some_and(|candidate| candidate.id == peer) {
            self.candidate = None;
        }
        if self.peer() == Some(peer) {
            self.exchange = Exchange::Idle;
        }
    }

    /// Whether what `peer` says now is an answer to us.
    pub(crate) fn is_pulling_from(&self, peer: NodeId) -> bool {
        matches!(self.exchange, Exchange::Pulling { peer: asked, .. } if asked.id == peer)
    }

    pub(crate) fn on_parts<S: Storage>(&mut self, cx: &mut Context<S>, from: NodeId, theirs: &Parts, ours: &Parts) {
        let Exchange::Comparing { peer, .. } = self.exchange else {
            cx.stats.stale_answers += 1;
            return;
        };
        if peer.id != from {
            cx.stats.stale_answers += 1;
            return;
        }
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
        let Exchange::Pulling { peer, pull, .. } = self.exchange else {
            cx.stats.stale_answers += 1;
            return;
        };
        if (peer.id, pull.token) != (from, served.token) {
            cx.stats.stale_answers += 1;
            return;
        }
        let progress = *ours != pull.asked_at;
        match (served.complete, pull.end == Life::LAST) {
            // The peer has more for us, and we take it.
            (false, _) if progress => self.pull(cx, peer, pull.store, pull.from, pull.later, ours),
            (true, false) => self.pull(cx, peer, pull.store, pull.end, pull.later, ours),
            // All of it, or more than we have room for.
            (true, true) | (false, _) => self.pull_next(cx, peer, pull.later, ours),
        }
    }

    pub(crate) fn on_timer<S: Storage>(&mut self, cx: &mut Context<S>, ours: &Parts) {
        match self.exchange {
            Exchange::Idle => self.start(cx),
            Exchange::Comparing { until, .. } | Exchange::Pulling { until, .. } if cx.now < until => {}
            Exchange::Comparing { peer, tries, .. } if tries < TRIES_MAX => {
                self.compare(cx, peer, tries + 1);
            }
            Exchange::Pulling { peer, tries, pull, .. } if tries < TRIES_MAX => {
                let Pulling { store, from, later, .. } = pull;
                self.pull(cx, peer, store, from, later, ours);
                self.count_try(tries + 1);
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
            Exchange::Idle if self.candidate.is_some() => self.next_at,
            Exchange::Idle => Instant::NEVER,
        }
    }

    fn peer(&self) -> Option<NodeId> {
        match self.exchange {
            Exchange::Idle => None,
            Exchange::Comparing { peer, .. } | Exchange::Pulling { peer, .. } => Some(peer.id),
        }
    }

    fn start<S: Storage>(&mut self, cx: &mut Context<S>) {
        if cx.now < self.next_at {
            return;
        }
        if let Some(peer) = self.candidate.take() {
            cx.stats.exchanges += 1;
            self.compare(cx, peer, 1);
        }
    }

    fn compare<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, tries: u8) {
        let until = cx.now + cx.config.gossip_interval;
        self.exchange = Exchange::Comparing { peer, until, tries };
        cx.send(peer.addr, Some(peer.id), Intent::Compare);
    }

    fn pull_next<S: Storage>(&mut self, cx: &mut Context<S>, peer: Peer, todo: Todo, ours: &Parts) {
        let none = Todo { rumors: false, entries: false };
        if todo.rumors {
            self.pull(cx, peer, Store::Rumors, Life::FIRST, Todo { rumors: false, ..todo }, ours);
        } else if todo.entries {
            self.pull(cx, peer, Store::Entries, Life::FIRST, none, ours);
        } else {
            self.finish(cx);
        }
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
        let until = cx.now + cx.config.gossip_interval;
        let pull = Pulling { store, from, end: from, token: self.token, asked_at: *ours, later };
        self.exchange = Exchange::Pulling { peer, until, tries: 1, pull };
        cx.send(peer.addr, Some(peer.id), Intent::Pull { token: self.token, store, from });
    }

    fn count_try(&mut self, count: u8) {
        if let Exchange::Pulling { tries, .. } = &mut self.exchange {
            *tries = count;
        }
    }

    fn finish<S: Storage>(&mut self, cx: &Context<S>) {
        self.exchange = Exchange::Idle;
        self.next_at = cx.now + cx.config.gossip_interval;
    }
}
