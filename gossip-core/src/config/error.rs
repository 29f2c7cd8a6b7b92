//! Why a configuration is refused.
use super::ranges::{DATAGRAM_LEN_MAX, DATAGRAM_LEN_MIN};
use crate::storage::LimitError;
use core::fmt;

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

impl From<LimitError> for ConfigError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Zero(name) => Self::ZeroLimit(name),
            LimitError::BeyondStorage(name) => Self::BeyondStorage(name),
        }
    }
}
