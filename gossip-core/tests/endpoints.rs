//! What the adapters share, without a socket: two endpoints whose datagrams are carried by hand.
//!
//! Endpoints read the real clock; nothing here depends on how long anything takes.
#![cfg(feature = "std")]
use core::{
    future::Future,
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
};
use gossip_core::{
    Addr, ClusterLabel, Digest, Generation, Incarnation, NodeId, Urgency,
    adapter::{Endpoint, Events, Options, OwnedEvent, Step, TextOrHex},
    wire::{Capabilities, Frame, Header, MemberFrame, Standing, Stores, Writer},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io};

/// So many turns are enough for anything; each that has nothing to do waits for a moment.
const TURNS_MAX: usize = 20_000;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn options(name: &str) -> Options {
    let mut options = Options::new(name);
    // Quick, for it is real time that passes.
    options.config.gossip_interval = core::time::Duration::from_millis(10);
    options.config.probe_interval = core::time::Duration::from_millis(40);
    options.config.probe_timeout = core::time::Duration::from_millis(20);
    options.config.reconnect_interval = core::time::Duration::from_millis(20);
    options
}

/// Some endpoints, and what each of them tells.
struct Room {
    endpoints: Vec<(SocketAddr, Option<Endpoint>, Events)>,
    told: Vec<Vec<OwnedEvent>>,
    /// One that neither speaks nor hears.
    silent: Option<usize>,
    /// What names stand for, and how often that was asked.
    names: BTreeMap<String, Vec<SocketAddr>>,
    looked_up: usize,
}

impl Room {
    fn new(options: Vec<Options>) -> Self {
        let endpoints: Vec<_> = (1..)
            .zip(options)
            .map(|(port, options)| {
                let endpoint = Endpoint::new(options, addr(port)).unwrap();
                let events = endpoint.subscribers().subscribe();
                (addr(port), Some(endpoint), events)
            })
            .collect();
        let told = endpoints.iter().map(|_| Vec::new()).collect();
        Self { endpoints, told, silent: None, names: BTreeMap::new(), looked_up: 0 }
    }

    /// Carries datagrams until it is done.
    #[expect(clippy::disallowed_methods, reason = "endpoints read the real clock, so that time must pass for them")]
    fn until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..TURNS_MAX {
            if done(self) {
                return;
            }
            if (0..self.endpoints.len()).map(|place| self.turn(place)).sum::<usize>() == 0 {
                std::thread::sleep(core::time::Duration::from_millis(1));
            }
        }
        panic!("never done; told: {:?}", self.told);
    }

    /// Does what one endpoint wants done, and says how much that was.
    fn turn(&mut self, place: usize) -> usize {
        let (from, mut sent) = (self.endpoints[place].0, Vec::new());
        let Some(endpoint) = self.endpoints[place].1.as_mut().filter(|_| self.silent != Some(place)) else { return 0 };
        endpoint.fire_timer();
        let stopped = loop {
            match endpoint.poll() {
                Step::Send { to, bytes } => sent.push((to, bytes.to_vec())),
                Step::Save(save) => save.write(),
                Step::LookUp(seed) => {
                    self.looked_up += 1;
                    let found = self.names.get(seed.name()).cloned();
                    seed.answer(found.ok_or_else(|| io::Error::other("no such name")));
                }
                Step::Wait(_) => break false,
                Step::Stop => break true,
            }
        };
        if stopped {
            endpoint.last_save().into_iter().for_each(|save| save.write());
            self.endpoints[place].1 = None;
        }
        let count = sent.len();
        for (to, mut bytes) in sent {
            let hears = |(place, (at, ..)): &(usize, &mut (SocketAddr, _, _))| *at == to && self.silent != Some(*place);
            let heard = self.endpoints.iter_mut().enumerate().find(hears);
            if let Some((_, (_, Some(endpoint), _))) = heard {
                endpoint.receive(from, &mut bytes);
            }
        }
        while let Poll::Ready(Some(event)) = next(&mut self.endpoints[place].2) {
            self.told[place].push(event);
        }
        count
    }

    fn endpoint(&mut self, place: usize) -> &mut Endpoint {
        self.endpoints[place].1.as_mut().unwrap()
    }

    fn told(&self, place: usize, such: impl Fn(&OwnedEvent) -> bool) -> bool {
        self.told[place].iter().any(such)
    }
}

