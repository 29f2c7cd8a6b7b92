//! The bytes of a file: of the log, and of the checkpoint that it goes on from.
//!
//! A head ([`MAGIC`], [`VERSION`], 8 bytes of salt, 8 of checksum), then records: a length and the number of a batch of 4 bytes each, the
//! [`Kind`] in one, 3 bytes of checksum over these, the payload, and 8 bytes of checksum over all of it. Numbers have their least
//! significant byte first. Each checksum counts in the salt of the file and where in it the record begins: a block of another file, of
//! an earlier one in the same place, or of another place in this one is no record. They are against accidents, not against an enemy
//! who can write to our disk.
//!
//! A batch is begun once the one before it is flushed. So what is no record before one of the next batch but one is damage;
//! before one of the same batch, it may be what a crash left of it, in whatever order it was written.
use super::unread::Unread;
use crate::{digest::Digester, error::RestoreError};
use std::vec::Vec;

/// What a file starts with; then comes the version of the layout.
pub(super) const MAGIC: &[u8; 7] = b"gossip\0";
pub(super) const VERSION: u8 = 2;
/// So long is what a file starts with.
pub(super) const HEAD_LEN: usize = MAGIC.len() + 1 + 8 + 8;
const LEADER_LEN: usize = 4 + 4 + 1 + 3;
const SUM_LEN: usize = 8;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a batch that is not whole yet: it counts once a [`Commit`](Self::Commit) follows.
    Part = 1,
    /// The last part of a batch, which counts from here on. It may be empty.
    Commit = 2,
    /// The file is whole: the last record of a checkpoint, or of a log that was ended on purpose. It is empty, and commits as well.
    End = 3,
}

/// Makes the bytes of one file, as they follow each other.
#[derive(Debug)]
pub(super) struct Composer {
    salt: u64,
    len: u64,
    /// The number of the batch that is being written.
    batch: u32,
}

impl Composer {
    /// Begins a file, which no other file is to share its `salt` with.
    pub(super) fn begin(salt: u64, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&head(VERSION, salt));
        Self { salt, len: as_u64(HEAD_LEN), batch: 0 }
    }

    pub(super) fn put(&mut self, kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
        let begins = out.len();
        let len = u32::try_from(payload.len()).expect("a chunk is at most as long as its buffer");
        let digester = digester(self.salt, self.len);
        out.extend_from_slice(&leader(&digester, len, self.batch, kind as u8));
        out.extend_from_slice(payload);
        let sum = digester.of_bytes(&out[begins..]).0;
        out.extend_from_slice(&sum.to_le_bytes());
        self.len += as_u64(out.len() - begins);
        self.batch = self.batch.wrapping_add(u32::from(kind != Kind::Part));
    }

    /// How long the file is.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }
}

/// What a file was found to hold.
#[derive(Debug, Default)]
pub(super) struct Contents<'f> {
    /// What counts, in the order in which it was written.
    pub(super) chunks: Vec<&'f [u8]>,
    /// So many bytes are of a batch that was not written to its end. What can be read of it counts only if its last record is there.
    pub(super) torn: usize,
    /// Whether there was something else that is no record: the rest counts all the same.
    pub(super) is_damaged: bool,
    /// Whether the last record says that the file is whole.
    pub(super) is_whole: bool,
}

/// A record of a file.
#[derive(Debug, Clone, Copy)]
struct Record<'f> {
    kind: Kind,
    batch: u32,
    payload: &'f [u8],
    /// Where it ends.
    end: usize,
}

