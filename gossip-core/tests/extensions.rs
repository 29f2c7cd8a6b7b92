//! A wire that can grow: what a later version adds passes through a node of this one unchanged, and what it cannot read costs a
//! frame.
use gossip_core::{
    Addr, ClusterLabel, Config, Digest, Generation, Heap, Incarnation, Input, Instant, Node, NodeId, Output,
    SaveCursor, Sensor, Stamp, Storage, Urgency,
    id::Life,
    wire::{
        Ack, Capabilities, EntryFrame, Extended, Frame, Header, MemberFrame, Operation, OtherVersion, Ping, Read,
        Reader, RumorFrame, Standing, StoreDigests, Stores, Writer,
    },
};
use rand_pcg::Pcg32;

const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);
const ME: NodeId = NodeId(1);
const NEWER: NodeId = NodeId(2);
const OTHER: NodeId = NodeId(3);
const WRITER: Life = Life { origin: NEWER, generation: Generation(7) };

fn addr(id: NodeId) -> Addr {
    Addr::new(&id.0.to_le_bytes()[..4]).unwrap()
}

fn member(id: NodeId, presence: Extended<'_>) -> MemberFrame<'_> {
    MemberFrame {
        id,
        generation: Generation(7),
        incarnation: Incarnation(0),
        standing: Standing::Alive,
        addr: addr(id),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence,
    }
}

/// What a newer node says, with `extension` behind all that we know of it.
fn news(extension: &[u8]) -> [Vec<u8>; 4] {
    let with = |known: &[u8]| [known, extension].concat();
    let (presence, payload, value, nothing) = (with(b"web"), with(b"fire"), with(b"v"), with(b""));
    let extended = |bytes| Extended::new(bytes, extension.len());
    let rumor = RumorFrame {
        dot: WRITER.dot(1),
        urgency: Urgency::Normal,
        age_millis: 0,
        ttl_secs: 3_600,
        payload: extended(&payload),
    };
    let put = EntryFrame {
        dot: WRITER.dot(1),
        span: 1,
        stamp: Stamp::from_millis(NOW.as_millis()),
        key: b"k",
        operation: Operation::Put,
        value: extended(&value),
    };
    let delete = EntryFrame {
        dot: WRITER.dot(2),
        key: b"other",
        operation: Operation::Delete,
        value: extended(&nothing),
        ..put
    };
    let frames = [
        Frame::Member(member(NEWER, extended(&presence))),
        Frame::Rumor(rumor),
        Frame::Entry(put),
        Frame::Entry(delete),
    ];
    frames.map(|frame| written(&frame))
}

fn written(frame: &Frame<'_>) -> Vec<u8> {
    let mut buffer = [0; 600];
    let mut writer = Writer::new(&mut buffer, &header(NEWER)).unwrap();
    let start = writer.len();
    assert!(writer.put(frame));
    writer.finish()[start..].to_vec()
}

fn header(sender: NodeId) -> Header {
    Header::new(ClusterLabel::default(), sender, Generation(7), Incarnation(0), Digest(0))
}

fn hand<S: Storage>(node: &mut Node<S>, sender: NodeId, frames: &[u8]) {
    let mut buffer = [0; 64];
    let header = Writer::new(&mut buffer, &header(sender)).unwrap().finish().to_vec();
    node.handle_input(NOW, Input::Received { from: addr(sender), bytes: &mut [&header, frames].concat() });
}

/// All frames that a node sends in the next ten seconds, as they are written.
fn told<S: Storage>(node: &mut Node<S>) -> Vec<Vec<u8>> {
    let mut told = Vec::new();
    let mut buffer = [0; 1_400];
    for tenth in 0..100 {
        node.handle_input(NOW + core::time::Duration::from_millis(100 * tenth), Input::TimerFired);
        loop {
            match node.poll_output(&mut buffer) {
                Output::Send { bytes, .. } => {
                    let (_, mut frames) = Header::open(bytes, ClusterLabel::default()).unwrap();
                    for (_, len) in Reader::new(frames).kinds() {
                        let (frame, rest) = frames.split_at(len);
                        told.push(frame.to_vec());
                        frames = rest;
                    }
                }
                Output::Event(_) => {}
                Output::Schedule(_) => break,
            }
        }
    }
    told
}

fn node<S: Storage>(config: Config) -> Node<S> {
    let mut node = Node::with_storage(ME, addr(ME), config, &mut Pcg32::new(1, 1)).unwrap();
    for id in [NEWER, OTHER] {
        hand(&mut node, id, &written(&Frame::Member(member(id, b"".into()))));
    }
    node
}

fn check_passing_on<S: Storage>(config: &Config, extension: &[u8]) {
    let mut node = node::<S>(config.clone());
    let mut news = news(extension);
    // The words of a later incarnation: behind length, kind, id and generation.
    let incarnation = if news[0][0] < 0x80 { 14 } else { 15 };
    news[0][incarnation] = 1;
    // And a capability that we know nothing of, behind standing and address.
    let capabilities = incarnation + 1 + 1 + 5;
    assert_eq!(news[0][capabilities], 7, "{:02x?}", news[0]);
    news[0][capabilities] |= 0x40;
    news.iter().for_each(|frame| hand(&mut node, NEWER, frame));
    assert_eq!(node.stats().malformed_frames, 0);
    let told = told(&mut node);
    for frame in &news {
        assert!(told.contains(frame), "{frame:02x?} is not among {told:02x?}");
    }
    // It means nothing to us.
    assert_eq!(node.get(b"k"), Some(&b"v"[..]));
    assert_eq!(node.member(NEWER).unwrap().presence, b"web");
    // A next life passes it on just so.
    let mut next = Node::<S>::with_storage(ME, addr(ME), config.clone(), &mut Pcg32::new(2, 1)).unwrap();
    let (mut cursor, mut buffer) = (SaveCursor::default(), [0; 1_400]);
    while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
        next.restore(NOW, chunk).unwrap();
    }
    let (mut cursor, mut saved) = (SaveCursor::default(), Vec::new());
    while let Some(chunk) = next.save(&mut cursor, &mut buffer) {
        saved.extend_from_slice(chunk);
    }
    for frame in &news[2..] {
        assert!(saved.windows(frame.len()).any(|bytes| bytes == frame), "{frame:02x?} is not among {saved:02x?}");
    }
}

