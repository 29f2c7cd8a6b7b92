//! What becomes of a datagram on its way: late, lost, doubled, overtaken, or cut off.
use super::{HostId, stream};
use crate::rng::Rng;
use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::time::Duration;

/// How the network treats datagrams. The same for all links.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// The shortest way from one host to another.
    pub latency_min: Duration,
    /// The longest. Each datagram draws its own, so that one may overtake another.
    pub latency_max: Duration,
    /// The share of datagrams that are lost, from 0 to 1, each independently.
    pub loss: f64,
    /// The share of datagrams that arrive twice, from 0 to 1.
    pub duplication: f64,
}

impl Network {
    /// A datacentre: 0.5 to 2 ms, nothing lost, nothing doubled.
    #[must_use]
    pub fn lan() -> Self {
        Self {
            latency_min: Duration::from_micros(500),
            latency_max: Duration::from_millis(2),
            loss: 0.0,
            duplication: 0.0,
        }
    }

    /// Between regions: 20 to 120 ms, one in a hundred lost.
    #[must_use]
    pub fn wan() -> Self {
        Self {
            latency_min: Duration::from_millis(20),
            latency_max: Duration::from_millis(120),
            loss: 0.01,
            duplication: 0.001,
        }
    }

    /// The same, with another share of losses.
    #[must_use]
    pub fn with_loss(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// The same, with another share of duplicates.
    #[must_use]
    pub fn with_duplication(self, duplication: f64) -> Self {
        Self { duplication, ..self }
    }
}

/// All links between hosts.
pub(super) struct Links {
    seed: u64,
    network: Network,
    streams: BTreeMap<(usize, usize), Rng>,
    /// The group of each host while the network is cut; hosts of different groups do not reach each other.
    groups: Option<Vec<usize>>,
}

impl Links {
    pub(super) fn new(seed: u64, network: Network) -> Self {
        Self { seed, network, streams: BTreeMap::new(), groups: None }
    }

    pub(super) fn set_network(&mut self, network: Network) {
        self.network = network;
    }

    pub(super) fn partition(&mut self, hosts: usize, groups: &[&[HostId]]) {
        let alone = groups.len();
        let mut group_of: Vec<usize> = (alone..alone + hosts).collect();
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|host| group_of[host.index()] = group);
        }
        self.groups = Some(group_of);
    }

    pub(super) fn heal(&mut self) {
        self.groups = None;
    }

    /// When each copy of a datagram arrives: none, one or two.
    pub(super) fn transmit(&mut self, from: usize, to: usize) -> Vec<Duration> {
        let seed = self.seed;
        let rng = self.streams.entry((from, to)).or_insert_with(|| stream(seed, &[2, from, to]));
        // Always the same number of draws, so that a cut or a loss does not shift those that follow.
        let (lost, doubled) = (share(rng), share(rng));
        let (first, second) = (share(rng), share(rng));
        let cut = self.groups.as_ref().is_some_and(|groups| groups.get(from) != groups.get(to));
        if cut || lost < self.network.loss {
            return Vec::new();
        }
        let late = |share: f64| {
            let spread = self.network.latency_max.saturating_sub(self.network.latency_min);
            self.network.latency_min + spread.mul_f64(share)
        };
        if doubled < self.network.duplication { vec![late(first), late(second)] } else { vec![late(first)] }
    }
}

/// A draw from 0 to 1.
fn share(rng: &mut Rng) -> f64 {
    // 32 bits are exact in a double, on every platform.
    f64::from(u32::try_from(rng.next_u64() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
