//! The wire contract: every frame in bytes, written and read from one constant. A change here breaks clusters in service.
#[allow(dead_code, reason = "others use the rest")]
mod harness;

use core::time::Duration;
use gossip_core::{
    Addr, ClusterLabel, Digest, Dot, Generation, Incarnation, NodeId, Stamp, Urgency,
    id::Life,
    wire::{
        Accusation, Accusers, Ack, Agreeing, Bearer, Capabilities, Cause, Clock, Compare, Confirm, Confirmed,
        EntryFrame, Frame, Header, Horizon, Malformed, MemberFrame, NameConflictFrame, Operation, Ping, PingRequest,
        Position, Pull, PullEnd, Read, Reader, Refusal, Relayed, Remainder, RumorFrame, Standing, Store, StoreDigests,
        Stores, SupersededRange, Unreached, Writer,
    },
};
use harness::world::{self, SENSOR, World};

const ID: NodeId = NodeId(0x0807_0605_0403_0201);
const LIFE: Life = Life { origin: ID, generation: Generation(0x0d0c_0b0a) };
const DOT: Dot = LIFE.dot(300);
const LIFE_HEX: &str = "0102030405060708 0a0b0c0d";
const DOT_HEX: &str = "0102030405060708 0a0b0c0d ac02";

/// Kind, frame and bytes: length, kind, body.
fn vectors() -> Vec<(u8, Frame<'static>, String)> {
    let addr = Addr::from("127.0.0.1:7946".parse::<core::net::SocketAddr>().unwrap());
    let digests = [(Store::Members, 1), (Store::Rumors, 2), (Store::Entries, 3)];
    let digests = digests.into_iter().fold(StoreDigests::NONE, |all, (store, it)| all.with(store, Digest(it)));
    let digests_hex = "03 00 0100000000000000 01 0200000000000000 02 0300000000000000";
    let stamp = Stamp::from_millis(1);
    vec![
        (0, Frame::Ping(Ping { probe: 300 }), "03 00 ac02".into()),
        (1, Frame::Ack(Ack { probe: 2 }), "02 01 02".into()),
        (2, Frame::PingRequest(PingRequest { probe: 2, target: ID }), "0a 02 02 0102030405060708".into()),
        (3, Frame::Relayed(Relayed { probe: 2, target: ID }), "0a 03 02 0102030405060708".into()),
        (
            4,
            Frame::Member(MemberFrame {
                id: ID,
                generation: LIFE.generation,
                incarnation: Incarnation(5),
                standing: Standing::Suspect,
                addr,
                capabilities: Capabilities::keeping(Stores::ALL),
                presence: b"web".into(),
            }),
            format!("1b 04 {LIFE_HEX} 05 01 06 7f0000011f0a 07 03 776562"),
        ),
        (
            5,
            Frame::Accusation(Accusation {
                id: ID,
                generation: LIFE.generation,
                incarnation: Incarnation(200),
                standing: Standing::Left,
                by: NodeId(1),
                cause: Cause::Loss,
                accusers: Accusers(0x0201),
            }),
            format!("1b 05 {LIFE_HEX} c801 03 0100000000000000 01 0102"),
        ),
        (
            6,
            Frame::Rumor(RumorFrame {
                dot: DOT,
                urgency: Urgency::Critical,
                payload: b"fire".into(),
                age_millis: 300,
                ttl_secs: 3_600,
            }),
            format!("19 06 {DOT_HEX} 00 ac02 901c 04 66697265"),
        ),
        (
            7,
            Frame::Entry(EntryFrame {
                dot: DOT,
                span: 2,
                stamp,
                key: b"k",
                operation: Operation::Put,
                value: b"v".into(),
            }),
            format!("1d 07 {DOT_HEX} 02 0000010000000000 01 6b 01 01 76"),
        ),
        (
            7,
            Frame::Entry(EntryFrame {
                dot: DOT,
                span: 2,
                stamp,
                key: b"k",
                operation: Operation::Delete,
                value: b"".into(),
            }),
            format!("1c 07 {DOT_HEX} 02 0000010000000000 01 6b 00 00"),
        ),
        (
            8,
            Frame::SupersededRange(SupersededRange { writer: LIFE, after: 1, upto: 300 }),
            format!("10 08 {LIFE_HEX} 01 ac02"),
        ),
        (9, Frame::Horizon(Horizon { writer: LIFE, upto: 9 }), format!("0e 09 {LIFE_HEX} 09")),
        (10, Frame::Agreeing(Agreeing { bits: &[0xff, 0x01] }), "04 0a 02 ff01".into()),
        (11, Frame::Compare(Compare { digests, len_max: 1_400 }), format!("1f 0b {digests_hex} f8 0a")),
        (12, Frame::StoreDigests(digests), format!("1d 0c {digests_hex}")),
        (
            13,
            Frame::Pull(Pull {
                token: 7,
                store: Store::Entries,
                from: Position::First,
                until: Position::behind(LIFE),
                len_max: 512,
                summary: &[9, 9],
            }),
            format!("16 0d 07 02 00 01 {LIFE_HEX} 8004 02 0909"),
        ),
        (14, Frame::PullEnd(PullEnd { token: 7, remainder: Remainder::Nothing }), "03 0e 07 00".into()),
        (
            14,
            Frame::PullEnd(PullEnd { token: 7, remainder: Remainder::After(Position::behind(LIFE)) }),
            format!("10 0e 07 02 01 {LIFE_HEX}"),
        ),
        (14, Frame::PullEnd(PullEnd { token: 7, remainder: Remainder::TooLong }), "03 0e 07 03".into()),
        (15, Frame::Unreached(Unreached { probe: 2, target: ID }), "0a 0f 02 0102030405060708".into()),
        (16, Frame::Clock(Clock { unix_millis: 1_767_225_600_000 }), "09 10 00a8da769b010000".into()),
        (17, Frame::Confirm(Confirm), "01 11".into()),
        (
            18,
            Frame::Confirmed(Confirmed { generation: LIFE.generation, written: 300, published: 9 }),
            format!("08 12 {} ac02 09", &LIFE_HEX[16..]),
        ),
        (
            19,
            Frame::NameConflict(NameConflictFrame {
                id: ID,
                age_millis: 300,
                bearers: [
                    Bearer { generation: LIFE.generation, addr },
                    Bearer { generation: Generation(1), addr: Addr::new(&[9]).unwrap() },
                ],
            }),
            format!("1c 13 {} ac02 {} 06 7f0000011f0a 01000000 01 09", &LIFE_HEX[..16], &LIFE_HEX[16..]),
        ),
    ]
}

