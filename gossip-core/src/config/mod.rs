//! What can be chosen, what choices are refused, and what the machines decide by.
//!
//! - here: what a user of the node chooses;
//! - `presets`: configurations to start from; how much may be remembered stands beside the [memory](mod@crate::storage);
//! - `ranges`: what a choice may be; `error`: why one is refused;
//! - the others: the constants that the machines decide by, a file for each concern. They are no choice of a user's, for whoever
//!   changes one has to measure. Each says what it is, in which range it makes sense, what less and more of it cost, and what chose
//!   it: an argument, or a command whose figures did; where there is neither, it says so.
pub(crate) mod calendar;
pub(crate) mod convergence;
pub(crate) mod detector;
pub(crate) mod dissemination;
mod error;
pub(crate) mod exchange;
pub(crate) mod farewell;
pub(crate) mod health;
pub(crate) mod joining;
pub(crate) mod namesakes;
pub(crate) mod paths;
mod presets;
pub(crate) mod ranges;
pub(crate) mod timing;
pub(crate) mod waiting;

pub use self::error::ConfigError;
pub use crate::storage::Limits;
use crate::{
    storage::Storage,
    table::Blob,
    wire::{ClusterLabel, len},
};
use core::time::Duration;
use dissemination::DOUBLINGS_A_COPY;
use ranges::{
    DATAGRAM_LEN_MAX, DATAGRAM_LEN_MIN, FANOUT_MAX, HELPERS_MAX, INTERVAL_MAX, INTERVAL_MIN, NEWS_MULT_MAX, TTL_MAX,
    TTL_MIN,
};
use serde::{Deserialize, Serialize};

/// What can be chosen about a node. Start from a preset, then change what you know better.
///
/// Each field says its range, what [`lan`](Self::lan), [`wan`](Self::wan) and [`sensor`](Self::sensor) choose, what is gained and lost
/// by more of it, and where that comes from. Figures of the failure detector are those of `cargo membership`; of joins and rest, of
/// `cargo acceptance --nocapture`; the README has a table of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Which cluster to belong to: datagrams of others are dropped and counted. Any; `gossip` if not said. It is no secret, and keeps
    /// nobody out who wants in.
    pub cluster: ClusterLabel,
    /// How often a member is probed (SWIM's protocol period *T'*). A node that does poorly itself probes less often.
    ///
    /// From 1 ms to 1 day, more than [`probe_timeout`](Self::probe_timeout); 1 s, 5 s, 10 s. Half of it finds a crash in half the time,
    /// and costs twice the datagrams at rest: each node sends and answers one an interval, whatever the cluster's size. 1 s is what
    /// memberlist's `DefaultLANConfig` has, so that costs compare.
    pub probe_interval: Duration,
    /// The longest that an answer may take before it is missed. How long is waited in fact follows the round trips that were
    /// measured, down to a sixteenth of this (Jacobson 1988). A probe takes about this long to fail.
    ///
    /// From 1 ms to less than the interval; 500 ms, 3 s, 2 s. Longer than the slowest round trip that is no failure: shorter makes
    /// slow members suspects, longer leaves helpers less time. 500 ms is what memberlist has on a LAN.
    pub probe_timeout: Duration,
    /// How many helpers are asked at a time (SWIM's *k*, §3.1).
    ///
    /// From 1 to 7; 3 in all presets. Of *k* helpers, one that hears the member will do: more of them see past a lossier network,
    /// at two datagrams each, for failed probes alone. memberlist has 3.
    pub indirect_probes: u8,
    /// How long a suspect may contradict when several observers agree, in probe intervals times what grows with the decimal
    /// logarithm of the cluster's size: 1.5 up to 32 members, 2.25 at a thousand.
    ///
    /// At least 1; 1, 2, 1. Twice as long finds a crash later by that, and lets a member be silent for longer: Lifeguard's α, of
    /// which memberlist has 4 (Dadgar, Phillips, Currey 2018, §IV-B). Ours begins after several observers have asked many times.
    pub suspicion_mult: u32,
    /// How much longer it may when nobody confirms the suspicion, as a multiple of that.
    ///
    /// At least 1; 4 in all presets. Lifeguard's β, of which memberlist has 6: more protects members that a single one does not
    /// hear, and finds a crash later where all observers but one are gone.
    pub suspicion_max_mult: u32,
    /// How often news is pushed, while there is any.
    ///
    /// From 1 ms to 1 day; 200 ms, 500 ms, 1 s. A rumor takes a few of these to reach all, and a newcomer waits for one before it
    /// asks; shorter costs nothing at rest, and more datagrams while there is news. 200 ms is what memberlist has on a LAN.
    pub gossip_interval: Duration,
    /// To how many members at a time.
    ///
    /// From 1 to 16; 3, 4, 2. A push to *f* of *n* members takes about ln *n* / ln (*f* + 1) rounds to reach all (Demers et al. 1987,
    /// §1.3): more is sooner, at as many more datagrams.
    pub fanout: u8,
    /// How many times a node tells one piece of news, before what [`Config::retransmit_limit`] adds for the cluster's size.
    ///
    /// From 1 to 64; 3 in all presets. Blind pushes of *m* copies a node miss a share of e⁻ᵐ (Demers et al. 1987, §1.4), and whoever is
    /// missed pulls: more buys speed under loss, not certainty.
    pub news_mult: u8,
    /// How long a rumor lives that is published without a word on that: then it is told to nobody any more.
    ///
    /// From 1 s to 24 days; 1 h in all presets. Longer reaches those who were away for longer, and fills
    /// [`limits.rumors`](Limits::rumors) for as long. A guess: not measured.
    pub rumor_ttl: Duration,
    /// How often one lost member or silent seed is tried again: one at a time, whatever their number.
    ///
    /// From 1 ms to 1 day; 2 s, 10 s, 30 s. A cut that outlasts all suspicions heals about this long after it ends: shorter heals
    /// sooner, and each try is a datagram of some 200 bytes. How long cuts take to heal is printed by `cargo acceptance`.
    pub reconnect_interval: Duration,
    /// How long a member that is gone is remembered, unless its row is needed sooner.
    ///
    /// Any; 24 h in all presets. Longer keeps old news of it from raising it, and its address to be found at, at a row each.
    /// Serf remembers the failed for as long.
    pub remember_gone: Duration,
    /// The longest datagram to send, in bytes. The same in the whole cluster: what one node can say, others must hear.
    ///
    /// From 96 to 16,000; 1,400, 1,200, 100. Longer ones carry more an exchange; what is longer than a path carries does not
    /// arrive. Paths shorter than this, down to 512 bytes, are found out member by member (RFC 8899): 1,400 fits Ethernet with room
    /// for a tunnel, 1,200 is what IPv6 carries everywhere (RFC 8200, §5), less headers.
    pub datagram_len_max: u16,
    /// How much may be remembered.
    ///
    /// Up to what the [storage](mod@crate::storage) has room for, at least one of each but rumors, entries and, without both,
    /// writers; on a heap 16,384 members, entries and writers and 1,024 rumors, on a sensor all that [`Sensor`](crate::Sensor) has.
    /// More is memory, on a heap only once it is needed; less is refused sooner, as each limit says. A guess: not measured.
    pub limits: Limits,
}

