//! Numbers at the ends of their ranges, from a member that lies: saving ends, questions end, and nobody panics.
use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Heap, Incarnation, Input, Instant, Node, NodeId, Output,
    SaveCursor, Stamp, Urgency,
    id::Life,
    wire::{
        Ack, Capabilities, EntryFrame, Frame, Header, Horizon, MemberFrame, Operation, Position, Pull, PullEnd, Read,
        Reader, Remainder, RumorFrame, Standing, Store, Stores, Writer,
    },
};
use rand_pcg::Pcg32;

const LIAR: NodeId = NodeId(77);
/// The life that sorts before all others.
const FIRST: Life = Life { origin: NodeId(0), generation: Generation(0) };

fn liar_addr() -> Addr {
    Addr::new(&[9, 9, 9, 9]).unwrap()
}

/// A datagram of the liar's, which says who it is each time.
fn forged(frames: &[Frame<'_>]) -> Vec<u8> {
    let (generation, incarnation) = (Generation(1), Incarnation(0));
    let header = Header::new(ClusterLabel::default(), LIAR, generation, incarnation, Digest(1));
    let introduction = MemberFrame {
        id: LIAR,
        generation,
        incarnation,
        standing: Standing::Alive,
        addr: liar_addr(),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"".into(),
    };
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(&Frame::Member(introduction)) && frames.iter().all(|frame| writer.put(frame)));
    writer.finish().to_vec()
}

fn rumor(life: Life, sequence: u32, payload: &[u8]) -> Frame<'_> {
    let dot = life.dot(sequence);
    Frame::Rumor(RumorFrame { dot, urgency: Urgency::Normal, age_millis: 0, ttl_secs: 3_600, payload: payload.into() })
}

/// A node that knows nobody but the liar.
struct Victim {
    node: Node<Heap>,
    now: Instant,
    pulls: usize,
}

impl Victim {
    fn new() -> Self {
        let addr = Addr::new(&[1]).unwrap();
        let node = Node::new(NodeId(5), addr, Config::lan(), &mut Pcg32::new(1, 1)).unwrap();
        let mut victim = Self { node, now: Instant::from_micros(1_000_000), pulls: 0 };
        victim.give(&[]);
        victim
    }

    fn give(&mut self, frames: &[Frame<'_>]) {
        let input = Input::Received { from: liar_addr(), bytes: &mut forged(frames) };
        self.node.handle_input(self.now, input);
    }

    /// Lets it say what it has to say; the liar answers each question by `lie`, and that this was all.
    fn drain(&mut self, of: Store, lie: Option<&Frame<'_>>) {
        let mut buffer = [0; 1400];
        let mut asked = Vec::new();
        while let Some(bytes) = match self.node.poll_output(&mut buffer) {
            Output::Send { bytes, .. } => Some(bytes),
            Output::Event(_) => Some(&[][..]),
            Output::Schedule(_) => None,
        } {
            let Ok((_, frames)) = Header::open(bytes, ClusterLabel::default()) else { continue };
            for read in Reader::new(frames) {
                match read.unwrap() {
                    Read::Frame(Frame::Ping(ping)) => asked.push(Frame::Ack(Ack { probe: ping.probe })),
                    Read::Frame(Frame::Compare(compare)) => {
                        asked.push(Frame::StoreDigests(compare.digests.with(of, Digest(4_242))));
                    }
                    Read::Frame(Frame::Pull(Pull { token, .. })) => {
                        self.pulls += 1;
                        asked.push(Frame::PullEnd(PullEnd { token, remainder: Remainder::Nothing }));
                    }
                    _ => {}
                }
            }
        }
        for answer in asked {
            let told = lie.filter(|_| matches!(answer, Frame::PullEnd(_)));
            let frames: Vec<_> = told.cloned().into_iter().chain([answer]).collect();
            self.give(&frames);
        }
    }

    fn pass(&mut self, steps: u32, of: Store, lie: Option<&Frame<'_>>) {
        for _ in 0..steps {
            self.drain(of, lie);
            self.now = self.now + Duration::from_millis(50);
            self.node.handle_input(self.now, Input::TimerFired);
        }
    }

    fn saved(&self) -> usize {
        let (mut cursor, mut buffer) = (SaveCursor::default(), [0; 1_500]);
        let chunks = core::iter::from_fn(|| self.node.save(&mut cursor, &mut buffer).map(<[u8]>::len));
        let chunks = chunks.take(10_000).count();
        assert!(chunks < 10_000, "saving has no end");
        chunks
    }
}

#[test]
fn saving_ends_whatever_life_comes_first() {
    let mut victim = Victim::new();
    let (dot, stamp, operation) = (FIRST.dot(1), Stamp::default(), Operation::Put);
    let entry = EntryFrame { dot, span: 1, stamp, key: b"x", operation, value: b"y".into() };
    victim.give(&[Frame::Entry(entry)]);
    for key in 0..4 {
        victim.node.put(victim.now, &[key], &[7; 900]).unwrap();
    }
    assert!(victim.saved() > 3);
    for sequence in 1..=4 {
        victim.give(&[rumor(FIRST, sequence, &[7; 900])]);
        victim.drain(Store::Rumors, None);
    }
    assert!(victim.saved() > 6);
}

#[test]
fn a_horizon_at_the_end_of_numbers_panics_nobody() {
    let mut victim = Victim::new();
    let writer = Life { origin: LIAR, generation: Generation(1) };
    let horizon = Frame::Horizon(Horizon { writer, upto: u32::MAX });
    victim.pass(200, Store::Rumors, Some(&horizon));
    assert!(victim.pulls > 0);
    // Somebody asks for what nobody can have seen.
    let (store, from, until) = (Store::Rumors, Position::First, Position::Last);
    victim.give(&[Frame::Pull(Pull { token: 9, store, from, until, len_max: 1_400, summary: &[] })]);
    victim.drain(Store::Rumors, None);
    assert!(victim.node.stats().pulls_answered > 0);
}

#[test]
fn hundreds_of_ranges_that_bring_nothing_end_an_exchange_and_no_more() {
    let mut victim = Victim::new();
    for n in (0..16_000).step_by(30) {
        let lives = (n..n + 30).map(|n| Life { origin: NodeId(1_000_000 + n), generation: Generation(1) });
        let rumors: Vec<_> = lives.map(|life| rumor(life, 64, b"")).collect();
        victim.give(&rumors);
        victim.drain(Store::Rumors, None);
    }
    victim.pass(3_000, Store::Rumors, None);
    assert!(victim.pulls > 256, "{} questions", victim.pulls);
}
