//! What an agent records, and what `gossip replay` makes of it.
use crate::process::{Agent, Ran, eventually, program, run, text};
use core::{convert::Infallible, net::SocketAddr, time::Duration};
use gossip_core::{
    Addr, Config, Digest, Generation, Heap, Incarnation, Input, Instant, Life, Node, NodeId, Output, Urgency,
    adapter::flight::{Recorded, Recorder},
    presence::Presence,
    wire::{Ack, Capabilities, Frame, Header, MemberFrame, Ping, RumorFrame, Standing, Stores, Writer},
};
use serde_json::Value;
use std::{fs, path::Path};

/// What a tiny recording looks like. Where a change of the node or of its words is meant, this writes it anew:
/// `GOSSIP_BLESS=1 cargo test -p gossip-tokio --test program tiny`.
const TINY_TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/tiny.txt");
/// A recording that another build made, and that is never made anew.
const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/old.flight");

#[test]
fn a_tiny_recording_looks_as_it_always_did() {
    let trace = tiny(&[]).done();
    if std::env::var_os("GOSSIP_BLESS").is_some() {
        fs::write(TINY_TRACE, &trace).unwrap();
    }
    assert_eq!(trace, fs::read_to_string(TINY_TRACE).unwrap(), "see the comment at the top");
}

#[test]
fn another_builds_recording_is_refused_unless_it_is_asked_for() {
    let said = run(&mut program(&["replay", OLD])).refused(1);
    assert!(said.contains("another version of this program") && said.contains("--other-builds"), "{said}");
    // It may be understood or not; either is said.
    let ran = run(&mut program(&["replay", OLD, "--other-builds"]));
    let same = String::from_utf8_lossy(&ran.stdout).contains("the same, byte for byte");
    assert!(if ran.code == Some(0) { same } else { ran.code == Some(1) && ran.stderr.contains("gossip: ") }, "{ran:?}");
}

#[test]
fn a_replay_stops_where_it_is_told_to() {
    let numbers = |ran: Ran| -> Vec<u64> {
        let done = ran.done();
        let lines = done.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["hex"].is_string()).map(|line| line["number"].as_u64().unwrap()).collect()
    };
    let all = numbers(tiny(&["--json"]));
    let middle = all[all.len() / 2];
    let first_half = numbers(tiny(&["--json", "--stop-at", &middle.to_string()]));
    assert_eq!(first_half, all[..=all.len() / 2]);

    let done = tiny(&["--stop-at", &middle.to_string()]).done();
    assert!(done.contains(&format!("the node after moment {middle}, at 2030-03-17T17:46:4")), "{done}");
    assert!(done.contains("NAME") && done.contains("the same so far"), "{done}");

    // The trace begins at 17:46:40; each turn takes a tenth of a second.
    let early = numbers(tiny(&["--json", "--until", "17:46:41"]));
    let late = numbers(tiny(&["--json", "--from", "2030-03-17T17:46:41.000001Z"]));
    assert!(!early.is_empty() && !late.is_empty());
    assert_eq!([early, late].concat(), all);

    let state = tiny(&["--json", "--until", "17:46:41"]).done();
    let state = state.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let state = state.into_iter().find(|line| line["kind"] == "state").unwrap();
    assert_eq!((&state["members"][0]["name"], &state["agreement"]["live"]), (&"other".into(), &2.into()));
    let beyond = tiny(&["--stop-at", "100000"]).done();
    assert!(beyond.contains("the node after moment"), "{beyond}");
}

#[test]
fn a_check_says_one_thing() {
    let said = tiny(&["--check"]).done();
    assert!(said.starts_with("the same, byte for byte: ") && said.lines().count() == 1, "{said}");
    let verdict = tiny(&["--check", "--json"]).json();
    assert_eq!((&verdict["exact"], &verdict["differs_at"]), (&true.into(), &Value::Null));
    assert!(verdict["proven"].as_u64() > Some(5) && verdict["inputs"].as_u64() > Some(5), "{verdict}");
}

