//! What is yet to happen, in order, and the bytes that are under way.
use super::host_id::HostId;
use crate::time::Instant;
use alloc::{collections::BinaryHeap, vec::Vec};
use core::cmp::Reverse;

/// What is yet to happen: ordered by time, then by when it was decided.
///
/// Once a world has found its pace, nothing is allocated for an event: the buffers of datagrams go round.
#[derive(Default)]
pub(super) struct Queue {
    pending: BinaryHeap<Reverse<Pending>>,
    sequence: u64,
    buffers: Vec<Vec<u8>>,
    free: Vec<u32>,
}

/// Something that will happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pending {
    pub(super) at: Instant,
    sequence: u64,
    pub(super) what: What,
}

/// What will happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A datagram arrives.
    Deliver { to: Berth, from: Berth, datagram: DatagramId },
    /// A timer fires.
    Wake { host: HostId },
    /// A host that was held up reads and sends what waits.
    Serve { host: HostId },
}

/// A number that stands for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Berth(pub(super) u32);

/// A datagram under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DatagramId(u32);

impl Queue {
    pub(super) fn push(&mut self, at: Instant, what: What) {
        self.sequence += 1;
        self.pending.push(Reverse(Pending { at, sequence: self.sequence, what }));
    }

    /// Takes the next thing, if it comes by `end`.
    pub(super) fn pop_until(&mut self, end: Instant) -> Option<Pending> {
        let due = self.pending.peek().is_some_and(|Reverse(next)| next.at <= end);
        if due { self.pending.pop().map(|Reverse(next)| next) } else { None }
    }

    /// Keeps a copy of a datagram until it is [taken](Self::take), with some of its bits flipped if it is to be damaged:
    /// where, and which.
    pub(super) fn keep(&mut self, bytes: &[u8], damage: Option<(u64, u8)>) -> DatagramId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.buffers.push(Vec::new());
            u32::try_from(self.buffers.len() - 1).unwrap_or_else(|_| unreachable!("four billion datagrams under way"))
        });
        let buffer = &mut self.buffers[index(slot)];
        buffer.clear();
        buffer.extend_from_slice(bytes);
        if let Some((place, bits)) = damage
            && let Some(place) = place.checked_rem(u64::try_from(bytes.len()).unwrap_or(0))
        {
            buffer[usize::try_from(place).unwrap_or(0)] ^= bits;
        }
        DatagramId(slot)
    }

    /// Hands out a datagram, which is to be [released](Self::release).
    pub(super) fn take(&mut self, datagram: DatagramId) -> Vec<u8> {
        core::mem::take(&mut self.buffers[index(datagram.0)])
    }

    /// How long a datagram is.
    pub(super) fn len_of(&self, datagram: DatagramId) -> usize {
        self.buffers[index(datagram.0)].len()
    }

    /// Gives up a datagram for which there is no room to wait.
    pub(super) fn drop_waiting(&mut self, datagram: DatagramId) {
        self.free.push(datagram.0);
    }

    /// A datagram is done with: its buffer takes another.
    pub(super) fn release(&mut self, datagram: DatagramId, bytes: Vec<u8>) {
        self.buffers[index(datagram.0)] = bytes;
        self.free.push(datagram.0);
    }
}

fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or_else(|_| unreachable!("an index of 32 bits fits"))
}
