//! What a node tells about itself and others, in types that outlive the call: owned, comparable, serializable.
use crate::{
    adapter::{DataFile, IoCounts, flight::Recorder, text},
    convergence::Agreement,
    id::{Addr, Dot, Generation, Incarnation, NodeId},
    node::{EntryView, Liveness, MemberView, Node, Why},
    path::{Path, PathTold},
    presence::Presence,
    storage::Heap,
    time::Instant,
    wire::{Cause, ClusterLabel},
};
use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use serde::{Serialize, Serializer};
use std::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeMap,
    path::PathBuf,
    string::{String, ToString},
    time::SystemTime,
    vec::Vec,
};

/// A member of the cluster, as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberInfo {
    /// Its id.
    #[serde(serialize_with = "text::display")]
    pub id: NodeId,
    /// Its name; its id while the name is not known.
    pub name: String,
    /// What it is there for.
    pub role: String,
    /// What else it tells about itself.
    pub tags: BTreeMap<String, String>,
    /// Where it can be reached; `0.0.0.0:0` when its address is not one of the Internet.
    pub addr: SocketAddr,
    /// What is believed of it.
    #[serde(serialize_with = "text::display")]
    pub liveness: Liveness,
    /// How often it has contradicted or renewed what was said of it.
    pub incarnation: Incarnation,
    /// Which of its lives this is.
    #[serde(serialize_with = "text::display")]
    pub generation: Generation,
    /// Since when it is believed to be so. In JSON, `since_ms`: milliseconds since the Unix epoch.
    #[serde(rename = "since_ms", serialize_with = "text::unix_ms")]
    pub since: SystemTime,
    /// When it was last heard itself. In JSON, `last_heard_ms`.
    #[serde(rename = "last_heard_ms", serialize_with = "text::optional_unix_ms")]
    pub last_heard: Option<SystemTime>,
    /// How long a ping and its answer take, smoothed; `None` while that is not known. In JSON, `round_trip_us`: microseconds.
    #[serde(rename = "round_trip_us", serialize_with = "text::optional_micros")]
    pub round_trip: Option<Duration>,
    /// How long a datagram may be to reach it, and an answer to reach us; `None` while nothing shorter than the configured length
    /// was found.
    pub path: Option<PathInfo>,
    /// Where another living node is that goes by the same name; `None`, which is how it should be, while none is known. What is
    /// sent to the name reaches both.
    pub rival: Option<SocketAddr>,
    /// On what grounds it is suspected or counted as gone; `None` while it is neither, which is nearly always: hence the box.
    pub why: Option<Box<WhyInfo>>,
    /// Whether this is the node that tells.
    pub is_self: bool,
}

/// A path that carries only short datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PathInfo {
    /// The longest that comes through, in bytes without the headers of lower layers.
    pub len: u16,
    /// Whether the member has something for us that is longer.
    pub blocks: bool,
}

impl PathInfo {
    /// Those of the members that live.
    pub(super) fn all(node: &Node<Heap>) -> impl Iterator<Item = Self> {
        let live = node.members().filter(|view| matches!(view.liveness, Liveness::Alive | Liveness::Suspect));
        live.filter_map(|view| Self::of(view.path, node))
    }

    fn of(path: Path, node: &Node<Heap>) -> Option<Self> {
        let len = path.short(node.config().datagram_len_max)?;
        Some(Self { len, blocks: matches!(path.told, PathTold::Blocks | PathTold::BlocksUntold) })
    }
}

/// On what grounds a member is suspected, or counted as gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyInfo {
    /// Who found it first.
    #[serde(serialize_with = "text::display")]
    pub by: NodeId,
    /// What that one is called; its id while the name is not known.
    pub by_name: String,
    /// What was found. In JSON: `silence`, `loss` or `own_word`.
    #[serde(serialize_with = "write_cause")]
    pub cause: Cause,
    /// How many have found the same, that one included, as far as is known: too few at times, never too many.
    pub observers: u32,
}

impl WhyInfo {
    fn of(why: &Why, node: &Node<Heap>) -> Self {
        let Why { by, cause, observers } = *why;
        Self { by, by_name: name_of(node, by), cause, observers }
    }
}

impl MemberInfo {
    /// All that a node remembers, itself included, sorted by name and then by id.
    #[must_use]
    pub fn all(node: &Node<Heap>) -> Vec<Self> {
        let others = node.members().map(|view| Self::of(&view, node));
        let mut members: Vec<Self> = others.chain([Self::of_self(node)]).collect();
        members.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        members
    }

