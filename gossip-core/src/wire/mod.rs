//! What is said: a datagram is a header and a run of frames.
//!
//! ```text
//! header   1  lead: version (low four bits), flags (high four: 0x80 all agree, 0x40 all below the sender do)
//!          4  cluster label
//!          8  sender
//!          4  sender's generation
//!          8  digest of all that the sender knows
//!        1-4  sender's incarnation (varint)
//! frame  1-2  length of what follows (varint)
//!          1  kind
//!          *  body, by postcard
//! frame  ...
//! pad      *  zeros, to the end
//! ```
//!
//! The kind of a frame is the position of its variant in [`Frame`]: that order is the contract, held by the golden
//! vectors of `tests/vectors.rs`. A kind that is not known is skipped, and so is a frame with a value that its field cannot
//! have here; what follows the known fields of a body is passed over, and of members, entries and rumors it is kept and passed
//! on ([`Extended`]): a newer node may say more than an older one understands.
mod codec;
mod extended;
mod frame;
mod header;
mod member;
mod stores;
mod summary;

pub use codec::{Malformed, Read, Reader, Writer};
pub use extended::Extended;
pub use frame::{
    Ack, Agreeing, Clock, Confirm, Confirmed, EntryFrame, Frame, Horizon, Operation, Ping, PingRequest, Relayed,
    RumorFrame, SupersededRange, Unreached, Urgency,
};
pub use header::{ClusterLabel, Header, OtherVersion, Refusal};
pub use member::{Accusation, Accusers, Bearer, Cause, MemberFrame, NameConflictFrame, Standing};
pub use stores::{Capabilities, Compare, Position, Pull, PullEnd, Remainder, Store, StoreDigests, Stores};
pub(crate) use summary::{Items, write_items};

/// The longest header and the longest of each frame's fixed parts: what is left of a datagram is for payload.
pub(crate) mod len {
    /// Header at its longest.
    pub(crate) const HEADER: usize = 1 + 4 + 8 + 4 + 8 + 4;
    /// A frame's length and kind, when the frame is shorter than 128 bytes.
    pub(crate) const FRAMING: usize = 2;
    /// [`Ping`](super::Ping), whole.
    pub(crate) const PING: usize = FRAMING + 3;
    /// [`PullEnd`](super::PullEnd) that does not say where the rest begins.
    pub(crate) const PULL_END: usize = FRAMING + 2;
    /// [`PullEnd`](super::PullEnd), whole.
    pub(crate) const PULL_END_AFTER: usize = PULL_END + POSITION;
    /// A [`Position`](super::Position) at its longest.
    pub(crate) const POSITION: usize = 1 + 8 + 4;
    /// [`StoreDigests`](super::StoreDigests), whole.
    pub(crate) const STORE_DIGESTS: usize = FRAMING + 1 + super::Store::COUNT * (1 + 8);
    /// A [`RumorFrame`](super::RumorFrame) without its payload.
    pub(crate) const RUMOR: usize = FRAMING + DOT + 1 + 1 + 5 + 3;
    /// An [`EntryFrame`](super::EntryFrame) without its key and value.
    pub(crate) const ENTRY: usize = FRAMING + DOT + 5 + 8 + 1 + 1 + 1;
    /// A [`MemberFrame`](super::MemberFrame) without the address' and the presence's bytes.
    pub(crate) const MEMBER: usize = FRAMING + 8 + 4 + 4 + 1 + 1 + CAPABILITIES + 1;
    /// Those of this version: seven bits.
    const CAPABILITIES: usize = 1;
    /// An [`Accusation`](super::Accusation), whole.
    pub(crate) const ACCUSATION: usize = FRAMING + 8 + 4 + 4 + 1 + 8 + 1 + 2;
    const DOT: usize = 8 + 4 + 5;

    /// What is left for `parts` byte strings, in a datagram of `datagram` bytes, beside `fixed` others.
    pub(crate) const fn room(datagram: usize, fixed: usize, parts: usize) -> usize {
        // Beyond 127 bytes, a length takes a second byte: the frame's own, and each string's.
        let longer = if datagram > 127 { 1 + parts } else { 0 };
        datagram.saturating_sub(HEADER + fixed + longer)
    }
}