#[test]
fn every_frame_has_its_bytes() {
    for (kind, frame, hex) in vectors() {
        let bytes = unhex(&hex);
        assert_eq!(bytes[1], kind, "{frame:?}");
        assert_eq!(written(&frame), bytes, "{frame:?}");
        assert_eq!(Reader::new(&bytes).collect::<Vec<_>>(), [Ok(Read::Frame(frame))]);
    }
}

#[test]
fn there_is_a_vector_for_every_kind() {
    let kinds: std::collections::BTreeSet<u8> = vectors().iter().map(|(kind, ..)| *kind).collect();
    assert!(kinds.into_iter().eq(0..Frame::KINDS));
}

#[test]
fn the_header_has_its_bytes() {
    let cluster = ClusterLabel::new("gossip");
    let header = Header::new(cluster, ID, LIFE.generation, Incarnation(200), Digest(0x1817_1615_1413_1211));
    let label = format!("{cluster}");
    let label: String = (0..4).rev().map(|byte| &label[2 * byte..2 * byte + 2]).collect();
    let rest = format!("{label} {LIFE_HEX} 1112131415161718 c801");
    let marked =
        [(header, "02"), (header.subtree(), "42"), (header.unanimous(), "82"), (header.subtree().unanimous(), "c2")];
    for (header, lead) in marked {
        let bytes = unhex(&format!("{lead} {rest}"));
        assert_eq!(Writer::new(&mut [0; 64], &header).unwrap().finish(), bytes);
        assert_eq!(Header::open(&bytes, cluster), Ok((header, &[][..])));
        assert_eq!(Header::open(&bytes, ClusterLabel::new("other")), Err(Refusal::ForeignCluster));
    }
    assert_eq!(format!("{cluster}"), "34cac47e", "the label of a name is part of the wire, too");
    assert_eq!(Header::open(&[0x01; 64], cluster), Err(Refusal::Version));
    let vain = Header::new(cluster, ID, LIFE.generation, Incarnation(Incarnation::MAX.0 + 1), Digest(0));
    let mut buffer = [0; 64];
    let bytes = Writer::new(&mut buffer, &vain).unwrap().finish();
    assert_eq!(Header::open(bytes, cluster), Err(Refusal::Incredible));
}

