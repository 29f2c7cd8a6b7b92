//! Why a node did not start, and why a call was not done.
use crate::{
    adapter::flight::RecordingError,
    config::ConfigError,
    error::{JoinError, PresenceError, RestoreError},
};
use core::{error::Error, fmt, net::SocketAddr};
use std::{io, path::PathBuf, string::String};

/// Why a node did not start. The message says what was wrong and what to do.
#[non_exhaustive]
#[derive(Debug)]
pub enum BindError {
    /// Another socket has this address.
    AddressInUse(SocketAddr),
    /// The operating system refused this address for another reason.
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused something that a driver needs: a second socket, a thread.
    Driver(io::Error),
    /// The node would listen on all addresses of its machine, and tell the others none.
    NoAdvertisedAddress {
        /// What it would tell them.
        addr: SocketAddr,
    },
    /// The node has no name.
    NoName,
    /// The configuration was refused.
    Config(ConfigError),
    /// Name, role and tags are too long to be carried along.
    Presence(PresenceError),
    /// A seed was refused.
    Seed {
        /// The seed.
        addr: SocketAddr,
        /// Why.
        source: JoinError,
    },
    /// A seed that was given by name was refused.
    SeedName {
        /// The seed.
        name: String,
        /// Why.
        source: JoinError,
    },
    /// The data directory, or a file in it, cannot be used.
    DataDir {
        /// The directory or the file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The data file is whole, but not one that this node may read: another's, or of another version.
    DataFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        source: RestoreError,
    },
    /// Another running node has this data directory.
    DataDirInUse(PathBuf),
    /// The recording cannot be made.
    Recording {
        /// Where it was to be made.
        path: PathBuf,
        /// Why not.
        source: RecordingError,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressInUse(addr) => {
                write!(f, "address {addr} is in use: stop whoever has it, or bind another port (0 picks a free one)")
            }
            Self::Bind { addr, source } => write!(f, "cannot bind {addr}: {source}"),
            Self::Driver(source) => write!(f, "cannot start the driver: {source}"),
            Self::NoAdvertisedAddress { addr } => {
                write!(f, "others cannot reach {addr}: set the address to advertise, or bind to a single address")
            }
            Self::NoName => f.write_str("the node needs a name, unique in its cluster"),
            Self::Config(source) => write!(f, "configuration refused: {source}"),
            Self::Presence(source) => write!(f, "name, role and tags are too long together: {source}"),
            Self::Seed { addr, source } => write!(f, "seed {addr} refused: {source}"),
            Self::SeedName { name, source } => write!(f, "seed {name} refused: {source}"),
            Self::DataDir { path, source } => write!(f, "cannot use {}: {source}", path.display()),
            Self::DataFile { path, source } => {
                write!(f, "cannot start from {}: {source}; use another data directory", path.display())
            }
            Self::Recording { path, source } => write!(f, "cannot record to {}: {source}", path.display()),
            Self::DataDirInUse(path) => {
                write!(f, "{} is in use by another node: each needs a data directory of its own", path.display())
            }
        }
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bind { source, .. } | Self::DataDir { source, .. } | Self::Driver(source) => Some(source),
            Self::Config(source) => Some(source),
            Self::Presence(source) => Some(source),
            Self::Seed { source, .. } | Self::SeedName { source, .. } => Some(source),
            Self::DataFile { source, .. } => Some(source),
            Self::Recording { source, .. } => Some(source),
            Self::AddressInUse(_) | Self::NoAdvertisedAddress { .. } | Self::NoName | Self::DataDirInUse(_) => None,
        }
    }
}

impl BindError {
    /// Why `addr` could not be bound, from what the operating system said.
    #[must_use]
    pub fn of_socket(addr: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse { Self::AddressInUse(addr) } else { Self::Bind { addr, source } }
    }
}

/// The node has stopped, and does no more calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node has stopped")
    }
}

impl Error for Closed {}

/// Why a call was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError<E> {
    /// The node has stopped, and does no more calls.
    Closed,
    /// The node refused.
    Refused(E),
}

/// Why a write is not known to be on the disk.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DurableError<E> {
    /// The node refused it. Nothing was written.
    Refused(E),
    /// The node has no data directory. Nothing was written.
    NoDataDir,
    /// Too many wait for the disk already. Nothing was written.
    Crowded,
    /// It is written in memory, and told to others, but the disk did not take it. That is tried again later, and nobody is told then.
    NotWritten(String),
}

impl<E: fmt::Display> fmt::Display for DurableError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => reason.fmt(f),
            Self::NoDataDir => {
                f.write_str("nothing was written: the node keeps no data; start it with a data directory")
            }
            Self::Crowded => f.write_str("nothing was written: too many wait for the disk; try again later"),
            Self::NotWritten(reason) => {
                write!(
                    f,
                    "it is written in memory and told to others, but is not on the disk, where it is tried again: {reason}"
                )
            }
        }
    }
}

impl<E: Error + 'static> Error for DurableError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(reason) => reason.source(),
            Self::NoDataDir | Self::Crowded | Self::NotWritten(_) => None,
        }
    }
}

impl<E> From<Closed> for CallError<E> {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => Closed.fmt(f),
            Self::Refused(reason) => reason.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for CallError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Closed => None,
            Self::Refused(reason) => reason.source(),
        }
    }
}
