//! A store: what is kept in step, whatever it is. Anti-entropy asks, answers and saves without knowing more of it than this.
use crate::{
    context::Context,
    digest::Digest,
    id::Life,
    io::Event,
    path::Proof,
    records::Question,
    storage::Storage,
    time::Instant,
    wire::{Frame, Position, Urgency, Writer},
};
use core::time::Duration;

/// What anti-entropy does with any store, members among them. `node/stores.rs` has the list of them.
///
/// A store holds a join-semilattice, piece by piece in some order of its own; its digest is that of all pieces.
pub(crate) trait Replicated<S: Storage> {
    /// The fingerprint of all that it holds.
    fn digest(&self) -> Digest;

    /// Whether any of it is still to be pushed.
    fn has_news(&self) -> bool;

    /// Writes what we have of it, in its order, to `out`, from `from` on: how long that is, and up to where it reaches. `token` is the
    /// question's.
    fn summarise(&self, cx: &Context<S>, token: u8, from: Position, out: &mut [u8]) -> (usize, Position);

    /// Writes what the asker lacks, and says up to where, if that was not all of it: where it says `question.from`, the same is to be
    /// asked again, by one that has taken in this much. `is_live` tells whose lives go on.
    fn serve(
        &self,
        cx: &Context<S>,
        question: &Question<S::Summary>,
        is_live: &dyn Fn(Life) -> bool,
        writer: &mut Writer<'_>,
    ) -> Option<Position>;

    /// Writes what a next life should know, from `from` on, and says where to go on; `None` when that was all of it.
    fn save(&self, cx: &Context<S>, from: SavePoint, writer: &mut Writer<'_>) -> Option<SavePoint>;

    /// Each region's name, rows in use, and limit.
    fn usage(&self) -> Regions;
}

/// What a node does, beyond that, with a store of the application's: rumors, entries. Members are told and heard of in ways of their
/// own.
///
/// What is ours in it is handed over before a farewell where `node/handover.rs` knows of it: that, a store has to be entered in.
pub(crate) trait ReplicatedData<S: Storage>: Replicated<S> {
    /// A life of ours begins: makes sure that we can write, whatever fills the tables later.
    fn start(&mut self, _cx: &Context<S>) {}

    /// A new life begins, without a restart: our numbers begin anew.
    fn begin_generation(&mut self, cx: &Context<S>) {
        self.start(cx);
    }

    /// Fills what is left of a datagram with news of one urgency: what was told least first. What is too long for a path that is known
    /// counts as told: the receiver has to have it from others.
    fn piggyback(&mut self, _cx: &Context<S>, _urgency: Urgency, _path: Proof, _writer: &mut Writer<'_>) {}

    /// Takes in what others say, where it is about this store: what we could not pass on is not taken in, for it would block what comes
    /// after it.
    fn on_news(&mut self, _cx: &mut Context<S>, _news: &Frame<'_>) {}

    /// Takes in what a former life of ours [saved](Replicated::save), where it is of this store, and lay for so long since, if that is known.
    fn restore(&mut self, cx: &mut Context<S>, saved: &Frame<'_>, _lay_for: Option<Duration>) {
        self.on_news(cx, saved);
    }

    /// Whether others claim by this that our present life went further than it did.
    fn claims_our_future(&self, _cx: &Context<S>, _news: &Frame<'_>) -> bool {
        false
    }

    /// What there is to tell the application next.
    fn next_untold(&self) -> Option<usize> {
        None
    }

    /// Tells it. What it says goes to `buffer`, which is long enough for a datagram.
    fn tell<'b>(&mut self, _cx: &mut Context<S>, _slot: usize, _buffer: &'b mut [u8]) -> Option<Event<'b>> {
        None
    }

    /// Does what is due.
    fn on_timer(&mut self, _cx: &mut Context<S>, _is_live: &dyn Fn(Life) -> bool) {}

