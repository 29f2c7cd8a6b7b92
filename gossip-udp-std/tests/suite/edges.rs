//! What is refused, what is lost, and what is survived.
use super::*;
use core::sync::atomic::AtomicBool;
use std::{net::UdpSocket, thread};

pub(crate) fn an_address_in_use_is_named<A: Adapter>() {
    let one = start::<A>("one", &[]);
    let mut options = options("two");
    options.bind = one.local_addr();
    let refused = A::bind(options).err().unwrap();
    assert!(matches!(refused, BindError::AddressInUse(addr) if addr == one.local_addr()), "{refused:?}");
    assert!(refused.to_string().contains(&one.local_addr().to_string()), "{refused}");

    // After the farewell, the address is free.
    let mut options = self::options("two");
    options.bind = one.local_addr();
    one.leave().unwrap();
    assert!(A::bind(options).is_ok());
}

pub(crate) fn an_address_that_others_cannot_reach_is_refused<A: Adapter>() {
    let mut options = options("one");
    options.bind = "0.0.0.0:0".parse().unwrap();
    let refused = A::bind(options.clone()).err();
    assert!(matches!(refused, Some(BindError::NoAdvertisedAddress { .. })), "{refused:?}");

    options.advertise = Some("127.0.0.1:0".parse().unwrap());
    let one = A::bind(options).unwrap();
    let reachable = SocketAddr::from(([127, 0, 0, 1], one.local_addr().port()));
    let two = start::<A>("two", &[]);
    two.join(reachable).unwrap();
    eventually("one, where it says", || member(&two, "one").is_some_and(|one| one.addr == reachable));

    let mut nameless = self::options("");
    nameless.role = "web".into();
    assert!(matches!(A::bind(nameless).err(), Some(BindError::NoName)));
}

pub(crate) fn a_socket_for_both_families_speaks_ipv4<A: Adapter>() {
    let mut options = options("one");
    options.bind = "[::]:0".parse().unwrap();
    options.advertise = Some("127.0.0.1:0".parse().unwrap());
    if UdpSocket::bind(options.bind).is_err() {
        return; // this machine has no IPv6 at all
    }
    let one = A::bind(options).unwrap();
    let two = start::<A>("two", &[]);
    one.join(two.local_addr()).unwrap();
    everybody_sees(&[one.clone(), two.clone()], "one", Liveness::Alive);
    everybody_sees(&[one.clone(), two.clone()], "two", Liveness::Alive);
    assert_eq!(member(&one, "two").unwrap().addr, two.local_addr());
    assert_eq!(member(&two, "one").unwrap().addr, SocketAddr::from(([127, 0, 0, 1], one.local_addr().port())));
}

pub(crate) fn what_is_too_long_is_refused_with_the_limit<A: Adapter>() {
    let node = start::<A>("one", &[]);
    let lengths = node.info().unwrap().lengths;

    let len_max = lengths.entry_max;
    node.put(b"k", &vec![0; len_max - 1]).unwrap();
    let refused = node.put(b"k", &vec![0; len_max]).unwrap_err();
    assert_eq!(refused, CallError::Refused(PutError::TooLong(TooLong { len: len_max + 1, len_max })));
    assert!(refused.to_string().contains(&len_max.to_string()), "{refused}");

    let len_max = lengths.payload_max;
    node.publish(Urgency::Normal, &vec![0; len_max]).unwrap();
    let refused = node.publish(Urgency::Normal, &vec![0; len_max + 1]).unwrap_err();
    assert_eq!(refused, CallError::Refused(PublishError::TooLong(TooLong { len: len_max + 1, len_max })));

    let len_max = lengths.presence_max;
    let refused = node.set_presence(&"r".repeat(len_max), BTreeMap::new()).unwrap_err();
    let named = matches!(refused, CallError::Refused(PresenceError::TooLong(TooLong { len, len_max: named })) if named == len_max && len > named);
    assert!(named, "{refused:?}");
}