#[test]
fn an_extension_is_passed_on_and_kept_unchanged() {
    for extension in [&b""[..], b"x", b"0123456789abcdef"] {
        check_passing_on::<Heap>(&Config::lan(), extension);
        check_passing_on::<Sensor>(&Config::sensor(), extension);
    }
    check_passing_on::<Heap>(&Config::lan(), &[0xee; 255]);
}

#[test]
fn what_has_too_long_an_extension_to_be_passed_on_is_not_taken_in() {
    let mut node = node::<Heap>(Config::lan());
    let mut news = news(&[0xee; 256]);
    // Behind length and kind, as above: here the length takes two bytes.
    news[0][15] = 1;
    let before = node.stats().clone();
    news.iter().for_each(|frame| hand(&mut node, NEWER, frame));
    let stats = node.stats();
    assert_eq!(stats.members_refused - before.members_refused, 1);
    assert_eq!(stats.rumors_refused - before.rumors_refused, 1);
    assert_eq!(stats.entries_refused - before.entries_refused, 1, "the second of them came early");
    assert_eq!((node.get(b"k"), node.member(NEWER).unwrap().presence), (None, &b""[..]));
}

#[test]
fn an_unknown_value_costs_its_frame() {
    let mut node = node::<Heap>(Config::lan());
    let [member, rumor, entry, _] = news(b"");
    // Standing, urgency and operation: each behind what the frame begins with.
    let spoilt = [(&member, 15), (&rumor, 15), (&entry, 26)].map(|(frame, at)| {
        let mut frame = frame.clone();
        assert!(frame[at] < 2, "{at} of {frame:02x?}");
        frame[at] = 9;
        frame
    });
    let ping = written(&Frame::Ping(Ping { probe: 300 }));
    hand(&mut node, NEWER, &[&spoilt.concat()[..], &ping].concat());
    assert_eq!(node.stats().malformed_frames, 3);
    let ack = written(&Frame::Ack(Ack { probe: 300 }));
    assert!(told(&mut node).contains(&ack), "the ping behind them is answered");
}

#[test]
fn stores_of_a_later_version_are_passed_over() {
    let known = StoreDigests::NONE.with(gossip_core::wire::Store::Entries, Digest(7));
    let mut bytes = written(&Frame::StoreDigests(known));
    assert_eq!(bytes[..4], [11, 12, 1, 2]);
    // One more in the list: of store 200.
    bytes.splice(3..3, [200, 1, 2, 3, 4, 5, 6, 7, 8]);
    (bytes[0], bytes[2]) = (20, 2);
    assert_eq!(Reader::new(&bytes).next(), Some(Ok(Read::Frame(Frame::StoreDigests(known)))));
}

#[test]
fn whoever_speaks_another_version_can_be_told_by_name() {
    let mut buffer = [0; 64];
    let mut bytes = Writer::new(&mut buffer, &header(NEWER)).unwrap().finish().to_vec();
    assert_eq!(OtherVersion::of(&bytes, ClusterLabel::default()), None, "it is ours");
    bytes[0] = 0x81;
    assert_eq!(OtherVersion::of(&bytes, ClusterLabel::default()), Some(OtherVersion { version: 1, sender: NEWER }));
    assert_eq!(OtherVersion::of(&bytes, ClusterLabel::new("other")), None);
    assert!((0..13).all(|len| OtherVersion::of(&bytes[..len], ClusterLabel::default()).is_none()));
}
