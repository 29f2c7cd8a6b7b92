//! A running fingerprint of what a node puts out: two that are equal so far have put out the same, to the byte.
use crate::{
    io::{Event, Output},
    time::Instant,
};
use core::hash::Hasher;
use postcard::ser_flavors::Flavor;
use siphasher::sip::SipHasher13;

/// What was put out since the beginning of a segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    hasher: SipHasher13,
    /// Polls that are not accounted for yet.
    polls: u32,
}

impl Tally {
    /// One poll, and what it brought.
    pub(super) fn polled(&mut self, output: &Output<'_>) {
        self.polls = self.polls.saturating_add(1);
        match output {
            Output::Send { to, bytes } => {
                self.hasher.write(&[0]);
                self.bytes(to.as_bytes());
                self.bytes(bytes);
            }
            Output::Event(event) => self.event(event),
            Output::Schedule(at) => self.schedule(*at),
        }
    }

    /// A command, and whether it was done.
    pub(super) fn answered(&mut self, done: bool) {
        self.hasher.write(&[3, u8::from(done)]);
    }

    /// How many polls there were since this was last asked, and the fingerprint by now; `None` when there were none.
    pub(super) fn account(&mut self) -> Option<(u32, u32)> {
        let polls = core::mem::take(&mut self.polls);
        (polls > 0).then(|| (polls, self.digest()))
    }

    /// Half of the fingerprint is enough: it runs on, so that a difference shows in all that come after it, too.
    pub(super) fn digest(&self) -> u32 {
        u32::try_from(self.hasher.finish() >> 32).unwrap_or(0)
    }

    fn event(&mut self, event: &Event<'_>) {
        self.hasher.write(&[1]);
        // The hasher takes whatever it is given.
        let _ = postcard::serialize_with_flavor(event, Hashing(&mut self.hasher));
    }

    fn schedule(&mut self, at: Instant) {
        self.hasher.write(&[2]);
        self.hasher.write(&at.as_micros().to_le_bytes());
    }

    /// With its length, so that two strings cannot be taken for two others.
    fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.write(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.hasher.write(bytes);
    }
}

/// Serializes into a hash.
struct Hashing<'h>(&'h mut SipHasher13);

impl Flavor for Hashing<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.write(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.write(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Addr, NodeId};

    #[test]
    fn every_kind_of_output_counts_and_so_does_their_order() {
        let to = Addr::new(&[1]).unwrap();
        let outputs = [
            Output::Send { to, bytes: &[1, 2] },
            Output::Send { to, bytes: &[1] },
            Output::Event(Event::Alone),
            Output::Event(Event::MemberUpdated(NodeId(1))),
            Output::Event(Event::MemberUpdated(NodeId(2))),
            Output::Schedule(Instant::ZERO),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for one in &outputs {
            for other in &outputs {
                let mut tally = Tally::default();
                tally.polled(one);
                tally.polled(other);
                assert_eq!(tally.account().map(|(polls, _)| polls), Some(2));
                assert_eq!(tally.account(), None);
                seen.insert(tally.digest());
            }
        }
        assert_eq!(seen.len(), outputs.len() * outputs.len());
    }
}