fn next(events: &mut Events) -> Poll<Option<OwnedEvent>> {
    pin!(events.next()).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn two_endpoints_do_together_all_that_handles_ask_for() {
    let mut first = options("ada");
    first.role = "web".into();
    first.tags = BTreeMap::from([("zone".into(), "a".into())]);
    let mut second = options("bob");
    // The socket of a machine that knows both families writes an IPv4 address so.
    second.seeds = vec!["[::ffff:127.0.0.1]:1".parse().unwrap()];
    let mut room = Room::new(vec![first, second]);
    room.until(|room| {
        [0, 1].iter().all(|&place| room.told(place, |told| matches!(told, OwnedEvent::Converged { live: 2 })))
    });

    let ada = room.endpoint(0);
    let written = ada.put(b"color", b"red").unwrap();
    ada.put(b"shape", b"round").unwrap();
    ada.delete(b"shape").unwrap();
    let rumor = ada.publish(Urgency::Critical, b"fire").unwrap();
    ada.set_presence("db", &BTreeMap::from([("zone".into(), "b".into())])).unwrap();
    room.until(|room| {
        let is_rumor = |told: &OwnedEvent| matches!(told, OwnedEvent::Delivered { dot, publisher_name, urgency: Urgency::Critical, payload, .. } if (*dot, &publisher_name[..], &payload[..]) == (rumor, "ada", b"fire"));
        let changed = OwnedEvent::Changed {
            key: b"color".to_vec(),
            value: Some(b"red".to_vec()),
            dot: written,
            writer: written.origin,
            writer_name: "ada".into(),
        };
        room.told(1, is_rumor)
            && room.told(1, |told| *told == changed)
            && room.told(1, |told| matches!(told, OwnedEvent::MemberUpdated { member } if member.role == "db"))
    });

    let bob = room.endpoint(1);
    assert_eq!(bob.get(b"color").map(|entry| (entry.value, entry.dot)), Some((b"red".to_vec(), written)));
    bob.put(b"car", b"fast").unwrap();
    let keys = |bob: &Endpoint, prefix: &[u8]| bob.list(prefix).into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    assert_eq!(keys(bob, b""), [&b"car"[..], b"color"]);
    assert_eq!(keys(bob, b"co"), [b"color"]);
    let members = bob.members();
    assert_eq!(
        members.iter().map(|member| (&member.name[..], member.is_self)).collect::<Vec<_>>(),
        [("ada", false), ("bob", true)]
    );
    assert_eq!((&members[0].role[..], &members[0].tags["zone"][..], members[0].addr), ("db", "b", addr(1)));
    assert_eq!(members[1].id, bob.id());

    room.endpoint(0).leave();
    room.until(|room| {
        room.endpoints[0].1.is_none() && room.told(1, |told| matches!(told, OwnedEvent::MemberDown { .. }))
    });
    assert_eq!(room.told[0].last(), Some(&OwnedEvent::Departed));
    assert_eq!(next(&mut room.endpoints[0].2), Poll::Ready(None), "the end stays the end");
}

#[test]
fn whoever_speaks_another_version_is_refused_and_told_of() {
    let mut room = Room::new(vec![options("ada")]);
    let ada = room.endpoint(0);
    let cluster = ClusterLabel::default();
    // Nine of them, each heard once: the first is forgotten.
    for number in 0..9_u8 {
        let id = NodeId(u64::from(number));
        let header = Header::new(cluster, id, Generation(1), Incarnation(0), Digest(0));
        let mut buffer = [0; 64];
        let mut bytes = Writer::new(&mut buffer, &header).unwrap().finish().to_vec();
        bytes[0] = 1;
        ada.receive(addr(20 + u16::from(number)), &mut bytes);
    }
    let info = serde_json::to_value(ada.info()).unwrap();
    assert_eq!(info["stats"]["refused_version"], json!(9));
    let others = info["other_versions"].as_array().unwrap();
    assert_eq!(others.len(), 8);
    let first = json!({"id": "0000000000000001", "name": "0000000000000001", "addr": "127.0.0.1:21", "version": 1});
    assert_eq!(others[0], first);
}

#[test]
fn everything_is_told_in_json_as_people_write_it() {
    let mut second = options("bob");
    second.seeds = vec![addr(1)];
    let mut room = Room::new(vec![options("ada"), second]);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::Converged { .. })));
    let ada = room.endpoint(0);
    ada.put(b"color", &[0, 0xff]).unwrap();
    ada.send_failed(addr(9), &io::Error::other("no route"));
    ada.receive_failed(&io::Error::other("unreachable"));
    let info = serde_json::to_value(ada.info()).unwrap();
    assert_eq!((&info["name"], &info["is_self"], &info["liveness"]), (&json!("ada"), &json!(true), &json!("alive")));
    assert_eq!(info["id"], json!(ada.id().to_string()));
    assert_eq!(info["cluster"], json!("34cac47e"));
    assert_eq!(info["data_file"], json!({"state": "none"}));
    assert_eq!((&info["io"]["send_errors"], &info["io"]["receive_errors"]), (&json!(1), &json!(1)));
    assert_eq!(info["io"]["last_error"], json!("receiving: unreachable"));
    assert_eq!(info["usage"]["members"], json!({"used": 2, "limit": 16_384}));
    assert_eq!(info["stats"]["refused_version"], json!(0));
    assert!(info["uptime_ms"].is_u64() && info["since_ms"].as_u64() > Some(1_577_836_800_000));
    assert_eq!(info["agreement"]["live"], json!(2));
    assert!(!ada.agreement().is_converged(), "the write is news");
    let entries: Value = serde_json::to_value(ada.list(b"")).unwrap();
    assert_eq!((&entries[0]["key"], &entries[0]["value"]), (&json!("color"), &json!({"hex": "00ff"})));
    let up = room.told[0].iter().find(|told| matches!(told, OwnedEvent::MemberUp { .. })).unwrap();
    let up = serde_json::to_value(up).unwrap();
    assert_eq!(
        (&up["event"], &up["arrival"], &up["member"]["addr"]),
        (&json!("member_up"), &json!("joined"), &json!("127.0.0.1:2"))
    );
    room.endpoint(1).leave();
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::MemberDown { .. })));
    let down = room.told[0].iter().find(|told| matches!(told, OwnedEvent::MemberDown { .. })).unwrap();
    let down = serde_json::to_value(down).unwrap();
    assert_eq!((&down["event"], &down["departure"]), (&json!("member_down"), &json!("left")));
    assert_eq!(TextOrHex(b"plain").to_string(), "plain");
}

