//! What the world knows of who is who, and its nodes do not.
use super::{HostId, World, queue::Berth};
use crate::{
    id::{Addr, Life, NodeId},
    storage::Storage,
};

impl<S: Storage> World<S> {
    /// Whose an address is, or was.
    pub(super) fn host_at(&self, addr: Addr) -> Option<HostId> {
        let berth = Berth::of(addr)?;
        self.berths.get(usize::try_from(berth.0).ok()?).copied()
    }

    /// Which of its host's lives this was, from 1; 0, when it is not known.
    pub(super) fn life(&self, life: Life) -> usize {
        let lives = self.hosts_of(life.origin).iter().map(|host| &self.hosts[host.0].lives);
        let found = lives.filter_map(|lives| lives.iter().position(|generation| *generation == life.generation));
        found.map(|before| before + 1).next().unwrap_or(0)
    }

    /// Whether a node that is believed to be gone is not, and could be heard.
    pub(super) fn is_slandered(&self, observer: HostId, id: NodeId) -> bool {
        self.hosts_of(id).iter().any(|&host| {
            self.node(host).is_some()
                && !self.hosts[host.0].ailments.any()
                && !self.hosts[observer.0].ailments.any()
                && !self.links.is_cut(host, observer)
                && !self.links.is_cut(observer, host)
        })
    }
}
