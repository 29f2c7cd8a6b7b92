//! What an adapter is told when it starts.
use crate::{adapter::BindError, config::Config};
use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::{collections::BTreeMap, path::PathBuf, string::String, vec::Vec};

/// What to start: `Options::new("name")`, then set the fields that should differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The name of the node, unique in its cluster. Its id follows from it, so a node that restarts under its name is known again.
    pub name: String,
    /// What the node is there for; others see it. Empty by default.
    pub role: String,
    /// What else the others should see. Empty by default.
    pub tags: BTreeMap<String, String>,
    /// Where to listen. `127.0.0.1:0` by default: this machine only, on any free port.
    pub bind: SocketAddr,
    /// Where others reach this node, if not at the address it listens on. Needed when that is `0.0.0.0` or `[::]`.
    /// Port 0 stands for the port it listens on.
    pub advertise: Option<SocketAddr>,
    /// Whom to ask for the cluster. One that answers is enough; they are asked until one does. All nodes may be given
    /// one list: a node does not ask itself. Empty by default: wait to be asked.
    pub seeds: Vec<SocketAddr>,
    /// Whom else to ask, by name: `seed.example:7946`. A name is looked up for ever, down to once a minute, so that
    /// neither one that is not known yet nor one that moves keeps the node out, nor apart from others that went by where it
    /// leads now. What becomes of it is told: [`OwnedEvent::SeedResolved`](crate::adapter::OwnedEvent::SeedResolved) and
    /// [`SeedUnresolved`](crate::adapter::OwnedEvent::SeedUnresolved). Empty by default.
    pub seed_names: Vec<String>,
    /// How the node behaves. [`Config::lan`] by default.
    pub config: Config,
    /// A directory of its own, for what must survive a restart. `None` by default: nothing does, and the others help out.
    pub data_dir: Option<PathBuf>,
    /// A file to record all that the node is given, to be replayed: see [`flight`](crate::adapter::flight). It contains all
    /// values and rumors. What it holds already stays in it as long as there is room. `None` by default: nothing is recorded.
    pub record: Option<PathBuf>,
    /// How long that file may get, in bytes; the oldest in it gives way. 64 MiB by default, 1 MiB at least.
    pub record_len_max: u64,
    /// How many calls may wait for the driver before the next caller is held back. 64 by default, 1 at least.
    pub commands_max: usize,
    /// How many events a slow subscriber may lag behind before it misses the oldest. 256 by default, 1 at least.
    pub events_max: usize,
    /// How long a farewell may take. 3 s by default.
    pub leave_timeout: Duration,
}

impl Options {
    /// A node of this name, on this machine only, that waits to be asked.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            role: String::new(),
            tags: BTreeMap::new(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            advertise: None,
            seeds: Vec::new(),
            seed_names: Vec::new(),
            config: Config::lan(),
            data_dir: None,
            record: None,
            record_len_max: 64 << 20,
            commands_max: 64,
            events_max: 256,
            leave_timeout: Duration::from_secs(3),
        }
    }

    /// The address to give to others, once the socket is bound to `local`.
    pub(super) fn advertised(&self, local: SocketAddr) -> Result<SocketAddr, BindError> {
        let mut addr = self.advertise.unwrap_or(local);
        if addr.port() == 0 {
            addr.set_port(local.port());
        }
        if addr.ip().is_unspecified() { Err(BindError::NoAdvertisedAddress { addr }) } else { Ok(addr) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_must_be_told_an_address_they_can_use() {
        let mut options = Options::new("n");
        let local = "0.0.0.0:7946".parse().unwrap();
        assert!(matches!(options.advertised(local), Err(BindError::NoAdvertisedAddress { .. })));
        options.advertise = Some("192.0.2.1:0".parse().unwrap());
        assert_eq!(options.advertised(local).unwrap(), "192.0.2.1:7946".parse().unwrap());
    }
}
