//! Rumors: pushed while they are hot, pulled by whoever the push missed, told to the application once.
//!
//! Push with a counted budget (Demers et al. 1987, §1.4, "counter", blind): each node tells a rumor a few times to
//! random members, and then rests. A rumor is named by its dot, so that one window of 64 bits for each publisher tells
//! new from heard, however often and in whatever order copies come.
use crate::{
    context::Context,
    digest::Digest,
    error::{PublishError, TooLong},
    id::{Dot, Life},
    io::Event,
    lattice::{Joined, Lattice},
    records::{Heat, Question, Rumor, Sight, Window},
    storage::{Snapshot, Storage},
    table::{Blob, Smallest, Table, copy_to},
    wire::{Floor, Frame, Items, RumorFrame, Urgency, Writer, write_items},
};
use serde::{Deserialize, Serialize};

/// Most rumors written into one datagram.
const PICKED_MAX: usize = 32;

/// The rumors that we have heard.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Dissemination<S: Storage> {
    rumors: S::Rumors,
    windows: S::Windows,
    published: u32,
    arrivals: u32,
    /// Of the windows.
    digest: Digest,
    hot: usize,
    untold: usize,
}

/// What an asker has seen of one publisher: an item of a summary.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    writer: Life,
    floor: u32,
    above: u64,
}

impl<S: Storage> Dissemination<S> {
    pub(crate) fn new(cx: &Context<S>) -> Self {
        Self {
            rumors: Table::with_limit(cx.config.limits.rumors),
            windows: Table::with_limit(cx.config.limits.writers),
            published: 0,
            arrivals: 0,
            digest: Digest::default(),
            hot: 0,
            untold: 0,
        }
    }

    /// Makes sure that we can publish, whatever fills the table later.
    pub(crate) fn start(&mut self, cx: &Context<S>) {
        self.ensure_window(cx.me.writer());
    }

    /// How many rumors we published in this life.
    pub(crate) fn published(&self) -> u32 {
        self.published
    }

    /// Numbers afresh, in a new life.
    pub(crate) fn be_reborn(&mut self, cx: &Context<S>) {
        self.published = 0;
        self.ensure_window(cx.me.writer());
    }

    /// Starts a rumor of our own.
    pub(crate) fn publish(
        &mut self,
        cx: &mut Context<S>,
        urgency: Urgency,
        payload: &[u8],
        len_max: usize,
    ) -> Result<Dot, PublishError> {
        let len_max = len_max.min(S::Blob::CAPACITY);
        let too_long = PublishError::TooLong(TooLong { len: payload.len(), len_max });
        if payload.len() > len_max {
            return Err(too_long);
        }
        let payload = S::Blob::copy_of(payload).ok_or(too_long)?;
        let full = PublishError::Full { limit: self.rumors.limit() };
        let writer = cx.me.writer();
        let sequence = self.published.checked_add(1).ok_or(PublishError::Exhausted)?;
        if !self.ensure_window(writer) || !self.make_room(cx) {
            return Err(full);
        }
        self.published = sequence;
        self.see(cx, writer, sequence);
        self.keep(
            writer.dot(sequence),
            Rumor { urgency, payload, heat: cx.heat(), arrival: self.arrivals, untold: false },
        );
        Ok(writer.dot(sequence))
    }

    pub(crate) fn on_rumor(&mut self, cx: &mut Context<S>, frame: &RumorFrame<'_>) {
        let writer = frame.dot.writer();
        // Our own rumors come from us alone.
        if writer == cx.me.writer() {
            cx.stats.rumors_duplicate += 1;
            return;
        }
        match self.windows.get(&writer).copied().unwrap_or_default().look(frame.dot.sequence) {
            Sight::Seen => cx.stats.rumors_duplicate += 1,
            Sight::BeyondReach => cx.stats.rumors_early += 1,
            Sight::New => self.take_in(cx, frame),
        }
    }

    /// A peer remembers none of the rumors up to a floor, and nor shall we wait for them.
    pub(crate) fn on_floor(&mut self, cx: &mut Context<S>, frame: &Floor) {
        if frame.writer == cx.me.writer() || !self.ensure_window(frame.writer) {
            return;
        }
        let Some(mut window) = self.windows.get(&frame.writer).copied() else { return };
        // Of somebody whom we had not heard at all, we missed nothing: we came later.
        let newcomer = window == Window::default();
        let missed = window.raise(frame.floor);
        cx.stats.rumors_missed += if newcomer { 0 } else { u64::from(missed) };
        self.set_window(cx, frame.writer, window);
    }