#[test]
fn a_crash_is_told_and_so_is_the_return() {
    let mut second = options("bob");
    second.seeds = vec![addr(1)];
    let mut room = Room::new(vec![options("ada"), second.clone()]);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::Converged { .. })));
    room.endpoint(1).abort();
    room.until(|room| room.told(0, |told| *told == OwnedEvent::Alone));
    let such = |room: &Room, such: fn(&OwnedEvent) -> bool| room.told(0, such);
    assert!(such(&room, |told| matches!(told, OwnedEvent::MemberSuspect { member } if member.name == "bob")));
    let down = room.told[0].iter().find(|told| matches!(told, OwnedEvent::MemberDown { .. })).unwrap();
    assert_eq!(serde_json::to_value(down).unwrap()["departure"], json!("failed"));
    let endpoint = Endpoint::new(second, addr(2)).unwrap();
    let events = endpoint.subscribers().subscribe();
    room.endpoints[1] = (addr(2), Some(endpoint), events);
    room.told[0].clear();
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::MemberUp { .. })));
    let up = room.told[0].iter().find(|told| matches!(told, OwnedEvent::MemberUp { .. })).unwrap();
    assert_eq!(serde_json::to_value(up).unwrap()["arrival"], json!("restarted"));
}

#[test]
fn a_silence_is_told_as_long_as_it_lasts() {
    let mut second = options("bob");
    second.seeds = vec![addr(1)];
    let mut room = Room::new(vec![options("ada"), second]);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::Converged { .. })));
    room.silent = Some(1);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::MemberSuspect { .. })));
    room.silent = None;
    // It speaks up in time, or a moment too late, if this machine was busy with something else.
    let back = |told: &OwnedEvent| matches!(told, OwnedEvent::MemberRefuted { .. } | OwnedEvent::MemberUp { .. });
    room.told[0].clear();
    room.until(|room| room.told(0, back));
    room.silent = Some(1);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::MemberDown { .. })));
    room.silent = None;
    room.told[0].clear();
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::MemberUp { .. })));
    let up = room.told[0].iter().find(|told| matches!(told, OwnedEvent::MemberUp { .. })).unwrap();
    assert_eq!(serde_json::to_value(up).unwrap()["arrival"], json!("returned"));
}

