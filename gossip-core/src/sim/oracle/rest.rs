//! What a world at rest must look like.
//!
//! A node without room leaves to others what it cannot take: it is excused, for that region of memory alone. Where there is
//! no room for all members, not all know each other, and only those who do owe each other anything: what would have to come
//! by way of others may meet one without room.
use super::{
    Oracle, Oracles,
    hearing::{is_full, is_there},
};
use crate::{
    digest::Digest,
    id::NodeId,
    node::{Liveness, MemberView, Node},
    records::Precedence,
    sim::{HostId, World},
    storage::Storage,
    time::Instant,
    wire::{Store, Stores},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

/// Nodes that owe each other all they know, each with its host.
pub(super) type Group<'w, S> = Vec<(HostId, &'w Node<S>)>;

impl Oracles {
    pub(super) fn look_around<S: Storage>(&mut self, world: &World<S>) {
        let now = world.now();
        for cluster in clusters(world) {
            cluster.iter().for_each(|&(host, node)| self.compare_told(now, host, node));
            self.compare_namesakes(now, &cluster);
            let cluster = reached(&cluster);
            for &(host, node) in &cluster {
                self.compare_members(world, &cluster, host, node);
            }
            let crowded = cluster.iter().any(|(_, node)| is_crowded(node));
            for group in groups(&cluster) {
                self.compare_entries(now, &group);
                self.compare_writes(now, &group);
                // A publisher that has no room for somebody does not say to it what cannot be told any more.
                if !crowded {
                    self.compare_rumors(now, &group);
                }
                self.compare_claims(now, &group);
                self.look_for_lost_writes(now, &group);
                self.look_for_missed_rumors(now, world, &group);
                self.look_for_unheard_farewells(world, &group);
            }
        }
    }

    /// Everybody is seen, as it is, and nobody else. Two live hosts of one name contradict each other for ever, and of them
    /// nothing is asked.
    fn compare_members<S: Storage>(
        &mut self,
        world: &World<S>,
        group: &[(HostId, &Node<S>)],
        host: HostId,
        node: &Node<S>,
    ) {
        let now = world.now();
        let mut report = |what: String| self.report.add(Oracle::AgreementAtRest, now, host, || what);
        for member in node.members().filter(is_there) {
            if !world.hosts_of(member.id).iter().any(|&host| world.node(host).is_some()) {
                report(format!("{} is {}, and dead", member.id, member.liveness));
            }
        }
        // Who has no room refuses, and passes on nothing of whom it refused.
        let crowded = group.iter().any(|(_, node)| is_crowded(node));
        let told_of = |id| group.iter().any(|(_, other)| know_each_other(node, other) && sees(other, id));
        for &(other, truth) in group.iter().filter(|(other, _)| *other != host) {
            let me = truth.me();
            if world.has_name_conflict(me.id) {
                continue;
            }
            match node.member(me.id).filter(is_there) {
                None if is_crowded(node) || crowded && !told_of(me.id) => {}
                None => report(format!("{} of host {} is not seen", me.id, other.index())),
                Some(seen) => {
                    let same = seen.generation == me.generation && seen.addr == me.addr && seen.presence == me.presence;
                    if !same {
                        report(format!("{} of host {} is seen as it was", me.id, other.index()));
                    }
                }
            }
        }
    }

    /// Of a name that two live nodes bear, everybody knows that, and nobody agrees; of any other, nobody says so.
    fn compare_namesakes<S: Storage>(&mut self, now: Instant, cluster: &Group<'_, S>) {
        let crowded = cluster.iter().any(|(_, node)| is_crowded(node));
        let ids: BTreeSet<NodeId> = cluster.iter().map(|(_, node)| node.me().id).collect();
        for &(host, node) in cluster {
            let shown = |id| if id == node.me().id { Some(node.me()) } else { node.member(id).filter(is_there) };
            let in_conflict = ids.iter().filter(|&&id| bearers(cluster, id) > 1).filter_map(|&id| shown(id));
            let in_conflict: Vec<_> = in_conflict.collect();
            let no_room = crowded || node.stats().name_conflicts_refused > 0;
            let mut report = |what: String| self.report.add(Oracle::AgreementAtRest, now, host, || what);
            for member in in_conflict.iter().filter(|member| member.rival.is_none() && !no_room) {
                report(format!("two go by the name of {}, and it knows of one", member.id));
            }
            if in_conflict.is_empty() && node.name_conflicts() > 0 {
                report("it takes two to go by a name that one goes by".into());
            }
            if !in_conflict.is_empty() && !crowded && node.is_converged() {
                report("two go by one name, and it claims that all agree".into());
            }
        }
    }

