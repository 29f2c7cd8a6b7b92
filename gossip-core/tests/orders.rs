//! Whole nodes are lattices, too: two of them that were told the same, in whatever order and however often, end the same.
//!
//! All news comes from one honest peer, at one moment, so that no timer has a say.
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Event, Generation, Heap, Incarnation, Input, Instant, Liveness, Node, NodeId,
    Output, Stamp, Storage, Urgency,
    id::Life,
    wire::{
        Accusation, Accusers, Capabilities, Cause, EntryFrame, Frame, Header, MemberFrame, Operation, Ping, RumorFrame,
        Standing, Stores, Writer,
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};
use rand_pcg::Pcg32;
use std::collections::{BTreeMap, BTreeSet};

const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);
const PEER: NodeId = NodeId(50);
/// More than any writer here writes: each time through, at least one more of its writes finds its place.
const ROUNDS: usize = 10;

/// One piece of news. What it says in full follows from this alone, as with an honest teller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Write { writer: u64, sequence: u32, key: u8, value: Option<u8>, millis: u64 },
    Rumor { writer: u64, sequence: u32 },
    Words { member: u64, incarnation: u32, standing: Standing },
    Accusation { member: u64, incarnation: u32, standing: Standing },
}

/// What some writers, publishers and members said.
fn history() -> impl Strategy<Value = Vec<News>> {
    let writes = vec((0..4_u8, prop::option::weighted(0.8, any::<u8>()), 0..6_u64), 0..8);
    let writes = (1..4_u64, writes).prop_map(|(writer, writes)| {
        let write = |(sequence, (key, value, millis))| News::Write { writer, sequence, key, value, millis };
        (1..).zip(writes).map(write).collect::<Vec<_>>()
    });
    let rumors = (1..4_u64, 0..6_u32)
        .prop_map(|(writer, count)| (1..=count).map(|sequence| News::Rumor { writer, sequence }).collect::<Vec<_>>());
    let said = prop::sample::select(vec![Standing::Alive, Standing::Suspect, Standing::Left]);
    let said =
        (any::<bool>(), 0..5_u32, said).prop_map(|(itself, incarnation, standing)| (itself, incarnation, standing));
    let members = (1..4_u64, vec(said, 0..6)).prop_map(|(member, said)| {
        let of = |(itself, incarnation, standing)| match standing {
            Standing::Alive | Standing::Suspect if itself => News::Words { member, incarnation, standing },
            _ => News::Accusation { member, incarnation, standing },
        };
        said.into_iter().map(of).collect::<Vec<_>>()
    });
    vec(prop_oneof![writes, rumors, members], 1..8).prop_map(|said| {
        // Of one writer, one history.
        let mut known = BTreeSet::new();
        let mut news = said.concat();
        news.retain(|news| known.insert(news.name()));
        news
    })
}

impl News {
    /// Two with one name are the same news.
    fn name(self) -> (u8, u64, u32, Option<Standing>) {
        match self {
            Self::Write { writer, sequence, .. } => (0, writer, sequence, None),
            Self::Rumor { writer, sequence } => (1, writer, sequence, None),
            Self::Words { member, incarnation, standing } => (2, member, incarnation, Some(standing)),
            Self::Accusation { member, incarnation, standing } => (3, member, incarnation, Some(standing)),
        }
    }

    /// Tells it to a node.
    fn tell<S: Storage>(self, node: &mut Node<S>) {
        match self {
            Self::Write { writer, sequence, key, value, millis } => {
                let (dot, stamp) = (life(writer).dot(sequence), Stamp::from_millis(NOW.as_millis() + millis));
                let (key, value) = ([b'k', key], value.map(|value| [value]));
                let operation = if value.is_some() { Operation::Put } else { Operation::Delete };
                let value = value.as_ref().map_or(&[][..], <[u8; 1]>::as_slice).into();
                hand(node, &Frame::Entry(EntryFrame { dot, span: 1, stamp, key: &key, operation, value }));
            }
            Self::Rumor { writer, sequence } => {
                let urgency = if sequence % 2 == 0 { Urgency::Critical } else { Urgency::Normal };
                let payload = payload(writer, sequence);
                let dot = life(writer).dot(sequence);
                hand(
                    node,
                    &Frame::Rumor(RumorFrame {
                        dot,
                        urgency,
                        payload: payload[..].into(),
                        age_millis: 0,
                        ttl_secs: 3_600,
                    }),
                );
            }
            Self::Words { member, incarnation, standing } => {
                hand(node, &Frame::Member(words(member, incarnation, standing)))
            }
            Self::Accusation { member, incarnation, standing } => {
                let (id, generation) = (NodeId(member), generation(incarnation));
                let incarnation = Incarnation(incarnation);
                let (by, cause, accusers) = (PEER, Cause::Silence, Accusers::of(PEER));
                let said = Accusation { id, generation, incarnation, standing, by, cause, accusers };
                hand(node, &Frame::Accusation(said));
            }
        }
    }
}

fn life(writer: u64) -> Life {
    Life { origin: NodeId(100 + writer), generation: Generation(7) }
}

fn payload(writer: u64, sequence: u32) -> Vec<u8> {
    format!("{writer}: {sequence}").into_bytes()
}

/// Every other incarnation, the member is another life of its.
fn generation(incarnation: u32) -> Generation {
    Generation([40, 30, 20][incarnation as usize / 2])
}

/// With an address and a presence of their own for each incarnation.
fn words(member: u64, incarnation: u32, standing: Standing) -> MemberFrame<'static> {
    let presence = [b"zero", b"one ", b"two ", b"thre", b"four"][incarnation as usize];
    let addr = Addr::new(&[member as u8, incarnation as u8]).unwrap();
    let generation = generation(incarnation);
    let (incarnation, capabilities) = (Incarnation(incarnation), Capabilities::keeping(Stores::ALL));
    MemberFrame { id: NodeId(member), generation, incarnation, standing, addr, capabilities, presence: presence.into() }
}

