//! The book of addresses: which are kept, where there is not room for all of them.
//!
//! To forget a member and to forget its address are different things. A member that is down is forgotten, for its age or to make
//! room; its address stays, for behind it may be one side of a cut that lasts longer than we remember members.
//!
//! What is never there again comes in without end: each redeployment leaves addresses behind. So what is kept of the lost is a
//! sample: each address has a rank of its own at each node, by hash, and the lowest ranks are kept (bottom-*k* sampling: Cohen,
//! Kaplan 2007). All that were ever lost, early or late, have the same chance, however often they come in; and since ranks differ
//! from node to node, a cluster keeps as many times more as it has nodes.
use super::list::MemberList;
use crate::{
    context::Context,
    digest::Digest,
    id::{Addr, NodeId},
    records::{Provenance, Seed},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::Table,
};
use serde::{Deserialize, Serialize};

/// The addresses to join through, and those of the lost.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct AddressBook<S: Storage> {
    seeds: S::Seeds,
}

impl<S: Storage> AddressBook<S> {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { seeds: Table::with_limit(limit) }
    }

    /// Enters an address that the application names, making room for it if need be.
    pub(super) fn name(&mut self, cx: &mut Context<S>, list: &MemberList<S>, addr: Addr) {
        let mut named = Seed { answered: None, announces: 0, provenance: Provenance::Named };
        if let Some(known) = self.seeds.swap_remove(&addr) {
            // Where somebody lives, there is nothing to wait for.
            named.answered = known.answered.filter(|id| list.is_live(*id));
        }
        self.make_room(cx, list);
        cx.count_by(Counter::SeedsDropped, u64::from(self.seeds.insert(addr, named).is_err()));
    }

    /// Keeps the address of one that is lost, if it is among those of the lowest rank; it counts as announced to so often.
    pub(super) fn keep(&mut self, cx: &mut Context<S>, addr: Addr, announces: u32) {
        if addr == cx.me.addr || self.seeds.slot(&addr).is_some() {
            return;
        }
        if self.seeds.is_full() {
            cx.count(Counter::SeedsDropped);
            let lost = self.seeds.as_slice().iter().filter(|(_, seed)| seed.provenance == Provenance::Remembered);
            let highest = lost.map(|(addr, _)| (rank(cx, *addr), *addr)).max_by_key(|(rank, _)| rank.0);
            match highest {
                Some((highest, other)) if rank(cx, addr).0 < highest.0 => drop(self.seeds.swap_remove(&other)),
                _ => return,
            }
        }
        let _ = self.seeds.insert(addr, Seed { answered: None, announces, provenance: Provenance::Remembered });
    }

    /// Somebody spoke from an address. One of the lost that lives is a member again, and needs no other row.
    pub(super) fn on_heard(&mut self, list: &MemberList<S>, from: Addr, sender: NodeId) {
        let Some(seed) = self.seeds.get_mut(&from) else { return };
        *seed = Seed { answered: Some(sender), announces: 0, ..*seed };
        if seed.provenance == Provenance::Remembered && list.is_live(sender) {
            self.seeds.swap_remove(&from);
        }
    }

    /// An address was announced to once more.
    pub(super) fn on_announced(&mut self, addr: Addr) {
        if let Some(seed) = self.seeds.get_mut(&addr) {
            seed.announces = seed.announces.saturating_add(1);
        }
    }

    /// What is in it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Addr, Seed)> {
        self.seeds.as_slice().iter()
    }

    /// Those behind which nobody lives, as far as we know.
    pub(super) fn silent(&self, list: &MemberList<S>) -> impl Iterator<Item = &(Addr, Seed)> {
        self.iter().filter(|(addr, seed)| is_silent(list, *addr, seed))
    }

    /// How many there are, and how many there may be.
    pub(super) fn usage(&self) -> (usize, usize) {
        (self.seeds.len(), self.seeds.limit())
    }

    /// Makes room for an address that the application names, if need be: one of the lost goes first, then what never answered, and
    /// then what did and does no more; of these, whatever was asked most often in vain. Where somebody lives behind each, none.
    fn make_room(&mut self, cx: &mut Context<S>, list: &MemberList<S>) {
        if !self.seeds.is_full() {
            return;
        }
        let mut last = None;
        for (addr, seed) in self.silent(list) {
            let class = match (seed.provenance, seed.answered) {
                (Provenance::Remembered, _) => 2,
                (Provenance::Named, None) => 1,
                (Provenance::Named, Some(_)) => 0_u8,
            };
            // Many are named at once, where a name stands for them: by chance, so that each has its turn.
            last = last.max(Some((class, seed.announces, cx.rng.next_u64(), addr)));
        }
        if let Some(addr) = last.map(|(.., addr)| *addr) {
            self.seeds.swap_remove(&addr);
            cx.count(Counter::SeedsDropped);
        }
    }
}

/// Whether nobody lives behind an address, as far as we know. Who answered from there once, and lives elsewhere now, may have
/// left its place to another.
fn is_silent<S: Storage>(list: &MemberList<S>, addr: Addr, seed: &Seed) -> bool {
    let lives_there = |id| list.get(id).is_some_and(|member| member.is_live() && member.addr == addr);
    !seed.answered.is_some_and(lives_there)
}

fn rank<S: Storage>(cx: &Context<S>, addr: Addr) -> Digest {
    let name = cx.digester.of_bytes(addr.as_bytes());
    cx.digester.of_words(&[name.0, cx.me.id.0])
}
