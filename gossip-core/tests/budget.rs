//! What one datagram may cost: whatever it holds, and however full the tables are, at most twenty times the work of the longest
//! honest one of its kind. Work is counted in rows that the tables are asked for.
use core::{borrow::Borrow, cell::Cell};
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Heap, Incarnation, Input, Instant, Node, NodeId, Output, Stamp,
    Storage, Urgency,
    id::Life,
    table::{Flag, HeapTable, Key, Table},
    wire::{
        Accusation, Accusers, Agreeing, Capabilities, Cause, EntryFrame, Frame, Header, MemberFrame, Operation, Ping,
        Position, Pull, RumorFrame, Standing, Store, Stores, Writer,
    },
};
use rand_pcg::Pcg32;

const TIMES: u64 = 20;
/// Half of them gone.
const MEMBERS: u64 = 4_000;
const WRITERS: u64 = 1_000;
const ENTRIES_EACH: u32 = 4;

thread_local! { static STEPS: Cell<u64> = const { Cell::new(0) }; }

fn step() {
    STEPS.set(STEPS.get() + 1);
}

/// A table on the heap that counts each row it is asked for.
struct Counted<K, V>(HeapTable<K, V>);

impl<K: Key + 'static, V: 'static> Table<K, V> for Counted<K, V> {
    const CAPACITY: usize = usize::MAX;

    fn with_limit(limit: usize) -> Self {
        Self(HeapTable::with_limit(limit))
    }

    fn limit(&self) -> usize {
        self.0.limit()
    }

    fn as_slice(&self) -> &[(K, V)] {
        step();
        self.0.as_slice()
    }

    fn at_mut(&mut self, slot: usize) -> Option<(&K, &mut V)> {
        step();
        self.0.at_mut(slot)
    }

    fn slot<Q: Key + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        step();
        self.0.slot(key)
    }

    fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        step();
        self.0.insert(key, value)
    }

    fn swap_remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        step();
        self.0.swap_remove(key)
    }

    fn order(&self, after: Option<K>) -> impl Iterator<Item = usize> {
        self.0.order(after).inspect(|_| step())
    }

    fn enter<N: Key>(&mut self, slot: usize, name_of: impl Fn(&(K, V)) -> N) {
        step();
        self.0.enter(slot, name_of);
    }

    fn strike<N: Key>(&mut self, slot: usize, name_of: impl Fn(&(K, V)) -> N) {
        step();
        self.0.strike(slot, name_of);
    }

    fn by_name<N: Key + Copy>(&self, after: N, name_of: impl Fn(&(K, V)) -> N) -> impl Iterator<Item = usize> {
        self.0.by_name(after, name_of).inspect(|_| step())
    }

    fn set_flag(&mut self, slot: usize, flag: Flag, is_set: bool) {
        step();
        self.0.set_flag(slot, flag, is_set);
    }

    fn is_set(&self, slot: usize, flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> bool {
        step();
        self.0.is_set(slot, flag, holds)
    }

    fn flagged(&self, from: usize, flag: Flag, holds: impl Fn(&(K, V)) -> bool) -> impl Iterator<Item = usize> {
        self.0.flagged(from, flag, holds).inspect(|_| step())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

enum Memory {}

impl Storage for Memory {
    type Observer = ();
    type Key = <Heap as Storage>::Key;
    type Blob = <Heap as Storage>::Blob;
    type Summary = <Heap as Storage>::Summary;
    type Members = Counted<NodeId, gossip_core::records::Member<Self::Blob>>;
    type Seeds = <Heap as Storage>::Seeds;
    type Rumors = <Heap as Storage>::Rumors;
    type Windows = Counted<Life, gossip_core::records::Window>;
    type Entries = Counted<Self::Key, gossip_core::records::Entry<Self::Blob>>;
    type Versions = Counted<Life, u32>;
    type Outbox = <Heap as Storage>::Outbox;
    type NameConflicts = <Heap as Storage>::NameConflicts;
    type Questions = <Heap as Storage>::Questions;
    type Waits = <Heap as Storage>::Waits;
    type Confirmations = <Heap as Storage>::Confirmations;
}

const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);
const SENDER: NodeId = NodeId(SPREAD);
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

fn id(number: u64) -> NodeId {
    NodeId(number.wrapping_mul(SPREAD))
}

fn addr(number: u64) -> Addr {
    Addr::new(&number.to_le_bytes()).unwrap()
}

fn member(number: u64, incarnation: u32) -> Frame<'static> {
    Frame::Member(MemberFrame {
        id: id(number),
        generation: Generation(1),
        incarnation: Incarnation(incarnation),
        standing: Standing::Alive,
        addr: addr(number),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"".into(),
    })
}