    /// What an application was told adds up to what its node shows.
    fn compare_told<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>) {
        let life = &self.hosts[host.index()].life;
        let mut seen = BTreeSet::new();
        let twice = node.members().filter(|member| !seen.insert(member.id)).count();
        let live = node.members().filter(is_there).count() + 1;
        if twice > 0 || live != node.live() || seen.contains(&node.me().id) {
            self.report.add(Oracle::OwnTruth, now, host, || {
                format!("{live} are to be seen and {} to be counted, {twice} of them twice", node.live())
            });
        }
        for (key, told) in &life.entries {
            let held = node.precedence(key);
            if held != Some(*told) {
                self.report.add(Oracle::OwnTruth, now, host, || {
                    format!("{key:02x?} was last told as {told:?}, and is {held:?}")
                });
            }
        }
    }

    fn compare_entries<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        let mut prevailing = BTreeMap::new();
        for (_, node) in group {
            node.writes().for_each(|(key, write)| prevail(&mut prevailing, key, write));
        }
        for &(host, node) in group.iter().filter(|(_, node)| has_room_for_entries(node)) {
            for (key, write) in &prevailing {
                let held = node.precedence(key);
                if held != Some(*write) {
                    self.report.add(Oracle::AgreementAtRest, now, host, || {
                        format!("{key:02x?} is {held:?}, and {write:?} elsewhere")
                    });
                }
            }
        }
    }

    /// Which writes were seen, however superseded: where that differs, nobody ever agrees.
    fn compare_writes<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        let has_room = |node: &Node<S>| has_room_for_entries(node) && !is_full(node, "writers");
        self.compare_seen(now, group, "writes", has_room, |node| node.store_digests().get(Store::Entries));
    }

    /// Likewise which rumors.
    fn compare_rumors<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        self.compare_seen(
            now,
            group,
            "rumors",
            |node| keeps(node, Store::Rumors) && !is_full(node, "publishers"),
            |node| node.store_digests().get(Store::Rumors),
        );
    }

    fn compare_seen<S: Storage>(
        &mut self,
        now: Instant,
        group: &[(HostId, &Node<S>)],
        what: &str,
        has_room: impl Fn(&Node<S>) -> bool,
        seen: impl Fn(&Node<S>) -> Option<Digest>,
    ) {
        let mut with_room = group.iter().filter(|(_, node)| has_room(node));
        let Some(&(_, first)) = with_room.next() else { return };
        for &(host, _) in with_room.filter(|(_, node)| seen(node) != seen(first)) {
            self.report.add(Oracle::AgreementAtRest, now, host, || format!("it has seen other {what}"));
        }
    }

    /// All who claim that all agree, agree.
    fn compare_claims<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        let mut claims = group.iter().filter(|(_, node)| node.is_converged());
        let Some(&(_, first)) = claims.next() else { return };
        for &(host, node) in claims {
            let differing = node.store_digests().differing(&first.store_digests());
            if !differing.is_empty() || node.live() != first.live() {
                self.report
                    .add(Oracle::TrueConvergence, now, host, || "it agrees with all, and others do with others".into());
            }
        }
    }

    /// Who is gone is not part of what nodes agree on, for it is forgotten at different moments. But whoever remembers a member
    /// that left knows that it did.
    fn look_for_unheard_farewells<S: Storage>(&mut self, world: &World<S>, group: &[(HostId, &Node<S>)]) {
        for (host, id) in unheard_farewells(world, group) {
            self.report
                .add(Oracle::AgreementAtRest, world.now(), host, || format!("{id} is down, and has left elsewhere"));
        }
    }

    fn look_for_lost_writes<S: Storage>(&mut self, now: Instant, group: &[(HostId, &Node<S>)]) {
        let mut told = BTreeMap::new();
        for (host, _) in group {
            let entries = &self.hosts[host.index()].life.entries;
            entries.iter().for_each(|(key, write)| prevail(&mut told, key, *write));
        }
        for &(host, node) in group.iter().filter(|(_, node)| has_room_for_entries(node)) {
            for (key, write) in &told {
                let held = node.precedence(key);
                if held < Some(*write) {
                    self.report.add(Oracle::NoLostWrite, now, host, || {
                        format!("{key:02x?} is {held:?}, and somebody was told {write:?}")
                    });
                }
            }
        }
    }
}

impl<S: Storage> World<S> {
    /// Whether two live that go by one name, or did so lately: they are found out, and counted as two, for a while.
    pub(in crate::sim) fn has_any_name_conflict(&self) -> bool {
        let known = |host| self.node(host).is_some_and(|node| node.name_conflicts() > 0);
        self.live().any(|host| known(host) || self.has_name_conflict(self.id(host)))
    }

