//! What a node took with it when it left.
use crate::adapter::OwnedEvent;

/// The last writes and rumors of a node that nobody was known to have when it left; none, if all went well. They are in its data
/// file, where there is one, and reach the others when it comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotHandedOver {
    /// How many writes.
    pub writes: u32,
    /// How many rumors.
    pub rumors: u32,
}

impl NotHandedOver {
    /// Whether somebody has everything.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.writes == 0 && self.rumors == 0
    }

    /// Takes it from what a node told before it stopped.
    pub fn note(&mut self, event: &OwnedEvent) {
        if let OwnedEvent::NotHandedOver { writes, rumors } = event {
            *self = Self { writes: *writes, rumors: *rumors };
        }
    }
}
