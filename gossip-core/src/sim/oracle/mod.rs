//! What must never happen, and who watches for it.
//!
//! Some oracles look at everything that happens; others look at a world at rest. None of them uses what nodes use to
//! know each other: they see all hosts at once.
use super::{HostId, Memory, News, World};
use crate::{id::Addr, io::Event, node::Node, storage::Storage, time::Instant};
use alloc::{string::String, vec::Vec};
use core::fmt;

/// Something that must never happen, whatever the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Oracle {
    /// All live nodes hold the same members and entries, once writes stop and links heal.
    AgreementAtRest,
}

/// An [`Oracle`] saw what it watches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub oracle: Oracle,
    /// When.
    pub at: Instant,
    /// At which host.
    pub host: HostId,
    /// What it saw.
    pub what: String,
}

/// All oracles, with what they have to remember.
#[derive(Debug, Default)]
pub(super) struct Oracles {
    violations: Vec<Violation>,
}

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Without warning.
    Crashed,
    /// After a farewell.
    Departed,
}

/// What a drain followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// A start.
    Start,
    /// A command.
    Command,
    /// A datagram of this length.
    Datagram { from: Addr, len: usize },
    /// The timer, which was set for this moment of the host's clock.
    Timer { due: Instant },
}

/// What a drain put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drained {
    pub(super) prompt: Prompt,
    pub(super) events: usize,
    pub(super) datagrams: usize,
    /// Of all datagrams.
    pub(super) bytes: usize,
    /// Of those to where the datagram came from that prompted it.
    pub(super) bytes_back: usize,
    /// Of the longest datagram.
    pub(super) longest: usize,
}

impl Oracles {
    /// A node was started.
    pub(super) fn on_started(&mut self, _host: HostId, _memory: Memory) {}

    /// A node saved what its next life may start with.
    pub(super) fn on_kept(&mut self, _host: HostId) {}

    /// A node's life ended.
    pub(super) fn on_ended(&mut self, _host: HostId, _end: End) {}

    /// A node was made to write or publish.
    pub(super) fn on_news(&mut self, _now: Instant, _host: HostId, _news: News) {}

    /// A node told its application something. `ended_at` says since when the member it speaks of, if any, is dead.
    pub(super) fn on_told(&mut self, _now: Instant, _host: HostId, _event: &Event<'_>, _ended_at: Option<Instant>) {}

    /// A node put out all that it had to, and wants to be woken at `deadline`; by its own clock, it is `shown`.
    pub(super) fn on_drained<S: Storage>(
        &mut self,
        _now: Instant,
        _host: HostId,
        _node: &Node<S>,
        _shown: Instant,
        _deadline: Instant,
        _drained: &Drained,
    ) {
    }

    /// The world has come to rest.
    pub(super) fn at_rest<S: Storage>(&mut self, _world: &World<S>) {}

    /// The first thing that any oracle saw.
    pub(super) fn first(&self) -> Option<Violation> {
        self.violations.first().cloned()
    }
}

impl Drained {
    pub(super) fn count(&mut self, to: Addr, len: usize) {
        self.datagrams += 1;
        self.bytes += len;
        self.longest = self.longest.max(len);
        if matches!(self.prompt, Prompt::Datagram { from, .. } if from == to) {
            self.bytes_back += len;
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { oracle, at, host, what } = self;
        write!(f, "{oracle:?} at host {} after {} ms: {what}", host.index(), at.as_millis())
    }
}

impl core::error::Error for Violation {}
