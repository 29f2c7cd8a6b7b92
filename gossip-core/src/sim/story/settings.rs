//! A configuration, as a preset and what differs from it.
use crate::{config::Config, wire::ClusterLabel};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use super::print::{Time, parse_time};

/// A configuration, as a preset and what differs from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where it begins.
    pub preset: Preset,
    /// What differs, in order.
    pub changes: Vec<Setting>,
}

/// A [`Config`] to begin with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// [`Config::lan`].
    #[default]
    Lan,
    /// [`Config::wan`].
    Wan,
    /// [`Config::sensor`].
    Sensor,
}

/// One value of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    name: &'static str,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Time(Duration),
    Count(u64),
    Text(String),
}

/// Where a setting goes.
#[derive(Clone, Copy)]
enum Field {
    Time(fn(&mut Config) -> &mut Duration),
    Byte(fn(&mut Config) -> &mut u8),
    Word(fn(&mut Config) -> &mut u32),
    Len(fn(&mut Config) -> &mut u16),
    Limit(fn(&mut Config) -> &mut usize),
    Cluster,
}

const FIELDS: [(&str, Field); 21] = [
    ("cluster", Field::Cluster),
    ("probe_interval", Field::Time(|config| &mut config.probe_interval)),
    ("probe_timeout", Field::Time(|config| &mut config.probe_timeout)),
    ("indirect_probes", Field::Byte(|config| &mut config.indirect_probes)),
    ("suspicion_mult", Field::Word(|config| &mut config.suspicion_mult)),
    ("gossip_interval", Field::Time(|config| &mut config.gossip_interval)),
    ("fanout", Field::Byte(|config| &mut config.fanout)),
    ("news_mult", Field::Byte(|config| &mut config.news_mult)),
    ("rumor_ttl", Field::Time(|config| &mut config.rumor_ttl)),
    ("reconnect_interval", Field::Time(|config| &mut config.reconnect_interval)),
    ("remember_gone", Field::Time(|config| &mut config.remember_gone)),
    ("datagram_len_max", Field::Len(|config| &mut config.datagram_len_max)),
    ("members", Field::Limit(|config| &mut config.limits.members)),
    ("seeds", Field::Limit(|config| &mut config.limits.seeds)),
    ("rumors", Field::Limit(|config| &mut config.limits.rumors)),
    ("entries", Field::Limit(|config| &mut config.limits.entries)),
    ("writers", Field::Limit(|config| &mut config.limits.writers)),
    ("outbox", Field::Limit(|config| &mut config.limits.outbox)),
    ("name_conflicts", Field::Limit(|config| &mut config.limits.name_conflicts)),
    ("questions", Field::Limit(|config| &mut config.limits.questions)),
    ("waits", Field::Limit(|config| &mut config.limits.waits)),
];

impl Settings {
    /// A preset as it is.
    #[must_use]
    pub const fn new(preset: Preset) -> Self {
        Self { preset, changes: Vec::new() }
    }

    /// The same, with one more setting.
    ///
    /// # Errors
    /// What is wrong with it: the name is not known, or the value is not of its kind.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, String> {
        self.changes.push(Setting::parse(name, value)?);
        Ok(self)
    }

    /// The configuration. It may still be refused by the node.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = match self.preset {
            Preset::Lan => Config::lan(),
            Preset::Wan => Config::wan(),
            Preset::Sensor => Config::sensor(),
        };
        self.changes.iter().for_each(|change| change.apply(&mut config));
        config
    }
}

impl Setting {
    fn parse(name: &str, value: &str) -> Result<Self, String> {
        let (name, field) = FIELDS.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            format!("`{name}` is no setting: there are {}", known.join(", "))
        })?;
        let count = |max: u64| match value.parse() {
            Ok(count) if count <= max => Ok(Value::Count(count)),
            _ => Err(format!("`{value}` is no value for `{name}`: a number up to {max} is")),
        };
        let value = match field {
            Field::Time(_) => Value::Time(parse_time(value)?),
            Field::Cluster => Value::Text(value.to_string()),
            Field::Byte(_) => count(u64::from(u8::MAX))?,
            Field::Len(_) => count(u64::from(u16::MAX))?,
            Field::Word(_) | Field::Limit(_) => count(u64::from(u32::MAX))?,
        };
        Ok(Self { name, value })
    }

    fn apply(&self, config: &mut Config) {
        let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == self.name) else { return };
        // Parsing has made sure that value and field go together, and that the value fits.
        match (field, &self.value) {
            (Field::Time(field), Value::Time(time)) => *field(config) = *time,
            (Field::Byte(field), Value::Count(count)) => *field(config) = u8::try_from(*count).unwrap_or(u8::MAX),
            (Field::Word(field), Value::Count(count)) => *field(config) = u32::try_from(*count).unwrap_or(u32::MAX),
            (Field::Len(field), Value::Count(count)) => *field(config) = u16::try_from(*count).unwrap_or(u16::MAX),
            (Field::Limit(field), Value::Count(count)) => {
                *field(config) = usize::try_from(*count).unwrap_or(usize::MAX)
            }
            (Field::Cluster, Value::Text(name)) => config.cluster = ClusterLabel::new(name),
            _ => {}
        }
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

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.preset)?;
        self.changes.iter().try_for_each(|Setting { name, value }| match value {
            Value::Time(time) => write!(f, " {name} {}", Time(*time)),
            Value::Count(count) => write!(f, " {name} {count}"),
            Value::Text(text) => write!(f, " {name} {text}"),
        })
    }
}
