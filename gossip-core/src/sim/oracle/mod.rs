//! What must never happen, and who watches for it.
//!
//! Some oracles look at everything that happens; others look at a world at rest. None of them uses what nodes use to
//! know each other: they see all hosts at once.
//!
//! - here: the oracles' names, and what the world tells them; `check`: what it asks them;
//! - `report`: what they saw, and which of them still count once bytes came in that nobody wrote;
//! - `watched`: what they remember of each host;
//! - `hearing`: what a node tells its application;
//! - `waits`: what its application waits for;
//! - `conduct`: what a node does with time, memory and the network; `farewell`: and what it leaves behind;
//! - `rest`: what a world at rest must look like, and `quiet`: how little it may send; `heard`: and what must have been heard by then.
mod check;
mod conduct;
mod farewell;
mod heard;
mod hearing;
mod quiet;
mod report;
mod rest;
mod waits;
mod watched;

use super::{HostId, Memory, Network, News, clock::BEGAN};
use crate::{
    digest::Digest,
    id::{Addr, Dot, Generation, Incarnation, Life, NodeId},
    io::Event,
    node::{Liveness, MemberView, Node},
    storage::Storage,
    time::Instant,
    wire::Header,
};
use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::fmt;
use report::Report;
pub(super) use watched::Waited;
use watched::Watched;

/// Declares the oracles once, each with its name and what it says.
macro_rules! oracles {
    ($($oracle:ident, $name:literal: $sentence:literal;)*) => {
        /// Something that must never happen, whatever the network does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Oracle { $(#[doc = $sentence] $oracle,)* }

        impl Oracle {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$oracle),*];

            /// Its name, as it stands in a report.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$oracle => $name,)* }
            }

            /// What it holds the nodes to.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$oracle => $sentence,)* }
            }
        }
    };
}

oracles! {
    AgreementAtRest, "agreement-at-rest":
        "At rest, all nodes see the same members in the same words, remember farewells alike, and hold the same entries.";
    NoLostWrite, "no-lost-write":
        "At rest, every write that some live node was told of is held by all, or was superseded by a greater one.";
    RumorOnce, "rumor-once":
        "No application is told a rumor twice, in one life or in one that remembers it.";
    NoStaleRumor, "no-stale-rumor":
        "No application is told a rumor long after its time to live, or as one that is younger than it is.";
    RumorReachesAll, "rumor-reaches-all":
        "At rest, every rumor that some live node knows was told to all that were there before it.";
    DotUsedOnce, "dot-used-once":
        "No dot names two writes, or two rumors.";
    NoRisenEntry, "no-risen-entry":
        "No application is told of a write to a key after a greater one: what was deleted stays so.";
    NoRisenMember, "no-risen-member":
        "Nobody is told that a member is back which has said nothing since before it was gone.";
    TrueConvergence, "true-convergence":
        "Whoever claims that all agree is right: each member that it counts has known just what it knows.";
    LimitsKept, "limits-kept":
        "No region of memory holds more than its limit, and nothing that is owed is left undone.";
    Punctual, "punctual":
        "A node asks to be woken, not in the past, and not in vain again and again.";
    WithinBudget, "within-budget":
        "No datagram is too long, no answer to a stranger longer than its question, and no drain endless.";
    KeptIsHeld, "kept-is-held":
        "What a node kept it holds in its next life, unless it says that it had no room for it.";
    HandedOver, "handed-over":
        "Whoever leaves has handed what it wrote and published to somebody, or says what nobody has.";
    QuorumHolds, "quorum-holds":
        "Whoever is told that so many have its write is right; and each wait ends once, by its deadline.";
    QuietAtRest, "quiet-at-rest":
        "At rest, nobody sends more than a few datagrams in a gossip interval, whether or not all agree.";
    OwnTruth, "own-truth":
        "A node knows itself, and what it told its application adds up to what it shows.";
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
    report: Report,
    hosts: Vec<Watched>,
    /// The hosts that go by each name.
    names: BTreeMap<NodeId, Vec<HostId>>,
    /// How often each name has changed its mind, by its own account, in all lives.
    incarnations: BTreeMap<NodeId, Incarnation>,
    /// What each dot stands for.
    writes: BTreeMap<Dot, Digest>,
    rumors: BTreeMap<Dot, Published>,
    /// What those knew whose lives are over: they may have said of any of it that they can tell it no more.
    known_to_the_ended: BTreeSet<Dot>,
    /// Who was ever told to be gone: what is lacking of theirs may have been given up.
    told_gone: BTreeSet<NodeId>,
    /// Dots that were given out.
    given: BTreeSet<News>,
    /// Who has a write that somebody waits for.
    holders: BTreeSet<(Dot, NodeId)>,
    /// Up to where those had the writes of each life whose own life is over.
    had: BTreeMap<(Life, NodeId, Generation), u32>,
    age: Age,
    /// When the last life ended.
    ended_at: Option<Instant>,
    #[cfg(test)]
    tampering: tampering::Tampering,
}

/// A rumor, as far as the oracles need it.
#[derive(Debug, Clone, Copy)]
struct Published {
    /// When it was published, or first told of if nobody saw it published.
    at: Instant,
    /// What it says, once it was told.
    says: Option<Digest>,
}

