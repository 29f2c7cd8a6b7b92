//! Many newcomers at once, seen by one node without a world around it.
use core::{convert::Infallible, time::Duration};
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Incarnation, Input, Instant, Node, NodeId, Output,
    wire::{
        Capabilities, Frame, Header, MemberFrame, Position, Pull, PullEnd, Read, Reader, Remainder, Standing, Store,
        Stores, Writer,
    },
};
use std::collections::BTreeMap;

struct One;

impl rand_core::TryRng for One {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(1)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(1)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(1);
        Ok(())
    }
}

fn addr(number: u64) -> Addr {
    Addr::new(&number.to_be_bytes()).unwrap()
}

/// A newcomer with a presence of this length.
fn newcomer(number: u64, presence: usize) -> Frame<'static> {
    Frame::Member(MemberFrame {
        id: NodeId(number),
        generation: Generation(1),
        incarnation: Incarnation(0),
        standing: Standing::Alive,
        addr: addr(number),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: [b'p'; 16][..presence].into(),
    })
}

fn header() -> Header {
    Header::new(ClusterLabel::default(), NodeId(1), Generation(1), Incarnation(0), Digest(1))
}

/// What the first of the newcomers says of all of them.
fn introductions(newcomers: u64, presence: usize) -> Vec<Vec<u8>> {
    let datagram = |first: u64| {
        let mut buffer = [0; 1_400];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        assert!((first..=newcomers).take(25).all(|number| writer.put(&newcomer(number, presence))));
        writer.finish().to_vec()
    };
    (1..=newcomers).step_by(25).map(datagram).collect()
}

/// A node that was told of so many newcomers.
fn node(newcomers: u64, presence: usize) -> Node<gossip_core::Heap> {
    // Nobody answers: there shall be time for all news before anybody is suspected.
    let config = Config { probe_interval: Duration::from_hours(1), ..Config::lan() };
    let mut node = Node::new(NodeId(u64::MAX), addr(9_999), config, &mut One).unwrap();
    for mut bytes in introductions(newcomers, presence) {
        node.handle_input(Instant::from_micros(1), Input::Received { from: addr(1), bytes: &mut bytes });
    }
    node
}

/// Adds up how often each member is spoken of in what the node puts out, and says when it wants to be woken.
fn drain(node: &mut Node<gossip_core::Heap>, told: &mut BTreeMap<NodeId, u32>) -> Instant {
    let mut buffer = [0; 1_400];
    loop {
        match node.poll_output(&mut buffer) {
            Output::Send { bytes, .. } => {
                let (_, frames) = Header::open(bytes, ClusterLabel::default()).unwrap();
                for read in Reader::new(frames) {
                    if let Ok(Read::Frame(Frame::Member(member))) = read {
                        *told.entry(member.id).or_default() += 1;
                    }
                }
            }
            Output::Event(_) => {}
            Output::Schedule(at) => return at,
        }
    }
}

/// How often each newcomer is spoken of until there is nothing more to say.
fn told_of(newcomers: u64) -> BTreeMap<NodeId, u32> {
    let mut node = node(newcomers, 0);
    let mut told = BTreeMap::new();
    let mut now = Instant::from_micros(1);
    for _ in 0..200 {
        now = drain(&mut node, &mut told).max(now);
        node.handle_input(now, Input::TimerFired);
    }
    told.remove(&NodeId(u64::MAX));
    told
}

#[test]
fn of_a_few_newcomers_each_is_told_and_none_too_often() {
    let told = told_of(12);
    // The first is told as in a small cluster, the last as in the larger one that it then is.
    let (fewest, most) = (u32::from(Config::lan().retransmit_limit(1)), u32::from(Config::lan().retransmit_limit(13)));
    let wrong: Vec<_> = told.iter().filter(|(_, times)| !(fewest..=most).contains(times)).collect();
    assert!(told.len() == 12 && wrong.is_empty(), "not 12 from {fewest} to {most} times: {told:?}");
}

#[test]
fn of_a_thousand_newcomers_whoever_asks_is_told_each_once_and_nobody_else_of_any() {
    assert_eq!(told_of(1_000), BTreeMap::new());
    // Whatever room the last row of an answer leaves.
    (0..16).for_each(a_thousand_newcomers_are_told_to_whoever_asks);
}

fn a_thousand_newcomers_are_told_to_whoever_asks(presence: usize) {
    let mut node = node(1_000, presence);
    let mut told = BTreeMap::new();
    drain(&mut node, &mut told);
    told.clear();
    let mut asked = 0;
    let mut from = Position::First;
    loop {
        asked += 1;
        let mut buffer = [0; 1_400];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        let pull =
            Pull { token: asked, store: Store::Members, from, until: Position::Last, len_max: 1_400, summary: &[] };
        assert!(writer.put(&Frame::Pull(pull)));
        let mut bytes = writer.finish().to_vec();
        node.handle_input(Instant::from_micros(2), Input::Received { from: addr(1), bytes: &mut bytes });
        let Remainder::After(upto) = pull_end(&mut node, &mut told) else { break };
        assert!(upto > from, "each answer goes further");
        from = upto;
    }
    // Its own row among them.
    assert!(told.len() == 1_001 && told.values().all(|&times| times <= 2), "{} rows, {presence}", told.len());
    assert!(told.values().sum::<u32>() < 1_001 + u32::from(asked), "where one answer ends, the next begins");
    assert!(asked <= 40, "{asked} questions");
}

/// Takes in an answer, and says what it leaves.
fn pull_end(node: &mut Node<gossip_core::Heap>, told: &mut BTreeMap<NodeId, u32>) -> Remainder {
    let mut buffer = [0; 1_400];
    loop {
        let Output::Send { bytes, .. } = node.poll_output(&mut buffer) else { continue };
        let (_, frames) = Header::open(bytes, ClusterLabel::default()).unwrap();
        for read in Reader::new(frames) {
            match read {
                Ok(Read::Frame(Frame::Member(member))) => *told.entry(member.id).or_default() += 1,
                Ok(Read::Frame(Frame::PullEnd(PullEnd { remainder, .. }))) => return remainder,
                _ => {}
            }
        }
    }
}