#[test]
fn two_of_one_name_are_told_of_each_other() {
    let mut second = options("ada");
    second.seeds = vec![addr(1)];
    let mut room = Room::new(vec![options("ada"), second]);
    room.until(|room| room.told(0, |told| matches!(told, OwnedEvent::NameConflict { .. })));
    let told = room.told[0].iter().find(|told| matches!(told, OwnedEvent::NameConflict { .. })).unwrap();
    let told = serde_json::to_value(told).unwrap();
    assert_eq!((&told["member"]["is_self"], &told["member"]["rival"]), (&json!(true), &json!(addr(2).to_string())));
}

#[test]
fn a_member_that_is_not_on_the_internet_is_not_sent_to() {
    let mut endpoint = Endpoint::new(options("ada"), addr(1)).unwrap();
    let id = NodeId(7);
    let header = Header::new(ClusterLabel::default(), id, Generation(1), Incarnation(0), Digest(0));
    let far = MemberFrame {
        id,
        generation: Generation(1),
        incarnation: Incarnation(0),
        standing: Standing::Alive,
        addr: Addr::new(&[1, 2, 3]).unwrap(),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"no presence that we could read".into(),
    };
    let mut buffer = [0; 100];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(writer.put(&Frame::Member(far)));
    let len = writer.len();
    endpoint.receive(addr(2), &mut buffer[..len]);
    endpoint.put(b"k", b"v").unwrap();
    endpoint.fire_timer();
    loop {
        match endpoint.poll() {
            Step::Send { to, .. } => assert_eq!(to, addr(2), "only where it spoke from"),
            Step::Wait(_) => break,
            step => panic!("{step:?}"),
        }
    }
    let info = endpoint.info();
    assert!(info.io.send_errors > 0);
    assert_eq!(info.io.last_error.as_deref(), Some("sending to 010203: not an address of the Internet"));
    let member = endpoint.members().into_iter().find(|member| member.id == id).unwrap();
    assert_eq!((member.name, member.addr), (id.to_string(), "0.0.0.0:0".parse().unwrap()));
}

#[test]
fn whoever_waits_for_the_end_waits_for_nothing_else() {
    let endpoint = Endpoint::new(options("ada"), addr(1)).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut ended = pin!(endpoint.subscribers().subscribe().ended());
    endpoint.subscribers().tell(&OwnedEvent::Alone);
    assert_eq!(ended.as_mut().poll(&mut cx), Poll::Pending);
    drop(endpoint);
    assert_eq!(ended.as_mut().poll(&mut cx), Poll::Ready(gossip_core::adapter::NotHandedOver::default()));
}