#[test]
fn an_agent_that_was_killed_left_its_last_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flight");
    let one = Agent::start("one", &[]);
    let mut two =
        Agent::start("two", &["--record", path(&file), "--record-max", "1", "--seed", &one.addr().to_string()]);
    assert!(text(&two.started["recording"]).contains(path(&file)), "{}", two.started);
    eventually("one lists two", || one.status_of("two").as_deref() == Some("alive"));
    two.run(&["put", "color", "red"]).done();
    let recorded = |agent: &Agent| agent.run(&["info", "--json"]).json()["io"]["recorded_bytes"].as_u64().unwrap();
    let before = recorded(&two);
    eventually("what came then is recorded", || recorded(&two) > before + 500);
    assert_eq!(two.run(&["info", "--json"]).json()["recording"]["state"], "running");
    assert!(two.run(&["info"]).done().contains("recorded_bytes"));

    // While it runs, a copy can be taken.
    let copy = dir.path().join("copy");
    fs::copy(&file, &copy).unwrap();
    two.child.kill().unwrap();
    two.child.wait().unwrap();
    for file in [&copy, &file] {
        let said = run(&mut program(&["replay", path(file)])).done();
        for line in ["asked  join", "asked  put color = red: done, as ", "event  one at ", "out    to one at "] {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(said.contains("the same, byte for byte"), "{said}");
    }
    // A tail that is torn costs what was in it.
    let bytes = fs::read(&file).unwrap();
    fs::write(&copy, &bytes[..bytes.len() - 20]).unwrap();
    let said = run(&mut program(&["replay", path(&copy)])).done();
    assert!(said.contains("torn here") && said.contains("the same, byte for byte"), "{said}");

    // It comes back, and goes on in the same file.
    let again = Agent::start("two", &["--record", path(&file), "--record-max", "1"]);
    again.run(&["put", "shape", "round"]).done();
    // The two agents never met again: it says so, and leaves.
    let said = again.run(&["leave"]).refused(1);
    assert!(said.contains("1 write"), "{said}");
    drop(again);
    let said = run(&mut program(&["replay", path(&file)])).done();
    assert!(said.contains("put color = red") && said.contains("put shape = round"), "{said}");
    assert!(said.contains("event  this node has left"), "{said}");
}

#[test]
fn what_cannot_be_replayed_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flight");
    let refused = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        run(&mut program(&["replay", path(&file)])).refused(1)
    };
    let tiny = fs::read(OLD).unwrap();
    assert!(refused(b"dear diary").contains("no recording"));
    assert!(refused(&tiny[..64]).contains("nothing was recorded"));
    assert!(refused(&tiny[..50]).contains("damaged"));
    let mut newer = tiny;
    newer[8] = 9;
    assert!(refused(&newer).contains("damaged"), "its checksum says that nobody meant this version");
    fs::remove_file(&file).unwrap();
    let said = run(&mut program(&["replay", path(&file)])).refused(1);
    assert!(said.contains(path(&file)), "{said}");
}

#[test]
fn a_replay_that_comes_out_otherwise_fails() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flight");
    let recorder = Recorder::open(&file, 1 << 20).unwrap();
    let beginning = Instant::from_micros(1_900_000_000_000_000);
    let mut odd = Recorded::new(node("odd", 1), Some(recorder), beginning);
    odd.put(beginning, b"color", b"red").unwrap();
    // For want of room, it says nothing, and that is not on record.
    assert!(matches!(odd.poll_output(&mut [0; 10]), Output::Schedule(_)));
    odd.recorder_mut().unwrap().write().unwrap().write();
    drop(odd);

    let ran = run(&mut program(&["replay", path(&file)]));
    assert_eq!(ran.code, Some(1));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("  !!     what comes out is not what came out then"));
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("the same"));
    assert_eq!(ran.stderr, "gossip: not the same, from moment 4 on: what comes out is not what came out then\n");
    let said = run(&mut program(&["replay", path(&file), "--check"])).refused(1);
    assert!(said.contains("moment 4"), "{said}");
    let verdict = run(&mut program(&["replay", path(&file), "--check", "--json"]));
    let verdict_line: Value = serde_json::from_slice(&verdict.stdout).unwrap();
    assert_eq!((verdict.code, &verdict_line["exact"]), (Some(1), &false.into()));
}

