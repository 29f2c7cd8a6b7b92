//! Rumors as a store.
use super::{Dissemination, SequenceStatus, delta};
use crate::{
    context::Context,
    digest::Digest,
    id::Life,
    io::Event,
    path::Proof,
    records::Question,
    replicated::{Regions, Replicated, ReplicatedData, SavePoint},
    stats::Counter,
    storage::Storage,
    table::{Flag, Table, copy_to},
    time::Instant,
    wire::{Frame, Position, Pull, RumorFrame, Store, Urgency, Writer},
};
use core::time::Duration;

/// Of what is saved, in this order: which rumors were seen, and those that can still be told.
const WINDOWS: u8 = 0;
const RUMORS: u8 = 1;

impl<S: Storage> Replicated<S> for Dissemination<S> {
    fn digest(&self) -> Digest {
        self.windows.digest()
    }

    fn has_news(&self) -> bool {
        self.pending > 0
    }

    fn summarise(&self, _cx: &Context<S>, _token: u8, from: Position, out: &mut [u8]) -> (usize, Position) {
        self.put_windows(from, out)
    }

    /// Where the rest begins is not said: the answer tells first of the publishers that the asker names, and then of the others.
    fn serve(
        &self,
        cx: &Context<S>,
        question: &Question<S::Summary>,
        is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> Option<Position> {
        (!self.put_lacking(cx.now, question, is_live, writer)).then_some(question.from)
    }

    /// Which were seen is saved as we would say so to somebody whom we ask for others: also of those that are kept no more. That none
    /// was seen is said, too.
    fn save(&self, cx: &Context<S>, from: SavePoint, writer: &mut Writer<'_>) -> Option<SavePoint> {
        let mut saved = from;
        if saved.section == WINDOWS {
            let Some(summary) = writer.tail() else { return Some(saved) };
            let (len, until) = self.put_windows(saved.position, summary);
            if len > 0 || saved.position == Position::First {
                let (token, store, from, len_max, summary) = (0, Store::Rumors, saved.position, 0, &[][..]);
                let _ = writer.put_tailed(&Frame::Pull(Pull { token, store, from, until, len_max, summary }), len);
            }
            saved.position = until;
            if until < Position::Last {
                return Some(saved);
            }
            saved = SavePoint { section: RUMORS, ..SavePoint::FIRST };
        }
        let after = saved.position.life().map(|life| life.dot(saved.sequence));
        for (dot, rumor) in self.rumors.ascending(after).filter(|(_, rumor)| !rumor.untold) {
            if !writer.put(&delta::frame_of(cx.now, *dot, rumor)) {
                return Some(saved);
            }
            (saved.position, saved.sequence) = (Position::behind(dot.writer()), dot.sequence);
        }
        None
    }

    fn usage(&self) -> Regions {
        let windows = self.windows.rows();
        let rumors = ("rumors", self.rumors.len(), self.rumors.limit());
        [rumors, ("publishers", windows.len(), windows.limit())].into_iter().collect()
    }
}

impl<S: Storage> ReplicatedData<S> for Dissemination<S> {
    fn start(&mut self, cx: &Context<S>) {
        self.since = cx.now;
        self.windows.ensure(cx.me.writer());
    }

    fn begin_generation(&mut self, cx: &Context<S>) {
        (self.published, self.own, self.own_pending) = (0, 0, 0);
        self.windows.ensure(cx.me.writer());
    }

    fn piggyback(&mut self, cx: &Context<S>, urgency: Urgency, path: Proof, writer: &mut Writer<'_>) {
        self.put_pending(cx, urgency, path, writer);
    }

    fn on_news(&mut self, cx: &mut Context<S>, news: &Frame<'_>) {
        match news {
            Frame::Rumor(rumor)
                if self.rumors.limit() == 0 || rumor.payload.bytes().len() > Self::payload_len_max(cx) =>
            {
                cx.count(Counter::RumorsRefused);
            }
            Frame::Rumor(rumor) => self.on_rumor(cx, rumor),
            _ => {}
        }
    }

    fn claims_our_future(&self, cx: &Context<S>, news: &Frame<'_>) -> bool {
        let (writer, sequence) = match news {
            Frame::Rumor(rumor) => (rumor.dot.writer(), rumor.dot.sequence),
            Frame::Horizon(horizon) => (horizon.writer, horizon.upto),
            _ => return false,
        };
        writer == cx.me.writer() && sequence > self.published
    }

