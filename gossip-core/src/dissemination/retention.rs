//! How long a rumor is kept, and which goes when there is no room.
use super::{Dissemination, History, is_own_pending};
use crate::{
    config::dissemination::{CAUGHT_UP_AFTER, EVICTED_MAX, EVICTED_OF, EXPIRY_PAUSE},
    context::Context,
    id::{Dot, Life},
    records::Rumor,
    stats::Counter,
    storage::Storage,
    table::{Smallest, Table},
    time::{Instant, Span},
    wire::Urgency,
};

impl<S: Storage> Dissemination<S> {
    /// Forgets the rumors whose time is over, and gives up holes in the numbers of the dead when all that they published is
    /// forgotten.
    pub(super) fn expire(&mut self, cx: &mut Context<S>, is_live: &dyn Fn(Life) -> bool) {
        if cx.now >= self.since + cx.config.probe_interval.times(CAUGHT_UP_AFTER) {
            self.history = History::Known;
        }
        if cx.now < self.expire_at {
            return;
        }
        self.expire_at = Instant::NEVER;
        let mut slot = 0;
        while let Some((dot, rumor)) = self.rumors.as_slice().get(slot) {
            let (dot, expires_at) = (*dot, rumor.expires_at);
            if expires_at <= cx.now && !rumor.untold {
                // The last row comes here instead.
                self.remove(cx, dot);
                cx.count(Counter::RumorsExpired);
            } else {
                self.expire_by(cx, expires_at);
                slot += 1;
            }
        }
        self.give_up_holes(cx, is_live, |is_kept| !is_kept);
    }

    /// A rumor's time is over then.
    pub(super) fn expire_by(&mut self, cx: &Context<S>, expires_at: Instant) {
        self.expire_at = self.expire_at.min(expires_at.max(cx.now + EXPIRY_PAUSE));
    }

    /// Of publishers that are dead, nobody will tell what is lacking before a rumor that was seen: it was missed.
    ///
    /// Known when all who live know the same; else when none of that publisher's rumors is `kept` any more, for by then
    /// whoever had another has had all its time to tell it.
    pub(super) fn give_up_holes(
        &mut self,
        cx: &mut Context<S>,
        is_live: &dyn Fn(Life) -> bool,
        may: impl Fn(bool) -> bool,
    ) {
        let mut from = 0;
        while let Some((slot, writer, top)) = self.windows.next_hole(from) {
            from = slot + 1;
            let first = self.rumors.ascending(Some(writer.dot(0))).next();
            let is_kept = first.is_some_and(|(dot, _)| dot.writer() == writer);
            if may(is_kept) && !is_live(writer) {
                let missed = self.windows.raise(cx, writer, top);
                self.windows.miss(cx, writer, missed);
            }
        }
    }

    /// Makes room for a rumor: of those that were told, others' go before our own, unless these fill three quarters of the table,
    /// the oldest first; and critical ones last. Whoever missed a rumor finds it most surely where it was published.
    pub(super) fn make_room(&mut self, cx: &mut Context<S>) -> bool {
        if !self.rumors.is_full() {
            return true;
        }
        let few = (self.rumors.limit() / EVICTED_OF).clamp(1, EVICTED_MAX);
        let spares_own = self.own * 4 <= self.rumors.limit() * 3;
        let rank = |(slot, (dot, rumor)): (usize, &(Dot, Rumor<S::Blob>))| {
            let is_own = dot.writer() == cx.me.writer();
            let is_kept = is_own && Self::is_kept_for_others(cx, rumor);
            let may_go = !rumor.untold && !is_kept;
            may_go.then_some((rumor.urgency == Urgency::Critical, is_own == spares_own, rumor.arrival, slot))
        };
        let rows = self.rumors.as_slice().iter().enumerate();
        let oldest = Smallest::<_, EVICTED_MAX>::of(rows.filter_map(rank));
        let mut evicted = heapless::Vec::<Dot, EVICTED_MAX>::new();
        for &(.., slot) in oldest.as_slice().iter().take(few) {
            if let Some((dot, _)) = self.rumors.as_slice().get(slot) {
                let _ = evicted.push(*dot);
            }
        }
        for dot in &evicted {
            self.remove(cx, *dot);
            cx.count(Counter::RumorsEvicted);
        }
        !self.rumors.is_full()
    }

    fn remove(&mut self, cx: &Context<S>, dot: Dot) {
        if let Some(rumor) = self.rumors.swap_remove(&dot) {
            self.own -= usize::from(dot.writer() == cx.me.writer());
            self.pending -= usize::from(rumor.retransmits.is_pending());
            self.own_pending -= usize::from(is_own_pending(cx, dot, rumor.retransmits));
            self.untold -= usize::from(rumor.untold);
        }
    }
}
