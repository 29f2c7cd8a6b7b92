//! The same life again: what was recorded is given to a copy of the node, and what comes out is compared.
use super::{
    Answer, Command, Ending, Opening, Recording, Segment,
    entry::{Entry, Record},
    tally::Tally,
};
use crate::{
    adapter::{OwnedEvent, lock::lock},
    id::Addr,
    io::{Input, Output},
    node::Node,
    observer::Observer,
    stats::Counter,
    storage::Heap,
    time::Instant,
};
use core::ops::ControlFlow;
use std::{
    sync::{Arc, Mutex},
    vec,
    vec::Vec,
};

/// Which segments to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builds {
    /// Those that this build recorded: the replay is exact.
    Own,
    /// Others, too: to see what this build would have done. It may do something else, or not understand them at all.
    Any,
}

/// One thing that happened in a replay.
#[derive(Debug)]
pub struct Moment<'m> {
    /// Its place among all, from 1.
    pub number: u64,
    /// When it happened.
    pub at: Instant,
    /// What it was.
    pub what: What<'m>,
}

/// What happened in a replay.
#[derive(Debug)]
pub enum What<'m> {
    /// A segment begins, and with it the node as it was then.
    Began(&'m Segment),
    /// A datagram went in.
    Received {
        /// From where.
        from: Addr,
        /// What it said.
        bytes: &'m [u8],
    },
    /// The node was told the time.
    TimerFired,
    /// The application asked for something.
    Asked(Command<'m>, Answer),
    /// A datagram came out.
    Sent {
        /// To where.
        to: Addr,
        /// What it said.
        bytes: &'m [u8],
    },
    /// The application was told something.
    Told(OwnedEvent),
    /// On account of the moment before, whose number this has, something was counted, so many times: why a datagram came to nothing,
    /// for one. Datagrams and bytes that went in and out are not told again.
    Counted(Counter, u64),
    /// The operating system did not send a datagram.
    SendFailed {
        /// To where.
        to: Addr,
        /// What it said.
        reason: &'m str,
    },
    /// The operating system complained about the socket.
    ReceiveFailed {
        /// What it said.
        reason: &'m str,
    },
    /// What comes out is not what came out then.
    Differs(Difference),
    /// The segment ends here, in the midst of something; what follows of it is lost.
    Torn,
    /// The recording does not say what came out at the end; the replay goes on to the next deadline all the same.
    Unrecorded,
    /// The recording ends, or this part of it: what comes next does not begin where this ends.
    Ended,
}

/// In what a replay differs from what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// In what was put out.
    Output,
    /// In what the node knows, although it put out the same.
    State,
    /// The node or a record makes no sense to this build.
    Nonsense,
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Datagrams, timers and commands given.
    pub inputs: u64,
    /// Datagrams and events put out, and found to be the same as recorded.
    pub proven: u64,
    /// Those that the recording does not account for: at the end, or where it differs.
    pub unproven: u64,
    /// The first moment from which on it was not the same, and in what.
    pub differs: Option<(u64, Difference)>,
    /// Segments of other builds, not replayed.
    pub skipped: u64,
}

impl Verdict {
    /// Whether all that was recorded was replayed, and came out the same.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.differs.is_none() && self.skipped == 0
    }
}

impl Recording {
    /// Runs it all again, and shows each moment with the node as it is then, until there is nothing left or `watch` breaks
    /// it off.
    ///
    /// # Panics
    /// Where the recorded node panicked, so does the replay: that is what somebody may be looking for. A recording that was
    /// made up, with right checksums, can do it as well.
    pub fn replay(&self, builds: Builds, watch: impl FnMut(&Moment<'_>, &Node<Heap>) -> ControlFlow<()>) -> Verdict {
        let (number, verdict) = (0, Verdict::default());
        let (tally, counts) = (Tally::default(), Counts::default());
        let mut replay = Replay { watch, number, verdict, tally, now: Instant::ZERO, outputs: 0, counts };
        let mut node = None;
        for (place, segment) in self.segments().iter().enumerate() {
            if builds == Builds::Own && !segment.is_kin {
                replay.verdict.skipped += 1;
                node = None;
                // There is no node to show: the verdict tells.
                continue;
            }
            let next = self.segments().get(place + 1).filter(|next| is_continued(segment, next));
            match replay.segment(self, segment, node.take(), next) {
                ControlFlow::Continue(end) => node = end.filter(|_| next.is_some()),
                ControlFlow::Break(()) => break,
            }
        }
        replay.verdict
    }
}

/// Whether `next` begins where `segment` ends.
fn is_continued(segment: &Segment, next: &Segment) -> bool {
    let follows = segment.sequence.checked_add(1) == Some(next.sequence);
    follows && next.opening == Opening::Continued && segment.ending == Ending::Whole
}

struct Replay<W> {
    watch: W,
    number: u64,
    verdict: Verdict,
    tally: Tally,
    now: Instant,
    /// Outputs since the last that were accounted for.
    outputs: u64,
    /// What was counted since the last moment.
    counts: Counts,
}

/// What a node counts, on its way from the node to whoever watches.
#[derive(Default, Clone)]
struct Counts(Arc<Mutex<Vec<(Counter, u64)>>>);

impl Observer for Counts {
    fn on_counted(&mut self, _now: Instant, counter: Counter, by: u64) {
        use Counter::{BytesReceived, BytesSent, DatagramsReceived, DatagramsSent};
        if !matches!(counter, BytesReceived | BytesSent | DatagramsReceived | DatagramsSent) {
            lock(&self.0).push((counter, by));
        }
    }
}

impl<W: FnMut(&Moment<'_>, &Node<Heap>) -> ControlFlow<()>> Replay<W> {
    /// Replays one segment, and returns the node that it came to.
    fn segment(
        &mut self,
        recording: &Recording,
        segment: &Segment,
        before: Option<Node<Heap>>,
        next: Option<&Segment>,
    ) -> ControlFlow<(), Option<Node<Heap>>> {
        let Some((whole, mut blocks)) = recording.contents(segment) else { return ControlFlow::Continue(None) };
        let Ok(mut node) = Node::from_snapshot(whole) else {
            self.verdict.differs.get_or_insert((self.number, Difference::Nonsense));
            return ControlFlow::Continue(None);
        };
        node.observer_mut().attach(self.counts.clone());
        (self.now, self.tally, self.outputs) = (segment.at, Tally::default(), 0);
        if before.is_some_and(|before| before.snapshot() != whole) {
            self.differ(&node, Difference::State)?;
        }
        self.show(&node, What::Began(segment))?;
        for block in blocks.by_ref() {
            self.block(&mut node, block)?;
        }
        if blocks.is_torn() {
            self.show(&node, What::Torn)?;
        }
        if next.is_none() {
            self.finish(&mut node)?;
        }
        ControlFlow::Continue(Some(node))
    }

    fn block(&mut self, node: &mut Node<Heap>, mut block: &[u8]) -> ControlFlow<()> {
        while !block.is_empty() {
            let Ok((record, rest)) = postcard::take_from_bytes::<Record<'_>>(block) else {
                return self.differ(node, Difference::Nonsense);
            };
            self.now = Instant::from_micros(self.now.as_micros().wrapping_add(record.after));
            self.entry(node, &record.entry)?;
            block = rest;
        }
        ControlFlow::Continue(())
    }

