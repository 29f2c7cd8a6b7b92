//! The network, the same for everybody: latency, loss, crashes, and what is counted of the traffic.
use crate::contest::{Index, Moment};
use core::{ops::Sub, time::Duration};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// One way takes from the first to the second, drawn for each datagram, so that they overtake each other.
const LATENCY_MICROS: (u64, u64) = (10_000, 50_000);
/// The payload of UDP in an IP packet that fits an Ethernet frame.
const PACKET_LEN: usize = 1472;

/// All links there are.
#[derive(Debug)]
pub(crate) struct Links {
    rng: SmallRng,
    up: Vec<bool>,
    /// How many of a hundred IP packets are lost.
    pub(crate) loss_percent: u8,
    /// What all nodes have sent.
    pub(crate) traffic: Traffic,
    /// How many bytes of that the first node has sent, through whom all join.
    pub(crate) sent_by_first: u64,
}

/// What was handed to UDP, or to a stream, for sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) bytes: u64,
    pub(crate) datagrams: u64,
    /// The longest of them, in bytes, since the start of the run.
    pub(crate) longest: u64,
}

impl Links {
    /// Links between `size` nodes, without losses.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed ^ 0x6e65_7477),
            up: vec![true; size],
            loss_percent: 0,
            traffic: Traffic::default(),
            sent_by_first: 0,
        }
    }

    /// How long something takes one way.
    pub(crate) fn draw_latency(&mut self) -> Duration {
        let (least, most) = LATENCY_MICROS;
        Duration::from_micros(self.rng.random_range(least..=most))
    }

    /// When a datagram arrives that is sent now, if it does. A packet is lost or not, and a datagram needs all of its packets.
    pub(crate) fn carry(&mut self, now: Moment, from: Index, to: Index, len: usize) -> Option<Moment> {
        let at = now + self.draw_latency();
        let packets = len.div_ceil(PACKET_LEN).max(1);
        let whole = (0..packets).all(|_| !self.loses_a_packet());
        (whole && self.joins(from, to)).then_some(at)
    }

    /// Counts something sent.
    pub(crate) fn count(&mut self, from: Index, len: usize) {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        self.traffic.bytes += len;
        self.traffic.datagrams += 1;
        self.traffic.longest = self.traffic.longest.max(len);
        self.sent_by_first += if from == 0 { len } else { 0 };
    }

    /// Whether both run.
    pub(crate) fn joins(&self, from: Index, to: Index) -> bool {
        self.is_up(from) && self.is_up(to)
    }

    /// Whether `node` runs.
    pub(crate) fn is_up(&self, node: Index) -> bool {
        self.up[node]
    }

    /// `node` runs no more.
    pub(crate) fn cut(&mut self, node: Index) {
        self.up[node] = false;
    }

    fn loses_a_packet(&mut self) -> bool {
        self.loss_percent > 0 && self.rng.random_range(0..100) < self.loss_percent
    }
}

impl Sub for Traffic {
    type Output = Self;

    /// What came after `earlier`.
    fn sub(self, earlier: Self) -> Self {
        let Self { bytes, datagrams, longest } = self;
        Self { bytes: bytes - earlier.bytes, datagrams: datagrams - earlier.datagrams, longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_datagram_needs_all_of_its_packets() {
        let arrived = |len| {
            let mut links = Links { loss_percent: 25, ..Links::new(2, 1) };
            (0..4_000).filter(|_| links.carry(Moment::ZERO, 0, 1, len).is_some()).count()
        };
        assert!((2_900..3_100).contains(&arrived(PACKET_LEN)), "{}", arrived(PACKET_LEN));
        assert!((2_150..2_350).contains(&arrived(PACKET_LEN + 1)), "{}", arrived(PACKET_LEN + 1));
    }

    #[test]
    fn nothing_reaches_the_dead_and_latency_keeps_its_bounds() {
        let mut links = Links::new(3, 1);
        links.cut(2);
        assert_eq!(links.carry(Moment::ZERO, 0, 2, 1), None);
        assert_eq!(links.carry(Moment::ZERO, 2, 0, 1), None);
        let all: Vec<_> = (0..1_000).filter_map(|_| links.carry(Moment::ZERO, 0, 1, 1)).collect();
        assert_eq!(all.len(), 1_000);
        assert!(all.iter().all(|at| (10..=50).contains(&at.as_millis())), "{all:?}");
    }
}
