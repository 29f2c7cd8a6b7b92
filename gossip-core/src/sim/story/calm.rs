//! How a story comes to rest: in a kind world, in which no excuse is left.
use super::{
    Failed, Goal, Sample,
    run::{Broken, Teller},
};
use crate::{
    node::{Liveness, Node},
    sim::{HostId, Memory, Network, World},
    storage::Storage,
};
use alloc::{format, vec::Vec};
use core::{ops::ControlFlow, time::Duration};

/// In probe intervals: for so long it is heard how much a world at rest sends.
const LISTEN: u32 = 10;

impl<S: Storage, W: FnMut(&Sample) -> ControlFlow<(), Duration>> Teller<S, W> {
    /// Makes the world kind, gives it time, and has the oracles look.
    pub(super) fn settle(&mut self, time: Duration) -> Result<(), Broken> {
        self.world.heal();
        self.world.mend_all();
        self.world.hosts().for_each(|host| self.world.cure(host));
        let latency = self.world.network().latency.clone();
        self.world.set_network(Network { latency, ..Network::lan() });
        self.introduce_strangers();
        // That somebody left may be known to one node alone. It tells the others when they ask.
        let is_unsettled = |world: &World<S>| world.is_farewell_unheard() || world.has_any_name_conflict();
        self.pass_while(time, |teller| !teller.is_reached(&Goal::Converged) || is_unsettled(&teller.world))?;
        self.log.take(&mut self.world);
        let (before, time) = (self.world.sent(), self.settings.config().probe_interval * LISTEN);
        self.pass(time)?;
        self.world.check_quiet(&before, time);
        self.world.check_at_rest().map_err(Failed::Violated)?;
        Ok(())
    }

    /// Has nodes join that nobody in the rest of the world knows, and that know nobody there: no protocol can bring these
    /// together. All others have to find each other.
    fn introduce_strangers(&mut self) {
        // Whoever is about to leave introduces nobody.
        let stays = |node: &Node<S>| node.me().liveness == Liveness::Alive && node.is_running();
        let live: Vec<HostId> = self.world.live().filter(|&host| self.world.node(host).is_some_and(stays)).collect();
        let Some((&first, rest)) = live.split_first() else { return };
        let mut known = Vec::from([first]);
        let mut strangers = rest.to_vec();
        while !strangers.is_empty() {
            let found = strangers.iter().position(|&stranger| known.iter().any(|&host| self.knows(host, stranger)));
            let found = found.unwrap_or_else(|| {
                let now = self.world.now();
                self.log.line(now, &format!("{} is a stranger to all before it", self.world.name(strangers[0])));
                self.introduce(strangers[0], first);
                0
            });
            known.push(strangers.remove(found));
        }
    }

    /// Has two hosts meet that do not know each other; the one with no room for a seed is started anew.
    fn introduce(&mut self, stranger: HostId, host: HostId) {
        for (one, other) in [(stranger, host), (host, stranger)] {
            let addr = self.world.addr(other);
            let joins =
                |node: &mut Node<S>, now| node.join(now, addr).is_ok() && node.seeds().any(|(seed, _)| seed == addr);
            if self.world.command(one, joins) == Some(true) {
                return;
            }
        }
        self.world.restart(stranger, Memory::Lost);
        self.world.join(stranger, host);
    }

    /// Whether one of the two remembers the other where it is now, or has to. Nobody looks for those who left, once that goes round.
    fn knows(&self, one: HostId, other: HostId) -> bool {
        let remembers = |who: HostId, whom: HostId| {
            let (id, addr) = (self.world.id(whom), self.world.addr(whom));
            let Some(node) = self.world.node(who) else { return false };
            // A row holds one of two who bear a name: the address of the other goes with the next words.
            let is_only_one = !self.world.has_name_conflict(id);
            let member = node.member(id).is_some_and(|member| member.addr == addr);
            is_only_one && (member || self.was_acquainted(who, whom)) && !self.is_said_to_have_left(whom)
                || node.seeds().any(|(seed, _)| seed == addr)
        };
        remembers(one, other) || remembers(other, one)
    }

    /// Whether a node was told of another in its present life, and where it is, so that it has to find it by itself however long
    /// they were apart: unless there was no room for all addresses.
    fn was_acquainted(&self, who: HostId, whom: HostId) -> bool {
        let dropped = self.world.node(who).is_none_or(|node| node.stats().seeds_dropped > 0);
        !dropped && self.world.oracles.whereabouts(who, self.world.id(whom)) == Some(self.world.addr(whom))
    }

    fn is_said_to_have_left(&self, host: HostId) -> bool {
        let id = self.world.id(host);
        let left = |node: &Node<S>| node.member(id).is_some_and(|member| member.liveness == Liveness::Left);
        self.world.live().filter_map(|host| self.world.node(host)).any(left)
    }
}
