//! What keeps a node from starting, and what it starts with: a data file, or none.
#![cfg(feature = "std")]
use core::{error::Error, net::SocketAddr};
use gossip_core::{
    ConfigError, JoinError, PresenceError, PutError, RestoreError, TooLong,
    adapter::{BindError, CallError, Closed, DataFile, Endpoint, Options},
};
use serde_json::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A directory that no other test has, and none after.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("gossip-starting-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&dir));
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn kept_in(dir: &Path, name: &str) -> Options {
    let mut options = Options::new(name);
    options.data_dir = Some(dir.to_owned());
    options
}

#[test]
fn a_data_file_is_restored_put_aside_or_left_alone() {
    let scratch = Scratch::new("file");
    let mut endpoint = Endpoint::new(kept_in(&scratch.0, "ada"), addr(1)).unwrap();
    let path = scratch.0.clone();
    assert_eq!(endpoint.info().data_file, DataFile::Fresh { path: path.clone() });
    endpoint.put(b"color", b"red").unwrap();
    let in_use = Endpoint::new(kept_in(&scratch.0, "eve"), addr(2)).map(drop).unwrap_err();
    assert!(matches!(&in_use, BindError::DataDirInUse(dir) if *dir == scratch.0), "{in_use}");
    endpoint.last_save().unwrap().write();
    assert_eq!(endpoint.info().io.saves, 1);
    drop(endpoint);

    let foreign = Endpoint::new(kept_in(&scratch.0, "bob"), addr(2)).map(drop).unwrap_err();
    assert!(matches!(foreign, BindError::DataFile { source: RestoreError::Foreign, .. }), "{foreign}");
    let restored = Endpoint::new(kept_in(&scratch.0, "ada"), addr(1)).unwrap();
    assert_eq!(restored.info().data_file, DataFile::Restored { path: path.clone(), entries: 1, torn: 0 });
    let json = serde_json::to_value(restored.info().data_file).unwrap();
    assert_eq!(json, json!({"state": "restored", "path": path.display().to_string(), "entries": 1, "torn": 0}));
    drop(restored);

    for _ in 0..2 {
        fs::write(path.join("gossip.state"), b"nonsense").unwrap();
        let endpoint = Endpoint::new(kept_in(&scratch.0, "ada"), addr(1)).unwrap();
        let DataFile::Damaged { kept_as, reason, entries } = endpoint.info().data_file else {
            panic!("{:?}", endpoint.info().data_file)
        };
        assert_eq!((fs::read(kept_as).unwrap(), reason), (b"nonsense".to_vec(), "it does not start like a data file"));
        // What the log has, it has.
        assert_eq!((endpoint.get(b"color").map(|entry| entry.value), entries), (Some(b"red".to_vec()), 1));
    }
    fs::remove_file(scratch.0.join("gossip.lock")).unwrap();
    fs::create_dir(scratch.0.join("gossip.lock")).unwrap();
    let locked_out = Endpoint::new(kept_in(&scratch.0, "ada"), addr(1)).map(drop).unwrap_err();
    assert!(matches!(locked_out, BindError::DataDir { .. }), "{locked_out}");
}

#[test]
fn a_data_file_that_cannot_be_read_stops_the_start() {
    let scratch = Scratch::new("unreadable");
    fs::create_dir_all(scratch.0.join("gossip.state")).unwrap();
    let error = Endpoint::new(kept_in(&scratch.0, "ada"), addr(1)).map(drop).unwrap_err();
    assert!(matches!(&error, BindError::DataDir { path, .. } if path.ends_with("gossip.state")), "{error}");
    fs::write(scratch.0.join("file"), b"").unwrap();
    let error = Endpoint::new(kept_in(&scratch.0.join("file"), "ada"), addr(1)).map(drop).unwrap_err();
    assert!(matches!(error, BindError::DataDir { .. }), "{error}");
}

#[test]
fn what_keeps_a_node_from_starting_is_said_before_it_starts() {
    let refused = |change: fn(&mut Options)| {
        let mut options = Options::new("ada");
        change(&mut options);
        Endpoint::new(options, addr(1)).map(drop).unwrap_err().to_string()
    };
    assert_eq!(refused(|options| options.name.clear()), "the node needs a name, unique in its cluster");
    assert_eq!(
        refused(|options| options.advertise = Some("0.0.0.0:0".parse().unwrap())),
        "others cannot reach 0.0.0.0:1: set the address to advertise, or bind to a single address"
    );
    assert_eq!(refused(|options| options.config.fanout = 0), "configuration refused: `fanout` must be from 1 to 16");
    let presence = refused(|options| options.role = "x".repeat(2_000));
    assert!(presence.starts_with("name, role and tags are too long together: 2006 bytes are too long"), "{presence}");
}

#[test]
fn errors_say_what_to_do_and_where_they_come_from() {
    let in_use = || io::Error::from(io::ErrorKind::AddrInUse);
    let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
    let path = || PathBuf::from("data");
    let too_long = PresenceError::TooLong(TooLong { len: 2, len_max: 1 });
    let said = [
        (
            BindError::of_socket(addr(1), in_use()),
            "address 127.0.0.1:1 is in use: stop whoever has it, or bind another port (0 picks a free one)",
            "nothing",
        ),
        (BindError::of_socket(addr(1), denied()), "cannot bind 127.0.0.1:1: permission denied", "system"),
        (BindError::Driver(denied()), "cannot start the driver: permission denied", "system"),
        (BindError::NoName, "the node needs a name, unique in its cluster", "nothing"),
        (
            BindError::NoAdvertisedAddress { addr: addr(1) },
            "others cannot reach 127.0.0.1:1: set the address to advertise, or bind to a single address",
            "nothing",
        ),
        (
            BindError::Config(ConfigError::ZeroLimit("limits.seeds")),
            "configuration refused: `limits.seeds` must not be zero",
            "core",
        ),
        (
            BindError::Presence(too_long),
            "name, role and tags are too long together: 2 bytes are too long: at most 1 fit a datagram",
            "core",
        ),
        (
            BindError::Seed { addr: addr(1), source: JoinError::OwnAddress },
            "seed 127.0.0.1:1 refused: the seed is this node's own address: name another node",
            "core",
        ),
        (BindError::DataDir { path: path(), source: denied() }, "cannot use data: permission denied", "system"),
        (
            BindError::DataFile { path: path(), source: RestoreError::Version(2) },
            "cannot start from data: what was kept is of version 2, which this one does not read; use another data directory",
            "core",
        ),
        (
            BindError::DataDirInUse(path()),
            "data is in use by another node: each needs a data directory of its own",
            "nothing",
        ),
    ];
    for (error, words, source) in said {
        assert_eq!(error.to_string(), words);
        let from = error.source().map_or("nothing", |source| if source.is::<io::Error>() { "system" } else { "core" });
        assert_eq!(from, source, "{words}");
    }
    let closed = CallError::<PutError>::from(Closed);
    assert_eq!((closed.to_string(), closed.source().is_none()), ("the node has stopped".into(), true));
    assert_eq!(Closed.to_string(), closed.to_string());
    let refused = CallError::Refused(PutError::Left);
    assert_eq!((refused.to_string(), refused.source().is_none()), (PutError::Left.to_string(), true));
}
