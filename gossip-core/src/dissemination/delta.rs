//! Which rumors ride on a datagram, and what a peer lacks of them.
use super::Dissemination;
use crate::{
    config::dissemination::PICKED_MAX,
    context::Context,
    id::{Dot, Life},
    path::Proof,
    records::{Question, Rumor, SequenceStatus, Window},
    storage::Storage,
    table::{Flag, Smallest, Table},
    time::{Instant, micros},
    wire::{Frame, Horizon, Items, Position, RumorFrame, Urgency, Writer, write_items},
};
use serde::{Deserialize, Serialize};

/// What an asker has seen of one publisher: an item of a summary.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    writer: Life,
    floor: u32,
    above: u64,
}

/// Whether an asker names a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Named,
    Unnamed,
}

impl<S: Storage> Dissemination<S> {
    /// Fills what is left of a datagram with rumors of one urgency: those told least first.
    pub(super) fn put_pending(&mut self, cx: &Context<S>, urgency: Urgency, path: Proof, writer: &mut Writer<'_>) {
        if self.pending == 0 {
            return;
        }
        let rank = |slot| {
            let (_, rumor): &(Dot, Rumor<S::Blob>) = self.rumors.as_slice().get(slot)?;
            (rumor.urgency == urgency && cx.now < rumor.expires_at).then_some((u8::MAX - rumor.retransmits.0, slot))
        };
        let pending = self.rumors.flagged(0, Flag::Pending, |(_, rumor)| rumor.retransmits.is_pending());
        let picked = Smallest::<_, PICKED_MAX>::of(pending.filter_map(rank));
        for &(_, slot) in picked.as_slice() {
            let Some((dot, rumor)) = self.rumors.as_slice().get(slot) else { continue };
            let told = writer.put(&frame_of(cx.now, *dot, rumor));
            if told || writer.is_bare() && path == Proof::Settled {
                self.spend_retransmit(cx, slot);
            }
        }
    }

    /// Writes those of our own rumors beyond `after` that we can still tell, in order.
    pub(crate) fn hand_over(&self, cx: &Context<S>, after: u32, writer: &mut Writer<'_>) {
        let _ = self.kept(cx.now, cx.me.writer(), after).all(|(dot, rumor)| writer.put(&frame_of(cx.now, *dot, rumor)));
    }

    /// Writes what we have seen from `from` on, publisher by publisher.
    pub(super) fn put_windows(&self, from: Position, out: &mut [u8]) -> (usize, Position) {
        let items = self.windows.from(from).map(|(writer, window)| Seen {
            writer: *writer,
            floor: window.floor(),
            above: window.above(),
        });
        let (len, unfit) = write_items(out, items);
        (len, unfit.map_or(Position::Last, |seen| Position::before(seen.writer)))
    }

