//! What became of the data when the node started.
use crate::adapter::text;
use serde::Serialize;
use std::path::PathBuf;

/// What became of the data directory when the node started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DataFile {
    /// The node keeps none.
    None,
    /// There was nothing in it yet.
    Fresh {
        /// The directory.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
    },
    /// It was read.
    Restored {
        /// The directory.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
        /// How many entries of the replicated map were in it.
        entries: usize,
        /// How many bytes at the ends of files were not written to their end when the former life ended. None of it was said to be on
        /// the disk, unless something happened to it there.
        torn: usize,
    },
    /// It was read, and this node has no room for all of it, or cannot read all of it.
    Partial {
        /// The directory.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
        /// How many entries of the replicated map were taken from it.
        entries: usize,
        /// How many were not.
        left: usize,
        /// Where all of it was put aside. A node that is to have it takes it as its `gossip.state`.
        #[serde(serialize_with = "text::path")]
        kept_as: PathBuf,
    },
    /// Something happened to a file. What could be read was taken, and the node lost nothing that its peers have.
    Damaged {
        /// Where the damaged file was put aside.
        #[serde(serialize_with = "text::path")]
        kept_as: PathBuf,
        /// What was wrong with it.
        reason: &'static str,
        /// How many entries of the replicated map could be read.
        entries: usize,
    },
}
