//! The node: the only place where the machines meet.
//!
//! - here: what goes in and what comes out;
//! - `commands`: what the application asks for;
//! - `receive`: which machine a frame goes to, and who must know what it changed; `exchange`: differences, questions and answers;
//! - `stores`: what is kept in step, and with whom what of it;
//! - `send`: what each datagram is for;
//! - `piggyback`: which news rides on it, and in what order;
//! - `views`: what the application may look at;
//! - `holders`: who has what of ours; `handover`: what leaves with us must stay: it is handed over before the farewell;
//! - `waits`: until others have a write of ours, or all agree; `confirmations`: what others have shown for that, and who is asked;
//! - `keep`: what is kept for a next life;
//! - `snapshot`: the whole node, for a recording.
mod commands;
mod confirmations;
mod exchange;
mod handover;
mod holders;
mod keep;
mod piggyback;
mod receive;
mod send;
#[cfg(feature = "std")]
mod snapshot;
mod stores;
mod views;
mod waits;

use crate::{
    config::{Config, ConfigError, ranges::FANOUT_MAX, timing::LATE_PART},
    context::Context,
    convergence::Convergence,
    digest::Digest,
    id::{Addr, Life, NodeId},
    io::{Event, Input, Output},
    membership::{MemberChange, Membership},
    pace::Pace,
    path_search::PathSearch,
    reconcile::Reconcile,
    records::Intent,
    replicated::{Replicated, ReplicatedData},
    stats::Counter,
    storage::Storage,
    table::Queue,
    time::{Instant, Span},
    waiting::NotReached,
    wire::{Stores, len},
};
use handover::Parting;
use holders::Extent;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use stores::{Registry, each_store};
use waits::Waits;

pub use keep::SaveCursor;
pub use views::{EntryView, Liveness, MemberView, Why};

/// A member of a gossip cluster, as a state machine without a socket or a clock.
///
/// Feed it with [`handle_input`](Self::handle_input) and the commands, and after each of them drain
/// [`poll_output`](Self::poll_output) until it puts out [`Output::Schedule`].
///
/// ```
/// use gossip_core::{Addr, Config, Event, Input, Instant, Node, NodeId, Output};
/// # use rand_core::SeedableRng;
/// # struct Counter(u64);
/// # impl rand_core::TryRng for Counter {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 += 1; Ok(self.0 as u32) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { self.0 += 1; Ok(self.0) }
/// #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # let mut rng = Counter(1);
/// let addr = Addr::new(&[1]).unwrap();
/// let mut node = Node::new(NodeId::from_name("a"), addr, Config::lan(), &mut rng)?;
/// node.put(Instant::ZERO, b"colour", b"blue")?;
/// node.handle_input(Instant::ZERO, Input::TimerFired);
/// let mut buffer = [0; 1400];
/// let at = loop {
///     match node.poll_output(&mut buffer) {
///         Output::Send { .. } => unreachable!("nobody is there yet"),
///         Output::Event(event) => assert!(matches!(event, Event::Changed { key: b"colour", .. })),
///         Output::Schedule(at) => break at,
///     }
/// };
/// assert!(at > Instant::ZERO);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Node<S: Storage> {
    cx: Context<S>,
    membership: Membership<S>,
    stores: Registry<S>,
    reconcile: Reconcile,
    convergence: Convergence,
    paths: PathSearch,
    questions: S::Questions,
    gossip: Gossip,
    parting: Parting,
    /// How much of ours somebody was last seen to have.
    held: Extent,
    waits: Waits<S>,
    /// When we asked to be called: later by much than that, we are late.
    alarm: Instant,
}

/// Where words are twice as long as a sensor's, a little more.
const SENSOR_LEN_MAX: usize = 8 * 1024 + if cfg!(target_pointer_width = "64") { 768 } else { 512 };
const _: () = assert!(size_of::<Node<crate::storage::Sensor>>() <= SENSOR_LEN_MAX, "a sensor's node fits in 8.5 KiB");

/// When news is pushed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Gossip {
    pace: Pace,
    next_at: Instant,
}

#[cfg(feature = "alloc")]
impl Node<crate::storage::Heap> {
    /// A node that keeps its state on the heap, up to its limits.
    ///
    /// `id` names it in all its lives, `addr` is where others reach it, `rng` is asked for one seed.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(id: NodeId, addr: Addr, config: Config, rng: &mut impl Rng) -> Result<Self, ConfigError> {
        Self::with_storage(id, addr, config, rng)
    }
}

