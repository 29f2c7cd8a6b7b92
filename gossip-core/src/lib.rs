//! A gossip node as a state machine, without a socket, a clock, a thread, or an allocator of its own.
//!
//! (front page follows)
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod time;
mod rng;
mod pace;
pub mod lattice;
pub mod digest;
pub mod id;
pub mod table;
pub mod wire;
pub mod io;
pub mod records;
pub mod presence;
pub mod error;
pub mod stats;
pub mod storage;
pub mod config;
mod context;
mod membership;
mod dissemination;
mod replica;
mod reconcile;
mod convergence;
mod node;
#[cfg(feature = "std")]
pub mod adapter;
#[cfg(feature = "sim")]
pub mod sim;

pub use crate::{
    config::{Config, ConfigError, Limits},
    convergence::Agreement,
    digest::Digest,
    error::{DeleteError, JoinError, PublishError, PutError, RestoreError, TooLong},
    id::{Addr, Dot, Generation, Incarnation, NodeId},
    io::{Arrival, Departure, Event, Input, Output},
    node::{EntryView, Liveness, MemberView, Node, SaveCursor},
    records::Stamp,
    stats::{Stats, Usage},
    storage::Storage,
    time::Instant,
    wire::{ClusterLabel, Urgency},
};
#[cfg(feature = "alloc")]
pub use crate::storage::Heap;