    /// Writes what the asker lacks, and says whether that was all of it.
    pub(super) fn put_lacking(
        &self,
        now: Instant,
        question: &Question<S::Summary>,
        is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> bool {
        // Of whom it has heard first: if it has no room for others, all it has room for comes.
        [Asked::Named, Asked::Unnamed].iter().all(|&those| self.serve_those(those, now, question, is_live, writer))
    }

    /// Likewise those that the asker names, or does not.
    #[inline(never)] // it is long: one copy will do
    fn serve_those(
        &self,
        those: Asked,
        now: Instant,
        question: &Question<S::Summary>,
        is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> bool {
        let mut items = Items::<Seen>::of(question.summary.as_ref());
        let asked_for = |(life, _): &&(Life, Window)| Position::behind(*life) <= question.until;
        for (life, ours) in self.windows.from(question.from).take_while(asked_for) {
            let seen = items.seek(*life, |seen| seen.writer);
            let asked = if seen.is_some() { Asked::Named } else { Asked::Unnamed };
            let theirs = seen.map_or_else(Window::default, |seen| Window::new(seen.floor, seen.above));
            let differs = asked == those && *ours != theirs;
            if differs && !self.serve_one(now, *life, ours, &theirs, is_live, writer) {
                return false;
            }
        }
        true
    }

    fn serve_one(
        &self,
        now: Instant,
        life: Life,
        ours: &Window,
        theirs: &Window,
        is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> bool {
        let wanted = |sequence: u32| theirs.status_of(sequence) != SequenceStatus::Seen;
        let oldest = self.kept(now, life, 0).map(|(dot, _)| dot.sequence).find(|&sequence| wanted(sequence));
        let floor = untellable(ours, theirs, oldest, || is_live(life));
        if floor > theirs.floor() && !writer.put(&Frame::Horizon(Horizon { writer: life, upto: floor })) {
            return false;
        }
        let mut reach = *theirs;
        reach.raise(floor);
        self.kept(now, life, 0)
            .filter(|(dot, _)| wanted(dot.sequence) && reach.status_of(dot.sequence) == SequenceStatus::New)
            // What no answer can hold is passed over.
            .all(|(dot, rumor)| writer.put(&frame_of(now, *dot, rumor)) || writer.is_bare())
    }

    /// The rumors of a life beyond `after` that we can still tell, in order.
    fn kept(&self, now: Instant, life: Life, after: u32) -> impl Iterator<Item = &(Dot, Rumor<S::Blob>)> {
        let rows = self.rumors.ascending(Some(life.dot(after)));
        rows.take_while(move |(dot, _)| dot.writer() == life).filter(move |(_, rumor)| now < rumor.expires_at)
    }
}

/// Up to where the asker need not wait for what it lacks of a publisher, since we saw it and can tell it no more. `oldest` is
/// the first that we can tell.
///
/// Where a rumor is lacking here too, and a later one was seen, only the publisher can fill the hole: that holds the asker back
/// for as long as it lives. When it is dead, nobody can, and the asker goes past it as far as we have; else it would differ
/// from us for ever.
fn untellable(ours: &Window, theirs: &Window, oldest: Option<u32>, is_live: impl Fn() -> bool) -> u32 {
    let limit = oldest.map_or(u32::MAX, |sequence| sequence - 1);
    let floor = ours.floor().min(limit);
    let lacks = |sequence: &u32| {
        ours.status_of(*sequence) == SequenceStatus::Seen && theirs.status_of(*sequence) != SequenceStatus::Seen
    };
    // No more than the reach of a window.
    let beyond_a_hole = (floor.saturating_add(1)..=ours.top().min(limit)).rev().find(lacks);
    beyond_a_hole.filter(|_| !is_live()).unwrap_or(floor)
}

/// What a summary says was seen of each publisher.
pub(super) fn seen(summary: &[u8]) -> impl Iterator<Item = (Life, Window)> {
    Items::<Seen>::of(summary).map(|seen| (seen.writer, Window::new(seen.floor, seen.above)))
}

pub(super) fn frame_of<B: AsRef<[u8]>>(now: Instant, dot: Dot, rumor: &Rumor<B>) -> Frame<'_> {
    Frame::Rumor(RumorFrame {
        dot,
        urgency: rumor.urgency,
        payload: rumor.extended(),
        age_millis: u32::try_from(micros(rumor.age(now)) / 1_000).unwrap_or(u32::MAX),
        ttl_secs: rumor.ttl_secs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_gone_past_when_nobody_can_fill_it() {
        let hole = Window::new(3, 0b10);
        let nothing = Window::default();
        assert_eq!(untellable(&hole, &nothing, None, || true), 3, "its publisher can");
        assert_eq!(untellable(&hole, &nothing, None, || false), 5);
        assert_eq!(untellable(&hole, &nothing, Some(5), || false), 3, "we can tell the later one");
        assert_eq!(untellable(&hole, &nothing, Some(2), || false), 1, "we can tell one before the hole");
        assert_eq!(untellable(&hole, &hole, None, || false), 3, "it lacks nothing");
        assert_eq!(untellable(&Window::new(9, 0), &nothing, None, || true), 9);
    }
}
