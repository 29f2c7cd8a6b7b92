//! Joining, and finding the lost again: addresses are tried for ever, at a bounded rate.
//!
//! What was named just now goes first, and has a clock of its own: whoever joins waits for it, and must not wait for the lost. What
//! kept silent for a while is one of the lost: those are tried one at a time, whatever their number.
use super::{Membership, book::AddressBook, list::MemberList, namesakes::Namesakes, update::MemberChange};
use crate::{
    config::{
        Config,
        joining::{ANNOUNCE_WAITS, ANNOUNCERS, ANNOUNCES_A_DOUBLING, JOIN_WITHIN, WAIT_DOUBLINGS_MAX},
    },
    context::Context,
    error::JoinError,
    id::{Addr, NodeId},
    records::{Intent, Member, Provenance, Seed},
    rng::Rng,
    storage::{Snapshot, Storage},
    time::{Instant, Span},
    wire::{Ping, Standing},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Whom to look for, and when.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct Discovery<S: Storage> {
    pub(super) book: AddressBook<S>,
    /// Who spoke to us lately without being counted in.
    caller: Option<Caller>,
    /// When the next of those is tried that were named just now, or come from a former life.
    announce_at: Instant,
    /// When the next of the lost is tried.
    reconnect_at: Instant,
}

impl<S: Storage> Membership<S> {
    /// Remembers an address to join through, and announces us there shortly.
    pub(crate) fn join(&mut self, cx: &mut Context<S>, seed: Addr) -> Result<(), JoinError> {
        if !self.is_running() {
            return Err(JoinError::Left);
        }
        if seed == cx.me.addr {
            return Err(JoinError::OwnAddress);
        }
        self.discovery.join(cx, &self.list, seed);
        cx.newcomer = cx.live == 1;
        Ok(())
    }

    /// Remembers an address from a former life, if there is room; it is asked as soon as those that are named.
    pub(crate) fn remember(&mut self, cx: &mut Context<S>, addr: Addr) {
        self.discovery.remember(cx, addr);
    }

    /// All addresses that are kept, those of the lost among them, and who answered from there last.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (Addr, &Seed)> {
        self.discovery.book.iter().map(|(addr, seed)| (*addr, seed))
    }

    /// Looks for one of the lost, where it is time, and forgets one that was gone for too long.
    pub(super) fn on_reconnect_timer(&mut self, cx: &mut Context<S>) -> Option<MemberChange> {
        if cx.now < self.discovery.reconnect_at {
            return None;
        }
        self.discovery.reconnect(cx, &self.list, &self.names);
        self.update_isolation(cx);
        self.forget_overdue(cx)
    }
}

impl<S: Storage> Discovery<S> {
    pub(super) fn new(cx: &Context<S>) -> Self {
        Self {
            book: AddressBook::with_limit(cx.config.limits.seeds),
            caller: None,
            announce_at: Instant::NEVER,
            reconnect_at: Instant::NEVER,
        }
    }

    pub(super) fn start(&mut self, cx: &Context<S>) {
        self.reconnect_at = cx.now + cx.config.gossip_interval;
    }

    /// Within half a gossip interval, at random, so that hundreds that were started together do not overrun one seed's socket in
    /// the same millisecond.
    fn join(&mut self, cx: &mut Context<S>, list: &MemberList<S>, seed: Addr) {
        self.book.name(cx, list, seed);
        self.announce_at = self.announce_at.min(cx.now + cx.random_part(cx.config.gossip_interval.part(JOIN_WITHIN)));
    }

    fn remember(&mut self, cx: &mut Context<S>, addr: Addr) {
        self.book.keep(cx, addr, 0);
        self.announce_at = self.announce_at.min(cx.now + cx.config.gossip_interval);
    }

    /// Somebody speaks to us whom we do not count as living. It may count us in, so we ask it who it is,
    /// soon: not at once and not each time, for its answer comes from the same unknown.
    pub(super) fn on_caller(&mut self, cx: &Context<S>, from: Addr, sender: NodeId) {
        self.caller = Some(Caller { addr: from, id: sender });
        self.reconnect_at = self.reconnect_at.min(cx.now + cx.config.gossip_interval);
    }