/// Reads a file of this version.
pub(super) fn read(file: &[u8]) -> Result<Contents<'_>, Unread> {
    let Some(head) = file.first_chunk::<HEAD_LEN>() else {
        let is_begun = MAGIC.starts_with(file) || file.starts_with(MAGIC);
        return Err(if is_begun { Unread::CUT_OFF } else { Unread::FOREIGN });
    };
    let salt = salt_of(head)?;
    let (mut contents, mut at, mut batch) = (Contents::default(), HEAD_LEN, 0_u32);
    let (mut parts, mut begun_at, mut gap_in) = (Vec::new(), HEAD_LEN, None);
    while at < file.len() {
        let Some(record) = record_at(file, salt, at) else {
            let Some(next) = (at + 1..file.len()).find(|&at| record_at(file, salt, at).is_some()) else { break };
            contents.torn += next - at;
            gap_in = Some(batch);
            at = next;
            continue;
        };
        contents.is_damaged |= gap_in.is_some_and(|torn| record.batch != torn);
        (at, batch) = (record.end, record.batch);
        if !record.payload.is_empty() {
            parts.push(record.payload);
        }
        if record.kind != Kind::Part {
            contents.chunks.append(&mut parts);
            contents.is_whole = record.kind == Kind::End;
            (batch, begun_at) = (batch.wrapping_add(1), at);
        }
    }
    contents.is_damaged |= contents.is_whole && contents.torn > 0;
    if contents.is_damaged {
        // What says that these count may be what was damaged.
        contents.chunks.append(&mut parts);
    }
    contents.torn += file.len() - at + if parts.is_empty() { 0 } else { at - begun_at };
    Ok(contents)
}

/// Which version of the layout a file has.
pub(super) fn version(file: &[u8]) -> Result<u8, Unread> {
    file.strip_prefix(MAGIC).and_then(<[u8]>::first).copied().ok_or(Unread::FOREIGN)
}

/// A head is whole, or damaged; and of a whole one it can be told whether a later version wrote it.
fn salt_of(head: &[u8; HEAD_LEN]) -> Result<u64, Unread> {
    let version = version(head)?;
    let salt =
        head.get(MAGIC.len() + 1..).and_then(|rest| rest.first_chunk()).map_or(0, |salt| u64::from_le_bytes(*salt));
    match version {
        _ if *head != self::head(version, salt) => Err(Unread::CHECKSUM),
        VERSION => Ok(salt),
        _ => Err(Unread::Refused(RestoreError::Version(version))),
    }
}

/// What a file of some version starts with.
pub(super) fn head(version: u8, salt: u64) -> [u8; HEAD_LEN] {
    let mut head = [0; HEAD_LEN];
    let (summed, sum) = head.split_at_mut(HEAD_LEN - SUM_LEN);
    let (magic, rest) = summed.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    rest[0] = version;
    rest[1..].copy_from_slice(&salt.to_le_bytes());
    sum.copy_from_slice(&Digester::unkeyed().of_bytes(summed).0.to_le_bytes());
    head
}

/// The record that begins there, if one does.
fn record_at(file: &[u8], salt: u64, at: usize) -> Option<Record<'_>> {
    let record = file.get(at..)?;
    let found: [u8; LEADER_LEN] = *record.first_chunk()?;
    let (len, rest) = found.split_first_chunk().map(|(len, rest)| (u32::from_le_bytes(*len), rest))?;
    let (batch, rest) = rest.split_first_chunk().map(|(batch, rest)| (u32::from_le_bytes(*batch), rest))?;
    let kind = [Kind::Part, Kind::Commit, Kind::End].into_iter().find(|kind| rest.first() == Some(&(*kind as u8)))?;
    let digester = digester(salt, as_u64(at));
    if found != leader(&digester, len, batch, kind as u8) {
        return None;
    }
    let payload_end = LEADER_LEN.checked_add(usize::try_from(len).ok()?)?;
    let (summed, rest) = record.split_at_checked(payload_end)?;
    let sum = rest.first_chunk().map(|sum| u64::from_le_bytes(*sum))?;
    let payload = summed.get(LEADER_LEN..)?;
    let end = at + payload_end + SUM_LEN;
    (digester.of_bytes(summed).0 == sum).then_some(Record { kind, batch, payload, end })
}

/// The length, the batch and the kind, with a checksum of their own: so the next record can be found behind damage, at a few nanoseconds
/// a byte.
fn leader(digester: &Digester, len: u32, batch: u32, kind: u8) -> [u8; LEADER_LEN] {
    let mut leader = [0; LEADER_LEN];
    leader[..4].copy_from_slice(&len.to_le_bytes());
    leader[4..8].copy_from_slice(&batch.to_le_bytes());
    leader[8] = kind;
    let sum = digester.of_words(&[len.into(), batch.into(), kind.into()]).0.to_le_bytes();
    leader[9..].copy_from_slice(&sum[..3]);
    leader
}

