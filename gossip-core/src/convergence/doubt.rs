//! Whom to ask, of those who are not known to agree.
use super::{Convergence, Tally};
use crate::{
    config::dissemination::DRAWS_MAX,
    context::Context,
    storage::Storage,
    table::{Flag, Table},
};

impl Convergence {
    /// One of those in doubt, each with the same chance; where few are, whoever stands behind others that are not is favoured.
    pub(super) fn draw_doubtful<S: Storage>(&self, cx: &mut Context<S>, members: &S::Members) -> Option<usize> {
        for _ in 0..DRAWS_MAX {
            let slot = cx.rng.below(members.len());
            if self.is_doubtful(cx, members, slot) {
                return Some(slot);
            }
        }
        let start = cx.rng.below(members.len());
        self.next_doubtful(cx, members, start)
    }

    /// Who is the first in doubt, from `start` on and round to it.
    pub(super) fn next_doubtful<S: Storage>(
        &self,
        cx: &Context<S>,
        members: &S::Members,
        start: usize,
    ) -> Option<usize> {
        let doubtful = |slot: &usize| self.is_doubtful(cx, members, *slot);
        if !matches!(self.tally, Tally::Counted(_)) {
            return (start..members.len()).chain(0..start).find(doubtful);
        }
        let unlike_from = |from| members.flagged(from, Flag::Unlike, |(_, member)| member.knows != self.digest);
        unlike_from(start).find(doubtful).or_else(|| unlike_from(0).find(doubtful))
    }
}
