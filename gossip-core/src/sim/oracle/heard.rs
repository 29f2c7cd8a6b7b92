//! What must have been heard by the time a world rests.
use super::{Oracle, Oracles, hearing::is_full, watched::Life};
use crate::{id::Dot, node::Node, sim::HostId, storage::Storage, time::Instant};
use alloc::{collections::BTreeSet, format};

impl Oracles {
    /// Whoever was there before a rumor was told it, or knows that it missed it.
    ///
    /// A rumor can be missed where those that could still tell it forgot it first, to make room: the node learns from them
    /// that there was one, and counts it. It does not count what it missed of a publisher of whom it had heard nothing
    /// before: for all it knows, it came later. And where there is no room for a further publisher, none of its rumors is
    /// taken.
    pub(super) fn look_for_missed_rumors<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        let known: BTreeSet<Dot> = group.iter().flat_map(|(host, _)| self.hosts[host.index()].life.known()).collect();
        for &(host, node) in group {
            let life = &self.hosts[host.index()].life;
            let mut left = life.missed_before + life.missed;
            for &dot in &known {
                let before_it = self.rumors.get(&dot).is_some_and(|rumor| life.since < rumor.at);
                if !before_it || life.knows(dot) || dot.origin == node.me().id {
                    continue;
                }
                let unheard_of = !has_heard(life, dot);
                let made_room = unheard_of && self.evicted;
                let no_room = unheard_of && is_full(node, "publishers") && node.stats().rumors_refused > 0;
                if made_room || no_room {
                    continue;
                }
                if left == 0 {
                    self.report.add(Oracle::RumorReachesAll, now, host, || format!("{dot} was never told"));
                }
                left = left.saturating_sub(1);
            }
        }
    }
}

/// Whether an application knows any rumor of a publisher, up to this one.
fn has_heard(life: &Life, dot: Dot) -> bool {
    let upto = dot.writer().dot(0)..=dot;
    [&life.told, &life.published, &life.remembered].iter().any(|known| known.range(upto.clone()).next().is_some())
}
