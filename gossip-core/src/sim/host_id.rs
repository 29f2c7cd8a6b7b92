//! Which host of a world is meant.

/// A host of a [`World`](super::World): a place and a name, at which a node may live, die and live again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub(super) usize);

impl HostId {
    /// Hosts are numbered as they were spawned, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}