#[test]
fn what_cannot_be_recorded_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let diary = dir.path().join("diary");
    fs::write(&diary, "dear diary").unwrap();
    for (file, max, code, named) in [
        (dir.path().join("none").join("flight"), "1", 1, "none"),
        (diary.clone(), "1", 1, "no recording"),
        (dir.path().to_owned(), "1", 1, "no recording"),
        (dir.path().join("flight"), "0", 2, "--record-max"),
    ] {
        let args = ["agent", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0", "--record", path(&file)];
        let said = run(program(&args).args(["--record-max", max])).refused(code);
        assert!(said.contains(named), "{said}");
    }
    assert_eq!(fs::read(&diary).unwrap(), b"dear diary");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Replays a tiny recording.
fn tiny(flags: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tiny");
    make_tiny(&file);
    run(program(&["replay", path(&file)]).args(flags))
}

/// Two seconds of a node, in which it meets another one. Nothing in it depends on chance or on a clock.
fn make_tiny(file: &Path) {
    let beginning = Instant::from_micros(1_900_000_000_000_000);
    let recorder = Recorder::open(file, 1 << 20).unwrap();
    let mut tiny = Recorded::new(node("tiny", 1), Some(recorder), beginning);
    let mut blob = [0; 32];
    let len = Presence::encode("tiny", "web", [("zone", "a")], &mut blob).unwrap();
    tiny.set_presence(beginning, &blob[..len]).unwrap();
    tiny.join(beginning, addr(2)).unwrap();
    for turn in 1..=20_u32 {
        let now = beginning + Duration::from_millis(100) * turn;
        let receive = |tiny: &mut Recorded, from, mut bytes: Vec<u8>| {
            tiny.handle_input(now, Input::Received { from: addr(from), bytes: &mut bytes });
        };
        match turn {
            2 => receive(&mut tiny, 2, from_other(&[Frame::Ack(Ack { probe: Ping::ANNOUNCE }), other()])),
            6 => drop(tiny.put(now, b"color", b"red").unwrap()),
            8 => receive(&mut tiny, 2, from_other(&[rumor()])),
            9 => receive(&mut tiny, 9, b"what?".to_vec()),
            10 => assert!(tiny.put(now, b"long", &[b'x'; 2_000]).is_err()),
            11 => receive(&mut tiny, 9, vec![0; 20_000]),
            12 => drop(tiny.delete(now, b"color").unwrap()),
            13 => tiny.send_failed(now, addr(2), "no route to host"),
            18 => tiny.leave_within(now, Duration::from_secs(1)),
            _ => {}
        }
        tiny.handle_input(now, Input::TimerFired);
        while !matches!(tiny.poll_output(&mut [0; 1_400]), Output::Schedule(_)) {}
    }
    tiny.recorder_mut().unwrap().write().unwrap().write();
}

/// A datagram of the other one.
fn from_other(frames: &[Frame<'_>]) -> Vec<u8> {
    let (cluster, life) = (Config::lan().cluster, life());
    let header = Header::new(cluster, life.origin, life.generation, Incarnation(1), Digest(7));
    let mut buffer = [0; 1_400];
    let mut writer = Writer::new(&mut buffer, &header).unwrap();
    assert!(frames.iter().all(|frame| writer.put(frame)));
    writer.finish().to_vec()
}

fn life() -> Life {
    Life { origin: NodeId::from_name("other"), generation: Generation(2) }
}

fn other() -> Frame<'static> {
    Frame::Member(MemberFrame {
        id: life().origin,
        generation: life().generation,
        incarnation: Incarnation(1),
        standing: Standing::Alive,
        addr: addr(2),
        capabilities: Capabilities::keeping(Stores::ALL),
        presence: b"\x05other\x00".into(),
    })
}

fn rumor() -> Frame<'static> {
    Frame::Rumor(RumorFrame {
        dot: life().dot(1),
        urgency: Urgency::Critical,
        payload: b"fire".into(),
        age_millis: 0,
        ttl_secs: 3_600,
    })
}

fn node(name: &str, port: u16) -> Node<Heap> {
    Node::new(NodeId::from_name(name), addr(port), Config::lan(), &mut Fixed(port.into())).unwrap()
}

fn addr(port: u16) -> Addr {
    Addr::from(SocketAddr::from(([192, 0, 2, 1], port)))
}

/// Chance that leaves nothing to chance.
struct Fixed(u64);

impl rand_core::TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}
