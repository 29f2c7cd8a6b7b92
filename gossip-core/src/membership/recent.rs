//! What changed last, so that whoever lacks just that is told it in passing.
//!
//! The digest of the members is a sum. When somebody's differs from ours, it is most often because a change or two of the
//! last few have not reached it: if ours without those is theirs, we know which, at the price of a few additions. A push then
//! need not reach everybody, and an exchange need not find out by questions what a datagram's header says already.
use super::{Membership, counted::Counted, news};
use crate::{
    config::dissemination::{CHANGES_MAX, CROWDED_FOR, DIFFERENCES_MAX, NEWS_FOR},
    context::Context,
    digest::Digest,
    id::NodeId,
    storage::Storage,
    time::{Instant, Span},
    wire::Writer,
};
use core::ops::SubAssign;
use serde::{Deserialize, Serialize};

/// The last few changes of the digest of those who live, in a ring.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Recent {
    changes: [Change; CHANGES_MAX],
    next: usize,
    /// When the ring was full last, and when the time before.
    full_at: [Instant; 2],
    /// When the digest last changed.
    changed_at: Instant,
}

/// Which of the last changes to tell to one of whom we cannot tell which it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// All of them.
    All,
    /// None.
    Nothing,
}

/// By how much the digest changed, and whose row it was. At first, nobody's, and by nothing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Change {
    id: NodeId,
    by: Digest,
}

impl Recent {
    pub(super) const fn new() -> Self {
        Self {
            changes: [Change { id: NodeId(0), by: Digest(0) }; CHANGES_MAX],
            next: 0,
            full_at: [Instant::ZERO; 2],
            changed_at: Instant::ZERO,
        }
    }

    /// The row of `id` changed the digest from what it was to what it is.
    pub(super) fn record<S: Storage>(&mut self, cx: &Context<S>, id: NodeId, was: Digest, mut is: Digest) {
        is.sub_assign(was);
        if is != Digest(0)
            && let Some(oldest) = self.changes.get_mut(self.next)
        {
            *oldest = Change { id, by: is };
            self.changed_at = cx.now;
            self.next = (self.next + 1) % CHANGES_MAX;
            if self.next == 0 {
                self.full_at = [cx.now, self.full_at[0]];
            }
        }
    }

    /// Whether anything changed of late, so that others may still lack it.
    fn is_news<S: Storage>(&self, cx: &Context<S>) -> bool {
        cx.now < self.changed_at + cx.config.gossip_interval.times(NEWS_FOR)
    }

    /// Which of the last changes, and then of the `verdicts`, have to be taken off our digest, `is`, to make theirs: a bit for each.
    /// The search begins with the `least` bit.
    fn lacking(
        &self,
        is: Digest,
        verdicts: impl Iterator<Item = Digest>,
        least: usize,
        is_theirs: &dyn Fn(Digest) -> bool,
    ) -> Option<usize> {
        let mut differences = [Digest(0); DIFFERENCES_MAX];
        let mut len = 0;
        for (difference, by) in differences.iter_mut().zip(self.changes.iter().map(|change| change.by).chain(verdicts))
        {
            *difference = by;
            len += 1;
        }
        let some = differences.get(..len).unwrap_or_default();
        (least..1 << some.len()).step_by(least).find(|lacking| is_theirs(without(is, some, *lacking)))
    }

    /// Whether many changed of late, as when a crowd joins.
    fn is_crowded<S: Storage>(&self, cx: &Context<S>) -> bool {
        cx.now < self.full_at[1] + cx.config.gossip_interval.times(CROWDED_FOR)
    }
}

impl<S: Storage> Membership<S> {
    /// Whether somebody whose digest of members `is_theirs` has nothing to tell us: it lacks some of what changed of late, or has
    /// come to verdicts that we are still looking into.
    ///
    /// The first is a guess: one who knows that somebody is gone looks like one who has yet to hear of it. Hence no longer than for [`NEWS_FOR`].
    pub(crate) fn is_ahead_of(&self, cx: &Context<S>, is_theirs: &dyn Fn(Digest) -> bool) -> bool {
        let least = if self.list.recent.is_news(cx) { 1 } else { 1 << CHANGES_MAX };
        self.lacking(cx, least, is_theirs).is_some()
    }

    /// Tells such a one what it lacks.
    pub(crate) fn catch_up(
        &self,
        cx: &Context<S>,
        is_theirs: &dyn Fn(Digest) -> bool,
        fallback: Fallback,
        writer: &mut Writer<'_>,
    ) {
        if self.list.recent.is_crowded(cx) {
            // Where so much is new, the last few changes are a small part of it.
            return;
        }
        let lacking = match (self.lacking(cx, 1, is_theirs), fallback) {
            (Some(lacking), _) => lacking,
            (None, Fallback::All) => usize::MAX,
            (None, Fallback::Nothing) => return,
        };
        let lacked = || self.list.recent.changes.iter().enumerate().filter(|(at, _)| lacking >> at & 1 == 1);
        for (at, change) in lacked() {
            let again = lacked().any(|(earlier, told)| earlier < at && told.id == change.id);
            if !again && let Some(member) = self.list.get(change.id) {
                let _ = self.names.put(cx, change.id, writer) || writer.put(&news::told(change.id, member));
            }
        }
    }

    fn lacking(&self, cx: &Context<S>, least: usize, is_theirs: &dyn Fn(Digest) -> bool) -> Option<usize> {
        let suspects = self.list.suspects_from(0).filter_map(|slot| self.list.row(slot));
        let verdicts = suspects.filter_map(|(id, member)| Some(Counted::of(member).live?.digest(cx, *id)));
        self.list.recent.lacking(self.list.counts.digest, verdicts, least, is_theirs)
    }
}

/// What a digest would be without some of its differences, a bit for each.
fn without(mut digest: Digest, differences: &[Digest], some: usize) -> Digest {
    for (at, difference) in differences.iter().enumerate() {
        if some >> at & 1 == 1 {
            digest -= *difference;
        }
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::without;
    use crate::digest::Digest;

    #[test]
    fn some_of_the_differences_are_taken_away() {
        let differences = [1, 20, 300].map(Digest);
        assert_eq!(without(Digest(321), &differences, 0), Digest(321));
        assert_eq!(without(Digest(321), &differences, 0b101), Digest(20));
        assert_eq!(without(Digest(0), &differences, 0b1), Digest(u64::MAX));
    }
}
