//! What an endpoint has written, and when.
use crate::{
    adapter::{Endpoint, Keeper, Save, flight::Recorder, save::Rouse},
    id::Dot,
    time::Instant,
};
use core::time::Duration;

/// While something is being written, it is looked at so often whether that is done, where nobody says so.
const SAVE_PATIENCE: Duration = Duration::from_millis(100);

impl Endpoint {
    /// The last save, after [`Step::Stop`](crate::adapter::Step::Stop) and once the socket is closed. `None` when there is nothing new to save.
    #[must_use]
    pub fn last_save(&mut self) -> Option<Save> {
        let is_aborted = self.is_aborted();
        let keeper = self.keeper.as_mut().filter(|_| !is_aborted);
        let file = keeper.and_then(|keeper| keeper.last(&self.node));
        Save::of(file, self.node.recorder_mut().and_then(Recorder::write))
    }

    /// Has the driver roused each time that something was written.
    pub(super) fn rouse_with(&mut self, rouse: Rouse) {
        self.rouse = Some(rouse);
    }

    /// Notes that there is something to save; what time it is.
    pub(super) fn mark_changed(&mut self) -> Instant {
        let now = self.follow_wall_clock();
        if let Some(keeper) = &mut self.keeper {
            keeper.mark_changed(now);
        }
        now
    }

    /// Notes that there is a write to save.
    pub(super) fn mark_written(&mut self, dot: Dot) {
        if let Some(keeper) = &mut self.keeper {
            keeper.mark_written(dot.writer());
        }
    }

    /// What is to be written now. There is never more than one on its way.
    pub(super) fn due_save(&mut self, now: Instant) -> Option<Save> {
        if self.saving.strong_count() > 0 {
            return None;
        }
        let file = self.keeper.as_mut().and_then(|keeper| keeper.due(now, &self.node));
        let tape = self.node.recorder_mut().and_then(|recorder| recorder.due(now));
        let (save, watch) = Save::of(file, tape)?.watched(self.rouse.as_ref());
        self.saving = watch;
        Some(save)
    }

    /// When something may have to be written.
    pub(super) fn save_at(&self, now: Instant) -> Instant {
        let file_at = self.keeper.as_ref().map_or(Instant::NEVER, Keeper::next_deadline);
        let tape_at = self.node.recorder().map_or(Instant::NEVER, Recorder::next_deadline);
        let at = file_at.min(tape_at);
        if self.saving.strong_count() > 0 { at.max(now + SAVE_PATIENCE) } else { at }
    }
}
