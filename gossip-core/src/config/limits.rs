//! How much may be remembered, and what becomes of more.
use super::ConfigError;
use crate::{
    storage::Storage,
    table::{Queue, Table},
    wire::{Store, Stores},
};
use serde::{Deserialize, Serialize};

/// How much a node may remember. Every region has a limit, on a heap too; what happens there is said at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Members, ourselves included. Full: the member gone longest makes room; while all live, newcomers are refused.
    pub members: usize,
    /// Addresses to join through, and of members that were lost and forgotten. Full: for one that is named, one of the lost makes
    /// room, then one that never answered; of the lost, a sample is kept.
    pub seeds: usize,
    /// Names that two nodes go by. Full: ours takes the place of another; else a further one is counted, and not remembered.
    pub name_conflicts: usize,
    /// Rumors to be told again; zero: this node has no part in rumors, and the others ask it for none. Full: the oldest that the
    /// application knows makes room, critical ones last; and none of our own that is yet to be handed to others, which may be
    /// half of them: then `publish` is busy.
    pub rumors: usize,
    /// Keys, deleted ones included; zero: this node holds no entries, and the others ask it for none. Full: `put` of a new key is
    /// refused; another's write is left with those who have room.
    pub entries: usize,
    /// Lives of nodes that ever wrote, and as many that ever published. Full: further ones are refused.
    pub writers: usize,
    /// Datagrams owed. Full: they are dropped; gossip survives it.
    pub outbox: usize,
    /// Questions to be answered. Full: they are dropped; the asker asks again.
    pub questions: usize,
}

impl Limits {
    /// As [`Config::lan`](super::Config::lan) has it, on a heap, which gives a region its memory only when that is needed.
    pub(super) const LAN: Self = Self {
        members: 16_384,
        seeds: 256,
        name_conflicts: 4,
        rumors: 1_024,
        entries: 16_384,
        writers: 16_384,
        outbox: 1_024,
        questions: 64,
    };

    /// As much as a memory of fixed size can hold: for [`storage!`](crate::storage!) maps of one's own.
    #[must_use]
    pub fn of<S: Storage>() -> Self {
        let mut limits = Self {
            members: S::Members::CAPACITY,
            seeds: S::Seeds::CAPACITY,
            name_conflicts: S::NameConflicts::CAPACITY,
            rumors: S::Rumors::CAPACITY,
            entries: S::Entries::CAPACITY,
            writers: 0,
            outbox: S::Outbox::CAPACITY,
            questions: S::Questions::CAPACITY,
        };
        limits.writers = limits.writers_capacity::<S>().unwrap_or(0);
        limits
    }

    /// Which stores there is room for: members, and each other one whose limit is not zero.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let all = [(Store::Members, self.members), (Store::Rumors, self.rumors), (Store::Entries, self.entries)];
        all.into_iter().filter(|(_, limit)| *limit > 0).fold(Stores::NONE, |stores, (store, _)| stores.with(store))
    }

    pub(super) fn check<S: Storage>(&self) -> Result<(), ConfigError> {
        for (name, limit, capacity) in [
            ("limits.members", self.members, S::Members::CAPACITY),
            ("limits.seeds", self.seeds, S::Seeds::CAPACITY),
            ("limits.name_conflicts", self.name_conflicts, S::NameConflicts::CAPACITY),
            ("limits.rumors", self.rumors, S::Rumors::CAPACITY),
            ("limits.entries", self.entries, S::Entries::CAPACITY),
            ("limits.writers", self.writers, self.writers_capacity::<S>().unwrap_or(usize::MAX)),
            ("limits.outbox", self.outbox, S::Outbox::CAPACITY),
            ("limits.questions", self.questions, S::Questions::CAPACITY),
        ] {
            let may_be_none = match name {
                "limits.name_conflicts" => capacity == 0,
                "limits.rumors" | "limits.entries" => true,
                "limits.writers" => self.stores() == Stores::NONE.with(Store::Members),
                _ => false,
            };
            if limit == 0 && !may_be_none {
                return Err(ConfigError::ZeroLimit(name));
            }
            if limit > capacity {
                return Err(ConfigError::BeyondStorage(name));
            }
        }
        Ok(())
    }

    /// Of how many writers the stores that have writers can keep account; `None` where there is no such store.
    fn writers_capacity<S: Storage>(&self) -> Option<usize> {
        let of_rumors = (self.rumors > 0).then_some(S::Windows::CAPACITY);
        let of_entries = (self.entries > 0).then_some(S::Versions::CAPACITY);
        of_rumors.into_iter().chain(of_entries).min()
    }
}