    /// Joins what a former life of ours had seen of a publisher's rumors.
    pub(crate) fn restore_floor(&mut self, cx: &Context<S>, writer: Life, floor: u32) {
        if self.ensure_window(writer)
            && let Some(mut window) = self.windows.get(&writer).copied()
            && window.join(&Window::new(floor, 0)) == Joined::Grew
        {
            self.set_window(cx, writer, window);
        }
    }

    /// Takes back a rumor that a former life of ours could still tell; it had told the application.
    pub(crate) fn restore_rumor(&mut self, cx: &Context<S>, frame: &RumorFrame<'_>) {
        let writer = frame.dot.writer();
        let room = !self.rumors.is_full() && self.ensure_window(writer);
        if let Some(payload) = S::Blob::copy_of(frame.payload).filter(|_| room) {
            self.see(cx, writer, frame.dot.sequence);
            let rumor =
                Rumor { urgency: frame.urgency, payload, heat: Heat::COLD, arrival: self.arrivals, untold: false };
            self.keep(frame.dot, rumor);
        }
    }

    /// The rumors that the application knows, beyond `after`, in the order of their dots.
    pub(crate) fn told_frames(&self, after: Option<Dot>) -> impl Iterator<Item = (Dot, Frame<'_>)> {
        let told = self.rumors.ascending(after).filter(|(_, rumor)| !rumor.untold);
        told.map(|(dot, rumor)| (*dot, frame_of(*dot, rumor)))
    }

