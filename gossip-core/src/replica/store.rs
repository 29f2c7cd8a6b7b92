//! Entries as a store.
use super::Replica;
use crate::{
    context::{Context, Source},
    digest::Digest,
    id::Life,
    io::Event,
    path::Proof,
    records::Question,
    replicated::{Regions, Replicated, ReplicatedData, SavePoint},
    stats::Counter,
    storage::Storage,
    table::{Flag, Table, copy_to},
    wire::{Frame, Position, Urgency, Writer},
};

impl<S: Storage> Replicated<S> for Replica<S> {
    /// Of the version vector and of the writes held: whoever has the same has seen the same, and made the same of it.
    fn digest(&self) -> Digest {
        self.digest
    }

    fn has_news(&self) -> bool {
        self.pending > 0
    }

    fn summarise(&self, _cx: &Context<S>, _token: u8, from: Position, out: &mut [u8]) -> (usize, Position) {
        self.put_versions(from, out)
    }

    fn serve(
        &self,
        _cx: &Context<S>,
        question: &Question<S::Summary>,
        _is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> Option<Position> {
        self.put_lacking(question, writer)
    }

    fn save(&self, _cx: &Context<S>, from: SavePoint, writer: &mut Writer<'_>) -> Option<SavePoint> {
        let mut saved = from;
        for (life, upto) in self.versions.ascending(from.position.life()) {
            saved.sequence = self.serve_writer(*life, saved.sequence, *upto, writer);
            if saved.sequence < *upto {
                return Some(saved);
            }
            (saved.position, saved.sequence) = (Position::behind(*life), 0);
        }
        None
    }

    fn usage(&self) -> Regions {
        let entries = ("entries", self.entries.len(), self.entries.limit());
        [entries, ("writers", self.versions.len(), self.versions.limit())].into_iter().collect()
    }
}

impl<S: Storage> ReplicatedData<S> for Replica<S> {
    fn start(&mut self, cx: &Context<S>) {
        self.ensure_version(cx.me.writer());
    }

    fn piggyback(&mut self, _cx: &Context<S>, urgency: Urgency, path: Proof, writer: &mut Writer<'_>) {
        if urgency == Urgency::Normal {
            self.put_pending(path, writer);
        }
    }

    fn on_news(&mut self, cx: &mut Context<S>, news: &Frame<'_>) {
        match news {
            Frame::Entry(entry)
                if self.entries.limit() == 0
                    || entry.key.len() + entry.value.bytes().len() > Self::entry_len_max(cx) =>
            {
                cx.count(Counter::EntriesRefused);
            }
            Frame::Entry(entry) => self.on_entry(cx, entry),
            // It makes us give something up: nobody says so unasked.
            Frame::SupersededRange(range) if cx.received.source == Source::AskedFor && self.entries.limit() > 0 => {
                self.on_superseded_range(cx, range);
            }
            _ => {}
        }
    }

    fn claims_our_future(&self, cx: &Context<S>, news: &Frame<'_>) -> bool {
        let (writer, sequence) = match news {
            Frame::Entry(entry) => (entry.dot.writer(), entry.dot.sequence),
            Frame::SupersededRange(range) => (range.writer, range.upto),
            _ => return false,
        };
        writer == cx.me.writer() && sequence > self.written(cx)
    }

    fn next_untold(&self) -> Option<usize> {
        if self.untold == 0 {
            return None;
        }
        // From where the last one was: a drain of many looks at each row once.
        let untold_from = |from| self.entries.flagged(from, Flag::Untold, |(_, entry)| entry.untold).next();
        untold_from(self.tell_from).or_else(|| untold_from(0))
    }

    fn tell<'b>(&mut self, _cx: &mut Context<S>, slot: usize, buffer: &'b mut [u8]) -> Option<Event<'b>> {
        self.tell_from = slot;
        self.entries.set_flag(slot, Flag::Untold, false);
        let (key, entry) = self.entries.at_mut(slot)?;
        entry.untold = false;
        self.untold -= 1;
        let (key, rest) = copy_to(buffer, key.as_ref())?;
        let value = match entry.written() {
            Some(value) => Some(copy_to(rest, value)?.0),
            None => None,
        };
        Some(Event::Changed { key, value, dot: entry.dot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{replicated::pair, storage::Heap};

    fn sides() -> [pair::Side<Replica<Heap>>; 2] {
        [1, 2].map(|number| pair::side(number, Replica::new))
    }

    fn put(side: &mut pair::Side<Replica<Heap>>, key: u8, value: &[u8]) {
        side.store.put(&side.cx, &[key], value).unwrap();
    }

    #[test]
    fn what_is_pushed_is_held_and_what_is_missed_is_pulled() {
        let [mut one, mut other] = sides();
        (0..20).for_each(|key| put(&mut one, key, b"pushed"));
        assert!(one.push(&mut other, 200) > 3);
        assert_eq!(one.digest(), other.digest());
        (0..200).for_each(|key| put(&mut one, key, b"pulled"));
        let answers = other.pull(&one, 200);
        assert!(answers > 10, "{answers} answers of 200 bytes for 200 entries");
        put(&mut other, 7, b"later");
        one.pull(&other, 200);
        assert_eq!(one.digest(), other.digest());
        for side in [&one, &other] {
            assert_eq!(side.store.get(&[7]).map(|(_, value)| value), Some(&b"later"[..]));
            assert_eq!(side.store.get(&[199]).map(|(_, value)| value), Some(&b"pulled"[..]));
        }
        assert_eq!((one.pull(&other, 200), other.pull(&one, 200)), (1, 1), "nothing is left");
    }

    #[test]
    fn concurrent_writes_come_out_alike_whichever_way_they_meet() {
        let [mut one, mut other] = sides();
        for key in 0..50 {
            put(&mut one, key, b"one");
            put(&mut other, key, b"other");
        }
        one.store.delete(&one.cx, &[3]).unwrap();
        one.pull(&other, 300);
        other.pull(&one, 300);
        assert_eq!(one.digest(), other.digest());
        assert!((0..50).all(|key| one.store.row(&[key]).unwrap().dot == other.store.row(&[key]).unwrap().dot));
    }
}
