//! Many newcomers at once, seen by one node without a world around it.
use core::{convert::Infallible, time::Duration};
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Incarnation, Input, Instant, Node, NodeId, Output,
    wire::{Frame, Header, MemberFrame, Read, Reader, Standing, Writer},
};
use std::collections::BTreeMap;

/// Many more than are chosen from for one datagram.
const NEWCOMERS: u64 = 1_000;

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

fn newcomer(number: u64) -> Frame<'static> {
    Frame::Member(MemberFrame {
        id: NodeId(number),
        generation: Generation(1),
        incarnation: Incarnation(0),
        standing: Standing::Alive,
        addr: addr(number),
        presence: &[],
    })
}

/// What the first of the newcomers says of all of them.
fn introductions() -> Vec<Vec<u8>> {
    let header = Header::new(ClusterLabel::default(), NodeId(1), Generation(1), Incarnation(0), Digest(1));
    let datagram = |numbers: core::ops::Range<u64>| {
        let mut buffer = [0; 1_400];
        let mut writer = Writer::new(&mut buffer, &header).unwrap();
        assert!(numbers.into_iter().all(|number| writer.put(&newcomer(number))));
        writer.finish().to_vec()
    };
    (0..NEWCOMERS / 25).map(|tens| datagram(tens * 25 + 1..tens * 25 + 26)).collect()
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

#[test]
fn of_a_thousand_newcomers_each_is_told_and_none_too_often() {
    let me = NodeId(u64::MAX);
    // Nobody answers: there shall be time for all news before anybody is suspected.
    let config = Config { probe_interval: Duration::from_hours(1), ..Config::lan() };
    // The first is told as in a small cluster, the last as in the large one that it then is.
    let (fewest, most) = (u32::from(config.heat(1)), u32::from(config.heat(1_000)));
    let mut node = Node::new(me, addr(9_999), config, &mut One).unwrap();
    let mut told = BTreeMap::new();
    let mut now = Instant::from_micros(1);
    for mut bytes in introductions() {
        node.handle_input(now, Input::Received { from: addr(1), bytes: &mut bytes });
    }
    for turn in 0..200 {
        now = drain(&mut node, &mut told).max(now);
        node.handle_input(now, Input::TimerFired);
        // Before the first have been told as often as they are to be, most others have been told.
        assert!(turn != 30 || told.len() > 900, "{} are told after {turn} turns", told.len());
    }
    told.remove(&me);
    let wrong: Vec<_> = told.iter().filter(|(_, times)| !(fewest..=most).contains(times)).collect();
    assert!(wrong.is_empty(), "not from {fewest} to {most} times: {wrong:?}");
}
