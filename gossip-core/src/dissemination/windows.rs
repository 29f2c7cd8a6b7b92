//! Which rumors of each publisher were seen, which were given up, and which were missed.
use crate::{
    context::Context,
    digest::Digest,
    id::{Dot, Life},
    lattice::{Joined, Lattice},
    records::{SequenceStatus, Window},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::{Flag, Table},
    wire::Position,
};
use serde::{Deserialize, Serialize};

/// A window for each publisher, and what they add up to.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct Windows<S: Storage> {
    rows: S::Windows,
    digest: Digest,
    /// How many rows have missed rumors to tell of.
    untold: usize,
    /// How many rows have a hole.
    holes: usize,
}

impl<S: Storage> Windows<S> {
    pub(super) fn new(cx: &Context<S>) -> Self {
        Self { rows: Table::with_limit(cx.config.limits.writers), digest: Digest::default(), untold: 0, holes: 0 }
    }

    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) const fn rows(&self) -> &S::Windows {
        &self.rows
    }

    /// Whether there is a window for `writer`, now or from now on.
    pub(super) fn ensure(&mut self, writer: Life) -> bool {
        self.rows.slot(&writer).is_some() || self.rows.insert(writer, Window::default()).is_ok()
    }

    /// The window of `writer`; an untouched one where there is none.
    pub(super) fn get(&self, writer: Life) -> Window {
        self.rows.get(&writer).copied().unwrap_or_default()
    }

    pub(super) fn status_of(&self, dot: Dot) -> SequenceStatus {
        self.get(dot.writer()).status_of(dot.sequence)
    }

    pub(super) fn see(&mut self, cx: &Context<S>, dot: Dot) {
        self.change(cx, dot.writer(), |window| window.see(dot.sequence));
    }

    /// Gives up all of `writer` up to `floor`, and says how many of those had not been seen.
    pub(super) fn raise(&mut self, cx: &Context<S>, writer: Life, floor: u32) -> u32 {
        self.change(cx, writer, |window| window.raise(floor)).unwrap_or(0)
    }

    /// Joins what a former life of ours had seen: nothing at all takes no room.
    pub(super) fn join(&mut self, cx: &Context<S>, writer: Life, seen: Window) {
        if seen != Window::default() && self.ensure(writer) && self.get(writer).join(&seen) == Joined::Grew {
            self.change(cx, writer, |window| window.join(&seen));
        }
    }

    /// Some rumors of `writer` were missed: the application is told, at the next drain.
    pub(super) fn miss(&mut self, cx: &mut Context<S>, writer: Life, count: u32) {
        cx.count_by(Counter::RumorsMissed, u64::from(count));
        let Some(slot) = self.rows.slot(&writer).filter(|_| count > 0) else { return };
        if let Some((_, window)) = self.rows.at_mut(slot) {
            self.untold += usize::from(window.missed == 0);
            window.missed = window.missed.saturating_add(count);
            self.rows.set_flag(slot, Flag::Untold, true);
        }
    }

    /// Of whom how many were missed, that the application has yet to be told.
    pub(super) fn take_missed(&mut self) -> Option<(Life, u32)> {
        if self.untold == 0 {
            return None;
        }
        let slot = self.rows.flagged(0, Flag::Untold, |(_, window)| window.missed > 0).next()?;
        self.rows.set_flag(slot, Flag::Untold, false);
        let (writer, window) = self.rows.at_mut(slot)?;
        self.untold -= 1;
        Some((*writer, core::mem::take(&mut window.missed)))
    }

    /// A publisher with a rumor that was seen before an earlier one, from `slot` on: where it is, who, and up to where.
    pub(super) fn next_hole(&self, slot: usize) -> Option<(usize, Life, u32)> {
        if self.holes == 0 {
            return None;
        }
        let slot = self.rows.flagged(slot, Flag::Waiting, |(_, window)| window.has_hole()).next()?;
        self.rows.as_slice().get(slot).map(|(writer, window)| (slot, *writer, window.top()))
    }

    /// The windows from `from` on, in the order of their publishers. Untouched ones count for nothing: whoever has none has the
    /// same.
    pub(super) fn from(&self, from: Position) -> impl Iterator<Item = &(Life, Window)> {
        let rows = self.rows.ascending(from.life());
        rows.filter(|(_, window)| *window != Window::default())
    }

    fn change<R>(&mut self, cx: &Context<S>, writer: Life, change: impl FnOnce(&mut Window) -> R) -> Option<R> {
        let slot = self.rows.slot(&writer)?;
        let (_, window) = self.rows.at_mut(slot)?;
        let before = *window;
        let result = change(window);
        let after = *window;
        self.holes = self.holes + usize::from(after.has_hole()) - usize::from(before.has_hole());
        self.rows.set_flag(slot, Flag::Waiting, after.has_hole());
        self.digest -= digest_of(cx, writer, before);
        self.digest += digest_of(cx, writer, after);
        Some(result)
    }
}

fn digest_of<S: Storage>(cx: &Context<S>, writer: Life, window: Window) -> Digest {
    if window == Window::default() {
        return Digest::default();
    }
    let Life { origin, generation } = writer;
    cx.digester.of_words(&[origin.0, u64::from(generation.0), u64::from(window.floor()), window.above()])
}
