//! What an agent runs with, from four sources: flags, then the environment, then a TOML file, then defaults.
//!
//! The first source that speaks of a setting decides it whole: `--tag` does not add to the file's tags.

mod environment;
mod file;
mod values;
use super::{control::ControlAddr, failure::Failure};
use crate::{ClusterLabel, Config, Options};
use clap::Args;
use core::{net::SocketAddr, num::NonZeroU32};
use gossip_core::adapter::can_send;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

use values::SocketAt;
pub(crate) use values::{LogLevel, Preset, Seed, Tag, tags};

/// How long a recording gets if nobody says, in MiB.
const RECORD_MAX: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// What one source says. Every source uses the same names: `--data-dir`, `GOSSIP_DATA_DIR`, `data-dir = "…"`;
/// the lists are `--seed` and `--tag` (repeated), `GOSSIP_SEEDS` and `GOSSIP_TAGS` (with commas), `seeds` and `tags`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Layer {
    /// The node's name, unique in its cluster [default: this machine's host name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where to listen for the others [default: 127.0.0.1:7946]
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAt>,
    /// Where the others reach this node, if not at the address it is bound to
    #[arg(long, value_name = "IP:PORT")]
    advertise: Option<SocketAt>,
    /// A member to join through; may be repeated. A name is looked up for ever
    #[arg(long = "seed", value_name = "HOST:PORT")]
    seeds: Vec<Seed>,
    /// What the node is there for, shown to the others
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// What else to show to the others; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    #[serde(deserialize_with = "values::tag_table")]
    tags: Vec<Tag>,
    /// The cluster's label; datagrams of another cluster are dropped [default: gossip]
    #[arg(long, value_name = "LABEL")]
    cluster: Option<String>,
    /// Timing and sizes for the network the cluster runs on [default: lan]
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Where to keep what must survive a restart [default: nothing is kept]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to record all that the node is given, values and notices included, for `gossip replay` [default: nowhere]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// How long the recording may get; the oldest in it gives way [default: 64]
    #[arg(long, value_name = "MIB")]
    record_max: Option<NonZeroU32>,
    /// Where to serve the control API, a loopback address or unix:PATH [default: 127.0.0.1:7947]
    #[arg(long, value_name = "ADDR|unix:PATH")]
    control: Option<ControlAddr>,
    /// How much to log, on stderr [default: info]
    #[arg(long, value_enum)]
    log_level: Option<LogLevel>,
}

/// What an agent runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) bind: SocketAddr,
    pub(crate) advertise: Option<SocketAddr>,
    pub(crate) seeds: Vec<Seed>,
    pub(crate) role: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) cluster: String,
    pub(crate) preset: Preset,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    /// In MiB.
    pub(crate) record_max: NonZeroU32,
    pub(crate) control: ControlAddr,
    pub(crate) log_level: LogLevel,
}

impl Settings {
    /// Asks the four sources; `config` is the file named by a flag.
    pub(crate) fn gather(flags: Layer, config: Option<PathBuf>) -> Result<Self, Failure> {
        let environment = environment::read(&|name| std::env::var_os(name))?;
        let file = match config.or(environment.config) {
            Some(path) => file::read(&path)?,
            None => Layer::default(),
        };
        Self::of(flags.over(environment.layer).over(file))
    }

