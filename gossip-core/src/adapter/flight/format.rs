//! The layout of a recording: header, slots, blocks.
use super::entry::raw;
use crate::{digest::Digester, time::Instant};
use core::{error::Error, fmt};
use serde::{Deserialize, Serialize};
use std::{io, vec::Vec};

const MAGIC: &[u8; 8] = b"gsp-tape";
const VERSION: u8 = 1;
pub(super) const HEADER_LEN: usize = 64;
const CHECKSUM_LEN: usize = 8;
/// Three quarters of the bound are always full of the past, and a quarter is being written.
pub(super) const SLOTS: u8 = 4;
/// The length and the checksum of a block.
pub(super) const BLOCK_HEAD_LEN: usize = 4 + 4;
/// After the last block.
pub(super) const END_MARK: [u8; 4] = [0; 4];
/// The key of the first block of a slot, which says the number of the segment.
const FIRST_KEY: u64 = u64::MAX;
/// The shortest bound: each slot has room for the longest datagram of all, many times.
pub(super) const LEN_MIN: u64 = 1 << 20;

/// Where the slots of a recording are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) slots: u8,
    pub(super) slot_len: u64,
}

impl Geometry {
    /// The slots of a file that is to be no longer than `len_max`.
    pub(super) fn within(len_max: u64) -> Result<Self, RecordingError> {
        if len_max < LEN_MIN {
            return Err(RecordingError::TooSmall { len_max, len_min: LEN_MIN });
        }
        Ok(Self { slots: SLOTS, slot_len: (len_max - HEADER_LEN as u64) / u64::from(SLOTS) })
    }

    /// Where the slot of the segment with this number begins.
    pub(super) fn slot_of(&self, sequence: u64) -> u64 {
        // A header that somebody made up may say anything.
        self.slot_len.saturating_mul(sequence % u64::from(self.slots)).saturating_add(HEADER_LEN as u64)
    }

    /// How long the file is at most.
    pub(super) fn len_max(&self) -> u64 {
        // A header that somebody made up may say anything.
        self.slot_len.saturating_mul(u64::from(self.slots)).saturating_add(HEADER_LEN as u64)
    }

    pub(super) fn header(&self) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        header[..8].copy_from_slice(MAGIC);
        (header[8], header[9]) = (VERSION, self.slots);
        header[16..24].copy_from_slice(&self.slot_len.to_le_bytes());
        let checksum = checksum64(&header[..HEADER_LEN - CHECKSUM_LEN]);
        header[HEADER_LEN - CHECKSUM_LEN..].copy_from_slice(&checksum.to_le_bytes());
        header
    }

    pub(super) fn of_header(bytes: &[u8]) -> Result<Self, RecordingError> {
        let header = bytes.first_chunk::<HEADER_LEN>();
        if bytes.get(..8) != Some(MAGIC) {
            return Err(RecordingError::NotARecording);
        }
        let header = header.ok_or(RecordingError::Damaged("it ends within its header"))?;
        let (summed, checksum) = header.split_at(HEADER_LEN - CHECKSUM_LEN);
        if checksum != checksum64(summed).to_le_bytes() {
            return Err(RecordingError::Damaged("the checksum of its header differs"));
        }
        if header[8] != VERSION {
            return Err(RecordingError::Version(header[8]));
        }
        let slot_len = header[16..].first_chunk().map_or(0, |len| u64::from_le_bytes(*len));
        if header[9] == 0 || slot_len < BLOCK_HEAD_LEN as u64 {
            return Err(RecordingError::Damaged("its header makes no sense"));
        }
        Ok(Self { slots: header[9], slot_len })
    }
}

/// How a segment came to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opening {
    /// The node was started.
    Start,
    /// The segment before was full.
    Continued,
    /// The disk was too slow for a while: something is missing before it.
    AfterGap,
}

/// What a segment begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentHead<'a> {
    /// Segments are numbered in the order in which they were begun.
    pub(super) sequence: u64,
    pub(super) opening: Opening,
    /// The version of this crate, for people.
    pub(super) version: &'a str,
    /// What that build does, for us.
    pub(super) kin: u64,
    /// When it began; the first record counts from here.
    pub(super) at: Instant,
    /// The whole node.
    #[serde(serialize_with = "raw")]
    pub(super) node: &'a [u8],
}

