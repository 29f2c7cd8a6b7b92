//! What an adapter needs that is not waiting: everything that `gossip-tokio`, `gossip-async-std` and `gossip-udp-std` share.
//!
//! No sockets, no runtime, no threads of its own. An adapter is a driver around an [`Endpoint`]:
//!
//! 1. bind a socket as [`Options::bind`] says, and [`start`] a node for it: that is an [`Endpoint`], the [`Calls`] that its driver
//!    is to serve, and the [`Handle`] that makes them, or a [`blocking::Handle`] of it;
//! 2. drive it: do what [`Endpoint::poll`] says until it says [`Step::Wait`], then wait for a datagram, a [`Call`] or the deadline;
//! 3. when it has left, close the socket, drop the [`Calls`], write what is to be written, and drop the [`Endpoint`].
//!
//! `gossip-udp-std` does it in one thread and is the one to read first. Files, in the order in which they build on each other:
//! `options` and `error` (what goes in, what is refused), `clock`, `text` (how values look in JSON), `io_counts` (what goes
//! wrong at sockets and files), `info` and `owned_event` (what is told), `past` (with what led to it), `subscribers` (to whom),
//! `lock` and `reply` (how threads wait for each other), `keeper` (what survives a restart), `flight` (what the node was given, to be replayed), `save` (what of these is to
//! be written), `seeds` (whom to ask, when only the name is known), `versions` (who speaks another version of the wire),
//! `endpoint` (all of it around one node) and `saving` (when it writes), `look_ups`, `calls` and `durable` (what the handles ask of it),
//! `line` (how they ask), `waits` and `waiters` (calls that wait for others), `handle` and
//! `blocking` (the two handles), `methods` (what both can do: an adapter's `Gossip` is one of them with these).

pub mod blocking;
mod calls;
mod clock;
mod durable;
mod error;
mod farewell;
pub mod flight;
mod owned_event;
mod info;
mod io_counts;
mod keeper;
mod options;
mod past;
mod reply;
mod waiters;
mod endpoint;
mod handle;
mod line;
mod lock;
mod look_ups;
mod methods;
mod save;
mod saving;
mod seeds;
mod subscribers;
mod text;
mod versions;
mod waits;

pub use self::{
    clock::Clock,
    durable::Flushed,
    endpoint::{Call, Endpoint, RECEIVE_BATCH_MAX, RECEIVE_BUFFER_LEN, RECEIVE_ERROR_PAUSE, Step, can_send},
    error::{BindError, CallError, Closed, DurableError},
    farewell::NotHandedOver,
    handle::{Handle, start},
    info::{
        AgreementInfo, ClockSkewInfo, EntryInfo, Info, Lengths, MemberInfo, OtherVersionInfo, PathInfo, RecordingState,
        SeedInfo, WhyInfo,
    },
    io_counts::IoCounts,
    keeper::{DataFile, FileSave, Keeper},
    line::Calls,
    options::Options,
    owned_event::OwnedEvent,
    save::Save,
    seeds::LookUp,
    subscribers::{Events, Subscribers},
    text::TextOrHex,
    waiters::{InVain, Missing, Reached, WaitError},
};

/// What a user of any adapter meets: each adapter re-exports all of it.
pub mod vocabulary {
    pub use super::{
        AgreementInfo, BindError, CallError, ClockSkewInfo, Closed, DataFile, DurableError, EntryInfo, InVain, Info,
        IoCounts, Lengths, MemberInfo, Missing, NotHandedOver, Options, OtherVersionInfo, OwnedEvent, Reached,
        RecordingState, SeedInfo, TextOrHex, WaitError, WhyInfo, flight::RecordingError,
    };
    pub use crate::{
        config::{Config, ConfigError, Limits},
        error::{AwaitError, DeleteError, JoinError, PresenceError, PublishError, PutError, RestoreError, TooLong},
        id::{Dot, Generation, Incarnation, NodeId},
        io::{Arrival, ClockStanding, Departure},
        node::Liveness,
        observer::Observer,
        stats::Counter,
        time::Instant,
        waiting::{NotReached, Quorum},
        wire::{Cause, ClusterLabel, Urgency},
    };
}