    pub(super) fn of_self(node: &Node<Heap>) -> Self {
        Self { is_self: true, ..Self::of(&node.me(), node) }
    }

    pub(super) fn of(view: &MemberView<'_>, node: &Node<Heap>) -> Self {
        let presence = Presence::decode(view.presence);
        let text = |part: for<'p> fn(&Presence<'p>) -> &'p str| presence.as_ref().map_or("", part).to_owned();
        let tags = presence.iter().flat_map(|presence| presence.tags.iter());
        Self {
            id: view.id,
            name: name_in(view),
            role: text(|presence| presence.role),
            tags: tags.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            addr: socket_addr(view.addr),
            liveness: view.liveness,
            incarnation: view.incarnation,
            generation: view.generation,
            since: date(node, view.since),
            last_heard: view.heard_at.map(|at| date(node, at)),
            round_trip: view.round_trip,
            path: PathInfo::of(view.path, node),
            rival: view.rival.map(socket_addr),
            why: view.why.as_ref().map(|why| Box::new(WhyInfo::of(why, node))),
            is_self: false,
        }
    }
}

/// A moment of a node's time on the calendar, as the wall clock shows it now: what a person reads.
fn date(node: &Node<Heap>, at: Instant) -> SystemTime {
    let millis = node.date(at).unwrap_or_else(|| at.as_millis());
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// What a node is called, as far as that is known; else its id.
pub(super) fn name_of(node: &Node<Heap>, id: NodeId) -> String {
    let view = if id == node.me().id { Some(node.me()) } else { node.member(id) };
    view.map_or_else(|| id.to_string(), |view| name_in(&view))
}

fn name_in(view: &MemberView<'_>) -> String {
    let name = Presence::decode(view.presence).map(|presence| presence.name).filter(|name| !name.is_empty());
    name.map_or_else(|| view.id.to_string(), ToOwned::to_owned)
}

fn write_cause<W: Serializer>(cause: &Cause, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(match cause {
        Cause::Silence => "silence",
        Cause::Loss => "loss",
        Cause::OwnWord => "own_word",
    })
}

/// The socket address behind an address of the core; `0.0.0.0:0` stands for another medium's.
pub(super) fn socket_addr(addr: Addr) -> SocketAddr {
    addr.to_socket_addr().unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
}

/// An entry of the replicated map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryInfo {
    /// Its key.
    #[serde(serialize_with = "text::bytes")]
    pub key: Vec<u8>,
    /// Its value.
    #[serde(serialize_with = "text::bytes")]
    pub value: Vec<u8>,
    /// The write that made it so.
    #[serde(serialize_with = "text::display")]
    pub dot: Dot,
}

impl EntryInfo {
    pub(super) fn of(view: &EntryView<'_>) -> Self {
        Self { key: view.key.to_owned(), value: view.value.to_owned(), dot: view.dot }
    }
}

/// How far the cluster agrees with this node, as far as this node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AgreementInfo {
    /// How many live members are known to hold the same state, ourselves included.
    pub agreeing: usize,
    /// How many live members there are, ourselves included.
    pub live: usize,
    /// Since when all have agreed; `None` while they do not. In JSON, `since_ms`: milliseconds since the Unix epoch.
    #[serde(rename = "since_ms", serialize_with = "text::optional_unix_ms")]
    pub since: Option<SystemTime>,
    /// How many writes the others are known to lack.
    pub behind: u64,
}

impl AgreementInfo {
    pub(super) fn of(node: &Node<Heap>) -> Self {
        let Agreement { agreeing, live, since, behind, .. } = node.agreement();
        Self { agreeing, live, since: since.map(|at| date(node, at)), behind }
    }

    /// Whether every live member is known to hold the same state.
    #[must_use]
    pub const fn is_converged(&self) -> bool {
        self.since.is_some()
    }
}

