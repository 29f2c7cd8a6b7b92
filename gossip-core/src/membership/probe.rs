//! Asking one member a period whether it is there (SWIM §3.1), directly and through helpers.
use super::Membership;
use crate::{
    context::{Context, Credit},
    id::{Addr, NodeId},
    records::Intent,
    storage::Storage,
    table::Table,
    time::Instant,
    wire::{Ack, Header, Ping, PingRequest, Relayed, Standing},
};
use serde::{Deserialize, Serialize};

/// Whose turn it is, who is being asked, and for whom we ask.
#[derive(Serialize, Deserialize)]
pub(super) struct Prober {
    turn: Turn,
    probe: Option<Probe>,
    next_at: Instant,
    number: u16,
    /// Pings that we send on behalf of others.
    relays: heapless::Deque<Relay, RELAYS_MAX>,
}

/// A helper forgets the oldest errand beyond these; the asker has other helpers.
const RELAYS_MAX: usize = 4;

/// Whom we ask in this period, until it answers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Probe {
    target: NodeId,
    number: u16,
    asked_at: Instant,
    /// How many quarters of the probe timeout have passed.
    quarters: u32,
    /// When the next one has.
    until: Instant,
}

/// So often is a probe repeated within its timeout.
const QUARTERS: u32 = 4;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Relay {
    number: u16,
    target: NodeId,
    asker: NodeId,
    asker_addr: Addr,
    probe: u16,
}

/// A round over all rows in random order, without remembering the order: from a random row on, by a random stride that
/// has no divisor in common with their number. Rows that come or go during a round may be met twice or not at all in
/// that one; every member is met in each full round, which bounds the time to its first probe (SWIM §4.3).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Turn {
    slot: usize,
    stride: usize,
    left: usize,
}

impl Prober {
    pub(super) fn new<S: Storage>(cx: &mut Context<S>) -> Self {
        Self {
            turn: Turn { slot: 0, stride: 1, left: 0 },
            probe: None,
            next_at: Instant::NEVER,
            number: u16::try_from(cx.rng.next_u64() >> 48).unwrap_or(0),
            relays: heapless::Deque::new(),
        }
    }

    /// The first probe comes at a random moment of the first period, so that nodes started together do not march in step.
    pub(super) fn start<S: Storage>(&mut self, cx: &mut Context<S>) {
        self.next_at = cx.now + cx.random_part(cx.config.probe_interval);
    }

    pub(super) fn next_deadline(&self) -> Instant {
        self.probe.map_or(self.next_at, |probe| self.next_at.min(probe.until))
    }

    /// A number that ties an answer to its question.
    fn next_number(&mut self) -> u16 {
        self.number = self.number.wrapping_add(1).max(Ping::INQUIRY + 1);
        self.number
    }

    fn is_awaited(&self, number: u16, target: NodeId) -> bool {
        self.probe.is_some_and(|probe| (probe.number, probe.target) == (number, target))
    }
}

impl<S: Storage> Membership<S> {
    pub(crate) fn on_ping(&self, cx: &mut Context<S>, from: Addr, header: &Header, ping: Ping) {
        // To where it came from: behind a translator of addresses, only that path leads back.
        cx.answer(from, header.sender, Intent::Ack(ping.probe));
    }

    pub(crate) fn on_ack(&mut self, cx: &mut Context<S>, header: &Header, ack: Ack) {
        if self.prober.is_awaited(ack.probe, header.sender) {
            self.prober.probe = None;
        } else if let Some(relay) = self.take_relay(ack.probe, header.sender) {
            cx.send(relay.asker_addr, Some(relay.asker), Intent::Relayed(relay.probe, relay.target));
        } else {
            cx.stats.stale_answers += u64::from(ack.probe > Ping::INQUIRY);
        }
    }

    /// Pings `target` for a member. Strangers are not served, nor members that speak from elsewhere, and nobody unknown is
    /// pinged: we are no reflector.
    pub(crate) fn on_ping_request(&mut self, cx: &mut Context<S>, header: &Header, request: PingRequest) {
        let proven = cx.credit == Credit::Full;
        let asker =
            self.members.get(&header.sender).filter(|asker| proven && asker.is_live() && asker.heard_at.is_some());
        let (Some(asker), Some(target)) = (asker, self.members.get(&request.target)) else {
            cx.stats.questions_of_strangers += 1;
            return;
        };
        if request.target == cx.me.id {
            return;
        }
        let number = self.prober.next_number();
        let relay = Relay {
            number,
            target: request.target,
            asker: header.sender,
            asker_addr: asker.addr,
            probe: request.probe,
        };
        cx.send(target.addr, Some(request.target), Intent::Ping(number));
        if self.prober.relays.is_full() {
            self.prober.relays.pop_front();
        }
        let _ = self.prober.relays.push_back(relay);
    }

    pub(crate) fn on_relayed(&mut self, cx: &mut Context<S>, relayed: Relayed) {
        if self.prober.is_awaited(relayed.probe, relayed.target) {
            self.prober.probe = None;
        } else {
            cx.stats.stale_answers += 1;
        }
    }