impl SegmentHead<'_> {
    /// The head as a block, ready for the disk.
    pub(super) fn block(&self) -> Vec<u8> {
        let block = std::vec![0; BLOCK_HEAD_LEN];
        // It goes to the heap, and has nothing that cannot be serialized.
        let block = postcard::to_extend(self, block).unwrap_or_default();
        sealed(block, FIRST_KEY)
    }
}

/// Fills in the head of a block of segment `key`, and marks its end.
pub(super) fn sealed(mut block: Vec<u8>, key: u64) -> Vec<u8> {
    if let Some((head, body)) = block.split_at_mut_checked(BLOCK_HEAD_LEN) {
        head[..4].copy_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        head[4..].copy_from_slice(&checksum(key, body).to_le_bytes());
    }
    block.extend_from_slice(&END_MARK);
    block
}

/// The first block of a slot.
pub(super) fn first_block(slot: &[u8]) -> Option<(SegmentHead<'_>, Blocks<'_>)> {
    let mut blocks = Blocks { rest: slot, key: FIRST_KEY, torn: false };
    let (head, _) = postcard::take_from_bytes::<SegmentHead<'_>>(blocks.next()?).ok()?;
    let key = head.sequence;
    Some((head, Blocks { key, ..blocks }))
}

/// The length of the first block's body, from its head.
pub(super) fn body_len(head: [u8; BLOCK_HEAD_LEN]) -> u64 {
    let [a, b, c, d, ..] = head;
    u64::from(u32::from_le_bytes([a, b, c, d]))
}

/// The blocks of a segment, up to the end or to one that is torn.
#[derive(Debug, Clone)]
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
    key: u64,
    torn: bool,
}

impl Blocks<'_> {
    /// Whether something that is no block lies where one was to be.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mark = self.rest.get(..END_MARK.len()).unwrap_or(self.rest);
        if mark.iter().all(|byte| *byte == 0) {
            self.rest = &[];
            return None;
        }
        let Some((head, rest)) = self.rest.split_first_chunk::<BLOCK_HEAD_LEN>() else {
            (self.torn, self.rest) = (true, &[]);
            return None;
        };
        let len = usize::try_from(body_len(*head)).unwrap_or(usize::MAX);
        let block = rest.split_at_checked(len).filter(|(body, _)| checksum(self.key, body).to_le_bytes() == head[4..]);
        self.torn = block.is_none();
        let (body, rest) = block.unwrap_or_default();
        self.rest = rest;
        (!self.torn).then_some(body)
    }
}

fn checksum(key: u64, bytes: &[u8]) -> u32 {
    u32::try_from(Digester::keyed(key).of_bytes(bytes).0 >> 32).unwrap_or(0)
}

fn checksum64(bytes: &[u8]) -> u64 {
    Digester::unkeyed().of_bytes(bytes).0
}

/// Why a recording cannot be made, or not be read.
#[non_exhaustive]
#[derive(Debug)]
pub enum RecordingError {
    /// What the operating system said.
    Io(io::Error),
    /// The file is something else.
    NotARecording,
    /// The file is a recording of another version of the layout.
    Version(u8),
    /// The file was a recording.
    Damaged(&'static str),
    /// Nothing was recorded in it yet.
    Empty,
    /// Another running node records there.
    InUse,
    /// It was made with another bound.
    OtherBound {
        /// With this one, in bytes.
        len_max: u64,
    },
    /// The bound is too small to be of use.
    TooSmall {
        /// The bound, in bytes.
        len_max: u64,
        /// The smallest, in bytes.
        len_min: u64,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(source) => source.fmt(f),
            Self::NotARecording => f.write_str("it is no recording"),
            Self::Version(version) => {
                write!(f, "it is a recording of version {version}, and this program knows version {VERSION}")
            }
            Self::Damaged(how) => write!(f, "it is damaged: {how}"),
            Self::Empty => f.write_str("nothing was recorded in it yet"),
            Self::InUse => f.write_str("another node records there: each needs a file of its own"),
            Self::OtherBound { len_max } => {
                write!(f, "it was begun with a bound of about {len_max} bytes: keep that, or move the file away")
            }
            Self::TooSmall { len_max, len_min } => {
                write!(f, "a bound of {len_max} bytes is too small: {len_min} at least")
            }
        }
    }
}

impl Error for RecordingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(source) => Some(source),
            _ => None,
        }
    }
}

impl From<io::Error> for RecordingError {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}
