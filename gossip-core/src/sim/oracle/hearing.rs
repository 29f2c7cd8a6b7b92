//! What a node tells its application, held against what it told before, and against what is so.
use super::{
    Age, Oracle, Oracles, Published,
    watched::{Gone, Had},
};
use crate::{
    digest::{Digest, Digester},
    id::{Dot, NodeId},
    io::{Arrival, Event},
    node::{Liveness, MemberView, Node},
    sim::HostId,
    storage::Storage,
    time::Instant,
};
use alloc::{collections::BTreeSet, format};
use core::time::Duration;

impl Age {
    /// So much older than it says may a rumor be.
    const fn margin(self) -> Duration {
        match self {
            Self::Exact => Duration::from_secs(3),
            Self::Rough => Duration::from_secs(120),
        }
    }
}

impl Oracles {
    pub(super) fn hear<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        event: &Event<'_>,
        ended_at: Option<Instant>,
    ) {
        if let Event::MemberUp { id, .. } | Event::MemberUpdated(id) | Event::MemberDown { id, .. } = *event {
            let whereabouts = &mut self.hosts[host.index()].life.whereabouts;
            match node.member(id) {
                Some(member) if member.liveness != Liveness::Left => drop(whereabouts.insert(id, member.addr)),
                _ => drop(whereabouts.remove(&id)),
            }
        }
        match *event {
            Event::MemberUp { id, arrival } => self.hear_up(now, host, node, id, arrival, ended_at),
            Event::MemberDown { id, .. } => self.hear_down(host, node, id),
            Event::Delivered { dot, payload, age, .. } => self.hear_rumor(now, host, node, dot, payload, age),
            Event::Changed { key, value, dot } => self.hear_write(now, host, node, key, value, dot),
            Event::Converged { live } => self.hear_claim(now, host, node, live),
            Event::RumorsMissed { publisher, count } => {
                let life = &mut self.hosts[host.index()].life;
                *life.missed.entry(publisher).or_default() += u64::from(count);
                life.missed_here += u64::from(count);
            }
            Event::WaitReached { wait, holders, of } => self.hear_end(now, host, node, wait, Some((holders, of))),
            Event::WaitFailed { wait, .. } => self.hear_end(now, host, node, wait, None),
            Event::NotHandedOver { .. } => self.hosts[host.index()].life.is_not_handed_over = true,
            _ => {}
        }
    }

    /// A member may come back under a higher incarnation alone: so much is a sign of life. It is one, too, when the member
    /// died meanwhile, and whoever passes it on has not noticed. Only whoever has forgotten that a member is gone, to make
    /// room or for its age, may be told so by somebody who has not noticed at all.
    fn hear_up<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        id: NodeId,
        arrival: Arrival,
        ended_at: Option<Instant>,
    ) {
        let life = &mut self.hosts[host.index()].life;
        life.there.insert(id);
        let Some(incarnation) = node.member(id).map(|member| member.incarnation) else { return };
        if let Some(gone) = life.gone.remove(&id) {
            let forgotten = arrival == Arrival::Joined && node.stats().members_forgotten > gone.forgotten;
            if incarnation <= gone.incarnation && !forgotten {
                self.report.add(Oracle::NoRisenMember, now, host, || {
                    format!("{id} is back at incarnation {incarnation}, and was gone at {}", gone.incarnation)
                });
            }
        }
        // The dead say nothing more. The living may have said it in this very moment.
        let said = self.incarnations.get(&id).copied();
        if ended_at.is_some() && said.is_none_or(|said| incarnation > said) {
            self.report.add(Oracle::NoRisenMember, now, host, || {
                format!(
                    "{id} is there at incarnation {incarnation}; the last that it said was {said:?}, and it is dead"
                )
            });
        }
    }

    fn hear_down<S: Storage>(&mut self, host: HostId, node: &Node<S>, id: NodeId) {
        self.told_gone.insert(id);
        let life = &mut self.hosts[host.index()].life;
        life.there.remove(&id);
        if let Some(member) = node.member(id) {
            let gone = Gone { incarnation: member.incarnation, forgotten: node.stats().members_forgotten };
            life.gone.insert(id, gone);
        }
    }

    fn hear_rumor<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        dot: Dot,
        payload: &[u8],
        age: Duration,
    ) {
        let life = &mut self.hosts[host.index()].life;
        if !life.told.insert(dot) || life.published.contains(&dot) {
            self.report.add(Oracle::RumorOnce, now, host, || format!("{dot} is told again"));
        } else if life.remembered.contains(&dot) && !is_full(node, "publishers") {
            // Which publishers were heard is part of what is kept, as far as there is room for it beside the new life.
            self.report.add(Oracle::RumorOnce, now, host, || format!("{dot} is told again, in another life"));
        }
        let says = Digester::unkeyed().of_bytes(payload);
        let published = self.rumors.entry(dot).or_insert(Published { at: now, says: None });
        let (told_by, at) = (now.saturating_sub(self.age.margin()), published.at);
        if told_by > at + node.config().rumor_ttl || told_by > at + age {
            let old = now.saturating_duration_since(at);
            self.report
                .add(Oracle::NoStaleRumor, now, host, || format!("{dot} is told as {age:?} old, and is {old:?}"));
        }
        if *published.says.get_or_insert(says) != says {
            self.report.add(Oracle::DotUsedOnce, now, host, || format!("{dot} names two rumors"));
        }
    }

    fn hear_write<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        key: &[u8],
        value: Option<&[u8]>,
        dot: Dot,
    ) {
        let says = of_write(key, value);
        if *self.writes.entry(dot).or_insert(says) != says {
            self.report.add(Oracle::DotUsedOnce, now, host, || format!("{dot} names two writes"));
        }
        let Some(precedence) = node.precedence(key) else { return };
        let told = crate::records::Precedence { dot, ..precedence };
        let entries = &mut self.hosts[host.index()].life.entries;
        match entries.get_mut(key) {
            None => {
                entries.insert(key.into(), told);
            }
            Some(before) => {
                if told < *before {
                    let before = *before;
                    self.report.add(Oracle::NoRisenEntry, now, host, || {
                        format!("{key:02x?} is told as {told:?} after {before:?}")
                    });
                }
                *before = told;
            }
        }
    }

    /// A claim of agreement. What a host knew longer ago than is remembered of it cannot be held against anybody.
    pub(super) fn hear_claim<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>, live: usize) {
        self.hosts[host.index()].life.agreed_at.get_or_insert(now);
        let digests = node.store_digests();
        let mut seen = BTreeSet::new();
        for member in node.members().filter(is_there) {
            seen.insert(member.id);
            let hosts = self.names.get(&member.id).map_or(&[][..], |hosts| hosts.as_slice());
            let of_life = |host: &&HostId| {
                let me = self.hosts[host.index()].life.me.as_ref();
                me.is_some_and(|me| me.generation == member.generation)
            };
            let never_had = |host: &HostId| self.hosts[host.index()].had(&digests) == Had::No;
            // Where two bear a name, the one that is counted; where that life is over, any.
            let counted = hosts.iter().find(of_life);
            if counted.map_or_else(|| hosts.iter().all(never_had), never_had) {
                self.report.add(Oracle::TrueConvergence, now, host, || {
                    format!("{} is said to agree, and never knew what {digests:?} stand for", member.id)
                });
            }
        }
        if node.name_conflicts() > 0 {
            self.report.add(Oracle::TrueConvergence, now, host, || "two bear a name, and all are said to agree".into());
        }
        if (live, node.live()) != (seen.len() + 1, seen.len() + 1) {
            self.report.add(Oracle::TrueConvergence, now, host, || {
                format!("{live} are said to agree, {} to live, and {} are to be seen", node.live(), seen.len() + 1)
            });
        }
    }
}

pub(super) fn is_there(member: &MemberView<'_>) -> bool {
    matches!(member.liveness, Liveness::Alive | Liveness::Suspect)
}

/// Whether a region of memory has no room left.
pub(super) fn is_full<S: Storage>(node: &Node<S>, region: &str) -> bool {
    node.usage().rows().any(|(name, used, limit)| name == region && used >= limit)
}

/// A fingerprint of what a write says.
fn of_write(key: &[u8], value: Option<&[u8]>) -> Digest {
    let digester = Digester::unkeyed();
    let words = [digester.of_bytes(key).0, u64::from(value.is_some()), digester.of_bytes(value.unwrap_or_default()).0];
    digester.of_words(&words)
}
