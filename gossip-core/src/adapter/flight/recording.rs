//! A recording, read back.
use super::{
    RecordingError,
    format::{Blocks, Geometry, HEADER_LEN, Opening, first_block},
    kin::kin,
};
use crate::time::Instant;
use std::{borrow::ToOwned, fs::File, io::Read, path::Path, string::String, vec::Vec};

/// A recording: what a node was given, over one life or several, as far back as its bound allowed.
#[derive(Debug, Clone)]
pub struct Recording {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

/// A run of records that begins with the whole node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number; where numbers are missing, something was lost.
    pub sequence: u64,
    /// How it came to begin.
    pub opening: Opening,
    /// When it began.
    pub at: Instant,
    /// The version that recorded it.
    pub version: String,
    /// Whether this very build recorded it, or one that does the same as far as one can tell.
    pub is_kin: bool,
    /// How it ends.
    pub ending: Ending,
    /// Where it lies.
    pub(super) slot: usize,
    pub(super) slot_len: usize,
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a whole block.
    Whole,
    /// With one that was being written when the node was killed, or the file copied; or that was damaged since.
    Torn,
}

impl Recording {
    /// Reads a recording from a file, or from a copy of one.
    ///
    /// # Errors
    /// The file cannot be read, is no recording, is of another version, or holds nothing yet.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        // The header says how much there is to read: what is no recording may have no end.
        (&mut file).take(HEADER_LEN as u64).read_to_end(&mut bytes)?;
        let geometry = Geometry::of_header(&bytes)?;
        file.take(geometry.len_max() - HEADER_LEN as u64).read_to_end(&mut bytes)?;
        Self::read(bytes)
    }

    /// Reads a recording from the bytes of its file.
    ///
    /// # Errors
    /// They are no recording, are of another version, or hold nothing yet.
    pub fn read(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        let geometry = Geometry::of_header(&bytes)?;
        let slot_len = usize::try_from(geometry.slot_len).unwrap_or(usize::MAX);
        let slots = (0..u64::from(geometry.slots)).filter_map(|slot| usize::try_from(geometry.slot_of(slot)).ok());
        let kin = kin();
        let segments = slots.filter_map(|slot| Segment::read(&bytes, slot, slot_len, kin));
        let mut segments: Vec<Segment> = segments.collect();
        segments.sort_by_key(|segment| segment.sequence);
        if segments.is_empty() {
            return Err(RecordingError::Empty);
        }
        Ok(Self { bytes, segments })
    }

    /// What it holds, oldest first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How many segments are torn although the node went on to the next one, and how many are missing between others.
    ///
    /// The last segment of a life may well end in the middle of a block: that is how a killed node leaves it. Any other was
    /// damaged, or copied while it was written.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        let damage = |pair: &[Segment]| {
            let [before, after] = pair else { return 0 };
            let torn = before.ending == Ending::Torn && after.opening == Opening::Continued;
            u64::from(torn) + after.sequence.saturating_sub(before.sequence).saturating_sub(1)
        };
        self.segments.windows(2).map(damage).sum()
    }

    /// How many bytes were read.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The node with which a segment begins, and its records, block by block.
    pub(super) fn contents(&self, segment: &Segment) -> Option<(&[u8], Blocks<'_>)> {
        let (head, blocks) = first_block(slot(&self.bytes, segment.slot, segment.slot_len))?;
        Some((head.node, blocks))
    }
}

impl Segment {
    fn read(bytes: &[u8], at: usize, slot_len: usize, kin: u64) -> Option<Self> {
        let (head, mut blocks) = first_block(slot(bytes, at, slot_len))?;
        while blocks.next().is_some() {}
        Some(Self {
            sequence: head.sequence,
            opening: head.opening,
            at: head.at,
            version: head.version.to_owned(),
            is_kin: head.kin == kin,
            ending: if blocks.is_torn() { Ending::Torn } else { Ending::Whole },
            slot: at,
            slot_len,
        })
    }
}

/// As much of a slot as the file has.
fn slot(bytes: &[u8], at: usize, slot_len: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..slot_len).unwrap_or(rest)
}
