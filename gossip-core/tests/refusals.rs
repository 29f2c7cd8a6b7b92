//! What a node does not take, does not do and does not answer: it goes on, and has counted it.
use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Config, DeleteError, Digest, Event, Generation, Heap, Incarnation, Input, Instant, JoinError,
    Limits, Liveness, Node, NodeId, Output, PresenceError, PublishError, PutError, RestoreError, SaveCursor, Sensor,
    Stamp, Storage, TooLong, Urgency,
    id::Life,
    stats::Stats,
    wire::{
        Accusation, Accusers, Capabilities, Cause, EntryFrame, Frame, Header, MemberFrame, Operation, Ping,
        PingRequest, Position, Pull, RumorFrame, Standing, Store, Stores, Writer,
    },
};
use rand_pcg::Pcg32;

const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);
const ME: NodeId = NodeId(1);
const PEER: NodeId = NodeId(2);
const OTHER: NodeId = NodeId(3);
const WRITER: Life = Life { origin: NodeId(9), generation: Generation(9) };

fn node<S: Storage>(config: Config) -> Node<S> {
    Node::with_storage(ME, addr(ME), config, &mut Pcg32::new(1, 1)).unwrap()
}

/// The same, in another life.
fn next_life(config: Config) -> Node<Heap> {
    Node::new(ME, addr(ME), config, &mut Pcg32::new(2, 1)).unwrap()
}

fn addr(id: NodeId) -> Addr {
    Addr::new(&id.0.to_le_bytes()[..4]).unwrap()
}

/// A node that has counted in two others, and has said all that it had to say.
fn acquainted<S: Storage>(config: Config) -> Node<S> {
    let mut node = node(config);
    for id in [PEER, OTHER] {
        hand(&mut node, id, &[Frame::Member(member(id, 0, b""))]);
    }
    drain(&mut node);
    node
}

fn member(id: NodeId, incarnation: u32, presence: &[u8]) -> MemberFrame<'_> {
    let (generation, incarnation) = (Generation(7), Incarnation(incarnation));
    let capabilities = Capabilities::keeping(Stores::ALL);
    let presence = presence.into();
    MemberFrame { id, generation, incarnation, standing: Standing::Alive, addr: addr(id), capabilities, presence }
}

fn accusation(id: NodeId, incarnation: u32) -> Frame<'static> {
    let (generation, incarnation) = (Generation(7), Incarnation(incarnation));
    let (standing, by, cause, accusers) = (Standing::Suspect, PEER, Cause::Silence, Accusers::of(PEER));
    Frame::Accusation(Accusation { id, generation, incarnation, standing, by, cause, accusers })
}

fn header(sender: NodeId) -> Header {
    Header::new(ClusterLabel::default(), sender, Generation(7), Incarnation(0), Digest(0))
}

fn datagram(header: &Header, frames: &[Frame<'_>]) -> Vec<u8> {
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, header).unwrap();
    assert!(frames.iter().all(|frame| writer.put(frame)));
    writer.finish().to_vec()
}

