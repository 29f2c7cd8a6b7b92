//! What nodes tell each other: one word, and as many updates as the datagram holds.
use crate::{
    id::{Addr, NodeId},
    wire::ClusterLabel,
};
use alloc::{vec, vec::Vec};
use serde::{Deserialize, Serialize};

/// What a member is said to be. Under one incarnation, the later one wins (SWIM §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Standing {
    Alive,
    Suspect,
    /// The paper's *Confirm*.
    Faulty,
}

/// What is said of a member (SWIM §4.1 and §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Update {
    pub(super) id: NodeId,
    pub(super) addr: Addr,
    pub(super) incarnation: u32,
    pub(super) standing: Standing,
}

/// Why a datagram was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Word {
    /// Are you there? Its number comes back.
    Ping(u16),
    /// Ask another one, and tell me when it answers (SWIM §3.1, *ping-req*).
    PingReq { number: u16, target: NodeId, addr: Addr },
    /// Yes; or, whom you had me ask is.
    Ack(u16),
    /// I am new: who is there (SWIM §3.2)?
    Join,
    /// These are, which is no news.
    Table,
    /// Nothing but news.
    News,
}

/// Begins every datagram. It is as long as ours, so that detectors are compared, and not their headers: of ours, SWIM has no use for
/// the life of the sender, nor for what it knows.
#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u8,
    cluster: ClusterLabel,
    sender: NodeId,
    unused: [u8; UNUSED_LEN],
    word: Word,
}

/// A generation, a digest, and an incarnation as short as most are.
const UNUSED_LEN: usize = 4 + 8 + 1;

/// Not one of ours.
const VERSION: u8 = 0;

/// A datagram that is being written.
pub(super) struct Letter {
    bytes: Vec<u8>,
    len: usize,
}

impl Letter {
    pub(super) fn new(sender: NodeId, word: Word, len_max: usize) -> Self {
        let mut letter = Self { bytes: vec![0; len_max], len: 0 };
        letter.put(&Envelope {
            version: VERSION,
            cluster: ClusterLabel::default(),
            sender,
            unused: [0; UNUSED_LEN],
            word,
        });
        letter
    }

    /// Adds an update; `false` when it does not fit.
    pub(super) fn add(&mut self, update: &Update) -> bool {
        self.put(update)
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    fn put(&mut self, what: &impl Serialize) -> bool {
        let written = postcard::to_slice(what, &mut self.bytes[self.len..]).map(|written| written.len());
        self.len += written.as_ref().map_or(0, |len| *len);
        written.is_ok()
    }
}

/// Who says what in a datagram, and what else; `None` when it is not of this program.
pub(super) fn read(bytes: &[u8]) -> Option<(NodeId, Word, Vec<Update>)> {
    let (envelope, mut rest) = postcard::take_from_bytes::<Envelope>(bytes).ok()?;
    if (envelope.version, envelope.cluster) != (VERSION, ClusterLabel::default()) {
        return None;
    }
    let mut updates = Vec::new();
    while !rest.is_empty() {
        let (update, left) = postcard::take_from_bytes(rest).ok()?;
        updates.push(update);
        rest = left;
    }
    Some((envelope.sender, envelope.word, updates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_until_the_datagram_is_full() {
        let addr = Addr::new(&[1, 2, 3, 4]).unwrap();
        let update = |n| Update { id: NodeId(n), addr, incarnation: 3, standing: Standing::Suspect };
        let word = Word::PingReq { number: 300, target: NodeId(7), addr };
        let mut letter = Letter::new(NodeId(9), word, 100);
        let written = (0..20).take_while(|&n| letter.add(&update(n))).count();
        let bytes = letter.into_bytes();
        assert_eq!((written, bytes.len()), (3, 26 + 1 + 2 + 8 + 5 + 3 * (8 + 5 + 2)));
        assert_eq!(read(&bytes), Some((NodeId(9), word, (0..3).map(update).collect())));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Letter::new(NodeId(9), Word::Ping(1), 100).into_bytes().len(), 26 + 2);
    }
}
