//! Joining, and finding the lost again: addresses are tried for ever, at a bounded rate.
//!
//! What was named just now goes first, and has a clock of its own: whoever joins waits for it, and must not wait for the lost. What
//! kept silent for a while is one of the lost: those are tried one at a time, whatever their number.
use super::{Change, Membership};
use crate::{
    config::{Config, joining::ANNOUNCERS},
    context::Context,
    error::JoinError,
    id::{Addr, NodeId},
    records::{Intent, Outgoing, Provenance, Seed},
    rng::Rng,
    storage::Storage,
    table::Table,
    time::{Instant, Span},
    wire::{Ping, Standing, len},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

impl<S: Storage> Membership<S> {
    /// Remembers an address to join through, and announces us there shortly: within half a gossip interval, at random, so that
    /// hundreds that were started together do not overrun one seed's socket in the same millisecond.
    pub(crate) fn join(&mut self, cx: &mut Context<S>, seed: Addr) -> Result<(), JoinError> {
        if !self.is_running() {
            return Err(JoinError::Left);
        }
        if seed == cx.me.addr {
            return Err(JoinError::OwnAddress);
        }
        let mut named = Seed { answered: None, announces: 0, provenance: Provenance::Named };
        if let Some(known) = self.seeds.swap_remove(&seed) {
            // Where somebody lives, there is nothing to wait for.
            named.answered = known.answered.filter(|id| self.is_live(*id));
        }
        self.make_room(cx);
        cx.stats.seeds_dropped += u64::from(self.seeds.insert(seed, named).is_err());
        self.announce_at = self.announce_at.min(cx.now + cx.random_part(cx.config.gossip_interval.part(2)));
        cx.newcomer = cx.live == 1;
        Ok(())
    }

    /// Somebody spoke from an address. One of the lost that lives is a member again, and needs no other row.
    pub(super) fn on_seed_heard(&mut self, from: Addr, sender: NodeId) {
        let Some(seed) = self.seeds.get_mut(&from) else { return };
        *seed = Seed { answered: Some(sender), announces: 0, ..*seed };
        if seed.provenance == Provenance::Remembered && self.is_live(sender) {
            self.seeds.swap_remove(&from);
        }
    }

    /// Somebody speaks to us whom we do not count as living. It may count on us to, so we ask it who it is,
    /// soon: not at once and not each time, for its answer comes from the same unknown.
    pub(super) fn on_caller(&mut self, cx: &Context<S>, from: Addr, sender: NodeId) {
        self.caller = Some(Caller { addr: from, id: sender });
        self.reconnect_at = self.reconnect_at.min(cx.now + cx.config.gossip_interval);
    }

    /// The addresses to join through, and who answered from there last.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = (Addr, &Seed)> {
        self.seeds.as_slice().iter().map(|(addr, seed)| (*addr, seed))
    }

    /// How many announces a seed has not answered, at most.
    pub(super) fn announces_unanswered(&self) -> u32 {
        self.seeds.as_slice().iter().map(|(_, seed)| seed.announces).max().unwrap_or(0)
    }

    /// When somebody is to be tried.
    pub(super) fn next_announce(&self) -> Instant {
        self.announce_at.min(self.reconnect_at)
    }

    /// Announces us to a seed that was named just now, at the address that was tried least: ever more slowly,
    /// until it is one of the lost.
    pub(super) fn on_announce_timer(&mut self, cx: &mut Context<S>) {
        if cx.now < self.announce_at {
            return;
        }
        self.announce_at = Instant::NEVER;
        let (mut next, mut count) = (None, 0);
        for (addr, seed) in self.seeds.as_slice().iter().filter(|(_, seed)| is_new(&cx.config, seed)) {
            let rank = (seed.announces, seed.provenance == Provenance::Remembered, cx.rng.next_u64(), *addr);
            next = Some(next.map_or(rank, |next| rank.min(next)));
            count += 1;
        }
        let Some((announces, .., addr)) = next else { return };
        if let Some(seed) = self.seeds.get_mut(&addr) {
            seed.announces = announces + 1;
        }
        cx.send(addr, None, Intent::Ping(Ping::ANNOUNCE));
        // Each of them is asked again once it may have answered.
        let answer = cx.answer_takes();
        let wait = announce_wait(cx.config.gossip_interval, announces).max(answer).part(count);
        self.announce_at = cx.now + wait.max(announce_wait(cx.config.gossip_interval, 0));
        self.update_isolation(cx);
    }

    /// Tries one of the lost: a silent seed, or a member that is down. Forgets one that was gone for too long.
    ///
    /// One at a time, whatever their number, and of a large cluster only some nodes each time: of two sides of a healed
    /// partition, each tries the other at the rate of up to [`ANNOUNCERS`] nodes, however many it has.
    pub(super) fn on_reconnect_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        if cx.now < self.reconnect_at {
            return None;
        }
        // By chance, for there may be room to owe one datagram alone: a caller that is a stranger is sent a bare one, which two
        // strangers could answer each other with for ever.
        if cx.rng.below(2) == 0 {
            self.ask_caller(cx);
            self.try_lost(cx);
            self.doubt_lost(cx);
        } else {
            self.doubt_lost(cx);
            self.try_lost(cx);
            self.ask_caller(cx);
        }
        self.reconnect_at = cx.now + cx.config.reconnect_interval;
        self.update_isolation(cx);
        self.forget_overdue(cx)
    }

    fn ask_caller(&mut self, cx: &mut Context<S>) {
        let Some(Caller { addr, id }) = self.caller.take().filter(|caller| !self.is_live(caller.id)) else { return };
        if self.is_proven(id, addr) {
            cx.send(addr, Some(id), Intent::Ping(Ping::ANNOUNCE));
        } else {
            send_bare(cx, addr, Some(id), Intent::Ping(Ping::ANNOUNCE));
        }
    }

    fn try_lost(&mut self, cx: &mut Context<S>) {
        let Some(lost) = self.draw_lost(cx) else { return };
        // Nobody else may know of a seed that was named to us.
        let ours = lost.provenance == Some(Provenance::Named);
        if !ours && cx.rng.below(cx.live) >= ANNOUNCERS {
            return;
        }
        if let Some(seed) = self.seeds.get_mut(&lost.addr) {
            seed.announces = seed.announces.saturating_add(1);
        }
        cx.send(lost.addr, lost.id, Intent::Ping(Ping::ANNOUNCE));
    }

    /// One of the lost at random, in a single pass (reservoir sampling).
    fn draw_lost(&self, cx: &mut Context<S>) -> Option<Lost> {
        let silent = self.seeds.as_slice().iter().filter(|(addr, seed)| self.is_silent(*addr, seed));
        let lost = |(addr, seed): &(Addr, Seed)| Lost { addr: *addr, id: None, provenance: Some(seed.provenance) };
        // Those that are tried as yet by another clock are not lost.
        let seeds = draw(&mut cx.rng, None, silent.filter(|(_, seed)| !is_new(&cx.config, seed)).map(lost));
        let members = self.down(cx.me.id).map(|(id, addr)| Lost { addr, id: Some(id), provenance: None });
        draw(&mut cx.rng, seeds, members).map(|(_, lost)| lost)
    }

    /// Tells one that lives of one that we count as down: it may have heard its farewell, and tells us then.
    ///
    /// Who is gone is part of no digest: the rows of the gone are forgotten at different moments, so that clusters would differ
    /// for ever. Yet a farewell that was heard on one side of a cut has to come to the other, though one node alone still
    /// knows of it. So a verdict is in doubt for as long as it is remembered, by those who came to it, one at a time and at a
    /// bounded rate; where nobody is down, that costs nothing. It ends: who is told less than it knows answers with what it
    /// knows, a farewell outdoes the verdict for good, and whoever learns of it tells it on as news, once.
    fn doubt_lost(&self, cx: &mut Context<S>) {
        let me = cx.me.id;
        let Some((_, (id, _))) = draw(&mut cx.rng, None, self.down(me)) else { return };
        if cx.rng.below(cx.live) < ANNOUNCERS
            && let Some((peer, addr)) = self.sample(cx, &|_| false)
        {
            cx.send(addr, Some(peer), Intent::Verdict(id));
        }
    }

    /// The members that are down, other than us.
    fn down(&self, me: NodeId) -> impl Iterator<Item = (NodeId, Addr)> {
        let down = self.gone().filter(move |(id, member)| member.standing == Standing::Down && *id != me);
        down.map(|(id, member)| (*id, member.addr))
    }

    /// Whether nobody lives behind an address, as far as we know. Who answered from there once, and lives elsewhere now, may have
    /// left its place to another.
    pub(super) fn is_silent(&self, addr: Addr, seed: &Seed) -> bool {
        let lives_there = |id| self.get(id).is_some_and(|member| member.is_live() && member.addr == addr);
        !seed.answered.is_some_and(lives_there)
    }

    fn forget_overdue(&mut self, cx: &mut Context<S>) -> Option<Change> {
        let overdue = |since: Instant| since + cx.config.remember_gone <= cx.now;
        let (id, _) =
            self.gone().find(|(id, member)| *id != cx.me.id && !member.is_missed() && overdue(member.since))?;
        let id = *id;
        self.forget(cx, id);
        Some(Change::Forgotten(id))
    }
}

/// Sends a stranger no more than a header and a ping, or its acknowledgement, which is as long: no longer than whatever it sent.
pub(super) fn send_bare<S: Storage>(cx: &mut Context<S>, addr: Addr, id: Option<NodeId>, intent: Intent) {
    let bare = u16::try_from(len::HEADER + len::PING).unwrap_or(u16::MAX);
    let len_max = cx.spend_credit(bare);
    cx.owe(Outgoing { to: addr, peer: id, intent, len_max });
}

/// One that spoke to us, and that we do not count as living.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Caller {
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
    gossip_interval.part(4).times(1 << (announces / 2).min(16))
}