impl<S: Storage> Node<S> {
    /// A node that keeps its state where `S` says; the rest is as for [`new`](Node::new).
    ///
    /// # Errors
    /// What is wrong with the configuration, or with it and `S` together.
    pub fn with_storage(id: NodeId, addr: Addr, config: Config, rng: &mut impl Rng) -> Result<Self, ConfigError> {
        config.check::<S>()?;
        let fixed = len::PING + len::MEMBER + addr.as_bytes().len();
        if len::room(usize::from(config.datagram_len_max), fixed, 0) == 0 {
            return Err(ConfigError::AddressTooLong);
        }
        // One literal, and nothing done to it: it can be built where it is to lie, without a detour over the stack.
        let mut cx = Context::new(id, addr, config, rng.next_u64());
        Ok(Self {
            membership: Membership::new(&mut cx),
            stores: Registry::new(&cx),
            reconcile: Reconcile::new(),
            convergence: Convergence::new(Digest::default()),
            paths: PathSearch::new(),
            questions: Queue::with_limit(cx.config.limits.questions),
            gossip: Gossip { pace: Pace::new(), next_at: Instant::NEVER },
            parting: Parting::None,
            held: Extent::default(),
            waits: Waits::new(&cx),
            alarm: Instant::NEVER,
            cx,
        })
    }