    /// Frames that could not be sent, since datagrams were longer then, are left to the peers that can.
    fn restore(&mut self, cx: &mut Context<S>, saved: &Frame<'_>, lay_for: Option<Duration>) {
        match saved {
            Frame::Pull(Pull { store: Store::Rumors, summary, .. }) => self.restore_windows(cx, summary),
            Frame::Rumor(rumor) if rumor.payload.bytes().len() <= Self::payload_len_max(cx) => {
                self.restore_rumor(cx, rumor, lay_for);
            }
            _ => {}
        }
    }

    /// Critical ones first, then in the order in which they came.
    fn next_untold(&self) -> Option<usize> {
        if self.untold == 0 {
            return None;
        }
        let untold = self.rumors.flagged(0, Flag::Untold, |(_, rumor)| rumor.untold);
        let ranked = untold.filter_map(|slot| {
            let (_, rumor) = self.rumors.as_slice().get(slot)?;
            Some((rumor.urgency, rumor.arrival, slot))
        });
        ranked.min().map(|(.., slot)| slot)
    }

    fn tell<'b>(&mut self, cx: &mut Context<S>, slot: usize, buffer: &'b mut [u8]) -> Option<Event<'b>> {
        let (dot, rumor) = self.rumors.at_mut(slot)?;
        rumor.untold = false;
        self.untold -= 1;
        cx.count(Counter::RumorsDelivered);
        let (payload, _) = copy_to(buffer, rumor.extended().known())?;
        let event = Event::Delivered { dot: *dot, urgency: rumor.urgency, payload, age: rumor.age(cx.now) };
        self.rumors.set_flag(slot, Flag::Untold, false);
        Some(event)
    }

    fn on_timer(&mut self, cx: &mut Context<S>, is_live: &dyn Fn(Life) -> bool) {
        self.expire(cx, is_live);
    }

    fn next_deadline(&self) -> Instant {
        self.expire_at
    }
}

impl<S: Storage> Dissemination<S> {
    fn on_rumor(&mut self, cx: &mut Context<S>, frame: &RumorFrame<'_>) {
        // Our own rumors come from us alone.
        if frame.dot.writer() == cx.me.writer() {
            cx.count(Counter::RumorsDuplicate);
            return;
        }
        match self.windows.status_of(frame.dot) {
            SequenceStatus::Seen => cx.count(Counter::RumorsDuplicate),
            SequenceStatus::BeyondReach => cx.count(Counter::RumorsEarly),
            SequenceStatus::New => self.take_in(cx, frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{replicated::pair, storage::Heap};

    fn sides() -> [pair::Side<Dissemination<Heap>>; 2] {
        [1, 2].map(|number| pair::side(number, Dissemination::new))
    }

    fn publish(side: &mut pair::Side<Dissemination<Heap>>, payload: &[u8]) {
        side.store.publish(&mut side.cx, Urgency::Normal, payload, Duration::from_secs(60)).unwrap();
    }

    /// How many rumors there are to be told, each of which is then told.
    fn tell_all(side: &mut pair::Side<Dissemination<Heap>>) -> usize {
        let mut told = 0;
        while let Some(slot) = side.store.next_untold() {
            assert!(matches!(side.store.tell(&mut side.cx, slot, &mut [0; 64]), Some(Event::Delivered { .. })));
            told += 1;
        }
        told
    }

    #[test]
    fn a_rumor_is_told_once_whether_it_is_pushed_or_pulled() {
        let [mut one, mut other] = sides();
        (0..10).for_each(|n| publish(&mut one, &[n; 20]));
        one.push(&mut other, 200);
        assert_eq!((tell_all(&mut other), tell_all(&mut one)), (10, 0), "nobody is told his own");
        (10..40).for_each(|n| publish(&mut one, &[n; 20]));
        assert!(other.pull(&one, 200) > 3);
        assert_eq!(tell_all(&mut other), 30);
        one.push(&mut other, 200);
        assert_eq!((tell_all(&mut other), one.digest()), (0, other.digest()));
    }

    #[test]
    fn what_expired_is_told_to_nobody() {
        let [mut one, mut other] = sides();
        publish(&mut one, b"old");
        one.cx.now = one.cx.now + Duration::from_secs(61);
        one.store.on_timer(&mut one.cx, &|_| true);
        assert_eq!(one.store.usage()[0], ("rumors", 0, one.cx.config.limits.rumors));
        other.cx.now = one.cx.now;
        other.pull(&one, 200);
        assert_eq!(tell_all(&mut other), 0);
    }
}
