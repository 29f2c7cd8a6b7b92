//! The flight recorder: what a node was given, kept in a bounded file, and the same life run again from it, byte for byte.
//!
//! A node is a function of its inputs, so that a recording of those is a recording of everything. [`Recorded`] is a node
//! that nothing can get into without being written down; [`Recorder`] keeps what is written down; [`Recording`] reads it
//! back; [`Recording::replay`] runs it. `gossip replay` prints that.
//!
//! # The file
//!
//! One file of a fixed length at most, so that it can be copied while the node runs. After a short header, it is four
//! slots, used in turn: the oldest gives way. A slot holds a *segment*: first the whole node as it is at that moment,
//! written down exactly, and then all that is given to it. So a replay can begin at any segment, whatever came before it
//! and is lost; where one segment follows on another, the node that the replay has come to must be the one that was
//! written down, to the last byte.
//!
//! ```text
//! file     64  header: magic, version of the layout, number and length of the slots, checksum
//!           *  slots, one after the other
//! slot      *  blocks, one after the other; four zero bytes after the last
//! block     4  length of what follows the checksum
//!           4  checksum
//!           *  in a slot's first block: the segment's head and the whole node; in the others: records
//! ```
//!
//! A block is what went to the disk at once. Its checksum is keyed with the number of its segment, so that what a former
//! segment left in the slot is not taken for its successor's. Where a block is torn, in a copy taken while it was written or
//! by a crash, the segment ends before it, and says so.
//!
//! Records are [postcard](https://postcard.jamesmunns.com): microseconds since the record before, and what was done. What
//! came out is not recorded, only how often the node was asked for output, and a fingerprint of all that it put out since
//! the beginning of the segment: by that, a replay knows that it is the same to the byte.
//!
//! # What it costs, and what it never does
//!
//! A record takes the bytes of the datagram and a dozen more, and is copied once; blocks are written where the data file
//! is, by [`Step::Save`](super::Step::Save), once a second, without waiting for the disk to have them: a crash of the
//! process costs the last second, one of the machine what its operating system had not written yet. At the beginning of
//! each segment the whole node is copied: some hundred bytes for each member and entry, so that this must not take more
//! than half a slot.
//!
//! The node never waits for its recorder. When the disk is too slow, what was not written is dropped, and the recording
//! goes on with a fresh segment: that is a *gap*, counted. When the disk fails, or the node has outgrown the slots, the
//! recording stops for good: that is told once, and shown in [`Info`](super::Info).
//!
//! **A recording contains everything that was said**, values and rumors included, whoever was meant to read them. The
//! file is for its owner alone (mode 0600); look after copies of it.
//!
//! # Who can replay it
//!
//! The same program: how a node thinks, and how it is written down, changes from version to version. Each segment says by
//! which build it was made, as a fingerprint of what that build does (see `kin.rs`), and a replay of another build's
//! segments has to be asked for by name.
mod entry;
mod format;
mod kin;
mod recorded;
mod recorder;
mod recording;
mod replay;
mod tally;
mod tape;

pub use self::{
    entry::{Answer, Command},
    format::{Opening, RecordingError},
    recorded::Recorded,
    recorder::Recorder,
    recording::{Ending, Recording, Segment},
    replay::{Builds, Difference, Moment, Verdict, What},
    tape::TapeWrite,
};

#[cfg(test)]
mod tests;
