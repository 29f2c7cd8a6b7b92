//! Writing and reading the run of frames.
use super::{Frame, Header, len};
use core::cell::Cell;

/// Appends frames to the caller's buffer while they fit.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    /// How long the header is.
    bare: usize,
    reserved: usize,
    /// What is reserved once a frame is written.
    reserved_next: usize,
    /// How many frames were too long for any datagram of this length.
    too_long: u16,
}

impl<'b> Writer<'b> {
    /// A datagram without frames, as long as the buffer at most; `None` when not even `header` fits.
    #[must_use]
    pub fn new(buffer: &'b mut [u8], header: &Header) -> Option<Self> {
        let len = postcard::to_slice(header, buffer).ok()?.len();
        Some(Self { buffer, len, bare: len, reserved: 0, reserved_next: 0, too_long: 0 })
    }

    /// A run of frames without a header.
    pub(crate) fn bare(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0, bare: 0, reserved: 0, reserved_next: 0, too_long: 0 }
    }

    /// Whether `frame` fitted; when it did not, nothing was written.
    #[must_use]
    pub fn put(&mut self, frame: &Frame<'_>) -> bool {
        let written = self.free().and_then(|room| put_frame(room, frame));
        if written.is_none() && self.is_bare() {
            self.too_long = self.too_long.saturating_add(1);
        }
        self.len += written.unwrap_or(0);
        if written.is_some() && self.reserved_next > 0 {
            self.reserve(self.reserved_next);
        }
        written.is_some()
    }

    /// Room for the tail of a frame: for the byte string that is its last field, to be written in place before the rest is
    /// known. [`put_tailed`](Self::put_tailed) then makes it a frame. `None` when there is too little.
    pub(crate) fn tail(&mut self) -> Option<&mut [u8]> {
        self.free()?.get_mut(TAIL_AT..)
    }

    /// Whether `frame` fitted, which ends with an empty byte string, for which the first `tail` bytes of [`tail`](Self::tail)
    /// are put.
    #[must_use]
    pub(crate) fn put_tailed(&mut self, frame: &Frame<'_>, tail: usize) -> bool {
        let written = self.free().and_then(|room| put_tailed_frame(room, frame, tail));
        self.len += written.unwrap_or(0);
        written.is_some()
    }

    /// Fills up with zeros to `len` bytes in all, or to the end of the buffer. Nothing can follow.
    pub fn pad(&mut self, len: usize) {
        let end = len.min(self.buffer.len());
        if let Some(padding) = self.buffer.get_mut(self.len..end) {
            padding.fill(0);
            self.len = end;
        }
    }

    /// Keeps `len` bytes back for a frame to be put later, by [`release`](Self::release).
    pub fn reserve(&mut self, len: usize) {
        self.reserved = len.min(self.buffer.len() - self.len);
    }

    /// Keeps `first` bytes back beside the first frame, and `next` beside more of them.
    pub(crate) fn reserve_beside(&mut self, first: usize, next: usize) {
        self.reserve(first);
        self.reserved_next = next;
    }

    /// Gives back what was reserved.
    pub fn release(&mut self) {
        (self.reserved, self.reserved_next) = (0, 0);
    }

    /// How many bytes are free.
    #[must_use]
    pub fn room(&self) -> usize {
        self.buffer.len() - self.reserved - self.len
    }

    /// How many bytes are written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written but the header: what does not fit then fits no datagram of this length.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.len == self.bare
    }

    /// How many frames did not fit although nothing was written yet: counted anew from here on.
    pub(crate) fn take_too_long(&mut self) -> u16 {
        core::mem::take(&mut self.too_long)
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn free(&mut self) -> Option<&mut [u8]> {
        let end = self.buffer.len() - self.reserved;
        self.buffer.get_mut(self.len..end)
    }

    /// The datagram.
    #[must_use]
    pub fn finish(self) -> &'b [u8] {
        &self.buffer[..self.len]
    }
}

/// Takes frames off the rest of a datagram. One that cannot be read costs itself alone: its length says where the next begins.
/// Only where a length is broken does the reading end.
#[derive(Debug, Clone)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The frames of `bytes`, which follow a [`Header`].
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The kind and the length of each frame, its length field included, as far as they can be read. The bodies are not looked at.
    pub fn kinds(self) -> impl Iterator<Item = (u8, usize)> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let before = rest.0.len();
            let (&kind, _) = rest.take_frame()?.split_first()?;
            Some((kind, before - rest.0.len()))
        })
    }

    /// The bytes of the next frame; `None` where its length is broken, for there is no telling where another begins.
    fn take_frame(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = take_len(self.0)?;
        let (frame, rest) = rest.split_at_checked(len).filter(|(frame, _)| !frame.is_empty())?;
        self.0 = rest;
        Some(frame)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Read<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // A frame is never empty: a length of zero begins the padding.
        if self.0.first().is_none_or(|&len| len == 0) {
            return None;
        }
        let Some(frame) = self.take_frame() else {
            self.0 = &[];
            return Some(Err(Malformed));
        };
        if frame.first().is_some_and(|&kind| kind >= Frame::KINDS) {
            return Some(Ok(Read::Unknown));
        }
        let read = postcard::take_from_bytes::<Frame<'a>>(frame).map_err(|_| Malformed);
        Some(read.map(|(known, rest)| Read::Frame(known.extended(frame, rest.len()))))
    }
}

/// What a [`Reader`] came upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// A frame of a kind that a later version has, skipped.
    Unknown,
}