    /// Takes in what happened. Afterwards, drain [`poll_output`](Self::poll_output).
    ///
    /// Never fails: whatever a stranger sends, the worst it can do is be counted. Time that runs backwards is held still;
    /// an early call does nothing.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.set_now(now);
        if self.membership.is_departed() {
            return;
        }
        match input {
            Input::Received { from, bytes } => self.on_datagram(from, bytes),
            Input::TimerFired => self.on_timer(),
        }
        self.settle();
    }

    /// Puts out what is to be done, one thing at a time, until [`Output::Schedule`].
    ///
    /// `buffer` takes datagrams and payloads: it must hold `config.datagram_len_max` bytes. With a shorter one, nothing but
    /// the deadline is put out, and `buffer_too_short` counts it.
    pub fn poll_output<'b>(&mut self, buffer: &'b mut [u8]) -> Output<'b> {
        let Some(buffer) = buffer.get_mut(..usize::from(self.cx.config.datagram_len_max)) else {
            self.cx.count(Counter::BufferTooShort);
            return self.schedule();
        };
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        if let Some(event) = self.stores.rumors.tell_missed() {
            return Output::Event(event);
        }
        each_store!(self.stores, (_, store) => if let Some(slot) = store.next_untold() {
            return store.tell(&mut self.cx, slot, buffer).map_or(Output::Schedule(self.cx.now), Output::Event);
        });
        if let Some(event) = self.convergence.claim(&self.cx) {
            return Output::Event(event);
        }
        if let Some(event) = self.tell_wait() {
            return Output::Event(event);
        }
        if let Some((to, len)) = self.write_next(buffer) {
            return Output::Send { to, bytes: buffer.get(..len).unwrap_or_default() };
        }
        self.schedule()
    }

    /// Asks to be called at the next deadline, and remembers when that was to be.
    fn schedule<'b>(&mut self) -> Output<'b> {
        let at = self.next_deadline();
        self.alarm = at.max(self.cx.now);
        Output::Schedule(at)
    }

    fn set_now(&mut self, now: Instant) {
        // The last moment of all stands for "never", and is no time to be.
        self.cx.now = self.cx.now.max(now).min(Instant::from_micros(Instant::NEVER.as_micros() - 1));
        self.waits.forget_told();
        let tolerance = self.cx.config.probe_timeout.part(LATE_PART);
        let late = self.cx.now.saturating_duration_since(self.alarm);
        if late > tolerance {
            self.alarm = self.cx.now;
            self.membership.on_late(&mut self.cx, late);
        }
        // From the start on, there is a row of our own.
        if self.membership.rows().is_empty() {
            self.membership.start(&mut self.cx);
            each_store!(self.stores, (_, store) => store.start(&self.cx));
        }
    }

    fn on_timer(&mut self) {
        while let Some(change) = self.membership.on_timer(&mut self.cx) {
            self.on_change(change);
        }
        let is_live = |life| is_live(&self.membership, life);
        each_store!(self.stores, (_, store) => store.on_timer(&mut self.cx, &is_live));
        self.on_handover_timer();
        self.on_wait_timer();
        self.drop_needless_question();
        let ours = self.digest();
        self.reconcile.on_timer(&mut self.cx, ours);
        self.paths.on_timer(&mut self.cx, &mut self.membership.lend());
        if self.cx.now >= self.gossip.next_at {
            self.push_news();
        }
        self.find_agreement();
    }

    /// Owes news to a few members drawn at random.
    fn push_news(&mut self) {
        self.gossip.next_at = Instant::NEVER;
        self.gossip.pace.mark(self.cx.now, self.cx.config.gossip_interval);
        let mut drawn = heapless::Vec::<NodeId, { FANOUT_MAX as usize }>::new();
        let news = self.news_for_others();
        let is_for_all = self.membership.has_news() || news.is_empty();
        for _ in 0..self.cx.config.fanout {
            let members = &self.membership;
            let keeps_any = |id| members.get(id).is_some_and(|it| !it.capabilities.stores().and(news).is_empty());
            let will_not_do = |id| drawn.contains(&id) || !is_for_all && !keeps_any(id);
            let Some((peer, addr)) = members.sample(&mut self.cx, &will_not_do) else { break };
            self.cx.send(addr, Some(peer), Intent::News);
            if drawn.push(peer).is_err() {
                break;
            }
        }
        self.membership.on_round(&mut self.cx);
    }

    /// Asks nobody whom we have caught up with, or passed.
    fn drop_needless_question(&mut self) {
        let Some(peer) = self.reconcile.candidate() else { return };
        let (theirs, shared) = (peer.difference.theirs, self.shared_with(Some(peer.id)));
        if theirs == self.digest_over(shared) || self.is_ahead_of(theirs, shared) {
            self.reconcile.on_caught_up();
        }
    }

    /// Asks somebody who is not known to agree, or tells somebody that all do.
    fn find_agreement(&mut self) {
        let digest = self.digest();
        self.convergence.set_digest(&self.cx, digest);
        if let Some((peer, addr, intent)) = self.convergence.on_timer(&mut self.cx, self.membership.table()) {
            self.cx.send(addr, Some(peer), intent);
        }
    }

    /// Others claim to know more of this life than we said: it is forged, or runs twice. Its numbers are worth nothing any
    /// more, and a new generation begins.
    fn begin_generation(&mut self) {
        self.cx.count(Counter::Rebirths);
        self.held = Extent::default();
        self.end_waits(NotReached::Reborn);
        self.membership.begin_generation(&mut self.cx);
        each_store!(self.stores, (_, store) => store.begin_generation(&self.cx));
    }

    /// Brings in step what follows from all machines together, after anything may have changed.
    fn settle(&mut self) {
        let digest = self.digest();
        self.convergence.set_digest(&self.cx, digest);
        if self.cx.newcomer {
            self.convergence.unsettle(&self.cx);
        }
        self.convergence.settle(&self.cx, self.membership.table());
        if self.convergence.is_complete() {
            // Whom we do not know may be one that we have yet to hear of, having just come.
            let may_live = |life: Life| self.membership.get(life.origin).is_none() || is_live(&self.membership, life);
            self.stores.rumors.on_unanimous(&mut self.cx, &may_live);
            // What it gave up makes another digest, on which all have yet to agree.
            let digest = self.digest();
            self.convergence.set_digest(&self.cx, digest);
        }
        self.settle_waits();
        if self.gossip.next_at == Instant::NEVER && self.has_news() && self.cx.live > 1 {
            self.gossip.next_at = self.gossip.pace.next_at(self.cx.now);
        }
    }

    fn has_news(&self) -> bool {
        self.membership.has_news() || !self.news_for_others().is_empty()
    }

    /// In which of the application's stores there is news that somebody else keeps.
    fn news_for_others(&self) -> Stores {
        let mut news = Stores::NONE;
        each_store!(&self.stores, (number, store) => if store.has_news() {
            news = news.with(number);
        });
        news.and(self.membership.kept_by_others())
    }

    fn next_event(&mut self) -> Option<Event<'static>> {
        if let Some(event) = self.tell_not_handed_over() {
            return Some(event);
        }
        let of_member = self.membership.next_event(&mut self.cx);
        let of_clock = |cx: &mut Context<S>| cx.calendar.next_event();
        of_member
            .or_else(|| of_clock(&mut self.cx))
            .or_else(|| self.convergence.take_back(&self.cx, self.membership.table()))
            .or_else(|| self.paths.next_event(&self.cx, &mut self.membership.lend()))
    }

    fn next_deadline(&self) -> Instant {
        if self.membership.is_departed() {
            return Instant::NEVER;
        }
        self.membership
            .next_deadline(&self.cx)
            .min(self.reconcile.next_deadline())
            .min(self.gossip.next_at)
            .min(self.paths.next_deadline())
            .min(self.convergence.next_deadline())
            .min(self.next_of_stores())
            .min(self.parting.next_deadline())
            .min(self.waits.next_deadline())
    }

    fn next_of_stores(&self) -> Instant {
        let mut next = Instant::NEVER;
        each_store!(&self.stores, (_, store) => next = next.min(store.next_deadline()));
        next
    }

    /// Tells the other machines what one of them changed.
    fn on_change(&mut self, change: MemberChange) {
        match change {
            MemberChange::Down(id) | MemberChange::Left(id) => {
                self.cx.calendar.forget(id);
                self.reconcile.on_gone(id);
            }
            MemberChange::Forgotten(id) => {
                self.reconcile.on_gone(id);
                self.convergence.on_forgotten();
            }
            MemberChange::Moved(id) => self.leave_unanswered(id),
            MemberChange::Up(_) | MemberChange::Suspected(_) => {}
        }
    }
}

/// Whether a life goes on, ours included.
fn is_live<S: Storage>(membership: &Membership<S>, life: Life) -> bool {
    membership.get(life.origin).is_some_and(|member| member.is_live() && member.generation == life.generation)
}

impl<S: Storage> core::fmt::Debug for Node<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node").field("me", &self.cx.me).field("live", &self.cx.live).finish_non_exhaustive()
    }
}