    /// What the node itself needs of all this, but for the seeds: they are asked once there is somebody to tell.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(&self.name);
        options.role.clone_from(&self.role);
        options.tags.clone_from(&self.tags);
        options.bind = self.bind;
        options.advertise = self.advertise;
        options.config = Config { cluster: ClusterLabel::new(&self.cluster), ..self.preset.config() };
        options.data_dir.clone_from(&self.data_dir);
        options.record.clone_from(&self.record);
        options.record_len_max = u64::from(self.record_max.get()) << 20;
        options
    }

    fn of(layer: Layer) -> Result<Self, Failure> {
        let settings = Self {
            name: layer.name.or_else(super::machine::host_name).ok_or_else(nameless)?,
            bind: layer.bind.map_or_else(|| ([127, 0, 0, 1], 7946).into(), |SocketAt(addr)| addr),
            advertise: layer.advertise.map(|SocketAt(addr)| addr),
            seeds: layer.seeds,
            role: layer.role.unwrap_or_default(),
            tags: tags(layer.tags)?,
            cluster: layer.cluster.unwrap_or_else(|| "gossip".to_owned()),
            preset: layer.preset.unwrap_or_default(),
            data_dir: layer.data_dir,
            record: layer.record,
            record_max: layer.record_max.unwrap_or(RECORD_MAX),
            control: layer.control.map_or_else(|| ControlAddr::DEFAULT.parse(), Ok).map_err(Failure::Usage)?,
            log_level: layer.log_level.unwrap_or_default(),
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Failure> {
        if self.name.is_empty() {
            return Err(Failure::usage("--name: the name cannot be empty"));
        }
        if self.name.contains(char::is_control) {
            return Err(Failure::usage(format!("--name {:?}: a name has no control characters", self.name)));
        }
        if self.cluster.is_empty() {
            return Err(Failure::usage("--cluster: the label cannot be empty"));
        }
        if self.bind.ip().is_unspecified() && self.advertise.is_none() {
            return Err(Failure::usage(format!(
                "--bind {}: the others cannot reach that address; say with --advertise which one they can",
                self.bind
            )));
        }
        if let Some(addr) = self.advertise.filter(|addr| addr.ip().is_unspecified()) {
            return Err(Failure::usage(format!("--advertise {addr}: the others cannot reach that address")));
        }
        for seed in &self.seeds {
            if seed.addr().is_some_and(|addr| !can_send(self.bind, addr)) {
                return Err(Failure::usage(format!(
                    "--seed {seed}: a socket bound to {} cannot send there",
                    self.bind
                )));
            }
        }
        match self.control {
            ControlAddr::Tcp(addr) if !addr.ip().is_loopback() => Err(Failure::usage(format!(
                "--control {addr}: the control API is not authenticated, so it is served on a loopback address \
                 or a Unix socket only"
            ))),
            _ => Ok(()),
        }
    }
}

impl Layer {
    /// This layer's word first, then the other's.
    fn over(self, lower: Self) -> Self {
        Self {
            name: self.name.or(lower.name),
            bind: self.bind.or(lower.bind),
            advertise: self.advertise.or(lower.advertise),
            seeds: if self.seeds.is_empty() { lower.seeds } else { self.seeds },
            role: self.role.or(lower.role),
            tags: if self.tags.is_empty() { lower.tags } else { self.tags },
            cluster: self.cluster.or(lower.cluster),
            preset: self.preset.or(lower.preset),
            data_dir: self.data_dir.or(lower.data_dir),
            record: self.record.or(lower.record),
            record_max: self.record_max.or(lower.record_max),
            control: self.control.or(lower.control),
            log_level: self.log_level.or(lower.log_level),
        }
    }
}

fn nameless() -> Failure {
    Failure::usage("--name: this machine has no host name to go by; name the node")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(toml: &str) -> Layer {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn the_upper_layer_decides_and_the_lower_fills_in() {
        let flags = layer("name = 'flag'\ntags = { zone = 'a' }");
        let file = layer("name = 'file'\nrole = 'web'\ntags = { zone = 'b', rack = '7' }\nseeds = ['127.0.0.1:1']");
        let settings = Settings::of(flags.over(file)).unwrap();
        assert_eq!((settings.name.as_str(), settings.role.as_str()), ("flag", "web"));
        assert_eq!(settings.tags, BTreeMap::from([("zone".to_owned(), "a".to_owned())]));
        assert_eq!(settings.seeds.len(), 1);
        assert_eq!(settings.bind, ([127, 0, 0, 1], 7946).into());
        assert_eq!(settings.preset, Preset::Lan);
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (toml, named) in [
            ("name = ''", "--name"),
            ("name = 'n'\nbind = '0.0.0.0:1'", "--advertise"),
            ("name = 'n'\nadvertise = '0.0.0.0:1'", "--advertise 0.0.0.0:1"),
            ("name = 'n'\ncontrol = '0.0.0.0:1'", "--control 0.0.0.0:1"),
            ("name = 'n'\ncluster = ''", "--cluster"),
            ("name = 'n'\nseeds = ['[::1]:1']", "--seed [::1]:1"),
        ] {
            let Err(Failure::Usage(reason)) = Settings::of(layer(toml)) else {
                panic!("{toml} was accepted");
            };
            assert!(reason.contains(named), "{reason}");
        }
    }
}
