//! What an endpoint makes of seeds' names: when to look one up, and whom to ask then.
use super::{BindError, Endpoint, LookUp, OwnedEvent, can_send, seeds::Found};
use crate::{error::JoinError, id::Addr, node::Liveness, time::Instant};
use core::net::SocketAddr;
use std::{collections::BTreeSet, string::String, vec::Vec};

impl Endpoint {
    /// The name of a seed that is to be looked up now.
    pub(super) fn due_look_up(&mut self, now: Instant) -> Option<LookUp> {
        if self.is_running() { self.seeds.due(now) } else { None }
    }

    /// Takes in what was found out about a seed's name, and says whether that gives the node something to do.
    pub(super) fn take_found(&mut self) -> bool {
        let local = self.local;
        let found = self.seeds.found(self.clock.now(), |addr| can_send(local, *addr));
        match found.filter(|_| self.is_running()) {
            Some(Found::Changed { name: seed, addrs }) => {
                self.announce_to_strangers(&addrs);
                let is_self = addrs.iter().any(|addr| self.is_own(*addr));
                self.subscribers.tell(&OwnedEvent::SeedResolved { seed, addrs, is_self });
                true
            }
            Some(Found::Same { addrs }) => self.announce_to_strangers(&addrs),
            Some(Found::Lost { name: seed, reason }) => {
                self.subscribers.tell(&OwnedEvent::SeedUnresolved { seed, reason });
                self.tell_if_nobody_can_be_asked();
                true
            }
            None => false,
        }
    }

    /// Has the node ask at those addresses where no live member is known to be, and where it does not ask anyway; says whether
    /// there are any. That somebody answered from there once is not enough: it may have moved, and others may be there now.
    fn announce_to_strangers(&mut self, addrs: &[SocketAddr]) -> bool {
        // The node itself may be behind the name, too.
        let others = addrs.iter().filter(|addr| !self.is_own(**addr));
        let mut strangers: BTreeSet<Addr> = others.map(|addr| Addr::from(*addr)).collect();
        let mut live = BTreeSet::new();
        for member in self.node.members().filter(|member| member.liveness <= Liveness::Suspect) {
            strangers.remove(&member.addr);
            live.insert(member.id);
        }
        for (addr, answered) in self.node.seeds() {
            if answered.is_none_or(|id| !live.contains(&id)) {
                strangers.remove(&addr);
            }
        }
        let now = self.clock.now();
        for addr in &strangers {
            // What would refuse it is a farewell alone.
            let _ = self.node.join(now, *addr);
        }
        !strangers.is_empty()
    }

    /// A node that has nobody to ask hears of nobody's silence: that it is alone, it cannot know by itself.
    fn tell_if_nobody_can_be_asked(&self) {
        if self.node.live() == 1 && !self.node.knows_addresses() {
            self.subscribers.tell(&OwnedEvent::Alone);
        }
    }

    /// Asks all seeds that one is started with.
    pub(super) fn join_all(&mut self, names: Vec<String>, addrs: Vec<SocketAddr>) -> Result<(), BindError> {
        for name in names {
            self.join_name(&name).map_err(|source| BindError::SeedName { name, source })?;
        }
        for addr in addrs {
            match self.join(addr) {
                // All nodes may be given one list of seeds, and then some of them are on it.
                Ok(()) | Err(JoinError::OwnAddress) => {}
                Err(source) => return Err(BindError::Seed { addr, source }),
            }
        }
        Ok(())
    }
}
