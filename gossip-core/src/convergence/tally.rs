//! Who is known to agree, counted.
use super::{Convergence, is_other};
use crate::{columns::Knowledge, context::Context, digest::Digest, storage::Storage, table::Table};
use serde::{Deserialize, Serialize};

/// How many others are known to agree.
///
/// To know it takes a look at all members. Under a stream of changes, each of which makes a new digest, that would be a
/// look at all of them for each datagram; so it is counted no sooner than somebody is known to have the same digest, and
/// from then on kept in step, with a [`Flag::Unlike`] for each of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tally {
    /// Our digest is new, and nobody was heard to have it.
    Unheard,
    /// Somebody was.
    Uncounted,
    /// So many live members have it.
    Counted(usize),
}

impl Convergence {
    /// Counts who agrees, unless that is known.
    pub(super) fn count<S: Storage>(&mut self, cx: &Context<S>, members: &mut Knowledge<'_, S>) {
        if matches!(self.tally, Tally::Counted(_)) {
            return;
        }
        let mut alike = 0;
        for slot in 0..members.len() {
            let Some(row) = members.as_slice().get(slot) else { continue };
            let is_alike = row.1.knows == self.digest;
            alike += usize::from(is_alike && is_other(cx, row));
            members.set_unlike(slot, !is_alike);
        }
        self.tally = Tally::Counted(alike);
    }

    /// Notes what a live member is now known to know.
    pub(super) fn record<S: Storage>(
        &mut self,
        cx: &Context<S>,
        members: &mut Knowledge<'_, S>,
        slot: usize,
        digest: Digest,
    ) {
        let Some(known) = members.at(slot) else { return };
        let (was_alike, is_alike) = (*known.knows == self.digest, digest == self.digest);
        *known.knows = digest;
        if is_alike {
            *known.behind = 0;
            self.retransmits = cx.retransmit_limit();
        }
        match &mut self.tally {
            Tally::Counted(alike) => {
                *alike = *alike + usize::from(is_alike) - usize::from(was_alike);
                members.set_unlike(slot, !is_alike);
            }
            tally if is_alike => *tally = Tally::Uncounted,
            Tally::Unheard | Tally::Uncounted => {}
        }
    }
}
