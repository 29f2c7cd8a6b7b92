//! Frames on the serial line: gathered byte by byte, decoded where they lie.
use crate::board::Board;
use gossip_core::Addr;
use link::{Downlink, FRAME_LEN_MAX, Uplink};

/// Ends a frame; COBS keeps it out of everything else.
const END_OF_FRAME: u8 = 0;

/// What has come in on the line.
pub(crate) struct Line {
    inbox: [u8; FRAME_LEN_MAX],
    gathered: Gathered,
}

/// How far the frame being received has come.
enum Gathered {
    /// This many bytes lie in the inbox.
    Bytes(usize),
    /// It is longer than any frame; its rest is skipped.
    TooLong,
}

impl Line {
    /// A silent line.
    pub(crate) const fn new() -> Self {
        Self { inbox: [0; FRAME_LEN_MAX], gathered: Gathered::Bytes(0) }
    }

    /// Waits no time for what the rig has to say: the next whole frame, if what has come completes one.
    pub(crate) fn receive(&mut self, board: &mut Board) -> Option<Downlink<'_>> {
        let len = self.receive_frame(board)?;
        postcard::from_bytes(self.inbox.get(..len)?).ok()
    }

    /// The next datagram for us, and who sent it. It is not copied: it lies in the inbox, and may be changed there.
    pub(crate) fn receive_datagram(&mut self, board: &mut Board) -> Option<(Addr, &mut [u8])> {
        let len = self.receive_frame(board)?;
        let frame = self.inbox.get_mut(..len)?;
        let (from, datagram_len, rest) = match postcard::take_from_bytes(frame) {
            Ok((Downlink::Datagram { from, bytes }, rest)) => (Addr::new(from)?, bytes.len(), rest.len()),
            _ => return None,
        };
        let end = len - rest;
        Some((from, frame.get_mut(end - datagram_len..end)?))
    }

    /// Sends a frame. One that is too long is dropped, like a datagram that its network refuses.
    pub(crate) fn send(board: &mut Board, frame: &Uplink<'_>) {
        // On the stack, which is not at its deepest here.
        let mut outbox = [0; FRAME_LEN_MAX];
        if let Ok(bytes) = postcard::to_slice_cobs(frame, &mut outbox) {
            board.write(bytes);
        }
    }

    /// The length of the frame that lies decoded in the inbox, once it is whole.
    fn receive_frame(&mut self, board: &mut Board) -> Option<usize> {
        let len = self.gather(board)?;
        cobs::decode_in_place(self.inbox.get_mut(..len)?).ok()
    }

    /// The length of the frame that is now whole in the inbox, as it came.
    fn gather(&mut self, board: &mut Board) -> Option<usize> {
        while let Some(byte) = board.read() {
            self.gathered = match self.gathered {
                Gathered::Bytes(len) if byte == END_OF_FRAME => {
                    self.gathered = Gathered::Bytes(0);
                    return Some(len);
                }
                Gathered::TooLong if byte == END_OF_FRAME => Gathered::Bytes(0),
                Gathered::TooLong => Gathered::TooLong,
                Gathered::Bytes(len) => match self.inbox.get_mut(len) {
                    Some(place) => {
                        *place = byte;
                        Gathered::Bytes(len + 1)
                    }
                    None => Gathered::TooLong,
                },
            };
        }
        None
    }
}