/// A frame could not be read: its body is not one of its kind, or its length is broken, and then it was the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Writes the body one byte in, then its length before it; a long body moves up by one.
fn put_frame(room: &mut [u8], frame: &Frame<'_>) -> Option<usize> {
    let body = postcard::to_slice(frame, room.get_mut(1..)?).ok()?.len();
    let len = put_len(&mut [0; 2], body)?;
    if len == 2 {
        let mut carried = 0;
        room.get_mut(1..2 + body)?.iter_mut().for_each(|byte| core::mem::swap(byte, &mut carried));
    }
    put_len(room, body)?;
    Some(len + body)
}

/// Before a tail: two bytes for the frame's length, the longest fixed part, and two bytes for the tail's length.
const TAIL_AT: usize = 2 + 1 + 1 + 1 + 2 * len::POSITION + 3 + 2;

fn put_tailed_frame(room: &mut [u8], frame: &Frame<'_>, tail: usize) -> Option<usize> {
    let fixed = postcard::to_slice(frame, room.get_mut(2..TAIL_AT)?).ok()?.len();
    // The fixed part ends with the length of its empty tail, for which the real one is put.
    let mut at = 2 + fixed - 1;
    at += put_len(room.get_mut(at..)?, tail)?;
    move_down(room.get_mut(at..TAIL_AT + tail)?, TAIL_AT - at);
    let body = at + tail - 2;
    let len = put_len(&mut [0; 2], body)?;
    if len == 1 {
        move_down(room.get_mut(1..2 + body)?, 1);
    }
    put_len(room, body)?;
    Some(len + body)
}

/// Drops the first `by` bytes, and moves all others down. They are few: `memmove` would be long for a small machine.
fn move_down(bytes: &mut [u8], by: usize) {
    let bytes = Cell::from_mut(bytes).as_slice_of_cells();
    bytes.iter().zip(bytes.iter().skip(by)).for_each(|(to, from)| to.set(from.get()));
}

/// Writes a length, and says in how many bytes: one or two, seven bits each, low ones first.
fn put_len(out: &mut [u8], len: usize) -> Option<usize> {
    let low = u8::try_from(len & 0x7f).ok()?;
    if len < 0x80 {
        *out.first_mut()? = low;
        return Some(1);
    }
    let high = u8::try_from(len >> 7).ok().filter(|&high| high < 0x80)?;
    out.get_mut(..2)?.copy_from_slice(&[low | 0x80, high]);
    Some(2)
}

/// Reads what [`put_len`] writes.
fn take_len(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&low, rest) = bytes.split_first()?;
    if low < 0x80 {
        return Some((usize::from(low), rest));
    }
    let (&high, rest) = rest.split_first()?;
    (high < 0x80).then_some((usize::from(low & 0x7f) | usize::from(high) << 7, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{Generation, Life, NodeId},
        wire::{Ack, Agreeing, Ping, RumorFrame, Urgency},
    };

    #[test]
    fn what_does_not_fit_leaves_no_trace() {
        let mut buffer = [0; 8];
        let mut writer = Writer::bare(&mut buffer);
        assert!(writer.put(&Frame::Ping(Ping { probe: 1 })));
        let len = writer.len();
        assert!(!writer.put(&Frame::Agreeing(Agreeing { bits: &[0; 8] })));
        assert_eq!(writer.len(), len);
        assert!(writer.put(&Frame::Ack(Ack { probe: 2 })));
    }

    #[test]
    fn frames_of_every_length_come_back() {
        let payload = [7; 300];
        for len in 0..payload.len() {
            let dot = Life { origin: NodeId(1), generation: Generation(2) }.dot(3);
            let rumor = RumorFrame {
                dot,
                urgency: Urgency::Normal,
                payload: payload[..len].into(),
                age_millis: 0,
                ttl_secs: 3_600,
            };
            let mut buffer = [0; 400];
            let mut writer = Writer::bare(&mut buffer);
            assert!(writer.put(&Frame::Rumor(rumor)));
            let mut reader = Reader::new(writer.finish());
            assert_eq!(reader.next(), Some(Ok(Read::Frame(Frame::Rumor(rumor)))));
            assert_eq!(reader.next(), None);
        }
    }

    #[test]
    fn a_tail_written_in_place_is_the_same_as_one_that_was_there() {
        let tail = [7; 300];
        for len in (0..tail.len()).filter(|len| len % 7 < 2) {
            let (mut there, mut in_place) = ([0; 400], [9; 400]);
            let mut writer = Writer::bare(&mut there);
            assert!(writer.put(&Frame::Agreeing(Agreeing { bits: &tail[..len] })));
            let mut other = Writer::bare(&mut in_place);
            other.tail().unwrap()[..len].copy_from_slice(&tail[..len]);
            assert!(other.put_tailed(&Frame::Agreeing(Agreeing { bits: &[] }), len));
            assert_eq!(writer.finish(), other.finish());
        }
        assert!(Writer::bare(&mut [0; 20]).tail().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_skipped_and_a_broken_length_ends_the_reading() {
        // Of an unknown kind; cut short; a ping; behind a length that goes beyond the end; and one that nobody gets to.
        let bytes = [2, 200, 9, 1, 0, 2, 0, 5, 0x7f, 2, 0, 5];
        let read: heapless::Vec<_, 5> = Reader::new(&bytes).collect();
        let ping = Ok(Read::Frame(Frame::Ping(Ping { probe: 5 })));
        assert_eq!(read, [Ok(Read::Unknown), Err(Malformed), ping, Err(Malformed)]);
    }
}
