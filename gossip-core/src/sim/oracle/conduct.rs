//! What a node does with time, memory and the network, looked at after every drain: nothing here grows with the cluster.
use super::{
    Caller, Drained, Oracle, Oracles, Prompt,
    watched::{Myself, Silence},
};
use crate::{
    config::{Config, Limits},
    node::{Liveness, Node},
    sim::HostId,
    stats::Usage,
    storage::Storage,
    time::Instant,
};
use alloc::{borrow::ToOwned, format};

/// What may be told in one drain beside a line for each row: a conflict of names, that we are alone, that all agree or do
/// not, what is not handed over, and the end.
const EVENTS_BESIDE_ROWS: usize = 5;
/// So often may a timer fire for nothing within one gossip interval: each machine may have cause to look, a few times.
const SILENT_TIMERS_MAX: u32 = 32;
/// So often may a node that did nothing ask to be woken at once.
const IDLE_TIMERS_MAX: u32 = 1;

impl Oracles {
    pub(super) fn follow<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        shown: Instant,
        deadline: Instant,
        drained: &Drained,
    ) {
        let watched = &mut self.hosts[host.index()];
        watched.note_digests(node.store_digests());
        let (counted, told) = (node.stats().rumors_missed, watched.life.missed_here);
        if counted != told {
            self.report
                .add(Oracle::OwnTruth, now, host, || format!("{counted} rumors were missed, and {told} told of"));
        }
        self.hold_limits(now, host, node);
        self.hold_time(now, host, node, shown, deadline, drained);
        self.hold_waits(now, host, shown, deadline, drained);
        self.hold_budget(now, host, node, drained);
        self.hold_truth(now, host, node, drained.prompt);
    }

    fn hold_limits<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>) {
        if let Some((region, used, limit)) = overrun(&node.usage(), &node.config().limits) {
            self.report.add(Oracle::LimitsKept, now, host, || {
                format!("{region} holds {used} of {limit} at the end of a drain")
            });
        }
    }

    fn hold_time<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        shown: Instant,
        deadline: Instant,
        drained: &Drained,
    ) {
        if deadline == Instant::NEVER {
            self.report.add(Oracle::Punctual, now, host, || "it lives, and is never to be woken".to_owned());
        }
        let silence = &mut self.hosts[host.index()].life.silence;
        let Prompt::Timer { due } = drained.prompt else {
            // A command or a datagram leaves to the timer what is due; the timer will see to it.
            *silence = Silence::default();
            return;
        };
        if deadline < shown {
            let late = shown.saturating_duration_since(deadline);
            self.report.add(Oracle::Punctual, now, host, || format!("it asks to be woken {late:?} ago"));
        }
        if drained.events + drained.datagrams > 0 {
            *silence = Silence::default();
            return;
        }
        if silence.timers == 0 || shown > silence.since + node.config().gossip_interval {
            *silence = Silence { since: shown, ..Silence::default() };
        }
        silence.timers += 1;
        silence.idle = if deadline <= shown || deadline <= due { silence.idle + 1 } else { 0 };
        if silence.idle > IDLE_TIMERS_MAX || silence.timers > SILENT_TIMERS_MAX {
            let Silence { timers, idle, .. } = *silence;
            self.report.add(Oracle::Punctual, now, host, || {
                format!(
                    "its timer fired {timers} times for nothing, {idle} of them to be set for a moment that has come"
                )
            });
        }
    }

    fn hold_budget<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>, drained: &Drained) {
        let Config { datagram_len_max, limits, .. } = node.config();
        let Drained { events, datagrams, bytes_back, longest, .. } = *drained;
        if longest > usize::from(*datagram_len_max) {
            self.report.add(Oracle::WithinBudget, now, host, || format!("a datagram has {longest} bytes"));
        }
        // Where two members are said to live at one address, what goes there may be for the other one.
        let shared = |from| node.members().filter(|member| member.addr == from).count() > 1;
        if let Prompt::Datagram { from, caller: Caller::Stranger, len } = drained.prompt
            && bytes_back > len
            && !shared(from)
        {
            self.report.add(Oracle::WithinBudget, now, host, || {
                format!("a stranger is answered {bytes_back} bytes to its {len}")
            });
        }
        // What is owed is drawn up before the drain, and answering owes nothing.
        if datagrams > limits.outbox.saturating_add(limits.questions) {
            self.report.add(Oracle::WithinBudget, now, host, || format!("one drain has {datagrams} datagrams"));
        }
        let told_of = ["members", "name_conflicts", "rumors", "entries", "waits"];
        let usage = node.usage();
        let rows = usage.rows().filter(|(region, ..)| told_of.contains(region)).map(|(_, used, _)| used);
        if events > rows.sum::<usize>() + EVENTS_BESIDE_ROWS {
            self.report.add(Oracle::WithinBudget, now, host, || format!("one drain has {events} events"));
        }
    }

    fn hold_truth<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>, prompt: Prompt) {
        let watched = &mut self.hosts[host.index()];
        let me = node.me();
        let rebirths = node.stats().rebirths;
        let said = self.incarnations.entry(me.id).or_default();
        *said = (*said).max(me.incarnation);
        let mut truth = match me.liveness {
            Liveness::Alive | Liveness::Left => Ok(()),
            Liveness::Down if node.is_quarantined() => Ok(()),
            Liveness::Suspect | Liveness::Down => Err("it takes itself to be gone"),
        };
        if me.id != watched.name {
            truth = Err("it goes by another name");
        }
        if let Some(before) = &watched.life.me {
            let same_presence = me.presence == before.presence || prompt == Prompt::Command;
            let same_life = me.generation == before.generation || rebirths > before.rebirths;
            let stays_left = before.liveness != Liveness::Left || me.liveness == Liveness::Left;
            truth = match (same_presence, same_life, stays_left, me.incarnation >= before.incarnation) {
                (false, ..) => Err("its presence changed, and nobody changed it"),
                (_, false, ..) => Err("it is in another life, and was not reborn"),
                (_, _, false, _) => Err("it had left, and is back"),
                (.., false) => Err("its incarnation fell"),
                _ => truth,
            };
        }
        if watched.life.there.len() + 1 != node.live() {
            truth = Err("those told to be there are not as many as it counts");
        }
        if let Err(what) = truth {
            self.report.add(Oracle::OwnTruth, now, host, || what.to_owned());
        }
        let fresh = Myself {
            liveness: me.liveness,
            incarnation: me.incarnation,
            generation: me.generation,
            rebirths,
            presence: alloc::vec::Vec::new(),
        };
        match &mut watched.life.me {
            Some(before) if before.presence == me.presence => {
                let presence = core::mem::take(&mut before.presence);
                *before = Myself { presence, ..fresh };
            }
            before => *before = Some(Myself { presence: me.presence.to_vec(), ..fresh }),
        }
    }
}

