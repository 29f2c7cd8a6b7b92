//! What must have been heard by the time a world rests.
use super::{Oracle, Oracles, hearing::is_full, rest::keeps, watched::Life};
use crate::{
    id::Dot,
    node::Node,
    sim::{HostId, World},
    storage::Storage,
    time::Instant,
    wire::Store,
};
use alloc::{collections::BTreeSet, format};

/// In probe intervals: whoever came so lately may take what was published since for what was published before.
const CAME_LATELY: u32 = 61;

impl Oracles {
    /// Whoever was there before a rumor was told it, or was told that it missed one of that publisher.
    ///
    /// A rumor can be missed where those that could still tell it forgot it first, to make room or because its time was over: the
    /// node learns from them that there was one. It does not count what it missed of a publisher of whom it had heard nothing
    /// before it had caught up: for all it knows, it came later. And where there is no room for a further publisher, none of
    /// its rumors is taken. But none is missed that all can still tell who ever knew it, of a publisher that nobody took for gone:
    /// there was no reason to give it up.
    pub(super) fn look_for_missed_rumors<S: Storage>(
        &mut self,
        now: Instant,
        world: &World<S>,
        group: &[(HostId, &Node<S>)],
    ) {
        let known: BTreeSet<Dot> = group.iter().flat_map(|(host, _)| self.hosts[host.index()].life.known()).collect();
        for &(host, node) in group.iter().filter(|(_, node)| keeps(node, Store::Rumors)) {
            let life = &self.hosts[host.index()].life;
            let lately = life.since + node.config().probe_interval * CAME_LATELY;
            let mut missed = life.missed.clone();
            for &dot in &known {
                let published_at = self.rumors.get(&dot).map(|rumor| rumor.at);
                let before_it = published_at.is_some_and(|at| life.since < at);
                if !before_it || life.knows(dot) || dot.origin == node.me().id {
                    continue;
                }
                let unheard_of = !has_heard(life, dot);
                let catching_up = |at: Instant| at < lately && life.agreed_at.is_none_or(|agreed| at < agreed);
                let came_later = unheard_of && published_at.is_some_and(catching_up);
                let no_room = is_full(node, "publishers") && !node.hears(dot);
                if came_later || no_room {
                    continue;
                }
                if self.is_told_by_all(world, dot) {
                    self.report.add(Oracle::RumorReachesAll, now, host, || {
                        format!("{dot} was never told, and all can tell it")
                    });
                }
                let left = missed.entry(dot.origin).or_default();
                if *left == 0 {
                    self.report.add(Oracle::RumorReachesAll, now, host, || format!("{dot} was never told, nor missed"));
                }
                *left = left.saturating_sub(1);
            }
        }
    }

    /// Whether all who ever knew a rumor live, its one publisher among them, and can still tell it.
    fn is_told_by_all<S: Storage>(&self, world: &World<S>, dot: Dot) -> bool {
        let is_one = self.names.get(&dot.origin).is_some_and(|hosts| hosts.len() == 1);
        if !is_one || self.told_gone.contains(&dot.origin) {
            return false;
        }
        let mut live =
            self.hosts.iter().enumerate().filter_map(|(index, watched)| Some((watched, world.node(HostId(index))?)));
        !self.known_to_the_ended.contains(&dot)
            && live.all(|(watched, node)| !watched.life.knows(dot) || node.can_tell(dot))
    }
}

/// Whether an application knows any rumor of a publisher, up to this one.
fn has_heard(life: &Life, dot: Dot) -> bool {
    let upto = dot.writer().dot(0)..=dot;
    [&life.told, &life.published, &life.remembered].iter().any(|known| known.range(upto.clone()).next().is_some())
}