#[test]
fn a_seeds_name_is_looked_up_until_somebody_answers_from_there() {
    let mut second = options("bob");
    second.seed_names = vec!["ada.example:1".into()];
    let mut room = Room::new(vec![options("ada"), second]);
    // Nobody knows the name: that does not keep the node from running, and it is told once, and so is that it is alone.
    room.until(|room| room.looked_up == 2);
    let unresolved = |told: &&OwnedEvent| matches!(told, OwnedEvent::SeedUnresolved { .. });
    let reason = "no such name".to_owned();
    let first = OwnedEvent::SeedUnresolved { seed: "ada.example:1".into(), reason: reason.clone() };
    assert_eq!(room.told[1].iter().filter(unresolved).collect::<Vec<_>>(), [&first]);
    assert!(room.told(1, |told| *told == OwnedEvent::Alone), "{:?}", room.told[1]);
    let seeds = room.endpoint(1).info().seeds;
    assert_eq!((seeds.len(), seeds[0].seed.as_str(), seeds[0].trouble.as_ref()), (1, "ada.example:1", Some(&reason)));

    // It stands for a deaf place, then for another, where somebody answers: nobody had to be told to look again.
    room.names.insert("ada.example:1".into(), vec![addr(9)]);
    room.until(|room| {
        room.told(1, |told| matches!(told, OwnedEvent::SeedResolved { addrs, .. } if *addrs == [addr(9)]))
    });
    room.names.insert("ada.example:1".into(), vec![addr(1)]);
    room.until(|room| room.told(1, |told| matches!(told, OwnedEvent::MemberUp { member, .. } if member.name == "ada")));
    let seeds = room.endpoint(1).info().seeds;
    let named = &seeds[0];
    assert_eq!(
        (named.addrs.as_slice(), named.answered, named.trouble.as_ref()),
        (&[addr(1)][..], Some(room.endpoint(0).id()), None)
    );
    assert_eq!((seeds.len(), seeds[1].seed.as_str(), seeds[1].answered), (2, "127.0.0.1:9", None), "asked as before");
}

#[test]
fn names_beyond_the_limit_are_counted() {
    let mut first = options("ada");
    first.config.limits.seeds = 2;
    first.seed_names = ["one", "two", "three"].map(|name| format!("{name}.example:1")).to_vec();
    let mut room = Room::new(vec![first]);
    assert_eq!(room.endpoint(0).info().io.seeds_refused, 1);
    room.until(|room| room.looked_up == 2);
    room.endpoint(0).join_name("four.example:1").unwrap();
    let names: Vec<_> = room.endpoint(0).info().seeds.into_iter().map(|seed| seed.seed).collect();
    assert_eq!(names, ["two.example:1", "four.example:1"], "one that stands for nothing makes room");
}

/// Two islands behind one name. Each has an answer to it, and is content with that; then the answer changes.
#[test]
fn islands_meet_when_the_answer_to_a_name_changes() {
    let name = || "seed.example:1".to_owned();
    let (mut bob, mut dan) = (options("bob"), options("dan"));
    bob.seed_names = vec![name()];
    dan.seeds = vec![addr(3)];
    let mut room = Room::new(vec![options("ada"), bob, options("cleo"), dan]);
    room.names.insert(name(), vec![addr(1)]);
    let pairs = |live: usize| move |told: &OwnedEvent| *told == OwnedEvent::Converged { live };
    room.until(|room| (0..4).all(|place| room.told(place, pairs(2))));
    // Whoever is behind the old address lives on.
    room.names.insert(name(), vec![addr(3)]);
    room.until(|room| (0..4).all(|place| room.told(place, pairs(4))));
    let looked_up = room.looked_up;
    assert!((2..5).contains(&looked_up), "looked up ever more slowly: {looked_up} times");
}