fn farewell(number: u64) -> Frame<'static> {
    Frame::Accusation(Accusation {
        id: id(number),
        generation: Generation(1),
        incarnation: Incarnation(1),
        standing: Standing::Left,
        by: id(number),
        cause: Cause::OwnWord,
        accusers: Accusers::NONE,
    })
}

fn entry(writer: u64, sequence: u32) -> ([u8; 12], Life) {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&writer.to_le_bytes());
    key[8..].copy_from_slice(&sequence.to_le_bytes());
    (key, Life { origin: id(writer), generation: Generation(1) })
}

/// Datagrams of the sender's, filled with as many frames as there are.
fn datagrams(digest: Digest, frames: &[Frame<'_>]) -> Vec<Vec<u8>> {
    let header = Header::new(ClusterLabel::default(), SENDER, Generation(1), Incarnation(0), digest);
    let mut datagrams = Vec::new();
    let mut frames = frames.iter().peekable();
    while frames.peek().is_some() {
        let mut buffer = [0; 1_400];
        let mut writer = Writer::new(&mut buffer, &header).unwrap();
        while frames.next_if(|frame| writer.put(frame)).is_some() {}
        datagrams.push(writer.finish().to_vec());
    }
    datagrams
}

fn receive(node: &mut Node<Memory>, bytes: &[u8]) {
    node.handle_input(NOW, Input::Received { from: addr(1), bytes: &mut bytes.to_vec() });
}

fn drain(node: &mut Node<Memory>) {
    let mut buffer = [0; 1_400];
    while !matches!(node.poll_output(&mut buffer), Output::Schedule(_)) {}
}

/// A node whose tables are full: of members that live and members that are gone, and of entries by many.
fn node() -> Node<Memory> {
    let mut config = Config::lan();
    config.limits.members = usize::try_from(MEMBERS).unwrap() + 1;
    let mut node = Node::<Memory>::with_storage(id(0x7777), addr(0x7777), config, &mut Pcg32::new(1, 1)).unwrap();
    let members: Vec<_> = (1..=MEMBERS).map(|number| member(number, 0)).collect();
    let farewells: Vec<_> = (1..=MEMBERS).filter(|number| number % 2 == 0).map(farewell).collect();
    let keys: Vec<_> =
        (1..=WRITERS).flat_map(|writer| (1..=ENTRIES_EACH).map(move |n| (n, entry(writer, n)))).collect();
    let entries: Vec<_> = keys.iter().map(|(sequence, (key, life))| written(*life, *sequence, key)).collect();
    for bytes in [&members, &farewells, &entries].into_iter().flat_map(|frames| datagrams(Digest(1), frames)) {
        receive(&mut node, &bytes);
        drain(&mut node);
    }
    assert_eq!(u64::try_from(node.live()).unwrap(), MEMBERS / 2 + 1);
    assert_eq!(u64::try_from(node.entries(b"").count()).unwrap(), WRITERS * u64::from(ENTRIES_EACH));
    node
}

fn written(life: Life, sequence: u32, key: &[u8]) -> Frame<'_> {
    let stamp = Stamp::from_millis(NOW.as_millis());
    Frame::Entry(EntryFrame {
        dot: life.dot(sequence),
        span: 1,
        stamp,
        key,
        operation: Operation::Put,
        value: b"value".into(),
    })
}