/// How far a rumor's age may be from the time since it was published: it does not count what the rumor took from node to node,
/// pauses of hosts, and time that clocks stood still for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Age {
    /// By seconds: all is prompt in this world.
    #[default]
    Exact,
    /// By minutes.
    Rough,
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
    Datagram { from: Addr, caller: Caller, len: usize },
    /// The timer, which was set for this moment of the host's clock.
    Timer { due: Instant },
}

/// Who sent a datagram, in the eyes of its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody at an address from which it had heard a member before.
    Proven,
    /// Anybody else.
    Stranger,
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
    /// The oracles of a world with this network.
    pub(super) fn watching(network: &Network) -> Self {
        let mut oracles = Self::default();
        oracles.on_network(network);
        oracles
    }

    /// The network is like this from now on.
    pub(super) fn on_network(&mut self, network: &Network) {
        if network.corruption > 0.0 {
            self.on_forgery();
        }
        if !network.is_prompt() {
            self.on_delays();
        }
    }

    /// Datagrams, hosts or clocks are held up, from now on.
    pub(super) fn on_delays(&mut self) {
        self.age = Age::Rough;
    }

    /// Bytes came in that no node wrote, or may come.
    pub(super) fn on_forgery(&mut self) {
        self.report.believe_nobody();
    }

    /// A node was started.
    pub(super) fn on_started(&mut self, now: Instant, host: HostId, name: NodeId, memory: Memory) {
        if self.hosts.len() <= host.index() {
            self.hosts.resize_with(host.index() + 1, || Watched::new(name));
            self.names.entry(name).or_default().push(host);
        }
        self.hosts[host.index()].begin(now, memory);
    }

    /// A node has taken back what a former life kept.
    pub(super) fn on_restored<S: Storage>(&mut self, now: Instant, host: HostId, node: &Node<S>, kept: &[Vec<u8>]) {
        let lost: usize = kept.iter().map(|chunk| node.lacking(chunk)).sum();
        if lost > 0 && node.stats().entries_refused == 0 {
            self.report.add(Oracle::KeptIsHeld, now, host, || alloc::format!("{lost} entries that were kept are gone"));
        }
    }

    /// A node saved what its next life may start with.
    pub(super) fn on_kept(&mut self, host: HostId) {
        self.hosts[host.index()].keep();
    }

    /// A node's life ended.
    pub(super) fn on_ended(&mut self, now: Instant, host: HostId, end: End) {
        self.ended_at = Some(now);
        let life = core::mem::take(&mut self.hosts[host.index()].life);
        self.known_to_the_ended.extend(life.known());
        let left = life.me.is_none_or(|me| me.liveness == Liveness::Left);
        if end == End::Departed && !left {
            self.report.add(Oracle::OwnTruth, now, host, || "it departed, and had not left".to_owned());
        }
    }

    /// A node was made to write or publish.
    pub(super) fn on_news(&mut self, now: Instant, host: HostId, news: News) {
        if !self.given.insert(news) {
            self.report.add(Oracle::DotUsedOnce, now, host, || alloc::format!("{news:?} is given out again"));
        }
        if let News::Rumor(dot) = news {
            self.rumors.entry(dot).or_insert(Published { at: now, says: None });
            self.hosts[host.index()].life.published.insert(dot);
        }
    }

    /// A node told its application something. `ended_at` says since when the member it speaks of, if any, is dead.
    pub(super) fn on_told<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        event: &Event<'_>,
        ended_at: Option<Instant>,
    ) {
        #[cfg(not(test))]
        self.hear(now, host, node, event, ended_at);
        #[cfg(test)]
        for event in self.tampering.events(host, *event) {
            self.hear(now, host, node, &event, ended_at);
        }
    }

    /// Where a member was that a node was told of in its present life, when it was told last; `None`, too, if it left since.
    pub(super) fn whereabouts(&self, host: HostId, id: NodeId) -> Option<Addr> {
        self.hosts.get(host.index()).and_then(|watched| watched.life.whereabouts.get(&id)).copied()
    }

    /// A node put out all that it had to, and wants to be woken at `deadline`; by its own clock, it is `shown`.
    pub(super) fn on_drained<S: Storage>(
        &mut self,
        now: Instant,
        host: HostId,
        node: &Node<S>,
        shown: Instant,
        deadline: Instant,
        drained: &Drained,
    ) {
        #[cfg(test)]
        let (deadline, drained) = &self.tampering.drained(host, deadline, drained);
        #[cfg(test)]
        let deadline = *deadline;
        self.follow(now, host, node, shown, deadline, drained);
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

impl Caller {
    /// Who the sender of a datagram is to a node that has yet to read it.
    pub(super) fn of<S: Storage>(node: &Node<S>, from: Addr, bytes: &[u8]) -> Self {
        let proven = |member: MemberView<'_>| member.addr == from && member.heard_at.is_some();
        let sender = Header::open(bytes, node.config().cluster).ok().and_then(|(header, _)| node.member(header.sender));
        let is_proven = match sender {
            // Of two that bear a name, either may have been heard before.
            Some(member) if node.is_heard_bearer(member.id, from) => true,
            Some(member) if member.addr == from => proven(member),
            // Of a forged name, and from where a member is known to be: what goes there may be meant for that one.
            _ => node.members().any(proven),
        };
        if is_proven { Self::Proven } else { Self::Stranger }
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { oracle, at, host, what } = self;
        let millis = at.saturating_duration_since(BEGAN).as_millis();
        write!(f, "{oracle} at host {}, after {millis} ms: {what}. {}", host.index(), oracle.sentence())
    }
}

impl core::error::Error for Violation {}

#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tests;
