//! Joining, and finding the lost again.

/// A presence as long as this, in bytes, is sure to fit the answer to an announce; a longer one is learned by asking.
///
/// From 0 to what a datagram of 512 bytes has room for. Shorter: members with a presence are learned by one more question; longer: each
/// announce is as long, for its answer may be no longer than it is. A guess: not measured; `tests/presences.rs` holds that longer ones arrive.
pub(crate) const ANNOUNCE_PRESENCE_LEN: usize = 128;
