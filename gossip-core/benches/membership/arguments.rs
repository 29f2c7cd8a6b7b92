//! What was asked for on the command line.
use crate::workloads::{Scope, presets, workloads};
use gossip_core::sim::Scrutiny;

/// What is to be run.
pub(crate) struct Arguments {
    names: Vec<String>,
    presets: Vec<String>,
    seeds: Option<u64>,
    first: u64,
    nodes: Vec<usize>,
    losses: Vec<f64>,
    days: f64,
    pub(crate) only: String,
    pub(crate) jobs: usize,
    pub(crate) scrutiny: Scrutiny,
}

/// What is said for `--help`.
pub(crate) fn help() -> String {
    let names = |names: Vec<&str>| names.join(" ");
    format!(
        "cargo membership [WORKLOAD…] [FLAG…]: what the failure detector costs, how soon it finds a crash, and whom it wrongs

Workloads, all of them if none is named: {}

  --seeds 30       how many seeds; the largest cases take no more than a few of them
  --first 0        from which seed on
  --nodes 16,64    of which sizes, instead of those for which bounds are stated
  --loss 0,10      at which losses in percent, instead of those
  --preset lan     which detectors, of: {}
  --days 100       how many node-days without a false death; a tenth of them at heavy losses
  --only TEXT      only cases in whose name this stands
  --jobs 2         how many worlds at a time; figures do not depend on it
  --explain        watch worlds closely, and add to each false death what was told before it

Exits with 1 if a bound is broken, and with 2 if it does not understand.",
        names(workloads().iter().map(|workload| workload.name).collect()),
        names(presets().iter().map(|preset| preset.name).collect()),
    )
}

impl Arguments {
    /// Reads what follows the program's name.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self {
            names: Vec::new(),
            presets: Vec::new(),
            seeds: None,
            first: 0,
            nodes: Vec::new(),
            losses: Vec::new(),
            days: 100.0,
            only: String::new(),
            jobs: 1,
            scrutiny: Scrutiny::Loose,
        };
        // Cargo adds `--bench` to what it calls.
        let mut words = words.filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            match word.as_str() {
                "--explain" => arguments.scrutiny = Scrutiny::Close,
                flag if flag.starts_with("--") => {
                    let value = words.next().ok_or_else(|| format!("{flag} takes a value"))?;
                    arguments.set(flag, &value)?;
                }
                name => arguments.names.push(one_of(name, workloads().iter().map(|workload| workload.name))?),
            }
        }
        Ok(arguments)
    }

    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == workload)
    }

    pub(crate) fn wants_preset(&self, preset: &str) -> bool {
        self.presets.is_empty() || self.presets.iter().any(|name| name == preset)
    }

    pub(crate) fn scope(&self, seeds: u64) -> Scope {
        Scope {
            nodes: self.nodes.clone(),
            losses: self.losses.clone(),
            seeds: self.first..self.first + self.seeds.unwrap_or(seeds),
            days: self.days,
        }
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "--seeds" => self.seeds = Some(number(flag, value)?),
            "--first" => self.first = number(flag, value)?,
            "--nodes" => self.nodes = value.split(',').map(|size| number(flag, size)).collect::<Result<_, _>>()?,
            "--loss" => {
                let shares = value.split(',').map(|percent| Ok(number::<f64>(flag, percent)? / 100.0));
                self.losses = shares.collect::<Result<_, String>>()?;
            }
            "--preset" => {
                let names = value.split(',').map(|name| one_of(name, presets().iter().map(|preset| preset.name)));
                self.presets = names.collect::<Result<_, _>>()?;
            }
            "--days" => self.days = number(flag, value)?,
            "--only" => self.only = value.into(),
            "--jobs" => self.jobs = number::<usize>(flag, value)?.max(1),
            _ => return Err(format!("{flag} is not known")),
        }
        Ok(())
    }
}

fn number<T: core::str::FromStr>(flag: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{flag} takes a number, not {value}"))
}

fn one_of<'a>(name: &str, mut known: impl Iterator<Item = &'a str> + Clone) -> Result<String, String> {
    let all: Vec<_> = known.clone().collect();
    let found = known.find(|known| *known == name);
    found.map(str::to_owned).ok_or_else(|| format!("{name} is none of {}", all.join(", ")))
}
