//! What can be chosen, and what choices are refused.
use crate::{
    storage::{Sensor, Storage},
    table::{Blob, Queue, Table},
    wire::{ClusterLabel, RumorFrame, Store, Stores, len},
};
use core::{fmt, time::Duration};
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
    /// slow members suspects, longer leaves helpers less time.
    pub probe_timeout: Duration,
    /// How many helpers are asked at a time (SWIM's *k*, §3.1).
    ///
    /// From 1 to 7; 3 in all presets. Of *k* helpers, one that hears the member will do: more of them see past a lossier network,
    /// at two datagrams each, for failed probes alone.
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
    /// asks; shorter costs nothing at rest, and more datagrams while there is news.
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
    /// [`limits.rumors`](Limits::rumors) for as long.
    pub rumor_ttl: Duration,
    /// How often one lost member or silent seed is tried again: one at a time, whatever their number.
    ///
    /// From 1 ms to 1 day; 2 s, 10 s, 30 s. A cut that outlasts all suspicions heals about this long after it ends; each try is a
    /// datagram of some 200 bytes.
    pub reconnect_interval: Duration,
    /// How long a member that is gone is remembered, unless its row is needed sooner.
    ///
    /// Any; 24 h in all presets. Longer keeps old news of it from raising it, and its address to be found at, at a row each.
    pub remember_gone: Duration,
    /// The longest datagram to send, in bytes. The same in the whole cluster: what one node can say, others must hear.
    ///
    /// From 96 to 16,000; 1,400, 1,200, 100. Longer ones carry more an exchange; what is longer than a path carries does not
    /// arrive. Paths shorter than this, down to 512 bytes, are found out member by member (RFC 8899): 1,400 fits Ethernet with room
    /// for a tunnel, 1,200 is what IPv6 carries everywhere (RFC 8200, §5), less headers.
    pub datagram_len_max: u16,
    /// How much may be remembered.
    pub limits: Limits,
}

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
    /// Rumors to be told again; zero: this node has no part in rumors, and the others ask it for none. Full: the oldest that the application knows makes room, critical ones last; and none of our
    /// own that is yet to be handed to others, which may be half of them: then `publish` is busy.
    pub rumors: usize,
    /// Keys, deleted ones included; zero: this node holds no entries, and the others ask it for none. Full: `put` of a new key is refused; another's write is left with those who have room.
    pub entries: usize,
    /// Lives of nodes that ever wrote, and as many that ever published. Full: further ones are refused.
    pub writers: usize,
    /// Datagrams owed. Full: they are dropped; gossip survives it.
    pub outbox: usize,
    /// Questions to be answered. Full: they are dropped; the asker asks again.
    pub questions: usize,
}

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
            limits: Limits {
                members: 16_384,
                seeds: 256,
                name_conflicts: 4,
                rumors: 1_024,
                entries: 16_384,
                writers: 16_384,
                outbox: 1_024,
                questions: 64,
            },
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

    /// How many times each node transmits one piece of news in a cluster of `live` members.
    ///
    /// Whoever the push misses pulls, so that this buys speed, not certainty: at *m* copies a node, push alone would
    /// miss a share of e⁻ᵐ (Demers et al. 1987, §1.4).
    #[must_use]
    pub fn retransmit_limit(&self, live: usize) -> u8 {
        let doublings = u8::try_from(live.max(1).ilog2()).unwrap_or(u8::MAX);
        self.news_mult.saturating_add(doublings / 3)
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
            ("indirect_probes", self.indirect_probes, INDIRECT_PROBES_MAX),
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
        self.limits.check::<S>()
    }
}

impl Limits {
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

    fn check<S: Storage>(&self) -> Result<(), ConfigError> {
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

/// How many members news is pushed to at a time, at most.
pub(crate) const FANOUT_MAX: u8 = 16;
/// How many helpers are asked at a time, at most.
pub(crate) const INDIRECT_PROBES_MAX: u8 = 7;
/// More than this, and news is noise.
const NEWS_MULT_MAX: u8 = 64;
/// The shortest and the longest life of a rumor.
pub(crate) const TTL_MIN: Duration = Duration::from_secs(1);
pub(crate) const TTL_MAX: Duration = Duration::from_secs(RumorFrame::TTL_SECS_MAX as u64);
const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Within this, no sum or multiple of intervals that we form overflows.
const INTERVAL_MAX: Duration = Duration::from_hours(24);
/// Short of this, a write of some use does not fit a datagram.
pub(crate) const DATAGRAM_LEN_MIN: u16 = 96;
/// A frame's length takes two bytes at most: 16,383, and some room.
const DATAGRAM_LEN_MAX: u16 = 16_000;

/// Why a configuration was refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
    /// The named interval is shorter than a millisecond, or longer than a day.
    Interval(&'static str),
    /// The named count is out of its range.
    Count {
        /// Which.
        name: &'static str,
        /// Its highest value; the lowest is 1.
        max: u8,
    },
    /// The named limit is zero.
    ZeroLimit(&'static str),
    /// The named limit exceeds what the storage can hold.
    BeyondStorage(&'static str),
    /// A probe must time out before the next one starts.
    TimeoutBeyondInterval,
    /// A rumor lives from one second to 24 days.
    TimeToLive,
    /// Datagrams of this length are not supported.
    DatagramLen(u16),
    /// Our own presence or address does not fit a datagram beside a ping.
    AddressTooLong,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval(name) => write!(f, "`{name}` must be from 1 ms to 1 day"),
            Self::Count { name, max } => write!(f, "`{name}` must be from 1 to {max}"),
            Self::ZeroLimit(name) => write!(f, "`{name}` must not be zero"),
            Self::BeyondStorage(name) => {
                write!(f, "`{name}` exceeds what the storage can hold: lower it or enlarge the region")
            }
            Self::TimeoutBeyondInterval => f.write_str("`probe_timeout` must be shorter than `probe_interval`"),
            Self::TimeToLive => f.write_str("`rumor_ttl` must be from 1 s to 24 days"),
            Self::DatagramLen(len) => {
                write!(
                    f,
                    "`datagram_len_max` is {len}, and must be from {DATAGRAM_LEN_MIN} to {DATAGRAM_LEN_MAX} bytes"
                )
            }
            Self::AddressTooLong => f.write_str("our own address does not fit a datagram: raise `datagram_len_max`"),
        }
    }
}

impl core::error::Error for ConfigError {}