/// What a node says about itself. Its order, and the order of its rows, is stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Info {
    /// The node itself, as the others get to see it.
    #[serde(flatten)]
    pub me: MemberInfo,
    /// The cluster it belongs to.
    #[serde(serialize_with = "text::display")]
    pub cluster: ClusterLabel,
    /// How long it has been running. In JSON, `uptime_ms`.
    #[serde(rename = "uptime_ms", serialize_with = "text::millis")]
    pub uptime: Duration,
    /// How far the cluster agrees with it.
    pub agreement: AgreementInfo,
    /// Whether it is in self-quarantine, because its own links are bad: the others count it as gone until they are good again.
    pub is_quarantined: bool,
    /// Whether it knows a part of the cluster only: its table is full of living members, and others were turned away.
    pub is_partial: bool,
    /// How many names two living nodes go by: while there are any, nobody claims agreement. See [`MemberInfo::rival`].
    pub name_conflicts: usize,
    /// Who speaks another version of the wire, and is refused: eight at most, those that were heard last.
    pub other_versions: Vec<OtherVersionInfo>,
    /// To how many members only short datagrams pass: see [`MemberInfo::path`].
    pub short_paths: usize,
    /// How many of these have something for us that is too long.
    pub blocking_paths: usize,
    /// How far this machine's wall clock is from the peers'; `None` while that is not known.
    pub clock_skew: Option<ClockSkewInfo>,
    /// What a call may carry at most, in bytes.
    pub lengths: Lengths,
    /// Whom it asks for the cluster: first those it was given by name, in that order, then the others by address.
    pub seeds: Vec<SeedInfo>,
    /// What became of its data file.
    pub data_file: DataFile,
    /// What becomes of its recording.
    pub recording: RecordingState,
    /// What went wrong at its socket and its files.
    pub io: IoCounts,
    /// How full each region of its memory is.
    #[serde(serialize_with = "usage_rows")]
    pub usage: Vec<(&'static str, usize, usize)>,
    /// What it has counted.
    #[serde(serialize_with = "stats_rows")]
    pub stats: Vec<(&'static str, u64)>,
}

/// How far a machine's wall clock is from the peers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClockSkewInfo {
    /// By how many milliseconds it is ahead of the median of theirs; below zero, behind. Up to 24 days either way.
    pub skew_ms: i32,
    /// Of how many peers: eight at most. With one, nobody can tell whose clock is wrong.
    pub peers: u8,
}

/// One whom the node asks for the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeedInfo {
    /// As it was given: `seed.example:7946`, or an address.
    pub seed: String,
    /// Where it is asked: what the name stood for when that was last known.
    pub addrs: Vec<SocketAddr>,
    /// The member that answered from there last.
    #[serde(serialize_with = "text::optional_display")]
    pub answered: Option<NodeId>,
    /// What that one is called; its id while the name is not known.
    pub answered_name: Option<String>,
    /// Why it is not known what the name stands for now.
    pub trouble: Option<String>,
    /// Whether the node itself is there, or at one of the addresses: all nodes may be given the same seeds.
    pub is_self: bool,
}

/// One that speaks another version, and is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherVersionInfo {
    /// Its id.
    #[serde(serialize_with = "text::display")]
    pub id: NodeId,
    /// What it is called; its id while the name is not known.
    pub name: String,
    /// Where it was heard last.
    pub addr: SocketAddr,
    /// Which version it speaks.
    pub version: u8,
}

/// What a call may carry at most, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Lengths {
    /// A datagram.
    pub datagram_max: usize,
    /// The payload of a rumor.
    pub payload_max: usize,
    /// Key and value of an entry, together.
    pub entry_max: usize,
    /// Name, role and tags, together and encoded.
    pub presence_max: usize,
}

/// What becomes of the recording of what the node is given (see [`flight`](crate::adapter::flight)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecordingState {
    /// None is made.
    None,
    /// It is made.
    Running {
        /// Where.
        #[serde(serialize_with = "text::path")]
        path: PathBuf,
    },
    /// It was made, and is no more.
    Stopped {
        /// Why.
        reason: String,
    },
}

impl RecordingState {
    pub(super) fn of(recorder: Option<&Recorder>) -> Self {
        recorder.map_or(Self::None, |recorder| match recorder.stopped() {
            Some(reason) => Self::Stopped { reason: reason.to_owned() },
            None => Self::Running { path: recorder.path().to_owned() },
        })
    }
}

fn stats_rows<W: Serializer>(rows: &[(&'static str, u64)], serializer: W) -> Result<W::Ok, W::Error> {
    serializer.collect_map(rows.iter().copied())
}

fn usage_rows<W: Serializer>(rows: &[(&'static str, usize, usize)], serializer: W) -> Result<W::Ok, W::Error> {
    /// How full one region is.
    #[derive(Serialize)]
    struct Fill {
        used: usize,
        limit: usize,
    }
    serializer.collect_map(rows.iter().map(|&(region, used, limit)| (region, Fill { used, limit })))
}
