//! The header: who speaks, in which cluster, and a fingerprint of all it knows.
use crate::{
    digest::{Digest, Digester},
    id::{Generation, Incarnation, NodeId},
};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Begins every datagram. It says something of its sender alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    lead: u8,
    /// Which cluster this is meant for.
    pub cluster: ClusterLabel,
    /// Who speaks.
    pub sender: NodeId,
    /// In which life.
    pub generation: Generation,
    /// The fingerprint of all that the sender keeps in step, of what the receiver keeps too, as far as the sender knows: whoever has
    /// the same knows the same of that.
    pub digest: Digest,
    /// How often the sender has changed or contradicted what is said of it.
    pub incarnation: Incarnation,
}

impl Header {
    /// The version written and read.
    pub const VERSION: u8 = 2;
    const VERSION_BITS: u8 = 0x0f;
    const UNANIMOUS: u8 = 0x80;
    const SUBTREE: u8 = 0x40;

    /// A header of this version.
    #[must_use]
    pub const fn new(
        cluster: ClusterLabel,
        sender: NodeId,
        generation: Generation,
        incarnation: Incarnation,
        digest: Digest,
    ) -> Self {
        Self { lead: Self::VERSION, cluster, sender, generation, digest, incarnation }
    }

    /// Marks that the sender has seen every live member agree with `digest`.
    #[must_use]
    pub const fn unanimous(mut self) -> Self {
        self.lead |= Self::UNANIMOUS;
        self
    }

    /// Whether the sender has seen every live member agree with `digest`.
    #[must_use]
    pub const fn is_unanimous(&self) -> bool {
        self.lead & Self::UNANIMOUS != 0
    }

    /// Marks that the sender, and all below it in the tree of those who have `digest`, have had it.
    #[must_use]
    pub const fn subtree(mut self) -> Self {
        self.lead |= Self::SUBTREE;
        self
    }

    /// Whether the sender, and all below it in the tree of those who have `digest`, have had it.
    #[must_use]
    pub const fn is_subtree(&self) -> bool {
        self.lead & Self::SUBTREE != 0
    }

    /// Takes the header off a datagram meant for `cluster`.
    ///
    /// # Errors
    /// Why the datagram is not for us.
    pub fn open(bytes: &[u8], cluster: ClusterLabel) -> Result<(Self, &[u8]), Refusal> {
        let lead = bytes.first().ok_or(Refusal::Truncated)?;
        if lead & Self::VERSION_BITS != Self::VERSION {
            return Err(Refusal::Version);
        }
        let (header, frames) = postcard::take_from_bytes::<Self>(bytes).map_err(|_| Refusal::Truncated)?;
        if header.cluster != cluster {
            return Err(Refusal::ForeignCluster);
        }
        if header.incarnation > Incarnation::MAX {
            return Err(Refusal::Incredible);
        }
        Ok((header, frames))
    }
}

/// Who speaks in another version. All versions have that in one place: the first 13 bytes of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherVersion {
    /// Which.
    pub version: u8,
    /// Who.
    pub sender: NodeId,
}

impl OtherVersion {
    /// Who speaks in `bytes`, which are meant for `cluster`; `None` where it is nobody, or the version is ours.
    #[must_use]
    pub fn of(bytes: &[u8], cluster: ClusterLabel) -> Option<Self> {
        let version = bytes.first().map(|lead| lead & Header::VERSION_BITS).filter(|&it| it != Header::VERSION)?;
        let (_, label, sender) = postcard::from_bytes::<(u8, ClusterLabel, NodeId)>(bytes).ok()?;
        (label == cluster).then_some(Self { version, sender })
    }
}

/// Keeps clusters apart that share a network: four bytes made from a name. It is no secret, and protects from
/// accidents only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClusterLabel(#[serde(with = "postcard::fixint::le")] u32);

impl ClusterLabel {
    /// The label of the cluster called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let hash = Digester::unkeyed().of_bytes(name.as_bytes()).0;
        Self(u32::try_from(hash >> 32).unwrap_or(0))
    }

    pub(crate) fn key(self) -> u64 {
        u64::from(self.0)
    }
}

impl Default for ClusterLabel {
    fn default() -> Self {
        Self::new("gossip")
    }
}

impl fmt::Debug for ClusterLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClusterLabel({self})")
    }
}

impl fmt::Display for ClusterLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Why a datagram was turned away at the door. Each reason has its counter in [`Stats`](crate::stats::Stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It ends within its header.
    Truncated,
    /// It is of another version, or not ours at all.
    Version,
    /// It is meant for another cluster.
    ForeignCluster,
    /// It claims an incarnation beyond [`Incarnation::MAX`].
    Incredible,
}