impl Config {
    /// How many times each node transmits one piece of news in a cluster of `live` members: SWIM's retransmit limit, λ log n (§4.1).
    ///
    /// Whoever the push misses pulls, so that this buys speed, not certainty: at *m* copies a node, push alone would
    /// miss a share of e⁻ᵐ (Demers et al. 1987, §1.4).
    #[must_use]
    pub fn retransmit_limit(&self, live: usize) -> u8 {
        let doublings = u8::try_from(live.max(1).ilog2()).unwrap_or(u8::MAX);
        self.news_mult.saturating_add(doublings / DOUBLINGS_A_COPY)
    }

    pub(crate) fn check<S: Storage>(&self) -> Result<(), ConfigError> {
        for (name, value) in [
            ("probe_interval", self.probe_interval),
            ("probe_timeout", self.probe_timeout),
            ("gossip_interval", self.gossip_interval),
            ("reconnect_interval", self.reconnect_interval),
        ] {
            if value < INTERVAL_MIN || value > INTERVAL_MAX {
                return Err(ConfigError::Interval(name));
            }
        }
        for (name, value, max) in [
            ("fanout", self.fanout, FANOUT_MAX),
            ("indirect_probes", self.indirect_probes, HELPERS_MAX),
            ("news_mult", self.news_mult, NEWS_MULT_MAX),
        ] {
            if value == 0 || value > max {
                return Err(ConfigError::Count { name, max });
            }
        }
        for (name, value) in [("suspicion_mult", self.suspicion_mult), ("suspicion_max_mult", self.suspicion_max_mult)]
        {
            if value == 0 {
                return Err(ConfigError::ZeroLimit(name));
            }
        }
        if self.rumor_ttl < TTL_MIN || self.rumor_ttl > TTL_MAX {
            return Err(ConfigError::TimeToLive);
        }
        if self.probe_timeout >= self.probe_interval {
            return Err(ConfigError::TimeoutBeyondInterval);
        }
        if self.datagram_len_max < DATAGRAM_LEN_MIN || self.datagram_len_max > DATAGRAM_LEN_MAX {
            return Err(ConfigError::DatagramLen(self.datagram_len_max));
        }
        if S::Summary::CAPACITY < usize::from(self.datagram_len_max) - len::HEADER {
            return Err(ConfigError::BeyondStorage("datagram_len_max"));
        }
        Ok(self.limits.check::<S>()?)
    }
}
