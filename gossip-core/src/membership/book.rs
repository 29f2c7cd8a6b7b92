//! The book of addresses: which are kept, where there is not room for all of them.
//!
//! To forget a member and to forget its address are different things. A member that is down is forgotten, for its age or to make
//! room; its address stays, for behind it may be one side of a cut that lasts longer than we remember members.
//!
//! What is never there again comes in without end: each redeployment leaves addresses behind. So what is kept of the lost is a
//! sample: each address has a rank of its own at each node, by hash, and the lowest ranks are kept (bottom-*k* sampling: Cohen,
//! Kaplan 2007). All that were ever lost, early or late, have the same chance, however often they come in; and since ranks differ
//! from node to node, a cluster keeps as many times more as it has nodes.
use super::Membership;
use crate::{
    config::joining::ANNOUNCES_AT_LOST,
    context::Context,
    digest::Digest,
    id::{Addr, NodeId},
    records::{Provenance, Seed},
    storage::Storage,
    table::Table,
    wire::Standing,
};

impl<S: Storage> Membership<S> {
    /// Remembers an address from a former life, if there is room; it is asked as soon as those that are named.
    pub(crate) fn remember(&mut self, cx: &mut Context<S>, addr: Addr) {
        self.keep(cx, addr, 0);
        self.announce_at = self.announce_at.min(cx.now + cx.config.gossip_interval);
    }

    /// Forgets a member, and keeps its address where it did not say farewell.
    pub(super) fn forget(&mut self, cx: &mut Context<S>, id: NodeId) {
        let Some(member) = self.members.get(&id) else { return };
        let (standing, addr) = (member.standing, member.addr);
        self.remove(cx, id);
        cx.stats.members_forgotten += 1;
        if standing == Standing::Down {
            self.keep(cx, addr, ANNOUNCES_AT_LOST);
        }
    }

    /// Makes room for an address that the application names, if need be: one of the lost goes first, then what never answered, and
    /// then what did and does no more; of these, whatever was asked most often in vain. Where somebody lives behind each, none.
    pub(super) fn make_room(&mut self, cx: &mut Context<S>) {
        if !self.seeds.is_full() {
            return;
        }
        let mut last = None;
        for (addr, seed) in self.seeds.as_slice().iter().filter(|(addr, seed)| self.is_silent(*addr, seed)) {
            let class = match (seed.provenance, seed.answered) {
                (Provenance::Remembered, _) => 2,
                (Provenance::Named, None) => 1,
                (Provenance::Named, Some(_)) => 0_u8,
            };
            // Many are named at once, where a name stands for them: by chance, so that each has its turn.
            last = last.max(Some((class, seed.announces, cx.rng.next_u64(), *addr)));
        }
        if let Some((.., addr)) = last {
            self.seeds.swap_remove(&addr);
            cx.stats.seeds_dropped += 1;
        }
    }

    /// Keeps the address of one that is lost, if it is among those of the lowest rank.
    fn keep(&mut self, cx: &mut Context<S>, addr: Addr, announces: u32) {
        if addr == cx.me.addr || self.seeds.slot(&addr).is_some() {
            return;
        }
        if self.seeds.is_full() {
            cx.stats.seeds_dropped += 1;
            let lost = self.seeds.as_slice().iter().filter(|(_, seed)| seed.provenance == Provenance::Remembered);
            let highest = lost.map(|(addr, _)| (rank(cx, *addr), *addr)).max_by_key(|(rank, _)| rank.0);
            match highest {
                Some((highest, other)) if rank(cx, addr).0 < highest.0 => drop(self.seeds.swap_remove(&other)),
                _ => return,
            }
        }
        let _ = self.seeds.insert(addr, Seed { answered: None, announces, provenance: Provenance::Remembered });
    }
}

fn rank<S: Storage>(cx: &Context<S>, addr: Addr) -> Digest {
    let name = cx.digester.of_bytes(addr.as_bytes());
    cx.digester.of_words(&[name.0, cx.me.id.0])
}
