//! The values that settings have, wherever they are written.
use crate::{Config, program::failure::Failure};
use clap::ValueEnum;
use core::{fmt, net::SocketAddr, str::FromStr};
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;
use tokio::net::lookup_host;
use tracing_subscriber::filter::LevelFilter;

/// Where a socket is: `127.0.0.1:7946`. Never a name, since that may stand for several places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SocketAt(pub(crate) SocketAddr);

impl FromStr for SocketAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "an IP address and a port are wanted, such as 127.0.0.1:7946")
    }
}

impl TryFrom<String> for SocketAt {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Where a member is, or the name of a machine where one is: `192.0.2.1:7946`, `seed.example:7946`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Seed(String);

impl Seed {
    /// The address, if it is one and needs no looking up.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        self.0.parse().ok()
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The addresses that it stands for now.
    pub(crate) async fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        let found = lookup_host(self.0.as_str()).await;
        let found = found.map_err(|error| Failure::refused(format!("cannot resolve the seed {self}: {error}")))?;
        let addrs: Vec<SocketAddr> = found.collect();
        if addrs.is_empty() { Err(Failure::refused(format!("the seed {self} has no address"))) } else { Ok(addrs) }
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_addr = text.parse::<SocketAddr>().is_ok_and(|addr| addr.port() > 0);
        let is_named = text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains([':', '/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if is_addr || is_named { Ok(Self(text.to_owned())) } else { Err(format!("{text:?} is not HOST:PORT")) }
    }
}

impl TryFrom<String> for Seed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
            _ => Err(format!("{text:?} is not KEY=VALUE")),
        }
    }
}

/// Tags by key; one that is set twice is a mistake that nobody should have to guess about.
pub(crate) fn tags(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Failure> {
    let mut by_key = BTreeMap::new();
    for Tag { key, value } in tags {
        if by_key.contains_key(&key) {
            return Err(Failure::usage(format!("--tag {key}={value}: the tag {key} is set twice")));
        }
        by_key.insert(key, value);
    }
    Ok(by_key)
}

/// In a file, tags are a table.
pub(super) fn tag_table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    if table.contains_key("") {
        return Err(D::Error::custom("a tag has a key"));
    }
    Ok(table.into_iter().map(|(key, value)| Tag { key, value }).collect())
}

/// Timing and sizes that go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Preset {
    /// One site: round trips of a few milliseconds
    #[default]
    Lan,
    /// Between sites: round trips of a few hundred milliseconds
    Wan,
    /// Small radios: datagrams of 100 bytes, seldom
    Sensor,
}

impl Preset {
    pub(crate) fn config(self) -> Config {
        match self {
            Self::Lan => Config::lan(),
            Self::Wan => Config::wan(),
            Self::Sensor => Config::sensor(),
        }
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false).map_err(|_| "it is one of lan, wan, sensor".to_owned())
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Sensor => "sensor",
        })
    }
}

/// The least important message that is still logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub(crate) const fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false)
            .map_err(|_| "it is one of off, error, warn, info, debug, trace".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_addresses_or_names_with_a_port() {
        for good in ["192.0.2.1:7946", "[2001:db8::1]:1", "seed.example:7946"] {
            assert!(Seed::from_str(good).is_ok(), "{good}");
        }
        for bad in
            ["", "seed.example", ":7946", "seed.example:", "seed.example:0", "192.0.2.1:0", "a:b:1", "http://a:1"]
        {
            assert!(Seed::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_pairs_set_once() {
        let tag = |text: &str| Tag::from_str(text).unwrap();
        assert_eq!(tag("zone=a=b").value, "a=b");
        assert!(Tag::from_str("zone").is_err() && Tag::from_str("=a").is_err());
        assert!(tags(vec![tag("a=1"), tag("b=2")]).is_ok());
        assert!(tags(vec![tag("a=1"), tag("a=2")]).is_err());
    }
}
