//! Faults planted between a node and the oracles that watch it.
use super::Drained;
use crate::{io::Event, sim::HostId, time::Instant};
use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt;

/// What becomes of what a node puts out.
#[derive(Default)]
pub(super) struct Tampering {
    pub(super) event: Option<Box<Retold>>,
    pub(super) drain: Option<Box<Redrawn>>,
}

/// What is told in place of an event: nothing, the same twice, or something else.
pub(super) type Retold = dyn for<'b> FnMut(HostId, Event<'b>) -> Vec<Event<'b>>;
/// What is put out, and when to be woken, in place of what was.
pub(super) type Redrawn = dyn FnMut(HostId, &mut Instant, &mut Drained);

impl Tampering {
    pub(super) fn events<'b>(&mut self, host: HostId, event: Event<'b>) -> Vec<Event<'b>> {
        self.event.as_mut().map_or_else(|| vec![event], |retold| retold(host, event))
    }

    pub(super) fn drained(&mut self, host: HostId, mut deadline: Instant, drained: &Drained) -> (Instant, Drained) {
        let mut drained = *drained;
        if let Some(redrawn) = &mut self.drain {
            redrawn(host, &mut deadline, &mut drained);
        }
        (deadline, drained)
    }
}

impl fmt::Debug for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tampering")
    }
}