    fn entry(&mut self, node: &mut Node<Heap>, entry: &Entry<'_>) -> ControlFlow<()> {
        match *entry {
            Entry::Received { from, bytes } => {
                self.verdict.inputs += 1;
                self.show(node, What::Received { from, bytes })?;
                node.handle_input(self.now, Input::Received { from, bytes: &mut bytes.to_vec() });
                self.show_counts(node)
            }
            Entry::TimerFired => {
                self.verdict.inputs += 1;
                self.show(node, What::TimerFired)?;
                node.handle_input(self.now, Input::TimerFired);
                self.show_counts(node)
            }
            Entry::Asked(command) => {
                self.verdict.inputs += 1;
                let answer = command.ask(node, self.now);
                self.tally.answered(answer.is_done());
                self.show(node, What::Asked(command, answer))?;
                self.show_counts(node)
            }
            Entry::Polled { times, digest } => self.polled(node, times, digest),
            Entry::SendFailed { to, reason } => self.show(node, What::SendFailed { to, reason }),
            Entry::ReceiveFailed { reason } => self.show(node, What::ReceiveFailed { reason }),
        }
    }

    /// Polls as often as was polled then, and compares.
    fn polled(&mut self, node: &mut Node<Heap>, times: u32, digest: u32) -> ControlFlow<()> {
        let mut buffer = buffer_for(node);
        for _ in 0..times {
            self.poll(node, &mut buffer)?;
        }
        if self.tally.digest() != digest {
            return self.differ(node, Difference::Output);
        }
        if self.verdict.differs.is_none() {
            self.verdict.proven += core::mem::take(&mut self.outputs);
        }
        ControlFlow::Continue(())
    }

    /// What the node would have put out next: the recording ends before it says.
    fn finish(&mut self, node: &mut Node<Heap>) -> ControlFlow<()> {
        let mut buffer = buffer_for(node);
        loop {
            let output = node.poll_output(&mut buffer);
            if matches!(output, Output::Schedule(_)) {
                break;
            }
            if self.outputs == 0 {
                self.show(node, What::Unrecorded)?;
            }
            self.tell(node, output)?;
        }
        self.verdict.unproven += core::mem::take(&mut self.outputs);
        self.show(node, What::Ended)
    }

    fn poll(&mut self, node: &mut Node<Heap>, buffer: &mut [u8]) -> ControlFlow<()> {
        let output = node.poll_output(buffer);
        self.tally.polled(&output);
        self.tell(node, output)
    }

    fn tell(&mut self, node: &Node<Heap>, output: Output<'_>) -> ControlFlow<()> {
        let what = match output {
            Output::Send { to, bytes } => What::Sent { to, bytes },
            Output::Event(event) => match OwnedEvent::of(event, node) {
                Some(event) => What::Told(event),
                // A member that was forgotten between the event and its drain.
                None => return ControlFlow::Continue(()),
            },
            Output::Schedule(_) => return ControlFlow::Continue(()),
        };
        self.outputs += 1;
        self.show(node, what)?;
        self.show_counts(node)
    }

    /// From here on, nothing is proven.
    fn differ(&mut self, node: &Node<Heap>, difference: Difference) -> ControlFlow<()> {
        self.verdict.unproven += core::mem::take(&mut self.outputs);
        if self.verdict.differs.is_some() {
            return ControlFlow::Continue(());
        }
        self.verdict.differs = Some((self.number + 1, difference));
        self.show(node, What::Differs(difference))
    }

    fn show_counts(&mut self, node: &Node<Heap>) -> ControlFlow<()> {
        let counted = core::mem::take(&mut *lock(&self.counts.0));
        counted.into_iter().try_for_each(|(counter, by)| {
            (self.watch)(&Moment { number: self.number, at: self.now, what: What::Counted(counter, by) }, node)
        })
    }

    fn show(&mut self, node: &Node<Heap>, what: What<'_>) -> ControlFlow<()> {
        self.number += 1;
        (self.watch)(&Moment { number: self.number, at: self.now, what }, node)
    }
}

fn buffer_for(node: &Node<Heap>) -> Vec<u8> {
    vec![0; usize::from(node.config().datagram_len_max)]
}
