//! What a host sent and received, counted.
use crate::wire::{ClusterLabel, Frame, Header, Reader};

/// What a host sent and received, and what became of the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What it handed to the network.
    pub sent: Tally,
    /// What its node was handed.
    pub received: Tally,
    /// What it sent and nobody got.
    pub lost: Losses,
}

/// Datagrams, their bytes, and the frames in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Datagrams.
    pub datagrams: u64,
    /// Their bytes, without the headers of lower layers.
    pub bytes: u64,
    kinds: [Count; KINDS],
}

/// The frames of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub frames: u64,
    /// Their bytes, with the length before each.
    pub bytes: u64,
}

/// Datagrams that were sent and did not arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// By chance.
    pub by_chance: u64,
    /// There was no way: a partition, a cut, a deaf or mute host.
    pub cut: u64,
    /// They were longer than the network carries.
    pub too_long: u64,
    /// Too many waited to be sent, or to be read.
    pub queue_full: u64,
    /// Nobody was there.
    pub nobody: u64,
}

/// Why a datagram was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Chance,
    Cut,
    TooLong,
    QueueFull,
}

const KINDS: usize = Frame::NAMES.len();

impl Tally {
    /// What IPv4 and UDP add to each datagram, in bytes.
    pub const HEADERS_LEN: u64 = 28;

    /// The bytes with the headers of IPv4 and UDP.
    #[must_use]
    pub const fn bytes_with_headers(&self) -> u64 {
        self.bytes + self.datagrams * Self::HEADERS_LEN
    }

    /// The frames by kind, each with its name, in the order of the wire.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, Count)> {
        Frame::NAMES.into_iter().zip(self.kinds)
    }

    pub(super) fn count(&mut self, bytes: &[u8], cluster: ClusterLabel) {
        self.datagrams += 1;
        self.bytes += word(bytes.len());
        let Ok((_, frames)) = Header::open(bytes, cluster) else { return };
        for (kind, len) in Reader::new(frames).kinds() {
            if let Some(count) = self.kinds.get_mut(usize::from(kind)) {
                count.frames += 1;
                count.bytes += word(len);
            }
        }
    }
}

impl Losses {
    pub(super) const fn count(&mut self, cause: Cause) {
        match cause {
            Cause::Chance => self.by_chance += 1,
            Cause::Cut => self.cut += 1,
            Cause::TooLong => self.too_long += 1,
            Cause::QueueFull => self.queue_full += 1,
        }
    }
}

fn word(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