/// The first region that holds more than was chosen for it, or takes more; what is owed is done by the end of a drain.
fn overrun(usage: &Usage, limits: &Limits) -> Option<(&'static str, usize, usize)> {
    usage.rows().find_map(|(region, used, limit)| {
        let chosen = limit_of(limits, region)?;
        let may_hold = if matches!(region, "outbox" | "questions") { 0 } else { chosen };
        (used > may_hold || limit != chosen).then_some((region, used, limit))
    })
}

/// What was chosen for a region, if it is one that is known here.
fn limit_of(limits: &Limits, region: &str) -> Option<usize> {
    Some(match region {
        "members" | "evidence" => limits.members,
        "seeds" => limits.seeds,
        "name_conflicts" => limits.name_conflicts,
        "rumors" => limits.rumors,
        "publishers" | "writers" => limits.writers,
        "entries" => limits.entries,
        "outbox" => limits.outbox,
        "questions" => limits.questions,
        "waits" => limits.waits,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Network, World};

    #[test]
    fn a_region_beyond_its_limit_is_seen() {
        let mut world = World::new(1, Network::lan());
        let host = world.spawn("n", Config::sensor());
        let Config { limits, .. } = Config::sensor();
        let kept = world.node(host).unwrap().usage().rows;
        assert_eq!(overrun(&Usage { rows: kept.clone() }, &limits), None);
        for at in 0..kept.len() {
            let mut rows = kept.clone();
            rows[at].1 = rows[at].2 + 1;
            assert_eq!(overrun(&Usage { rows }, &limits).map(|(region, ..)| region), Some(kept[at].0));
            let mut rows = kept.clone();
            rows[at].2 += 1;
            assert_eq!(overrun(&Usage { rows }, &limits).map(|(region, ..)| region), Some(kept[at].0));
        }
        let mut rows = kept.clone();
        let outbox = rows.iter().position(|(region, ..)| *region == "outbox").unwrap();
        rows[outbox].1 = 1;
        assert_eq!(overrun(&Usage { rows }, &limits), Some(("outbox", 1, limits.outbox)));
    }
}