    /// How many announces a seed has not answered, at most.
    pub(super) fn announces_unanswered(&self) -> u32 {
        self.book.iter().map(|(_, seed)| seed.announces).max().unwrap_or(0)
    }

    /// When somebody is to be tried.
    pub(super) fn next_deadline(&self) -> Instant {
        self.announce_at.min(self.reconnect_at)
    }

    /// Announces us to a seed that was named just now, at the address that was tried least: ever more slowly,
    /// until it is one of the lost. Says whether anybody was due.
    pub(super) fn on_announce_timer(&mut self, cx: &mut Context<S>) -> bool {
        if cx.now < self.announce_at {
            return false;
        }
        self.announce_at = Instant::NEVER;
        let (mut next, mut count) = (None, 0);
        for (addr, seed) in self.book.iter().filter(|(_, seed)| is_new(&cx.config, seed)) {
            let rank = (seed.announces, seed.provenance == Provenance::Remembered, cx.rng.next_u64(), *addr);
            next = Some(next.map_or(rank, |next| rank.min(next)));
            count += 1;
        }
        let Some((announces, .., addr)) = next else { return false };
        self.book.on_announced(addr);
        cx.send(addr, None, Intent::Ping(Ping::ANNOUNCE));
        // Each of them is asked again once it may have answered.
        let answer = cx.answer_takes();
        let wait = announce_wait(cx.config.gossip_interval, announces).at_least(answer).part(count);
        self.announce_at = cx.now + wait.at_least(announce_wait(cx.config.gossip_interval, 0));
        true
    }

    /// Asks whoever spoke to us without being counted in who it is; tries one of the lost, a silent seed or a member that is down;
    /// and has one verdict looked into.
    ///
    /// One at a time, whatever their number, and of a large cluster only some nodes each time: of two sides of a healed
    /// partition, each tries the other at the rate of up to [`ANNOUNCERS`] nodes, however many it has.
    fn reconnect(&mut self, cx: &mut Context<S>, list: &MemberList<S>, names: &Namesakes<S>) {
        // By chance, for there may be room to owe one datagram alone: a caller that is a stranger is sent a bare one, which two
        // strangers could answer each other with for ever.
        if cx.rng.below(2) == 0 {
            self.ask_caller(cx, list, names);
            self.try_lost(cx, list);
            doubt_lost(cx, list, names);
        } else {
            doubt_lost(cx, list, names);
            self.try_lost(cx, list);
            self.ask_caller(cx, list, names);
        }
        self.reconnect_at = cx.now + cx.config.reconnect_interval;
    }

    fn ask_caller(&mut self, cx: &mut Context<S>, list: &MemberList<S>, names: &Namesakes<S>) {
        let Some(Caller { addr, id }) = self.caller.take().filter(|caller| !list.is_live(caller.id)) else { return };
        if is_proven(list, names, id, addr) {
            cx.send(addr, Some(id), Intent::Ping(Ping::ANNOUNCE));
        } else {
            cx.send_bare(addr, Some(id), Intent::Ping(Ping::ANNOUNCE));
        }
    }

    fn try_lost(&mut self, cx: &mut Context<S>, list: &MemberList<S>) {
        let Some(lost) = self.draw_lost(cx, list) else { return };
        // Nobody else may know of a seed that was named to us.
        let ours = lost.provenance == Some(Provenance::Named);
        if !ours && cx.rng.below(cx.live) >= ANNOUNCERS {
            return;
        }
        self.book.on_announced(lost.addr);
        cx.send(lost.addr, lost.id, Intent::Ping(Ping::ANNOUNCE));
    }

