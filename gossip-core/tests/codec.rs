//! The codec, for arbitrary contents: what is written comes back, and what nobody wrote does no harm.
use core::net::SocketAddr;
use gossip_core::{
    Addr, ClusterLabel, Digest, Dot, Generation, Incarnation, NodeId, Stamp, Urgency,
    id::Life,
    presence::Presence,
    wire::{
        Accusation, Accusers, Ack, Agreeing, Bearer, Capabilities, Cause, Clock, Compare, Confirm, Confirmed,
        EntryFrame, Extended, Frame, Header, Horizon, Malformed, MemberFrame, NameConflictFrame, Operation, Ping,
        PingRequest, Position, Pull, PullEnd, Read, Reader, Refusal, Relayed, Remainder, RumorFrame, Standing, Store,
        StoreDigests, SupersededRange, Unreached, Writer,
    },
};
use proptest::{array, collection::vec, prelude::*};

/// The parts of which a frame of any kind is made; frames borrow their byte strings from here.
#[derive(Debug, Clone)]
struct Parcel {
    kind: u8,
    life: Life,
    words: [u64; 3],
    numbers: [u32; 3],
    small: [u8; 3],
    addr: Addr,
    strings: [Vec<u8>; 2],
}

fn parcel() -> impl Strategy<Value = Parcel> {
    // Beyond 127 bytes a length takes a second byte, and so does the frame's own.
    let string = || prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 100..300)];
    let number = prop_oneof![Just(0), Just(127), Just(128), Just(u32::MAX), any::<u32>()];
    let addr = vec(any::<u8>(), 0..=Addr::LEN_MAX).prop_map(|bytes| Addr::new(&bytes).unwrap());
    let parts = (
        0..Frame::KINDS,
        any::<(u64, u32)>(),
        array::uniform3(any::<u64>()),
        array::uniform3(number),
        array::uniform3(any::<u8>()),
    );
    (parts, addr, string(), string()).prop_map(|((kind, (origin, life), words, numbers, small), addr, one, other)| {
        let life = Life { origin: NodeId(origin), generation: Generation(life) };
        Parcel { kind, life, words, numbers, small, addr, strings: [one, other] }
    })
}

impl Parcel {
    fn frame(&self) -> Frame<'_> {
        let Self { life, words, numbers, small, addr, .. } = *self;
        let [one, other] = &self.strings;
        let id = life.origin;
        let dot = life.dot(numbers[0]);
        let [probe, _] = [numbers[0], numbers[1]].map(|number| number.to_le_bytes());
        let probe = u16::from_le_bytes([probe[0], probe[3]]);
        let (generation, incarnation) = (life.generation, Incarnation(numbers[1]));
        let standing = [Standing::Alive, Standing::Suspect, Standing::Down, Standing::Left][usize::from(small[0] % 4)];
        let urgency = if small[0] < 128 { Urgency::Critical } else { Urgency::Normal };
        let store = [Store::Members, Store::Rumors, Store::Entries][usize::from(small[1] % 3)];
        let [members, rumors, entries] = words.map(Digest);
        let digests = StoreDigests::NONE.with(Store::Members, members).with(Store::Entries, entries);
        let digests = if small[2] < 192 { digests.with(Store::Rumors, rumors) } else { digests };
        match self.kind {
            0 => Frame::Ping(Ping { probe }),
            1 => Frame::Ack(Ack { probe }),
            2 => Frame::PingRequest(PingRequest { probe, target: id }),
            3 => Frame::Relayed(Relayed { probe, target: id }),
            4 => {
                let capabilities = Capabilities::keeping(digests.stores());
                let presence = Extended::new(one, usize::from(small[2]));
                Frame::Member(MemberFrame { id, generation, incarnation, standing, addr, capabilities, presence })
            }
            5 => {
                let (by, accusers) = (NodeId(words[0]), Accusers(u16::from(small[1])));
                let cause = [Cause::Silence, Cause::Loss, Cause::OwnWord][usize::from(small[2]) % 3];
                Frame::Accusation(Accusation { id, generation, incarnation, standing, by, cause, accusers })
            }
            6 => {
                let payload = Extended::new(one, usize::from(small[2]));
                Frame::Rumor(RumorFrame { dot, urgency, payload, age_millis: numbers[1], ttl_secs: numbers[2] })
            }
            7 => {
                let operation = if small[2] < 192 { Operation::Put } else { Operation::Delete };
                let (stamp, value) = (stamp(words[0]), Extended::new(other, usize::from(small[2] / 16)));
                Frame::Entry(EntryFrame { dot, span: numbers[2], stamp, key: one, operation, value })
            }
            8 => Frame::SupersededRange(SupersededRange { writer: life, after: numbers[1], upto: numbers[2] }),
            9 => Frame::Horizon(Horizon { writer: life, upto: numbers[1] }),
            10 => Frame::Agreeing(Agreeing { bits: one }),
            11 => Frame::Compare(Compare { digests, len_max: probe }),
            12 => Frame::StoreDigests(digests),
            13 => {
                let until = Position::behind(Life { origin: NodeId(words[1]), generation: Generation(numbers[1]) });
                let (token, from) = (small[2], Position::behind(life));
                Frame::Pull(Pull { token, store, from, until, len_max: probe, summary: one })
            }
            14 => {
                let after = Remainder::After(Position::behind(life));
                let remainder =
                    [Remainder::Nothing, Remainder::Some, after, Remainder::TooLong][usize::from(small[0] % 4)];
                Frame::PullEnd(PullEnd { token: small[2], remainder })
            }
            15 => Frame::Unreached(Unreached { probe, target: id }),
            16 => Frame::Clock(Clock { unix_millis: words[0] }),
            17 => Frame::Confirm(Confirm),
            18 => Frame::Confirmed(Confirmed { generation, written: numbers[1], published: numbers[2] }),
            _ => {
                let bearers = [Bearer { generation, addr }, Bearer { generation: Generation(numbers[2]), addr }];
                Frame::NameConflict(NameConflictFrame { id, age_millis: numbers[1], bearers })
            }
        }
    }

    /// Its frame alone, as it lies in a datagram.
    fn written(&self) -> Vec<u8> {
        let mut buffer = [0; 1000];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        let start = writer.len();
        assert!(writer.put(&self.frame()));
        writer.finish()[start..].to_vec()
    }
}