    /// When something is due.
    fn next_deadline(&self) -> Instant {
        Instant::NEVER
    }
}

/// Names, rows in use and limits of a store's regions.
pub(crate) type Regions = heapless::Vec<(&'static str, usize, usize), 4>;

/// Where saving has come to: what that means, the store knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SavePoint {
    /// Which of several kinds of pieces, where there are several.
    pub(crate) section: u8,
    /// The place up to which all is written.
    pub(crate) position: Position,
    /// How much of what comes at that place, or next, is written.
    pub(crate) sequence: u32,
}

impl SavePoint {
    /// Where saving begins.
    pub(crate) const FIRST: Self = Self { section: 0, position: Position::First, sequence: 0 };
}

/// Two of a store and a wire between them, without a node: what their tests share.
#[cfg(test)]
pub(crate) mod pair {
    use super::ReplicatedData;
    use crate::{
        config::Config,
        context::{Context, Source},
        digest::Digest,
        id::{Addr, Generation, NodeId},
        path::Proof,
        records::Question,
        storage::Heap,
        table::Blob,
        time::Instant,
        wire::{Position, Read, Reader, Store, Urgency, Writer},
    };
    use std::vec;

    /// A store, and what surrounds it.
    pub(crate) struct Side<M> {
        pub(crate) cx: Context<Heap>,
        pub(crate) store: M,
    }

    /// One of the two.
    pub(crate) fn side<M: ReplicatedData<Heap>>(number: u8, new: impl Fn(&Context<Heap>) -> M) -> Side<M> {
        let addr = Addr::new(&[number]).unwrap();
        let mut cx = Context::new(NodeId(number.into()), addr, Config::lan(), number.into());
        (cx.now, cx.live) = (Instant::from_micros(1_780_000_000_000_000), 2);
        let mut store = new(&cx);
        store.start(&cx);
        Side { cx, store }
    }

    impl<M: ReplicatedData<Heap>> Side<M> {
        pub(crate) fn digest(&self) -> Digest {
            self.store.digest()
        }

        fn take_in(&mut self, frames: &[u8], source: Source) {
            self.cx.received.source = source;
            for read in Reader::new(frames) {
                let Ok(Read::Frame(frame)) = read else { panic!("{read:?}") };
                self.store.on_news(&mut self.cx, &frame);
            }
        }

        /// Tells `other` its news, a datagram of `len` bytes at a time, until there is none; says how many it took.
        pub(crate) fn push(&mut self, other: &mut Self, len: usize) -> usize {
            let mut datagrams = 0;
            while self.store.has_news() {
                let mut buffer = vec![0; len];
                let mut writer = Writer::bare(&mut buffer);
                for urgency in [Urgency::Critical, Urgency::Normal] {
                    self.store.piggyback(&self.cx, urgency, Proof::Untried, &mut writer);
                }
                other.take_in(writer.finish(), Source::Told);
                datagrams += 1;
                assert!(datagrams < 10_000, "news has no end");
            }
            datagrams
        }

        /// Asks `other` what it lacks, in questions and answers of `len` bytes, until that is nothing; says how many answers came.
        pub(crate) fn pull(&mut self, other: &Self, len: usize) -> usize {
            let (mut answers, mut from) = (0, Position::First);
            loop {
                let mut buffer = vec![0; len];
                let token = u8::try_from(answers % 251).unwrap();
                let (summary_len, until) = self.store.summarise(&self.cx, token, from, &mut buffer);
                let summary = Blob::copy_of(&buffer[..summary_len]).unwrap();
                let (peer, generation, len_max) = (self.cx.me.id, Generation(0), u16::try_from(len).unwrap());
                let question =
                    Question { peer, generation, token, store: Store::Members, from, until, len_max, summary };
                let mut buffer = vec![0; len];
                let mut writer = Writer::bare(&mut buffer);
                let left = other.store.serve(&other.cx, &question, &|_| true, &mut writer);
                let frames = writer.finish();
                let is_nothing = frames.is_empty();
                self.take_in(frames, Source::AskedFor);
                answers += 1;
                assert!(answers < 10_000, "answers have no end");
                from = match left {
                    Some(position) if position > from => position,
                    Some(_) if !is_nothing => from,
                    None if until < Position::Last => until,
                    _ => return answers,
                };
            }
        }
    }
}
