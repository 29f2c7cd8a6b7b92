//! What a node's application waits for, and how that ends.
use super::{Drained, Oracle, Oracles, Prompt, hearing::is_there, watched::Waited};
use crate::{
    id::{Dot, Generation, Life, NodeId, WaitId},
    node::Node,
    sim::HostId,
    storage::Storage,
    time::Instant,
    waiting::Quorum,
};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

impl Oracles {
    /// A node was told to wait.
    pub(in crate::sim) fn on_wait(&mut self, host: HostId, wait: WaitId, waited: Waited) {
        self.hosts[host.index()].life.waits.insert(wait, waited);
    }

    /// A node was told to wait for this no longer.
    pub(in crate::sim) fn on_wait_cancelled(&mut self, host: HostId, wait: WaitId) {
        self.hosts[host.index()].life.waits.remove(&wait);
    }

    /// The writes that somebody waits for.
    pub(in crate::sim) fn awaited_writes(&self) -> Vec<Dot> {
        let waits = self.hosts.iter().flat_map(|host| host.life.waits.values());
        waits.filter(|waited| !waited.ended).filter_map(|waited| Some(waited.write?.0)).collect()
    }

    /// In a life that is about to end, a node had so many of the writes of each life.
    pub(in crate::sim) fn on_had(
        &mut self,
        holder: NodeId,
        generation: Generation,
        seen: impl Iterator<Item = (Life, u32)>,
    ) {
        self.had.extend(seen.map(|(writer, upto)| ((writer, holder, generation), upto)));
    }

    /// Who has a write now, of those that somebody waits for.
    pub(in crate::sim) fn on_holders(&mut self, holders: impl Iterator<Item = (Dot, NodeId)>) {
        self.holders = holders.collect();
    }

    /// A wait ended; `reached` at so many out of so many, or in vain. It may be one that nobody told us of.
    pub(super) fn hear_end<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        wait: WaitId,
        reached: Option<(usize, usize)>,
    ) {
        let Some(waited) = self.hosts[host.index()].life.waits.get_mut(&wait) else { return };
        let before = core::mem::replace(&mut waited.ended, true);
        let write = waited.write;
        if before {
            self.report.add(Oracle::QuorumHolds, now, host, || format!("{wait} ends again"));
        }
        match (write, reached) {
            (Some((write, quorum)), Some((holders, of))) => {
                if let Some(what) = self.untrue(node, write, quorum, holders, of) {
                    self.report.add(Oracle::QuorumHolds, now, host, || what);
                }
            }
            (None, Some((_, live))) => self.hear_claim(now, host, node, live),
            (_, None) => {}
        }
    }

    /// What is wrong with it that so many are said to have a write, if anything is.
    fn untrue<S: Storage>(
        &self,
        node: &Node<S>,
        write: Dot,
        quorum: Quorum,
        holders: usize,
        of: usize,
    ) -> Option<String> {
        let had = |id, generation| {
            let upto = self.had.get(&(write.writer(), id, generation));
            upto.is_some_and(|upto| *upto >= write.sequence)
        };
        let has = |id, generation| self.holders.contains(&(write, id)) || had(id, generation);
        let others = node.members().filter(is_there).filter(|member| has(member.id, member.generation)).count();
        let suffices = match quorum {
            Quorum::All => holders == of,
            Quorum::Majority => 2 * holders > of,
            Quorum::AtLeast(count) => holders >= usize::try_from(count).unwrap_or(usize::MAX),
        };
        if others + 1 < holders {
            Some(format!("{holders} are said to have {write}, and {} have it", others + 1))
        } else if !suffices || of > node.live() {
            Some(format!("{holders} of {of} are said to be enough, for {quorum} of {}", node.live()))
        } else {
            None
        }
    }

    /// Each wait ends by its deadline: it asks to be woken by then, and then it ends.
    pub(super) fn hold_waits(
        &mut self,
        now: Instant,
        host: HostId,
        shown: Instant,
        deadline: Instant,
        drained: &Drained,
    ) {
        let waits = self.hosts[host.index()].life.waits.values();
        let Some(until) = waits.filter(|waited| !waited.ended).map(|waited| waited.until).min() else { return };
        let had_time = matches!(drained.prompt, Prompt::Timer { .. } | Prompt::Datagram { .. });
        if had_time && until <= shown {
            self.report.add(Oracle::QuorumHolds, now, host, || "a wait goes on beyond its deadline".to_owned());
        } else if until < deadline {
            self.report
                .add(Oracle::QuorumHolds, now, host, || "it does not ask to be woken when a wait must end".to_owned());
        }
    }
}
