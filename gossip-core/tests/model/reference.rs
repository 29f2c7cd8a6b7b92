//! What was written and published, and what of it nobody may ever lose.
use gossip_core::{Dot, Stamp, Urgency};
use std::collections::BTreeMap;

/// Everything that any node was told to say.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) writes: BTreeMap<Dot, Write>,
    pub(crate) rumors: BTreeMap<Dot, Rumor>,
}

#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) key: Vec<u8>,
    pub(crate) row: Row,
    fate: Fate,
}

/// What a key holds by one write: ordered as writes prevail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) stamp: Stamp,
    pub(crate) dot: Dot,
    /// `None` when the write deleted the key.
    pub(crate) value: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Rumor {
    pub(crate) urgency: Urgency,
    pub(crate) payload: Vec<u8>,
    fate: Fate,
}

/// Whether something must still be known in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// While the node that said it runs.
    InMemory { place: usize },
    /// While that place keeps what it saved.
    OnDisk { place: usize },
    /// It may have been forgotten before anybody was told.
    Uncertain,
}

impl Reference {
    pub(crate) fn wrote(&mut self, place: usize, key: &[u8], row: Row) {
        let dot = row.dot;
        let former = self.writes.insert(dot, Write { key: key.to_vec(), row, fate: Fate::InMemory { place } });
        assert!(former.is_none(), "the write {dot} was made twice");
    }

    pub(crate) fn published(&mut self, place: usize, dot: Dot, urgency: Urgency, payload: Vec<u8>) {
        let former = self.rumors.insert(dot, Rumor { urgency, payload, fate: Fate::InMemory { place } });
        assert!(former.is_none(), "the rumor {dot} was published twice");
    }

    pub(crate) fn saved(&mut self, saved: usize) {
        self.change(
            |fate| if fate == (Fate::InMemory { place: saved }) { Fate::OnDisk { place: saved } } else { fate },
        );
    }

    /// The node in a place ended; what it saved is kept.
    pub(crate) fn ended(&mut self, ended: usize) {
        self.change(|fate| if fate == (Fate::InMemory { place: ended }) { Fate::Uncertain } else { fate });
    }

    /// The node in a place ended, and what it saved is of no use to anybody.
    pub(crate) fn forgot(&mut self, place: usize) {
        self.ended(place);
        self.change(|fate| if fate == (Fate::OnDisk { place }) { Fate::Uncertain } else { fate });
    }

    /// Judges what all agree that a key holds.
    pub(crate) fn judge(&self, key: &[u8], held: Option<&Row>) {
        let writes = || self.writes.values().filter(|write| write.key == key);
        if let Some(held) = held {
            assert!(writes().any(|write| write.row == *held), "nobody wrote {held:?} to {key:?}");
        }
        let certain = writes().filter(|write| write.fate != Fate::Uncertain).map(|write| &write.row).max();
        assert!(held >= certain, "{key:?} holds {held:?}, and {certain:?} came later");
    }

    pub(crate) fn certain_rumors(&self) -> impl Iterator<Item = Dot> {
        self.rumors.iter().filter(|(_, rumor)| rumor.fate != Fate::Uncertain).map(|(dot, _)| *dot)
    }

    fn change(&mut self, change: impl Fn(Fate) -> Fate) {
        let writes = self.writes.values_mut().map(|write| &mut write.fate);
        for fate in writes.chain(self.rumors.values_mut().map(|rumor| &mut rumor.fate)) {
            *fate = change(*fate);
        }
    }
}
