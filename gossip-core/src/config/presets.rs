//! Configurations to start from. What each value costs is said at its field.
use super::{Config, Limits};
use crate::{storage::Sensor, wire::ClusterLabel};
use core::time::Duration;

impl Config {
    /// For a datacentre: round trips of a millisecond, losses are rare, a crash is noticed within seconds.
    #[must_use]
    pub fn lan() -> Self {
        Self {
            cluster: ClusterLabel::default(),
            // The same pace as hashicorp/memberlist's DefaultLANConfig, so that costs compare.
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(500),
            indirect_probes: 3,
            // memberlist's shortest and longest are 4 and 24 (Lifeguard's alpha and beta: 4 and 6). Ours is shorter, since it
            // does not begin before several observers have asked many times.
            suspicion_mult: 1,
            suspicion_max_mult: 4,
            gossip_interval: Duration::from_millis(200),
            fanout: 3,
            news_mult: 3,
            rumor_ttl: Duration::from_hours(1),
            reconnect_interval: Duration::from_secs(2),
            remember_gone: Duration::from_hours(24),
            datagram_len_max: 1_400,
            limits: Limits::LAN,
        }
    }

    /// Between regions: round trips of hundreds of milliseconds, losses are common.
    #[must_use]
    pub fn wan() -> Self {
        Self {
            probe_interval: Duration::from_secs(5),
            probe_timeout: Duration::from_secs(3),
            suspicion_mult: 2,
            gossip_interval: Duration::from_millis(500),
            fanout: 4,
            reconnect_interval: Duration::from_secs(10),
            datagram_len_max: 1_200,
            ..Self::lan()
        }
    }

    /// For a battery and a radio: a few short datagrams a minute, and no heap: it fits [`Sensor`].
    #[must_use]
    pub fn sensor() -> Self {
        Self {
            probe_interval: Duration::from_secs(10),
            probe_timeout: Duration::from_secs(2),
            gossip_interval: Duration::from_secs(1),
            fanout: 2,
            reconnect_interval: Duration::from_secs(30),
            datagram_len_max: 100,
            limits: Limits::of::<Sensor>(),
            ..Self::lan()
        }
    }
}
