//! What is known of who agrees.
use crate::time::Instant;

/// How far a node's cluster is from agreement, as far as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// How many live members are known to agree with us, ourselves included.
    pub agreeing: usize,
    /// How many live members there are, ourselves included.
    pub live: usize,
    /// Since when all of them are known to agree. A node alone has nobody to agree with.
    pub since: Option<Instant>,
    /// How many writes the others were seen to lack, added up. An estimate from below: it is counted when they ask.
    pub behind: u64,
}

impl Agreement {
    /// Whether every live member is known to agree with us.
    #[must_use]
    pub const fn is_converged(&self) -> bool {
        self.since.is_some()
    }
}
