//! What goes wrong at a node's socket and its files, counted by whoever meets it.
use serde::Serialize;
use std::string::String;

/// What went wrong outside of the node, and was survived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IoCounts {
    /// Datagrams that the operating system would not send.
    pub send_errors: u64,
    /// Errors while receiving, such as an ICMP "port unreachable" for an earlier datagram.
    pub receive_errors: u64,
    /// Times that data was written, and the disk flushed.
    pub saves: u64,
    /// Bytes of data that were written.
    pub saved_bytes: u64,
    /// Times that data could not be written.
    pub save_errors: u64,
    /// Bytes of the recording that were written.
    pub recorded_bytes: u64,
    /// Times that something is missing in the recording, because the disk was too slow.
    pub recording_gaps: u64,
    /// Seeds' names that are not looked up for want of room: see `limits.seeds`. Of addresses, `seeds_dropped` tells.
    pub seeds_refused: u64,
    /// The latest error of any kind, in the operating system's words.
    pub last_error: Option<String>,
}
