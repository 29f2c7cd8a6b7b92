//! What can be chosen about plain SWIM.
use core::time::Duration;

/// What can be chosen about a node. All nodes of a world have the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The protocol period *T'* (SWIM §3.1): each, one member is probed.
    pub probe_interval: Duration,
    /// How long a direct answer is waited for (SWIM §3.1).
    pub probe_timeout: Duration,
    /// How many helpers are asked after that: *k* (SWIM §3.1).
    pub indirect_probes: usize,
    /// How many periods a suspicion lasts, for each power of ten of the cluster's size.
    pub suspicion_mult: u32,
    /// How often each node tells one piece of news, for each digit of the cluster's size: *λ* (SWIM §4.1).
    pub news_mult: u32,
    /// How often news is pushed between probes, while there is any.
    pub gossip_interval: Duration,
    /// To how many it is pushed; to none, it rides on probes and their answers alone, as in the paper.
    pub fanout: usize,
    /// The longest datagram, in bytes.
    pub datagram_len_max: usize,
}

impl Settings {
    /// The baseline of Lifeguard's authors (Dadgar, Phillips, Currey 2018, §V), at the pace of our own preset of that name: a
    /// suspicion lasts five periods for each power of ten.
    #[must_use]
    pub fn lan() -> Self {
        Self {
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(500),
            indirect_probes: 3,
            suspicion_mult: 5,
            news_mult: 4,
            gossip_interval: Duration::from_millis(200),
            fanout: 3,
            datagram_len_max: 1_400,
        }
    }

    /// The same, but all news rides on probes and their answers, as in the paper (SWIM §4.1).
    #[must_use]
    pub fn paper() -> Self {
        Self { fanout: 0, ..Self::lan() }
    }

    /// How long whoever is suspected may contradict, in a cluster of `live` members.
    #[must_use]
    pub fn suspicion(&self, live: usize) -> Duration {
        // A count of members is exact in a double; the library's logarithm, since the platform's may differ in the last bit.
        let powers = libm::log10(f64::from(u32::try_from(live).unwrap_or(u32::MAX))).max(1.0);
        (self.probe_interval * self.suspicion_mult).mul_f64(powers)
    }

    /// How often one piece of news is told by each node, in a cluster of `live` members: λ log n (SWIM §4.1).
    pub(super) fn retransmits(&self, live: usize) -> u32 {
        self.news_mult * (live.max(1).ilog10() + 1)
    }
}