    pub(crate) fn windows(&self) -> &S::Windows {
        &self.windows
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn has_news(&self) -> bool {
        self.hot > 0
    }

    /// Fills what is left of a datagram with rumors of one urgency: those told least first.
    pub(crate) fn piggyback(&mut self, urgency: Urgency, writer: &mut Writer<'_>) {
        if self.hot == 0 {
            return;
        }
        let rank = |(slot, (_, rumor)): (usize, &(Dot, Rumor<S::Blob>))| {
            (rumor.urgency == urgency && rumor.heat.is_hot()).then_some((u8::MAX - rumor.heat.0, slot))
        };
        let picked = Smallest::<_, PICKED_MAX>::of(self.rumors.as_slice().iter().enumerate().filter_map(rank));
        for &(_, slot) in picked.as_slice() {
            let Some((dot, rumor)) = self.rumors.as_slice().get(slot) else { continue };
            if writer.put(&frame_of(*dot, rumor))
                && let Some((_, rumor)) = self.rumors.at_mut(slot)
            {
                rumor.heat = rumor.heat.cooled();
                self.hot -= usize::from(!rumor.heat.is_hot());
            }
        }
    }

    /// Writes what we have seen from `from` on, and says up to where it fitted.
    pub(crate) fn summarise(&self, from: Life, out: &mut [u8]) -> (usize, Life) {
        let items = self.windows_from(from).map(|(writer, window)| Seen {
            writer: *writer,
            floor: window.floor(),
            above: window.above(),
        });
        let (len, unfit) = write_items(out, items);
        (len, unfit.map_or(Life::LAST, |seen| seen.writer.predecessor()))
    }

    /// Writes what the asker lacks, and says whether that was all of it.
    pub(crate) fn serve(&self, question: &Question<S::Summary>, writer: &mut Writer<'_>) -> bool {
        let mut items = Items::<Seen>::of(question.summary.as_ref());
        for (life, ours) in self.windows_from(question.from).take_while(|(life, _)| *life <= question.until) {
            let seen = items.seek(*life, |seen| seen.writer);
            let theirs = seen.map_or_else(Window::default, |seen| Window::new(seen.floor, seen.above));
            if !self.serve_one(*life, ours, &theirs, writer) {
                return false;
            }
        }
        true
    }

    /// Which rumor is to be told next: critical ones first, then in the order in which they came.
    pub(crate) fn next_untold(&self) -> Option<usize> {
        if self.untold == 0 {
            return None;
        }
        let untold = self.rumors.as_slice().iter().enumerate().filter(|(_, (_, rumor))| rumor.untold);
        untold.min_by_key(|(_, (_, rumor))| (rumor.urgency, rumor.arrival)).map(|(slot, _)| slot)
    }

    /// Tells the rumor in `slot`; its payload goes to `buffer`, which is long enough for a datagram.
    pub(crate) fn tell<'b>(&mut self, cx: &mut Context<S>, slot: usize, buffer: &'b mut [u8]) -> Option<Event<'b>> {
        let dot = self.rumors.as_slice().get(slot)?.0;
        let (_, rumor) = self.rumors.at_mut(slot)?;
        rumor.untold = false;
        self.untold -= 1;
        cx.stats.rumors_delivered += 1;
        let (payload, _) = copy_to(buffer, rumor.payload.as_ref())?;
        Some(Event::Delivered { dot, urgency: rumor.urgency, payload })
    }

    pub(crate) fn usage(&self) -> [(&'static str, usize, usize); 2] {
        [("rumors", self.rumors.len(), self.rumors.limit()), ("publishers", self.windows.len(), self.windows.limit())]
    }

    fn take_in(&mut self, cx: &mut Context<S>, frame: &RumorFrame<'_>) {
        let writer = frame.dot.writer();
        let payload = S::Blob::copy_of(frame.payload);
        let Some(payload) = payload.filter(|_| self.ensure_window(writer) && self.make_room(cx)) else {
            // Not marked as seen: it can still be pulled, once there is room.
            cx.stats.rumors_refused += 1;
            return;
        };
        self.see(cx, writer, frame.dot.sequence);
        let heat = cx.relay_heat();
        self.keep(frame.dot, Rumor { urgency: frame.urgency, payload, heat, arrival: self.arrivals, untold: true });
    }

    fn keep(&mut self, dot: Dot, rumor: Rumor<S::Blob>) {
        let (heat, untold) = (rumor.heat, rumor.untold);
        if self.rumors.insert(dot, rumor).is_ok() {
            self.arrivals = self.arrivals.wrapping_add(1);
            self.hot += usize::from(heat.is_hot());
            self.untold += usize::from(untold);
        }
    }

    /// Makes room for a rumor: the oldest that was told goes, critical ones last.
    fn make_room(&mut self, cx: &mut Context<S>) -> bool {
        if !self.rumors.is_full() {
            return true;
        }
        let told = self.rumors.as_slice().iter().filter(|(_, rumor)| !rumor.untold);
        let oldest = told.min_by_key(|(_, rumor)| (rumor.urgency == Urgency::Critical, rumor.arrival));
        let oldest = oldest.map(|(dot, _)| *dot);
        let Some(rumor) = oldest.and_then(|dot| self.rumors.swap_remove(&dot)) else { return false };
        self.hot -= usize::from(rumor.heat.is_hot());
        cx.stats.rumors_evicted += 1;
        true
    }

    fn serve_one(&self, life: Life, ours: &Window, theirs: &Window, writer: &mut Writer<'_>) -> bool {
        let kept = || {
            let first = self.rumors.ascending(Some(life.dot(0)));
            first.take_while(move |(dot, _)| dot.writer() == life)
        };
        let wanted = |dot: &Dot| theirs.look(dot.sequence) != Sight::Seen;
        // What they lack below our floor and we remember no more, they need not wait for.
        let oldest = kept().map(|(dot, _)| dot.sequence).find(|&sequence| theirs.look(sequence) != Sight::Seen);
        let floor = oldest.map_or_else(|| ours.floor(), |sequence| ours.floor().min(sequence - 1));
        if floor > theirs.floor() && !writer.put(&Frame::Floor(Floor { writer: life, floor })) {
            return false;
        }
        let mut reach = *theirs;
        reach.raise(floor);
        kept()
            .filter(|(dot, _)| wanted(dot) && reach.look(dot.sequence) == Sight::New)
            .all(|(dot, rumor)| writer.put(&frame_of(*dot, rumor)))
    }

    fn windows_from(&self, from: Life) -> impl Iterator<Item = &(Life, Window)> {
        let rows = self.windows.ascending((from != Life::FIRST).then_some(from));
        rows.filter(|(_, window)| *window != Window::default())
    }

    /// Whether there is a window for `writer`, now or from now on.
    fn ensure_window(&mut self, writer: Life) -> bool {
        self.windows.slot(&writer).is_some() || self.windows.insert(writer, Window::default()).is_ok()
    }

    fn see(&mut self, cx: &Context<S>, writer: Life, sequence: u32) {
        if let Some(mut window) = self.windows.get(&writer).copied() {
            window.see(sequence);
            self.set_window(cx, writer, window);
        }
    }

    fn set_window(&mut self, cx: &Context<S>, writer: Life, window: Window) {
        let Some(row) = self.windows.get_mut(&writer) else { return };
        let before = core::mem::replace(row, window);
        self.digest -= digest_of(cx, writer, before);
        self.digest += digest_of(cx, writer, window);
    }
}

/// An untouched window counts for nothing: whoever has none has the same.
fn digest_of<S: Storage>(cx: &Context<S>, writer: Life, window: Window) -> Digest {
    if window == Window::default() {
        return Digest::default();
    }
    let Life { origin, generation } = writer;
    cx.digester.of_words(&[origin.0, u64::from(generation.0), u64::from(window.floor()), window.above()])
}

fn frame_of<B: AsRef<[u8]>>(dot: Dot, rumor: &Rumor<B>) -> Frame<'_> {
    Frame::Rumor(RumorFrame { dot, urgency: rumor.urgency, payload: rumor.payload.as_ref() })
}