    pub(super) fn on_probe_timer(&mut self, cx: &mut Context<S>) {
        if cx.now >= self.prober.next_at {
            self.conclude_probe(cx);
            self.start_probe(cx);
            let next_at = self.prober.next_at + cx.config.probe_interval;
            // Late by more than a period: what was missed is not made up for.
            self.prober.next_at = if next_at > cx.now { next_at } else { cx.now + cx.config.probe_interval };
        } else if let Some(probe) = self.prober.probe
            && cx.now >= probe.until
        {
            self.insist(cx, probe);
        }
    }

    /// Asks again each quarter of the timeout, and helpers each half of it once it has passed.
    ///
    /// SWIM asks once, directly, and then its helpers once: at a loss of one in four that suspects the healthy in 14 of 100
    /// probes (literature: (1-q²)(1-q⁴)ᵏ). Where an answer is usual, asking again costs nothing.
    fn insist(&mut self, cx: &mut Context<S>, probe: Probe) {
        let quarters = probe.quarters + 1;
        let until = cx.now + cx.config.probe_timeout / QUARTERS;
        self.prober.probe = Some(Probe { quarters, until, ..probe });
        let Some(member) = self.get(probe.target) else { return };
        cx.send(member.addr, Some(probe.target), Intent::Ping(probe.number));
        if quarters >= QUARTERS && quarters.is_multiple_of(QUARTERS / 2) {
            self.ask_helpers(cx, probe.target, probe.number);
        }
    }

    /// Whoever was asked and said nothing all period long is suspected.
    fn conclude_probe(&mut self, cx: &mut Context<S>) {
        let Some(Probe { target, asked_at, .. }) = self.prober.probe.take() else { return };
        // Any datagram proves life, not only the one that we asked for.
        let silent = self.get(target).is_some_and(|member| member.heard_at.is_none_or(|heard_at| heard_at < asked_at));
        if silent {
            cx.stats.probes_failed += 1;
            self.suspect(cx, target);
        }
    }

    fn start_probe(&mut self, cx: &mut Context<S>) {
        let Some((target, addr)) = self.next_target(cx) else { return };
        let number = self.prober.next_number();
        let until = cx.now + cx.config.probe_timeout / QUARTERS;
        self.prober.probe = Some(Probe { target, number, asked_at: cx.now, quarters: 0, until });
        cx.stats.probes += 1;
        cx.send(addr, Some(target), Intent::Ping(number));
    }

    fn ask_helpers(&self, cx: &mut Context<S>, target: NodeId, number: u16) {
        let mut asked = heapless::Vec::<NodeId, 8>::new();
        let _ = asked.push(target);
        for _ in 0..cx.config.indirect_probes {
            let Some((helper, addr)) = self.sample(cx, &asked) else { return };
            cx.send(addr, Some(helper), Intent::PingRequest(number, target));
            if asked.push(helper).is_err() {
                return;
            }
        }
    }

    /// Whom to ask this period; nobody, when whose turn it is has been heard within the last one anyway.
    fn next_target(&mut self, cx: &mut Context<S>) -> Option<(NodeId, Addr)> {
        let rows = self.members.len();
        for _ in 0..rows {
            let slot = self.prober.turn.next(cx, rows);
            let Some((id, member)) = self.members.as_slice().get(slot) else { continue };
            if *id == cx.me.id || !member.is_live() {
                continue;
            }
            let recently = member.heard_at.is_some_and(|at| cx.now < at + cx.config.probe_interval);
            let probe_at_all = !recently || member.standing == Standing::Suspect;
            return probe_at_all.then_some((*id, member.addr));
        }
        None
    }

    fn take_relay(&mut self, number: u16, target: NodeId) -> Option<Relay> {
        let relays = &mut self.prober.relays;
        let at = relays.iter().position(|relay| (relay.number, relay.target) == (number, target))?;
        // Rotates the ring once, leaving out the one that was found.
        let mut found = None;
        for index in 0..relays.len() {
            let relay = relays.pop_front()?;
            if index == at {
                found = Some(relay);
            } else {
                let _ = relays.push_back(relay);
            }
        }
        found
    }
}

impl Turn {
    fn next<S: Storage>(&mut self, cx: &mut Context<S>, rows: usize) -> usize {
        if self.left == 0 {
            self.left = rows;
            self.slot = cx.rng.below(rows);
            self.stride = 1 + cx.rng.below(rows.saturating_sub(1));
            while gcd(self.stride, rows) > 1 {
                self.stride = 1 + self.stride % rows;
            }
        }
        self.left -= 1;
        self.slot = (self.slot + self.stride) % rows.max(1);
        self.slot
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::gcd;

    #[test]
    fn a_stride_meets_every_row() {
        for rows in 1..40_usize {
            for stride in (1..=rows).filter(|&stride| gcd(stride, rows) == 1) {
                let mut met = std::collections::BTreeSet::new();
                (0..rows).for_each(|turn| {
                    met.insert(turn * stride % rows);
                });
                assert_eq!(met.len(), rows);
            }
        }
    }
}