fn peer_addr() -> Addr {
    Addr::new(&[5]).unwrap()
}

/// Hands a frame of the peer's to a node.
fn hand<S: Storage>(node: &mut Node<S>, frame: &Frame<'_>) {
    let header = Header::new(ClusterLabel::default(), PEER, Generation(1), Incarnation(0), Digest(0));
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(frame));
    let len = writer.len();
    node.handle_input(NOW, Input::Received { from: peer_addr(), bytes: &mut buffer[..len] });
}

/// What a node ends with.
#[derive(Debug, Default, PartialEq)]
struct State {
    digest: Digest,
    entries: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    members: BTreeMap<NodeId, (Liveness, Incarnation, Generation, Addr, Vec<u8>)>,
    /// Each with how often it was told.
    rumors: BTreeMap<Vec<u8>, usize>,
}

/// A node that has been told all of `news`, in this order, as many times as it takes to take everything in.
fn told(news: &[News], seed: u64) -> State {
    let me = Addr::new(&[1]).unwrap();
    let mut node = Node::<Heap>::new(NodeId(99), me, Config::lan(), &mut Pcg32::new(seed, 0)).unwrap();
    let introduction =
        MemberFrame { id: PEER, addr: peer_addr(), generation: Generation(1), ..words(1, 0, Standing::Alive) };
    hand(&mut node, &Frame::Member(introduction));
    // Who was never heard of cannot be accused.
    (1..4).for_each(|member| hand(&mut node, &Frame::Member(words(member, 0, Standing::Alive))));
    let mut state = State::default();
    for _ in 0..ROUNDS {
        for news in news {
            news.tell(&mut node);
            drain(&mut node, &mut state);
        }
    }
    hand(&mut node, &Frame::Ping(Ping { probe: 9 }));
    drain(&mut node, &mut state);
    state.entries =
        node.entries(b"").map(|entry| (entry.key.to_vec(), (entry.value.to_vec(), entry.dot.sequence))).collect();
    let of = |view: gossip_core::MemberView<'_>| {
        (view.id, (view.liveness, view.incarnation, view.generation, view.addr, view.presence.to_vec()))
    };
    state.members = node.members().map(of).collect();
    state
}

fn drain(node: &mut Node<Heap>, state: &mut State) {
    let mut buffer = [0; 1400];
    loop {
        match node.poll_output(&mut buffer) {
            // Our own part of the digest differs from node to node: what is ours is not what we were told.
            Output::Send { bytes, .. } => state.digest = Header::open(bytes, ClusterLabel::default()).unwrap().0.digest,
            Output::Event(Event::Delivered { payload, .. }) => *state.rumors.entry(payload.to_vec()).or_default() += 1,
            Output::Event(_) => {}
            Output::Schedule(_) => return,
        }
    }
}

proptest! {
    #[test]
    fn nodes_that_were_told_the_same_are_the_same(
        news in history(),
        picks in vec(any::<Index>(), 0..80),
    ) {
        let other = shuffled(news.clone(), &picks);
        let (one, other) = (told(&news, 1), told(&other, 1));
        prop_assert_eq!(&one, &other);
        check(&news, &one)?;
    }
}

/// In another order, and some of it more than once.
fn shuffled(mut news: Vec<News>, picks: &[Index]) -> Vec<News> {
    let picks = if news.is_empty() { &[] } else { picks };
    for (at, pick) in picks.iter().enumerate() {
        let len = news.len();
        let picked = pick.index(len);
        if at % 4 == 3 { news.push(news[picked]) } else { news.swap(at % len, picked) }
    }
    news
}

/// What it must have come to.
fn check(news: &[News], state: &State) -> Result<(), TestCaseError> {
    let mut entries = BTreeMap::new();
    let mut rumors = BTreeMap::new();
    let mut claims = BTreeMap::new();
    let mut spoken = BTreeMap::new();
    for &news in news {
        match news {
            News::Write { writer, sequence, key, value, millis } => {
                let write = (millis, writer, sequence, value);
                let best = entries.entry(vec![b'k', key]).or_insert(write);
                *best = write.max(*best);
            }
            News::Rumor { writer, sequence } => {
                rumors.insert(payload(writer, sequence), 1);
            }
            News::Words { member, incarnation, standing } => {
                let best = spoken.entry(member).or_insert(0);
                *best = incarnation.max(*best);
                let best = claims.entry(member).or_insert((0, Standing::Alive));
                *best = (incarnation, standing).max(*best);
            }
            News::Accusation { member, incarnation, standing } if standing != Standing::Alive => {
                let best = claims.entry(member).or_insert((0, Standing::Alive));
                *best = (incarnation, standing).max(*best);
            }
            News::Accusation { .. } => {}
        }
    }
    let living = entries.into_iter().filter_map(|(key, (_, _, sequence, value))| Some((key, (vec![value?], sequence))));
    prop_assert_eq!(&state.entries, &living.collect());
    prop_assert_eq!(&state.rumors, &rumors);
    for member in 1..4 {
        let (incarnation, standing) = claims.get(&member).copied().unwrap_or((0, Standing::Alive));
        let words = words(member, spoken.get(&member).copied().unwrap_or(0), standing);
        let (incarnation, generation) = (Incarnation(incarnation), generation(incarnation));
        let expected = (standing.into(), incarnation, generation, words.addr, words.presence.known().to_vec());
        prop_assert_eq!(&state.members[&NodeId(member)], &expected);
    }
    Ok(())
}