/// What it costs to take in as many of these frames as fit one datagram, and to answer.
fn cost(node: &mut Node<Memory>, frames: &[Frame<'_>]) -> u64 {
    let bytes = datagrams(node.digest(), frames).remove(0);
    STEPS.set(0);
    receive(node, &bytes);
    drain(node);
    STEPS.get()
}

fn pull(store: Store, summary: &[u8]) -> Vec<Frame<'_>> {
    vec![Frame::Pull(Pull { token: 1, store, from: Position::First, until: Position::Last, len_max: 1_400, summary })]
}

#[test]
fn questions_cost_what_an_honest_one_costs() {
    let mut node = node();
    // A newcomer's, whose answer is as long as a datagram.
    let honest = cost(&mut node, &pull(Store::Members, &[]));
    let junk: Vec<u8> = (0..1_300_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for store in [Store::Members, Store::Rumors, Store::Entries] {
        for summary in [&[][..], &junk, &junk[..1_296]] {
            let steps = cost(&mut node, &pull(store, summary));
            assert!(steps <= TIMES * honest, "{store:?} with {} bytes: {steps}, not {honest}", summary.len());
        }
    }
    let many = cost(&mut node, &vec![pull(Store::Members, &[]).remove(0); 40]);
    assert!(many <= TIMES * honest, "forty questions: {many}, not {honest}");
}

#[test]
fn news_costs_what_honest_news_costs() {
    let mut node = node();
    let honest = cost(&mut node, &(0..40).map(|n| member(2 * n + 3, 1)).collect::<Vec<_>>());
    // Newcomers, where each takes the place of somebody who is gone.
    let newcomers: Vec<_> = (1..60).map(|n| member(MEMBERS + n, 0)).collect();
    let steps = cost(&mut node, &newcomers);
    assert!(steps <= TIMES * honest, "newcomers: {steps}, not {honest}");
    assert!(node.stats().members_forgotten > 30);
    let gone: Vec<_> = (1..60).map(|n| farewell(2 * n + 101)).collect();
    let steps = cost(&mut node, &gone);
    assert!(steps <= TIMES * honest, "farewells: {steps}, not {honest}");
    let keys: Vec<_> = (1..60).map(|n| entry(n, ENTRIES_EACH + 1)).collect();
    let writes: Vec<_> = keys.iter().map(|(key, life)| written(*life, ENTRIES_EACH + 1, key)).collect();
    let steps = cost(&mut node, &writes);
    assert!(steps <= TIMES * honest, "writes: {steps}, not {honest}");
    let rumor = |n| RumorFrame {
        dot: entry(n, 0).1.dot(1),
        urgency: Urgency::Normal,
        payload: b"".into(),
        age_millis: 0,
        ttl_secs: 3_600,
    };
    let steps = cost(&mut node, &(1..80).map(|n| Frame::Rumor(rumor(n))).collect::<Vec<_>>());
    assert!(steps <= TIMES * honest, "rumors: {steps}, not {honest}");
    // What rides on the answer is chosen among all that is news, and there is one answer.
    let honest = cost(&mut node, &[Frame::Ping(Ping { probe: 7 })]);
    let steps = cost(&mut node, &vec![Frame::Ping(Ping { probe: 7 }); 300]);
    assert!(steps <= TIMES * honest, "pings: {steps}, not {honest}");
}

#[test]
fn evidence_costs_the_same_however_often_it_is_told() {
    let mut node = node();
    let bits = [0];
    let evidence = Frame::Agreeing(Agreeing { bits: &bits });
    let honest = cost(&mut node, core::slice::from_ref(&evidence));
    let steps = cost(&mut node, &vec![evidence; 450]);
    assert!(node.stats().evidence_shed > 200);
    assert!(steps <= TIMES * honest, "{steps}, not {honest}");
}