/// Hands `node` a datagram of `sender`'s.
fn hand<S: Storage>(node: &mut Node<S>, sender: NodeId, frames: &[Frame<'_>]) {
    let mut bytes = datagram(&header(sender), frames);
    node.handle_input(NOW, Input::Received { from: addr(sender), bytes: &mut bytes });
}

/// How many datagrams a node sends, and how many bytes in the longest.
fn drain<S: Storage>(node: &mut Node<S>) -> (usize, usize) {
    let (mut buffer, mut sent, mut longest) = ([0; 1400], 0, 0);
    loop {
        match node.poll_output(&mut buffer) {
            Output::Send { bytes, .. } => (sent, longest) = (sent + 1, bytes.len().max(longest)),
            Output::Event(_) => {}
            Output::Schedule(_) => return (sent, longest),
        }
    }
}

/// What was counted by `then`, other than datagrams and bytes.
fn counted<S: Storage>(node: &mut Node<S>, then: impl FnOnce(&mut Node<S>)) -> Vec<(&'static str, u64)> {
    let rows = |stats: &Stats| stats.rows().collect::<Vec<_>>();
    let before = rows(node.stats());
    then(node);
    let after = rows(node.stats());
    let grown = before.iter().zip(after).map(|((_, before), (name, after))| (name, after - before));
    grown.filter(|(name, by)| *by > 0 && !name.starts_with("datagrams") && !name.starts_with("bytes")).collect()
}

#[test]
fn what_is_not_for_us_is_counted_by_its_reason() {
    let mut node = acquainted::<Heap>(Config::lan());
    let frames = [Frame::Ping(Ping { probe: 9 })];
    let with =
        |sender, incarnation| Header::new(ClusterLabel::default(), sender, Generation(8), incarnation, Digest(0));
    let foreign = Header::new(ClusterLabel::new("others"), PEER, Generation(7), Incarnation(0), Digest(0));
    let mut newer = datagram(&header(PEER), &frames);
    newer[0] = 3;
    let turned_away = [
        ("refused_truncated", datagram(&header(PEER), &[])[..20].to_vec()),
        ("refused_truncated", Vec::new()),
        ("refused_version", newer),
        ("refused_foreign_cluster", datagram(&foreign, &frames)),
        ("refused_oversized", vec![1; 1401]),
        ("refused_own", datagram(&with(ME, Incarnation(0)), &frames)),
        ("refused_incredible", datagram(&with(PEER, Incarnation(u32::MAX)), &frames)),
    ];
    for (reason, mut bytes) in turned_away {
        let counted = counted(&mut node, |node| {
            node.handle_input(NOW, Input::Received { from: addr(ME), bytes: &mut bytes });
        });
        assert_eq!(counted, [(reason, 1)]);
        assert_eq!(drain(&mut node), (0, 0), "{reason}");
    }
}

#[test]
fn a_question_too_short_for_our_answer_is_not_answered() {
    let mut before = node::<Heap>(Config::lan());
    // So many changes of mind take two bytes in our header, and the asker's took one.
    (0..200).for_each(|_| before.set_presence(NOW, b"again").unwrap());
    hand(&mut before, NodeId(99), &[Frame::Ping(Ping { probe: 9 })]);
    assert_eq!(drain(&mut before), (0, 0));
    let mut longer = datagram(&header(NodeId(99)), &[Frame::Ping(Ping { probe: 9 })]);
    longer.push(0);
    let len = longer.len();
    before.handle_input(NOW, Input::Received { from: addr(PEER), bytes: &mut longer });
    assert_eq!(drain(&mut before), (1, len));
}

#[test]
fn nobody_is_pinged_for_a_stranger_and_no_stranger_for_anybody() {
    let mut node = acquainted::<Heap>(Config::lan());
    let request = |target| [Frame::PingRequest(PingRequest { probe: 5, target })];
    for (asker, target) in [(NodeId(99), PEER), (PEER, NodeId(99))] {
        let counted = counted(&mut node, |node| hand(node, asker, &request(target)));
        assert_eq!(counted, [("questions_of_strangers", 1)]);
        assert_eq!(drain(&mut node), (0, 0));
    }
    assert_eq!(counted(&mut node, |node| hand(node, PEER, &request(ME))), [], "we need no help to find ourselves");
    assert_eq!(drain(&mut node), (0, 0));
    hand(&mut node, PEER, &request(OTHER));
    assert_eq!(drain(&mut node).0, 1);
}

#[test]
fn what_is_owed_has_a_limit() {
    let limits = Limits { outbox: 3, questions: 2, ..Config::lan().limits };
    let mut node = acquainted::<Heap>(Config { limits, ..Config::lan() });
    let counted_pings = counted(&mut node, |node| {
        (0..5).for_each(|probe| hand(node, PEER, &[Frame::Ping(Ping { probe: 5 + probe })]));
    });
    assert_eq!(counted_pings, [("outbox_shed", 2)]);
    assert_eq!(drain(&mut node).0, 3);
    let pull = Pull {
        token: 1,
        store: Store::Rumors,
        from: Position::First,
        until: Position::Last,
        len_max: 1_400,
        summary: &[],
    };
    let counted_pulls = counted(&mut node, |node| (0..5).for_each(|_| hand(node, PEER, &[Frame::Pull(pull)])));
    assert_eq!(counted_pulls, [("questions_shed", 3)]);
    let answered = counted(&mut node, |node| assert_eq!(drain(node).0, 2));
    assert_eq!(answered, [("pulls_answered", 2)]);
}

#[test]
fn a_short_buffer_gets_nothing_but_the_deadline() {
    let mut node = acquainted::<Heap>(Config::lan());
    hand(&mut node, PEER, &[Frame::Ping(Ping { probe: 5 })]);
    let deadline = |node: &mut Node<Heap>| match node.poll_output(&mut [0; 1399]) {
        Output::Schedule(at) => at,
        output => panic!("{output:?}"),
    };
    assert_eq!(deadline(&mut node), NOW, "there is news to be pushed");
    assert_eq!(node.stats().buffer_too_short, 1);
    assert_eq!(drain(&mut node).0, 1, "nothing is lost");
}

#[test]
fn claims_that_the_accused_could_not_outdo_are_not_believed() {
    let mut node = acquainted::<Heap>(Config::lan());
    let beyond = Incarnation::ACCUSED_MAX.0 + 1;
    let relayed_beyond = Incarnation::RELAYED_MAX.0 + 1;
    let before = (node.me().incarnation, node.member(OTHER).unwrap().incarnation);
    let lies = [
        accusation(OTHER, beyond),
        accusation(ME, beyond),
        accusation(OTHER, Incarnation::ACCUSED_STEP + 1),
        Frame::Member(member(ME, relayed_beyond, b"")),
        Frame::Member(member(OTHER, Incarnation::RELAYED_STEP + 1, b"")),
        Frame::Member(member(PEER, Incarnation::MAX.0 + 1, b"")),
        Frame::Member(MemberFrame { standing: Standing::Down, ..member(OTHER, 1, b"") }),
    ];
    for lie in lies {
        assert_eq!(counted(&mut node, |node| hand(node, PEER, &[lie])), [("claims_refused", 1)]);
    }
    assert_eq!((node.me().incarnation, node.member(OTHER).unwrap().incarnation), before);
    // Step by step, others can be led far, but not beyond what the member itself can contradict.
    let mut believed = 0;
    while believed < Incarnation::RELAYED_MAX.0 {
        believed = Incarnation::RELAYED_MAX.0.min(believed + Incarnation::RELAYED_STEP);
        hand(&mut node, PEER, &[Frame::Member(member(OTHER, believed, b""))]);
    }
    assert_eq!(node.member(OTHER).unwrap().incarnation, Incarnation::RELAYED_MAX);
    hand(&mut node, PEER, &[Frame::Member(member(OTHER, relayed_beyond, b""))]);
    assert_eq!(node.member(OTHER).unwrap().incarnation, Incarnation::RELAYED_MAX);
    hand(&mut node, OTHER, &[Frame::Member(member(OTHER, relayed_beyond, b"itself"))]);
    assert_eq!(node.member(OTHER).unwrap().presence, b"itself");
}

#[test]
fn a_sensor_takes_what_fits_its_regions() {
    let mut node = acquainted::<Sensor>(Config::sensor());
    let too_long = |len, len_max| TooLong { len, len_max };
    let (short, long) = ([7; 32], [7; 33]);
    assert_eq!(node.set_presence(NOW, &long), Err(PresenceError::TooLong(too_long(33, 32))));
    assert_eq!(node.publish(NOW, Urgency::Normal, &long), Err(PublishError::TooLong(too_long(33, 32))));
    assert_eq!(node.put(NOW, &[b'k'; 17], b""), Err(PutError::TooLong(too_long(17, 16))));
    let entry_len_max = node.entry_len_max();
    assert_eq!(node.put(NOW, b"k", &long), Err(PutError::TooLong(too_long(34, entry_len_max))));
    assert_eq!(node.delete(NOW, &[b'k'; 17]), Err(DeleteError::Absent));
    assert!(node.set_presence(NOW, &short).is_ok());
    // What a server says to its like does not fit either; whoever says it is there all the same.
    for id in [OTHER, NodeId(4)] {
        let words = [Frame::Member(member(id, 1, &long))];
        assert_eq!(counted(&mut node, |node| hand(node, PEER, &words)), [("members_refused", 1)]);
    }
    let other = node.member(OTHER).unwrap();
    assert_eq!((other.liveness, other.incarnation, other.presence), (Liveness::Alive, Incarnation(1), &b""[..]));
    assert!(node.member(NodeId(4)).is_none());
    let entry = EntryFrame {
        dot: WRITER.dot(1),
        span: 1,
        stamp: Stamp::from_millis(1),
        key: &[b'k'; 17],
        operation: Operation::Delete,
        value: b"".into(),
    };
    assert_eq!(counted(&mut node, |node| hand(node, PEER, &[Frame::Entry(entry)])), [("entries_refused", 1)]);
    let after = Frame::Entry(EntryFrame { dot: WRITER.dot(2), key: b"k", ..entry });
    assert_eq!(counted(&mut node, |node| hand(node, PEER, &[after])), [("entries_early", 1)], "until there is room");
}

#[test]
fn rumors_that_wait_to_be_told_make_no_room() {
    let limits = Limits { rumors: 2, ..Config::lan().limits };
    let mut node = acquainted::<Heap>(Config { limits, ..Config::lan() });
    let rumor = |sequence| {
        Frame::Rumor(RumorFrame {
            dot: WRITER.dot(sequence),
            urgency: Urgency::Normal,
            payload: b"heard".into(),
            age_millis: 0,
            ttl_secs: 3_600,
        })
    };
    hand(&mut node, PEER, &[rumor(1), rumor(2)]);
    assert_eq!(counted(&mut node, |node| hand(node, PEER, &[rumor(3)])), [("rumors_refused", 1)]);
    assert_eq!(node.publish(NOW, Urgency::Critical, b"said"), Err(PublishError::Full { limit: 2 }));
    let mut told = 0;
    let mut buffer = [0; 1400];
    while let Output::Event(event) = node.poll_output(&mut buffer) {
        told += usize::from(matches!(event, Event::Delivered { .. }));
    }
    assert_eq!(told, 2);
    let made_room = counted(&mut node, |node| assert!(node.publish(NOW, Urgency::Critical, b"said").is_ok()));
    assert_eq!(made_room, [("rumors_evicted", 1)]);
}

#[test]
fn a_new_life_without_room_for_its_numbers_writes_nothing() {
    let limits = Limits { writers: 2, ..Config::lan().limits };
    let mut node = acquainted::<Heap>(Config { limits, ..Config::lan() });
    node.put(NOW, b"k", b"v").unwrap();
    let entry = |dot| {
        let stamp = Stamp::from_millis(1);
        [Frame::Entry(EntryFrame { dot, span: 1, stamp, key: b"other", operation: Operation::Put, value: b"x".into() })]
    };
    hand(&mut node, PEER, &entry(WRITER.dot(1)));
    let me = Life { origin: ME, generation: node.me().generation };
    let reborn = counted(&mut node, |node| hand(node, PEER, &entry(me.dot(50))));
    assert_eq!(reborn, [("rebirths", 1)]);
    assert_eq!(node.put(NOW, b"k", b"w"), Err(PutError::WritersFull { limit: 2 }));
    assert_eq!(node.delete(NOW, b"k"), Err(DeleteError::WritersFull { limit: 2 }));
    assert_eq!((node.get(b"k"), node.get(b"other")), (Some(&b"v"[..]), Some(&b"x"[..])));
}

#[test]
fn who_is_gone_for_long_is_forgotten_and_may_come_again() {
    let remember_gone = Duration::from_secs(600);
    let mut node = acquainted::<Heap>(Config { remember_gone, ..Config::lan() });
    let farewell = Accusation {
        id: OTHER,
        generation: Generation(7),
        incarnation: Incarnation(1),
        standing: Standing::Left,
        by: OTHER,
        cause: Cause::OwnWord,
        accusers: Accusers::NONE,
    };
    hand(&mut node, PEER, &[Frame::Accusation(farewell)]);
    // One at a time, as often as the lost are looked for.
    let at_last = remember_gone + Config::lan().reconnect_interval;
    for (after, remembered) in [(remember_gone - Duration::from_secs(1), true), (at_last, false)] {
        node.handle_input(NOW + after, Input::TimerFired);
        drain(&mut node);
        assert_eq!(node.member(OTHER).map(|other| other.liveness), remembered.then_some(Liveness::Left));
    }
    assert_eq!(node.stats().members_forgotten, 1);
    hand(&mut node, PEER, &[Frame::Member(member(OTHER, 0, b"again"))]);
    assert_eq!(node.member(OTHER).map(|other| other.presence), Some(&b"again"[..]));
}

#[test]
fn who_has_left_is_deaf_and_dumb() {
    let mut node = acquainted::<Heap>(Config::lan());
    node.put(NOW, b"k", b"v").unwrap();
    // Nobody answers, and nothing is waited for: the farewell is said at once.
    node.leave_within(NOW, Duration::ZERO);
    let farewell = node.me().incarnation;
    node.leave(NOW);
    assert_eq!((node.me().incarnation, node.me().liveness), (farewell, Liveness::Left), "one farewell is enough");
    assert!(drain(&mut node).0 > 0 || node.live() > 1);
    assert_eq!(node.put(NOW, b"k", b"w"), Err(PutError::Left));
    assert_eq!(node.delete(NOW, b"k"), Err(DeleteError::Left));
    assert_eq!(node.publish(NOW, Urgency::Normal, b"r"), Err(PublishError::Left));
    assert_eq!(node.set_presence(NOW, b"p"), Err(PresenceError::Left));
    assert_eq!(node.join(NOW, addr(NodeId(5))), Err(JoinError::Left));
    let later = NOW + Duration::from_secs(60);
    node.handle_input(later, Input::TimerFired);
    let mut buffer = [0; 1400];
    let mut departures = 0;
    while let output @ (Output::Event(_) | Output::Send { .. }) = node.poll_output(&mut buffer) {
        departures += usize::from(output == Output::Event(Event::Departed));
    }
    assert_eq!(departures, 1);
    node.handle_input(later, Input::TimerFired);
    hand(&mut node, PEER, &[Frame::Ping(Ping { probe: 5 })]);
    assert_eq!(node.poll_output(&mut buffer), Output::Schedule(Instant::NEVER));
    assert_eq!(node.get(b"k"), Some(&b"v"[..]), "it can still be asked what it knew");
}

#[test]
fn what_was_kept_is_taken_in_by_whom_it_was_kept_for() {
    let mut former = acquainted::<Heap>(Config::lan());
    former.put(NOW, b"k", b"v").unwrap();
    former.publish(NOW, Urgency::Normal, b"r").unwrap();
    let (mut cursor, mut buffer) = (SaveCursor::default(), [0; 1400]);
    assert!(former.save(&mut cursor, &mut [0; 1399]).is_none(), "a datagram must fit");
    let chunk = former.save(&mut cursor, &mut buffer).unwrap().to_vec();
    assert!(former.save(&mut cursor, &mut [0; 1400]).is_none(), "that was all");
    let spoilt = |at: usize| {
        let mut chunk = chunk.clone();
        chunk[at] ^= 1;
        chunk
    };
    let mut next = next_life(Config::lan());
    let refused = [
        (&chunk[..10], RestoreError::Malformed),
        (&spoilt(0), RestoreError::Malformed),
        (&spoilt(3), RestoreError::Version(2)),
        (&spoilt(4), RestoreError::Foreign),
        (&spoilt(8), RestoreError::Foreign),
    ];
    for (chunk, error) in refused {
        assert_eq!(next.restore(NOW, chunk), Err(error));
    }
    assert_eq!(next.get(b"k"), None);
    // Behind the frames that it knows, there may be some of a later version, and some of no use here.
    let longer = [&chunk[..], &[2, 200, 9], &datagram(&header(PEER), &[Frame::Ping(Ping { probe: 1 })])[26..]].concat();
    assert_eq!(next.restore(NOW, &longer), Ok(()));
    assert_eq!(next.get(b"k"), Some(&b"v"[..]));
    let damaged = [&chunk[..], &[9, 0]].concat();
    let mut other = next_life(Config::lan());
    assert_eq!(other.restore(NOW, &damaged), Err(RestoreError::Malformed));
    assert_eq!(other.get(b"k"), Some(&b"v"[..]), "what came before the damage counts");
}

#[test]
fn seeds_that_were_named_are_kept_and_those_remembered_make_room() {
    let (mut cursor, mut buffer) = (SaveCursor::default(), [0; 1400]);
    let former = acquainted::<Heap>(Config::lan());
    let chunk = former.save(&mut cursor, &mut buffer).unwrap();
    let limits = Limits { seeds: 2, ..Config::lan().limits };
    let mut next = next_life(Config { limits, ..Config::lan() });
    next.restore(NOW, chunk).unwrap();
    let seeds = |node: &Node<Heap>| node.usage().rows().find(|(name, ..)| *name == "seeds").map(|(_, used, _)| used);
    assert_eq!(seeds(&next), Some(2), "a former life knew two others");
    assert_eq!(next.join(NOW, addr(ME)), Err(JoinError::OwnAddress));
    assert_eq!(next.join(NOW, addr(PEER)), Ok(()), "it is there, and is named now");
    assert_eq!(next.join(NOW, addr(NodeId(5))), Ok(()), "the other one makes room");
    assert_eq!(next.stats().seeds_dropped, 1);
    assert_eq!(next.join(NOW, addr(PEER)), Ok(()), "to name it again takes no room");
    assert_eq!(next.stats().seeds_dropped, 1);
    assert_eq!(next.join(NOW, addr(NodeId(6))), Ok(()), "one that never answered makes room");
    let named: Vec<_> = next.seeds().map(|(seed, _)| seed).collect();
    assert!(named.len() == 2 && named.contains(&addr(NodeId(6))) && next.stats().seeds_dropped == 2, "{named:?}");
}