#[test]
fn a_name_has_its_id() {
    assert_eq!(NodeId::from_name("web-1").to_string(), "2eb063d8818488c9");
}

#[test]
fn no_truncation_and_no_flipped_bit_does_more_than_cost_the_frame() {
    for (_, frame, hex) in vectors() {
        let bytes = unhex(&hex);
        for cut in 0..bytes.len() {
            assert!(Reader::new(&bytes[..cut]).all(|read| read.is_err()), "{frame:?} cut to {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Reader::new(&flipped).collect::<Vec<_>>(), [Ok(Read::Frame(frame.clone()))]);
        }
    }
}

/// Every datagram of one frame, with every bit flipped in turn, from a member to a server and to a sensor. The world
/// watches all along that nobody panics, outgrows a limit, or sends more than it may.
#[test]
fn no_flipped_bit_stops_a_member() {
    let mut world = World::settled(3);
    let (liar, hearers) = (1, [0, SENSOR]);
    for (_, frame, _) in vectors() {
        for place in hearers {
            let datagram = from_member(&world, liar, place, &frame);
            let received = |world: &World| world.hosts[place].node.as_ref().unwrap().stats().datagrams_received;
            let before = received(&world);
            for bit in 0..datagram.len() * 8 {
                let mut flipped = datagram.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                world.receive(place, world::addr(liar), &mut flipped);
            }
            assert_eq!(received(&world) - before, datagram.len() as u64 * 8);
        }
        world.pass(Duration::from_millis(100));
    }
    // It got over it: what one of them writes, all others come to hold.
    world.pass(Duration::from_secs(15 * 60));
    assert!(world.write(hearers[0], |node, now| node.put(now, b"k0", b"after all")).is_some());
    world.pass(Duration::from_secs(60));
    for host in &world.hosts {
        let entries = host.node.as_ref().unwrap().entries();
        assert!(entries.iter().any(|entry| entry.key == b"k0" && entry.value == b"after all"), "{entries:?}");
    }
}

/// A datagram of one frame, as the member in `from` might send it to the one in `to`.
fn from_member(world: &World, from: usize, to: usize, frame: &Frame<'_>) -> Vec<u8> {
    let members = world.hosts[to].node.as_ref().unwrap().members();
    let sender = members.iter().find(|member| member.id == world::id(from)).unwrap();
    let cluster = ClusterLabel::default();
    let header = Header::new(cluster, sender.id, sender.generation, sender.incarnation, Digest(0));
    let mut buffer = [0; 200];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(frame));
    writer.finish().to_vec()
}

#[test]
fn what_a_newer_node_adds_is_passed_over() {
    let mut bytes = unhex("05 00 ac02 dead 02 01 02");
    let read = [Ok(Read::Frame(Frame::Ping(Ping { probe: 300 }))), Ok(Read::Frame(Frame::Ack(Ack { probe: 2 })))];
    assert_eq!(Reader::new(&bytes).collect::<Vec<_>>(), read);
    bytes[1] = Frame::KINDS;
    let read = [Ok(Read::Unknown), Ok(Read::Frame(Frame::Ack(Ack { probe: 2 })))];
    assert_eq!(Reader::new(&bytes).collect::<Vec<_>>(), read);
    // A value that an enum has in a later version: of a cause, say. That frame is not understood, and the next one is.
    let (_, _, accusation) = vectors().into_iter().find(|(_, frame, _)| matches!(frame, Frame::Accusation(_))).unwrap();
    let mut bytes = unhex(&accusation);
    let cause = bytes.len() - 3;
    bytes[cause] = 9;
    bytes.extend(unhex("02 01 02"));
    let read = [Err(Malformed), Ok(Read::Frame(Frame::Ack(Ack { probe: 2 })))];
    assert_eq!(Reader::new(&bytes).collect::<Vec<_>>(), read);
}

fn written(frame: &Frame<'_>) -> Vec<u8> {
    let header = Header::new(ClusterLabel::default(), ID, LIFE.generation, Incarnation(0), Digest(0));
    let mut buffer = [0; 200];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    let start = writer.len();
    assert!(writer.put(frame));
    writer.finish()[start..].to_vec()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
