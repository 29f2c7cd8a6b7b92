//! Frames on the serial line: gathered byte by byte, decoded where they lie.
use crate::board::Board;
use link::{Downlink, FRAME_LEN_MAX, Uplink};

/// Ends a frame; COBS keeps it out of everything else.
const END_OF_FRAME: u8 = 0;

/// Both directions of the line.
pub(crate) struct Line {
    inbox: [u8; FRAME_LEN_MAX],
    gathered: Gathered,
    outbox: [u8; FRAME_LEN_MAX],
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
        Self { inbox: [0; FRAME_LEN_MAX], gathered: Gathered::Bytes(0), outbox: [0; FRAME_LEN_MAX] }
    }

    /// Takes in what has come; the next whole frame, if that completed one.
    pub(crate) fn receive(&mut self, board: &mut Board) -> Option<Downlink<'_>> {
        let len = self.gather(board)?;
        postcard::from_bytes_cobs(self.inbox.get_mut(..len)?).ok()
    }

    /// Sends a frame. One that is too long is dropped, like a datagram that its network refuses.
    pub(crate) fn send(&mut self, board: &mut Board, frame: &Uplink<'_>) {
        if let Ok(bytes) = postcard::to_slice_cobs(frame, &mut self.outbox) {
            board.write(bytes);
        }
    }

    /// The length of the frame that is now whole in the inbox.
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