    /// One of the lost at random, in a single pass (reservoir sampling).
    fn draw_lost(&self, cx: &mut Context<S>, list: &MemberList<S>) -> Option<Lost> {
        let silent = self.book.silent(list);
        let lost = |(addr, seed): &(Addr, Seed)| Lost { addr: *addr, id: None, provenance: Some(seed.provenance) };
        // Those that are tried as yet by another clock are not lost.
        let seeds = draw(&mut cx.rng, None, silent.filter(|(_, seed)| !is_new(&cx.config, seed)).map(lost));
        let members = down(list, cx.me.id).map(|(id, addr)| Lost { addr, id: Some(id), provenance: None });
        draw(&mut cx.rng, seeds, members).map(|(_, lost)| lost)
    }
}

/// Whether `id` is a member, living or not, that spoke to us before from where we know it to be.
///
/// That is some proof that it is there: whoever forges one datagram has to forge two. It will take a key to do better.
pub(super) fn is_proven<S: Storage>(list: &MemberList<S>, names: &Namesakes<S>, id: NodeId, addr: Addr) -> bool {
    let is_known = |member: &Member<S::Blob>| member.addr == addr && member.heard_at.is_some();
    list.get(id).is_some_and(is_known) || names.is_heard_bearer(id, addr)
}

/// Tells one that lives of one that we count as down: it may have heard its farewell, and tells us then.
///
/// Who is gone is part of no digest: the rows of the gone are forgotten at different moments, so that clusters would differ
/// for ever. Yet a farewell that was heard on one side of a cut has to come to the other, though one node alone still
/// knows of it. So a verdict is in doubt for as long as it is remembered, by those who came to it, one at a time and at a
/// bounded rate; where nobody is down, that costs nothing. It ends: who is told less than it knows answers with what it
/// knows, a farewell outdoes the verdict for good, and whoever learns of it tells it on as news, once.
fn doubt_lost<S: Storage>(cx: &mut Context<S>, list: &MemberList<S>, names: &Namesakes<S>) {
    let me = cx.me.id;
    let Some((_, (id, _))) = draw(&mut cx.rng, None, down(list, me)) else { return };
    if cx.rng.below(cx.live) < ANNOUNCERS
        && let Some((peer, addr)) = list.sample(cx, names, &|_| false)
    {
        cx.send(addr, Some(peer), Intent::Verdict(id));
    }
}

/// The members that are down, other than us.
fn down<S: Storage>(list: &MemberList<S>, me: NodeId) -> impl Iterator<Item = (NodeId, Addr)> {
    let down = list.gone_from(0).filter(move |(id, member)| member.standing == Standing::Down && *id != me);
    down.map(|(id, member)| (*id, member.addr))
}

/// One that spoke to us, and that we do not count as living.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Caller {
    addr: Addr,
    id: NodeId,
}

/// An address where nobody answers.
struct Lost {
    addr: Addr,
    /// Whom we believe to be there.
    id: Option<NodeId>,
    /// Where it came from, where it is in the book.
    provenance: Option<Provenance>,
}

/// Each next one takes the place of those before it, with a chance of one in as many as were met.
fn draw<T>(rng: &mut Rng, drawn: Option<(usize, T)>, among: impl Iterator<Item = T>) -> Option<(usize, T)> {
    among.fold(drawn, |drawn, item| {
        let met = drawn.as_ref().map_or(0, |(met, _)| *met) + 1;
        match drawn {
            Some((_, kept)) if rng.below(met) != 0 => Some((met, kept)),
            _ => Some((met, item)),
        }
    })
}

/// Whether it never answered, and has been tried for so short a time that somebody may be waiting for it.
fn is_new(config: &Config, seed: &Seed) -> bool {
    seed.answered.is_none() && announce_wait(config.gossip_interval, seed.announces) < config.reconnect_interval
}

/// How long to wait after so many announces: the first few come quickly, then ever more slowly.
fn announce_wait(gossip_interval: Duration, announces: u32) -> Duration {
    gossip_interval.part(ANNOUNCE_WAITS).times(1 << (announces / ANNOUNCES_A_DOUBLING).min(WAIT_DOUBLINGS_MAX))
}
