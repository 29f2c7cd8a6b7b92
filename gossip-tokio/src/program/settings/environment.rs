//! The settings that the environment names.
use super::Layer;
use crate::program::failure::Failure;
use core::{fmt::Display, str::FromStr};
use std::{ffi::OsString, path::PathBuf};

/// What the environment says.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) layer: Layer,
    /// The settings file to read.
    pub(super) config: Option<PathBuf>,
}

/// Reads the variables. An empty one counts as not set, as a shell script would have it.
pub(super) fn read(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Environment, Failure> {
    let path = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let layer = Layer {
        name: one(lookup, "GOSSIP_NAME")?,
        bind: one(lookup, "GOSSIP_BIND")?,
        advertise: one(lookup, "GOSSIP_ADVERTISE")?,
        seeds: many(lookup, "GOSSIP_SEEDS")?,
        role: one(lookup, "GOSSIP_ROLE")?,
        tags: many(lookup, "GOSSIP_TAGS")?,
        cluster: one(lookup, "GOSSIP_CLUSTER")?,
        preset: one(lookup, "GOSSIP_PRESET")?,
        data_dir: path("GOSSIP_DATA_DIR"),
        record: path("GOSSIP_RECORD"),
        record_max: one(lookup, "GOSSIP_RECORD_MAX")?,
        control: one(lookup, "GOSSIP_CONTROL")?,
        log_level: one(lookup, "GOSSIP_LOG_LEVEL")?,
    };
    Ok(Environment { layer, config: path("GOSSIP_CONFIG") })
}

fn one<T: FromStr<Err: Display>>(lookup: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Result<Option<T>, Failure> {
    text(lookup, name)?.map(|text| parsed(name, &text)).transpose()
}

fn many<T: FromStr<Err: Display>>(lookup: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Result<Vec<T>, Failure> {
    let text = text(lookup, name)?.unwrap_or_default();
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| parsed(name, item)).collect()
}

fn text(lookup: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Result<Option<String>, Failure> {
    let value = lookup(name).filter(|value| !value.is_empty());
    let text = value.map(OsString::into_string).transpose();
    text.map_err(|value| Failure::usage(format!("{name}={value:?} is not valid Unicode")))
}

fn parsed<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("{name}={text}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::settings::Preset;

    fn from(variables: &[(&str, &str)]) -> Result<Environment, Failure> {
        read(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn variables_are_read() {
        let read = from(&[
            ("GOSSIP_NAME", "n"),
            ("GOSSIP_SEEDS", "127.0.0.1:1, localhost:2"),
            ("GOSSIP_PRESET", "wan"),
            ("GOSSIP_ROLE", ""),
            ("GOSSIP_CONFIG", "/tmp/x.toml"),
        ])
        .unwrap();
        assert_eq!(read.layer.name.as_deref(), Some("n"));
        assert_eq!(read.layer.seeds.len(), 2);
        assert_eq!(read.layer.preset, Some(Preset::Wan));
        assert_eq!(read.layer.role, None);
        assert_eq!(read.config, Some("/tmp/x.toml".into()));
    }

    #[test]
    fn a_bad_variable_is_named() {
        for (name, value) in [("GOSSIP_BIND", "nowhere"), ("GOSSIP_TAGS", "a"), ("GOSSIP_LOG_LEVEL", "loud")] {
            let Err(Failure::Usage(reason)) = from(&[(name, value)]) else {
                panic!("{name}={value} was accepted");
            };
            assert!(reason.starts_with(&format!("{name}={value}: ")), "{reason}");
        }
    }
}
