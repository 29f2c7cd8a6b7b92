//! The data file as it was until there was a log: version 1 of the layout, which is read and not written.
//!
//! Layout: [`MAGIC`](super::records::MAGIC) and [`VERSION`], the chunks (each a length of 4 bytes, least significant first, and as many
//! bytes), and 8 bytes of checksum over all before.
use super::unread::Unread;
use crate::digest::Digester;
use std::vec::Vec;

pub(super) const VERSION: u8 = 1;
const CHECKSUM_LEN: usize = size_of::<u64>();
const HEAD_LEN: usize = super::records::MAGIC.len() + 1;

/// The chunks of a file that begins as one of this version.
pub(super) fn read(file: &[u8]) -> Result<Vec<&[u8]>, Unread> {
    let (summed, sum) = file.split_last_chunk::<CHECKSUM_LEN>().ok_or(Unread::CUT_OFF)?;
    if Digester::unkeyed().of_bytes(summed).0 != u64::from_le_bytes(*sum) {
        return Err(Unread::CHECKSUM);
    }
    let (mut rest, mut chunks) = (summed.get(HEAD_LEN..).ok_or(Unread::CUT_OFF)?, Vec::new());
    while let Some((len, others)) = rest.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let (chunk, others) = others.split_at_checked(len).ok_or(Unread::CUT_OFF)?;
        chunks.push(chunk);
        rest = others;
    }
    Ok(chunks)
}