pub(crate) fn a_slow_subscriber_is_told_what_it_missed<A: Adapter>() {
    let mut options = options("one");
    options.events_max = 4;
    let node = A::bind(options).unwrap();
    let mut events = node.subscribe();
    for nth in 0..100 {
        node.put(format!("key-{nth:03}").as_bytes(), b"v").unwrap();
    }
    node.leave().unwrap();
    let told = all_told::<A>(&mut events, PATIENCE);
    let [OwnedEvent::Missed { count }, kept @ ..] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(kept.len(), 4);
    assert!(*count >= 96 && *count < 120, "100 changes and the farewell were told, of which {count} were missed");
    assert_eq!(kept.last(), Some(&OwnedEvent::Departed));
}

pub(crate) fn many_callers_share_a_narrow_channel<A: Adapter>() {
    let mut options = options("one");
    options.commands_max = 1;
    let node = A::bind(options).unwrap();
    thread::scope(|scope| {
        for caller in 0..8 {
            let node = node.clone();
            scope.spawn(move || {
                for nth in 0..25 {
                    node.put(format!("{caller}-{nth}").as_bytes(), b"v").unwrap();
                }
            });
        }
    });
    assert_eq!(node.list(b"").unwrap().len(), 200);
}

pub(crate) fn socket_errors_and_strangers_are_counted_and_survived<A: Adapter>() {
    let one = start::<A>("one", &[]);
    let mut options = options("two");
    // Nobody can send to port 0: the operating system says so. And to a port where nobody listens, it sends back word.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    options.seeds = vec!["127.0.0.1:0".parse().unwrap(), silent];
    let two = A::bind(options).unwrap();
    eventually("a sending to fail", || two.info().unwrap().io.send_errors > 0);
    assert!(two.info().unwrap().io.last_error.is_some());

    let refusals = |node: &A| -> u64 {
        let refused = |name: &str| name.starts_with("refused_") || name == "malformed_frames";
        node.info().unwrap().stats.into_iter().filter(|(name, _)| refused(name)).map(|(_, count)| count).sum()
    };
    assert_eq!(refusals(&two), 0);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for bytes in [&b""[..], b"?", &[0; 1_000], &[0xff; 20_000]] {
        stranger.send_to(bytes, two.local_addr()).unwrap();
    }
    eventually("four refusals", || refusals(&two) == 4);

    two.join(one.local_addr()).unwrap();
    everybody_sees(&[one, two], "two", Liveness::Alive);
}

pub(crate) fn a_flood_holds_up_neither_calls_nor_members<A: Adapter>() {
    let one = start::<A>("one", &[]);
    let two = start::<A>("two", &[&one]);
    everybody_sees(core::slice::from_ref(&one), "two", Liveness::Alive);
    let flooding = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
            while flooding.load(Ordering::Relaxed) {
                drop(stranger.send_to(b"what?", one.local_addr()));
            }
        });
        for nth in 0..50_u32 {
            let key = nth.to_le_bytes();
            one.put(&key, b"v").unwrap();
        }
        eventually("all entries at the other side of the flood", || two.list(b"").unwrap().len() == 50);
        flooding.store(false, Ordering::Relaxed);
    });
    everybody_sees(&[one, two], "two", Liveness::Alive);
}

pub(crate) fn whoever_waits_learns_that_the_node_stopped<A: Adapter>() {
    let mut options = options("one");
    options.commands_max = 1;
    let node = A::bind(options).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            // Some of these have their turn in the line, or are held back, when the driver ends.
            scope.spawn(|| while node.members().is_ok() {});
        }
        node.abort().unwrap();
    });
    assert_eq!(node.members().err(), Some(Closed));
}

pub(crate) fn a_stopped_node_says_so<A: Adapter>() {
    let node = start::<A>("one", &[]);
    let clone = node.clone();
    node.leave().unwrap();
    assert_eq!(clone.leave(), Err(Closed));
    assert_eq!(clone.put(b"k", b"v"), Err(CallError::Closed));
    assert_eq!(clone.members().err(), Some(Closed));
    assert_eq!(A::next(&mut clone.subscribe(), Duration::ZERO), Ok(None));
    assert_eq!(Closed.to_string(), "the node has stopped");
}
