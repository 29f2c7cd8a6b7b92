//! Facts about the machine we run on.
use serde::Serialize;
use std::{collections::BTreeMap, thread};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// What a machine tells of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Facts {
    host: String,
    system: String,
    cores: usize,
    /// Over the last minute; not every operating system has such a number.
    load: Option<f64>,
    memory_used_mib: u64,
    memory_mib: u64,
}

impl Facts {
    /// Asks the operating system.
    pub(crate) fn read() -> Result<Self, String> {
        let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(memory)
            .map_err(|error| format!("this system does not tell about its memory: {error}"))?;
        Ok(Self {
            host: host_name().ok_or("this machine has no host name")?,
            system: System::name().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            load: System::load_average().ok().map(|load| load.one),
            memory_used_mib: system.used_memory() >> 20,
            memory_mib: system.total_memory() >> 20,
        })
    }

    /// As tags of a member.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let Self { host, system, cores, load, memory_used_mib, memory_mib } = self;
        let tags = [
            ("host", host.clone()),
            ("system", system.clone()),
            ("cores", cores.to_string()),
            ("load", load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"))),
            ("memory", format!("{memory_used_mib}/{memory_mib} MiB")),
        ];
        tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The name that this machine goes by.
pub(crate) fn host_name() -> Option<String> {
    System::host_name().ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_plausible() {
        let facts = Facts::read().unwrap();
        assert!(facts.cores > 0 && facts.memory_mib > 0 && facts.memory_used_mib <= facts.memory_mib, "{facts:?}");
        assert_eq!(facts.tags().len(), 5);
    }
}