/// Any stamp: also those that no clock gives.
fn stamp(word: u64) -> Stamp {
    let stamp = Stamp::from_millis(word >> 16);
    if word & 1 == 0 { stamp } else { stamp.next() }
}

fn header() -> Header {
    Header::new(ClusterLabel::default(), NodeId(1), Generation(2), Incarnation(3), Digest(4))
}

/// How long the length in front of a frame is.
fn len_of_len(frame: &[u8]) -> usize {
    if frame[0] < 0x80 { 1 } else { 2 }
}

/// A length as it is written in front of a frame, in as many bytes as asked for.
fn len_of(len: usize, bytes: usize) -> Vec<u8> {
    let (low, high) = ((len & 0x7f) as u8, (len >> 7 & 0x7f) as u8);
    if bytes == 1 { vec![low] } else { vec![low | 0x80, high] }
}

/// How long a frame's extension is.
fn extension_of(frame: &Frame<'_>) -> usize {
    match frame {
        Frame::Member(MemberFrame { presence: end, .. })
        | Frame::Rumor(RumorFrame { payload: end, .. })
        | Frame::Entry(EntryFrame { value: end, .. }) => end.extension().len(),
        _ => 0,
    }
}

fn without_extension(mut frame: Frame<'_>) -> Frame<'_> {
    match &mut frame {
        Frame::Member(MemberFrame { presence: end, .. })
        | Frame::Rumor(RumorFrame { payload: end, .. })
        | Frame::Entry(EntryFrame { value: end, .. }) => *end = end.known().into(),
        _ => {}
    }
    frame
}

proptest! {
    #[test]
    fn frames_come_back_as_far_as_they_fit(parcels in vec(parcel(), 0..12), room in 30..1400_usize, padding in any::<bool>()) {
        let mut buffer = vec![0xaa; room];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        let mut fitted = Vec::new();
        for parcel in &parcels {
            let (len, room) = (writer.len(), writer.room());
            prop_assert!(!writer.is_empty(), "there is a header");
            let fits = writer.put(&parcel.frame());
            prop_assert_eq!(fits, parcel.written().len() <= room, "a frame is put whenever there is room");
            prop_assert_eq!(writer.len(), if fits { len + parcel.written().len() } else { len });
            if fits {
                fitted.push((parcel, Ok(Read::Frame(parcel.frame()))));
            }
        }
        if padding {
            writer.pad(room);
            prop_assert_eq!(writer.room(), 0);
        }
        let bytes = writer.finish();
        let (opened, frames) = Header::open(bytes, ClusterLabel::default()).unwrap();
        prop_assert_eq!(opened, header());
        let kinds = fitted.iter().map(|(parcel, _)| (parcel.kind, parcel.written().len()));
        prop_assert!(Reader::new(frames).kinds().eq(kinds), "without a look at the bodies");
        let read: Vec<_> = fitted.into_iter().map(|(_, read)| read).collect();
        prop_assert_eq!(Reader::new(frames).collect::<Vec<_>>(), read);
    }

    #[test]
    fn every_kind_has_its_name(parcel in parcel()) {
        let shown = format!("{:?}", parcel.frame());
        prop_assert_eq!(shown.split('(').next(), Frame::NAMES.get(usize::from(parcel.kind)).copied());
    }

    #[test]
    fn what_is_reserved_is_kept_back(parcels in vec(parcel(), 1..12), reserved in 0..200_usize) {
        let mut buffer = [0; 700];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        writer.reserve(reserved);
        for parcel in &parcels {
            let _ = writer.put(&parcel.frame());
        }
        let room = writer.room();
        writer.release();
        prop_assert_eq!(writer.room(), room + reserved);
        prop_assert!(writer.len() + writer.room() == 700);
    }

    #[test]
    fn headers_come_back(
        (sender, generation, incarnation, digest) in any::<(u64, u32, u32, u64)>(),
        name in "[a-z]{0,12}",
        (subtree, unanimous) in any::<(bool, bool)>(),
    ) {
        let cluster = ClusterLabel::new(&name);
        let incarnation = Incarnation(incarnation);
        let header = Header::new(cluster, NodeId(sender), Generation(generation), incarnation, Digest(digest));
        let header = if subtree { header.subtree() } else { header };
        let header = if unanimous { header.unanimous() } else { header };
        let mut buffer = [0; 64];
        let bytes = Writer::new(&mut buffer, &header).unwrap().finish();
        let opened = if incarnation > Incarnation::MAX { Err(Refusal::Incredible) } else { Ok((header, &[][..])) };
        prop_assert_eq!(Header::open(bytes, cluster), opened);
        prop_assert_eq!((header.is_subtree(), header.is_unanimous()), (subtree, unanimous));
        prop_assert!((0..bytes.len()).all(|cut| Header::open(&bytes[..cut], cluster) == Err(Refusal::Truncated)));
        prop_assert_eq!(Writer::new(&mut [0; 64][..bytes.len() - 1], &header).is_none(), true);
    }

    #[test]
    fn a_cut_datagram_is_a_clean_prefix(parcels in vec(parcel(), 1..5), cut in any::<prop::sample::Index>()) {
        let written: Vec<_> = parcels.iter().map(Parcel::written).collect();
        let bytes = written.concat();
        let cut = cut.index(bytes.len());
        let mut whole = 0;
        let mut end = 0;
        while whole < written.len() && end + written[whole].len() <= cut {
            end += written[whole].len();
            whole += 1;
        }
        let mut expected: Vec<_> = parcels[..whole].iter().map(|parcel| Ok(Read::Frame(parcel.frame()))).collect();
        if cut > end {
            expected.push(Err(Malformed));
        }
        prop_assert_eq!(Reader::new(&bytes[..cut]).collect::<Vec<_>>(), expected);
    }

    /// Whatever its length says, and the lengths within it, a frame is read from its own bytes alone.
    #[test]
    fn no_frame_reads_into_the_next(
        parcel in parcel(),
        (at, to) in any::<(prop::sample::Index, u8)>(),
        (one, other) in (vec(any::<u8>(), 300), vec(any::<u8>(), 300)),
    ) {
        let mut frame = parcel.written();
        let start = len_of_len(&frame);
        let at = start + at.index(frame.len() - start);
        frame[at] = to;
        let followed_by = |tail: &[u8]| [&frame[..], tail].concat();
        let (one, other) = (followed_by(&one), followed_by(&other));
        prop_assert_eq!(Reader::new(&one).next(), Reader::new(&other).next());
        prop_assert_eq!(Reader::new(&frame).next(), Reader::new(&other).next());
    }

    #[test]
    fn a_length_that_lies_ends_the_reading_or_hides_what_it_covers(
        parcels in vec(parcel(), 1..5),
        lie in 0..16_384_usize,
        bytes in 1..=2_usize,
    ) {
        let written: Vec<_> = parcels.iter().map(Parcel::written).collect();
        let mut datagram = len_of(lie, bytes);
        let len = datagram.len();
        datagram.extend_from_slice(&written[0][len_of_len(&written[0])..]);
        datagram.extend(written[1..].concat());
        let truth = written[0].len() - len_of_len(&written[0]);
        let lie = if bytes == 1 { lie & 0x7f } else { lie };
        let read: Vec<_> = Reader::new(&datagram).collect();
        let (shortest, honest) = (truth - extension_of(&parcels[0].frame()), without_extension(parcels[0].frame()));
        if lie > datagram.len() - len || lie == 0 && bytes == 2 {
            prop_assert_eq!(read, vec![Err(Malformed)]);
        } else if lie == 0 {
            prop_assert!(read.is_empty(), "that is padding");
        } else if lie >= shortest {
            // The frame is there, and what else it is said to cover is taken for fields of a later version.
            let Ok(Read::Frame(frame)) = read[0].clone() else { panic!("{:?}", read[0]) };
            prop_assert_eq!(without_extension(frame), honest);
        } else {
            prop_assert_eq!(&read[0], &Err(Malformed));
        }
    }

    /// An unknown value of an enum, or anything else in the body of one frame, costs that frame alone.
    #[test]
    fn junk_in_one_frame_leaves_the_others(
        parcels in vec(parcel(), 1..6),
        which in any::<prop::sample::Index>(),
        junk in vec(any::<u8>(), 400),
    ) {
        let mut written: Vec<_> = parcels.iter().map(Parcel::written).collect();
        let which = which.index(written.len());
        let start = len_of_len(&written[which]);
        written[which][start..].iter_mut().zip(junk).for_each(|(byte, junk)| *byte = junk);
        let bytes = written.concat();
        let read: Vec<_> = Reader::new(&bytes).collect();
        prop_assert_eq!(read.len(), parcels.len());
        for (at, parcel) in parcels.iter().enumerate().filter(|(at, _)| *at != which) {
            prop_assert_eq!(&read[at], &Ok(Read::Frame(parcel.frame())));
        }
    }

    /// Any bytes at all: reading ends, skips what is nonsense, and reads nothing that could not be written.
    #[test]
    fn noise_is_read_to_its_end(bytes in vec(prop_oneof![0..16_u8, any::<u8>()], 0..300)) {
        let read: Vec<_> = Reader::new(&bytes).collect();
        prop_assert!(read.len() <= bytes.len() / 2 + 1);
        let mut buffer = [0; 1000];
        let mut writer = Writer::new(&mut buffer, &header()).unwrap();
        let start = writer.len();
        let mut frames = Vec::new();
        for frame in read {
            if let Ok(Read::Frame(frame)) = frame {
                prop_assert!(writer.put(&frame));
                frames.push(Ok(Read::Frame(frame)));
            }
        }
        let written = writer.finish();
        prop_assert!(written.len() - start <= bytes.len(), "what was written by others is no shorter than ours");
        prop_assert_eq!(Reader::new(&written[start..]).collect::<Vec<_>>(), frames);
        // No cluster has a header of noise, but by chance.
        let _ = Header::open(&bytes, ClusterLabel::default());
    }

    #[test]
    fn presences_come_back_and_noise_is_none_or_a_presence(
        (name, role) in (".{0,140}", ".{0,20}"),
        tags in vec((".{0,8}", ".{0,8}"), 0..4),
        noise in vec(prop_oneof![0..4_u8, any::<u8>()], 0..40),
    ) {
        let pairs = || tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut out = [0; 1500];
        let len = Presence::encode(&name, &role, pairs(), &mut out).unwrap();
        let presence = Presence::decode(&out[..len]).unwrap();
        prop_assert_eq!((presence.name, presence.role), (name.as_str(), role.as_str()));
        prop_assert!(presence.tags.iter().eq(pairs()));
        prop_assert_eq!(Presence::encode(&name, &role, pairs(), &mut [0; 1500][..len - 1]), None);
        if let Some(presence) = Presence::decode(&noise) {
            let len = Presence::encode(presence.name, presence.role, presence.tags.iter(), &mut out).unwrap();
            prop_assert_eq!(Presence::decode(&out[..len]), Some(presence));
        }
    }

    #[test]
    fn ids_and_addresses_come_back(id in any::<u64>(), v4 in any::<([u8; 4], u16)>(), v6 in any::<([u8; 16], u16)>()) {
        prop_assert_eq!(NodeId(id).to_string().parse(), Ok(NodeId(id)));
        for addr in [SocketAddr::from(v4), SocketAddr::from(v6)] {
            prop_assert_eq!(Addr::from(addr).to_socket_addr(), Some(addr));
            prop_assert_eq!(Addr::from(addr).to_string(), addr.to_string());
        }
    }

    #[test]
    fn lives_sort_beside_their_predecessors(origin in any::<u64>(), generation in prop_oneof![Just(0), any::<u32>()], sequence in any::<u32>()) {
        let life = Life { origin: NodeId(origin), generation: Generation(generation) };
        prop_assume!(life != Life::FIRST);
        prop_assert!(life.predecessor() < life);
        let Dot { origin, generation, .. } = life.dot(sequence);
        prop_assert_eq!(life.dot(sequence).writer(), Life { origin, generation });
        prop_assert!(life.predecessor().dot(u32::MAX) < life.dot(0), "nothing lies between");
    }
}