    /// Whether somebody counts a member as down of which others know that it left.
    pub(in crate::sim) fn is_farewell_unheard(&self) -> bool {
        let mut all = clusters(self).flat_map(|cluster| groups(&cluster));
        all.any(|group| !unheard_farewells(self, &group).is_empty())
    }
}

/// Who counts whom as down of whom another knows that it left. Of a name that was borne by several, nothing is asked; nor of two
/// that bear one: others pass on what these say, but not of a member that they never met.
fn unheard_farewells<S: Storage>(world: &World<S>, group: &[(HostId, &Node<S>)]) -> Vec<(HostId, NodeId)> {
    let mut unheard = Vec::new();
    for &(host, node) in group {
        let left = |other: &Node<S>, member: &MemberView<'_>| {
            let same = other.member(member.id);
            same.is_some_and(|it| it.liveness == Liveness::Left && it.incarnation >= member.incarnation)
        };
        let down = node.members().filter(|member| member.liveness == Liveness::Down);
        for member in down.filter(|member| world.hosts_of(member.id).len() < 2) {
            if group.iter().any(|(_, other)| other.me().id != node.me().id && left(other, &member)) {
                unheard.push((host, member.id));
            }
        }
    }
    unheard
}

/// The live nodes that are to agree, cluster by cluster. Whoever is about to leave owes nothing more.
fn clusters<S: Storage>(world: &World<S>) -> impl Iterator<Item = Group<'_, S>> {
    let mut clusters = BTreeMap::<_, Group<'_, S>>::new();
    for host in world.live() {
        if let Some(node) = world.node(host)
            && node.me().liveness == Liveness::Alive
            && node.is_running()
        {
            clusters.entry(format!("{}", node.config().cluster)).or_default().push((host, node));
        }
    }
    clusters.into_values()
}

/// Two that go by one name hear of each other's news from others, where there are others; and of more than two, two at a time
/// are reached.
fn reached<'w, S: Storage>(cluster: &Group<'w, S>) -> Group<'w, S> {
    // Where there is no room for all, or not all keep everything, others may have none for one of the two, or for what it says, or be
    // too few to pass it on.
    let keeps_all = |node: &Node<S>| node.config().limits.stores() == Stores::ALL;
    let has_room =
        |node| !is_crowded(node) && keeps_all(node) && has_room_for_entries(node) && !is_full(node, "writers");
    let crowded = !cluster.iter().all(|(_, node)| has_room(node));
    let has_others = |id| !crowded && cluster.iter().any(|(_, other)| other.me().id != id);
    let is_reached = |id| bearers(cluster, id) < if has_others(id) { 3 } else { 2 };
    cluster.iter().filter(|(_, node)| is_reached(node.me().id)).copied().collect()
}

fn bearers<S: Storage>(cluster: &Group<'_, S>, id: NodeId) -> usize {
    cluster.iter().filter(|(_, node)| node.me().id == id).count()
}

/// All of a cluster; or, where any of them has no room for all, each two that know each other.
fn groups<'w, S: Storage>(cluster: &Group<'w, S>) -> Vec<Group<'w, S>> {
    if !cluster.iter().any(|(_, node)| is_crowded(node)) {
        return alloc::vec![cluster.clone()];
    }
    let mut pairs = Vec::new();
    for (at, one) in cluster.iter().enumerate() {
        let others = cluster[at + 1..].iter().filter(|other| know_each_other(one.1, other.1));
        pairs.extend(others.map(|other| alloc::vec![*one, *other]));
    }
    pairs
}

fn know_each_other<S: Storage>(one: &Node<S>, other: &Node<S>) -> bool {
    sees(one, other.me().id) && sees(other, one.me().id)
}

fn sees<S: Storage>(node: &Node<S>, id: NodeId) -> bool {
    node.member(id).as_ref().is_some_and(is_there)
}

/// Whether a node has no room for a further member: those that are gone would make it.
fn is_crowded<S: Storage>(node: &Node<S>) -> bool {
    node.live() >= node.config().limits.members
}

/// Whether a node keeps a store at all.
pub(super) fn keeps<S: Storage>(node: &Node<S>, store: Store) -> bool {
    node.config().limits.stores().contains(store)
}

/// Whether a node took all writes that came. When it had to leave one with others, it takes none that its writer made later:
/// they would count as all that went before.
fn has_room_for_entries<S: Storage>(node: &Node<S>) -> bool {
    let full = is_full(node, "entries") || is_full(node, "writers");
    keeps(node, Store::Entries) && !(full && node.stats().entries_refused > 0)
}

fn prevail<'k>(prevailing: &mut BTreeMap<&'k [u8], Precedence>, key: &'k [u8], write: Precedence) {
    let row = prevailing.entry(key).or_insert(write);
    *row = write.max(*row);
}
