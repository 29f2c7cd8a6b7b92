//! The bytes of the data file.
//!
//! Layout: [`MAGIC`] and [`VERSION`], the chunks (each a length of 4 bytes, least significant first, and as many bytes), and 8 bytes of
//! checksum over all before. The checksum is against accidents, not against an enemy who can write to our disk.
use crate::{
    digest::Digester,
    error::RestoreError,
    node::{Node, SaveCursor},
    storage::Heap,
    time::Instant,
};
use std::{vec, vec::Vec};

/// What the file starts with; then comes the version of the layout.
pub(super) const MAGIC: &[u8; 7] = b"gossip\0";
pub(super) const VERSION: u8 = 1;
pub(super) const CHECKSUM_LEN: usize = size_of::<u64>();
/// Chunks fit in memory whatever the state grows to.
const CHUNK_LEN_MAX: usize = 64 * 1024;

/// What a next life of `node` should know.
pub(super) fn write(node: &Node<Heap>) -> Vec<u8> {
    let mut image = MAGIC.to_vec();
    image.push(VERSION);
    let mut cursor = SaveCursor::default();
    let mut buffer = vec![0; CHUNK_LEN_MAX];
    while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
        let len = u32::try_from(chunk.len()).expect("a chunk is at most as long as its buffer");
        image.extend_from_slice(&len.to_le_bytes());
        image.extend_from_slice(chunk);
    }
    let checksum = checksum(&image);
    image.extend_from_slice(&checksum.to_le_bytes());
    image
}

/// Gives `node` what is in the file, and says how much of it was not taken.
pub(super) fn read(image: &[u8], now: Instant, node: &mut Node<Heap>) -> Result<usize, Unread> {
    let (version, rest) = image.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(Unread::FOREIGN)?;
    let (mut chunks, _) = rest.split_last_chunk::<CHECKSUM_LEN>().ok_or(Unread::CUT_OFF)?;
    if checksum_at_end(image) != Some(checksum(&image[..image.len() - CHECKSUM_LEN])) {
        return Err(Unread::CHECKSUM);
    }
    if *version != VERSION {
        return Err(Unread::Refused(RestoreError::Version(*version)));
    }
    let mut all = Vec::new();
    while let Some((len, rest)) = chunks.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let (chunk, rest) = rest.split_at_checked(len).ok_or(Unread::CUT_OFF)?;
        match node.restore(now, chunk) {
            // What makes no sense to us is told as missing below. The other chunks stand alone.
            Ok(()) | Err(RestoreError::Malformed) => all.push(chunk),
            Err(refused) => return Err(Unread::Refused(refused)),
        }
        chunks = rest;
    }
    Ok(all.into_iter().map(|chunk| node.lacking(chunk)).sum())
}

/// What a file says its checksum is: it tells two images apart.
pub(super) fn checksum_at_end(image: &[u8]) -> Option<u64> {
    image.last_chunk().map(|checksum| u64::from_le_bytes(*checksum))
}

pub(super) fn checksum(bytes: &[u8]) -> u64 {
    Digester::unkeyed().of_bytes(bytes).0
}

/// Why a data file was not taken in.
#[derive(Debug)]
pub(super) enum Unread {
    /// Something happened to it.
    Damaged(&'static str),
    /// Nothing happened to it, but it is not for us.
    Refused(RestoreError),
}

impl Unread {
    const FOREIGN: Self = Self::Damaged("it does not start like a data file");
    const CUT_OFF: Self = Self::Damaged("it is cut off");
    const CHECKSUM: Self = Self::Damaged("its checksum differs");
}
