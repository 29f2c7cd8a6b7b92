//! Joining, and finding the lost again: a bounded book of addresses, tried for ever at a bounded rate.
use super::{Change, Membership};
use crate::{
    context::Context,
    error::JoinError,
    id::{Addr, NodeId},
    records::{Intent, Outgoing, Provenance, Seed},
    storage::Storage,
    table::Table,
    time::Instant,
    wire::{Ping, Standing, len},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

impl<S: Storage> Membership<S> {
    /// Remembers an address to join through, and knocks there shortly: within half a gossip interval, at random, so that
    /// hundreds that were started together do not overrun one seed's socket in the same millisecond.
    pub(crate) fn join(&mut self, cx: &mut Context<S>, seed: Addr) -> Result<(), JoinError> {
        if !self.is_staying() {
            return Err(JoinError::Left);
        }
        if seed == cx.me.addr {
            return Err(JoinError::OwnAddress);
        }
        if self.seeds.is_full() && self.seeds.slot(&seed).is_none() {
            self.forget_remembered();
        }
        let limit = self.seeds.limit();
        let fresh = Seed { answered: None, knocks: 0, provenance: Provenance::Named };
        match self.seeds.get_mut(&seed) {
            Some(known) => known.provenance = Provenance::Named,
            None => self.seeds.insert(seed, fresh).map_err(|_| JoinError::SeedsFull { limit })?,
        }
        self.reconnect_at = self.reconnect_at.min(cx.now + cx.random_part(cx.config.gossip_interval / 2));
        cx.newcomer = cx.live == 1;
        Ok(())
    }

    /// Remembers an address from a former life, if there is room; it is tried when its turn comes.
    pub(crate) fn remember(&mut self, cx: &Context<S>, addr: Addr) {
        if addr != cx.me.addr {
            let remembered = Seed { answered: None, knocks: 0, provenance: Provenance::Remembered };
            let _ = self.seeds.insert(addr, remembered);
        }
    }

    pub(super) fn on_seed_heard(&mut self, from: Addr, sender: NodeId) {
        if let Some(seed) = self.seeds.get_mut(&from) {
            *seed = Seed { answered: Some(sender), knocks: 0, ..*seed };
        }
    }

    /// Somebody speaks to us whom we do not count as living, or under our name. It may count on us to, so we ask it who it is,
    /// soon: not at once and not each time, for its answer comes from the same unknown.
    pub(super) fn on_caller(&mut self, cx: &Context<S>, from: Addr, sender: NodeId) {
        self.caller = Some(Caller { addr: from, id: sender });
        self.reconnect_at = self.reconnect_at.min(cx.now + cx.config.gossip_interval);
    }

    /// The addresses to join through, and who answered from there last.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = (Addr, &Seed)> {
        self.seeds.as_slice().iter().map(|(addr, seed)| (*addr, seed))
    }

    /// How many knocks a seed has not answered, at most.
    pub(super) fn knocks_unanswered(&self) -> u32 {
        self.seeds.as_slice().iter().map(|(_, seed)| seed.knocks).max().unwrap_or(0)
    }

    /// Tries one of the lost: a silent seed, or a member that is down. Forgets one that was gone for too long.
    ///
    /// One at a time, whatever their number, and of a large cluster only some nodes each time: of two sides of a healed
    /// partition, each tries the other at the rate of up to [`KNOCKERS`] nodes, however many it has.
    pub(super) fn on_reconnect_timer(&mut self, cx: &mut Context<S>) -> Option<Change> {
        if cx.now < self.reconnect_at {
            return None;
        }
        let mut patience = cx.config.reconnect_interval;
        if let Some(Caller { addr, id }) = self.caller.take()
            && (!self.is_live(id) || id == cx.me.id)
        {
            if self.is_proven(id, addr) {
                cx.send(addr, Some(id), Intent::Ping(Ping::KNOCK));
            } else {
                knock_barely(cx, addr, Some(id));
            }
        }
        match self.draw_lost(cx) {
            Some(Lost::Seed(addr)) => {
                if let Some(seed) = self.seeds.get_mut(&addr) {
                    let answer = cx.answer_takes();
                    patience = patience.min(eagerness(cx.config.gossip_interval, seed.knocks).max(answer));
                    seed.knocks = seed.knocks.saturating_add(1);
                }
                cx.send(addr, None, Intent::Ping(Ping::KNOCK));
            }
            Some(Lost::Member(id, addr)) if cx.rng.below(cx.live) < KNOCKERS => {
                cx.send(addr, Some(id), Intent::Ping(Ping::KNOCK));
            }
            Some(Lost::Member(..)) | None => {}
        }
        self.reconnect_at = cx.now + patience;
        self.on_company(cx);
        self.forget_overdue(cx)
    }

    /// One of the lost at random, in a single pass (reservoir sampling).
    fn draw_lost(&self, cx: &mut Context<S>) -> Option<Lost> {
        let silent = |seed: &Seed| seed.answered.is_none_or(|id| !self.is_live(id));
        let seeds = self.seeds.as_slice().iter().filter(|(_, seed)| silent(seed)).map(|(addr, _)| Lost::Seed(*addr));
        let down = self.gone().filter(|(_, member)| member.standing == Standing::Down);
        let members = down.map(|(id, member)| Lost::Member(*id, member.addr));
        // Each next one takes the place of those before it, with a chance of one in as many as were met.
        let drawn = seeds.chain(members).enumerate().filter(|(index, _)| cx.rng.below(index + 1) == 0);
        drawn.last().map(|(_, lost)| lost)
    }

    /// Makes room for a seed that the application names.
    fn forget_remembered(&mut self) {
        let mut rows = self.seeds.as_slice().iter();
        let remembered = rows.find(|(_, seed)| seed.provenance == Provenance::Remembered).map(|(addr, _)| *addr);
        if let Some(addr) = remembered {
            self.seeds.swap_remove(&addr);
        }
    }

    fn forget_overdue(&mut self, cx: &mut Context<S>) -> Option<Change> {
        let overdue = |since: Instant| since + cx.config.remember_gone <= cx.now;
        let (id, _) =
            self.gone().find(|(id, member)| *id != cx.me.id && !member.is_missed() && overdue(member.since))?;
        let id = *id;
        self.remove(cx, id);
        cx.stats.members_forgotten += 1;
        Some(Change::Forgotten(id))
    }
}

/// Sends a stranger no more than a header and a ping: no longer than whatever it sent.
pub(super) fn knock_barely<S: Storage>(cx: &mut Context<S>, addr: Addr, id: Option<NodeId>) {
    let bare = u16::try_from(len::HEADER + len::PING).unwrap_or(u16::MAX);
    cx.owe(Outgoing { to: addr, peer: id, intent: Intent::Ping(Ping::KNOCK), len_max: bare });
}

/// One that spoke to us, and that we do not count as living.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Caller {
    addr: Addr,
    id: NodeId,
}

enum Lost {
    Seed(Addr),
    Member(NodeId, Addr),
}

/// In each reconnect interval, so many of us try one of the members that are down.
const KNOCKERS: usize = 32;

/// A first few knocks come quickly, for whoever joins waits for them; then ever more slowly.
fn eagerness(gossip_interval: Duration, knocks: u32) -> Duration {
    (gossip_interval / 4).saturating_mul(1 << (knocks / 2).min(16))
}