const fn digester(salt: u64, at: u64) -> Digester {
    Digester::keyed(salt.wrapping_add(at))
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// A file of three batches, of which the last one is not whole, and where its records begin.
    fn file(salt: u64) -> (Vec<u8>, Vec<usize>) {
        let mut file = Vec::new();
        let mut composer = Composer::begin(salt, &mut file);
        let mut begin = Vec::new();
        let records: [(Kind, &[u8]); 5] = [
            (Kind::Commit, b"one"),
            (Kind::Part, b"two"),
            (Kind::Part, &[7; 300]),
            (Kind::Commit, b""),
            (Kind::Part, b"half"),
        ];
        for (kind, payload) in records {
            begin.push(file.len());
            composer.put(kind, payload, &mut file);
        }
        assert_eq!(composer.len(), as_u64(file.len()));
        (file, begin)
    }

    #[test]
    fn what_was_committed_counts_and_the_rest_is_cut() {
        let (file, begin) = file(1);
        let contents = read(&file).unwrap();
        assert_eq!(contents.chunks, [&b"one"[..], b"two", &[7; 300]]);
        assert_eq!((contents.torn, contents.is_damaged, contents.is_whole), (file.len() - begin[4], false, false));
        let damaged_checkpoint = {
            let mut file = Vec::new();
            let mut composer = Composer::begin(1, &mut file);
            composer.put(Kind::Part, b"rot", &mut file);
            composer.put(Kind::End, b"", &mut file);
            assert!(read(&file).unwrap().is_whole && !read(&file).unwrap().is_damaged);
            file[HEAD_LEN + LEADER_LEN] ^= 1;
            file
        };
        assert!(read(&damaged_checkpoint).unwrap().is_damaged);
        for cut in HEAD_LEN..file.len() {
            let contents = read(&file[..cut]).unwrap();
            let counted = if cut >= begin[4] { 3 } else { usize::from(cut >= begin[1]) };
            assert_eq!((contents.chunks.len(), contents.is_damaged), (counted, false), "cut at {cut}");
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed_and_it_costs_one_record() {
        let (whole, begin) = file(1);
        for bit in 0..whole.len() * 8 {
            let mut file = whole.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            let Ok(contents) = read(&file) else {
                assert!(bit / 8 < HEAD_LEN, "bit {bit}");
                continue;
            };
            // Another batch follows: only of the last one it is not known whether it was flushed.
            assert_eq!(contents.is_damaged, bit / 8 < begin[4], "bit {bit}");
            assert!(contents.torn >= if contents.is_damaged { 1 } else { whole.len() - begin[4] }, "bit {bit}");
            assert!(contents.chunks.len() >= 3, "bit {bit}: {} are left", contents.chunks.len());
        }
    }

    #[test]
    fn what_lies_in_another_place_or_another_file_is_no_record() {
        let ((one, begin), (other, _)) = (file(1), file(2));
        let mut misdirected = one.clone();
        let moved = misdirected[begin[0]..begin[1]].to_vec();
        misdirected[begin[1]..begin[1] + moved.len()].copy_from_slice(&moved);
        assert_eq!(read(&misdirected).unwrap().chunks, [&b"one"[..], &[7; 300], b"half"]);
        let stale = [&one[..begin[1]], &other[begin[1]..]].concat();
        let contents = read(&stale).unwrap();
        assert_eq!((contents.chunks, contents.torn), (vec![&b"one"[..]], stale.len() - begin[1]));
    }

    #[test]
    fn another_version_is_refused_and_what_is_no_file_of_ours_too() {
        let (mut file, _) = file(1);
        file[MAGIC.len()] = VERSION + 1;
        assert!(matches!(read(&file), Err(Unread::Damaged(_))), "a flipped bit is no later version");
        file[..HEAD_LEN].copy_from_slice(&head(VERSION + 1, 1));
        assert!(matches!(read(&file), Err(Unread::Refused(RestoreError::Version(3)))));
        assert!(matches!(read(&[9; 100]), Err(Unread::Damaged(_))));
        assert!(matches!(read(b""), Err(Unread::Damaged(_))));
    }
}
