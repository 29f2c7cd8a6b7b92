//! What an agent records, and what `gossip replay` makes of it.
use crate::process::{Agent, Ran, eventually, program, run, text};
use core::{convert::Infallible, net::SocketAddr, time::Duration};
use gossip_core::{
    Addr, Config, Heap, Input, Instant, Node, NodeId, Output, Urgency,
    adapter::flight::{Recorded, Recorder},
    presence::Presence,
};
use serde_json::Value;
use std::{fs, path::Path};

/// A recording that was made once, and what it looks like. Where a change of the node or of its words is meant, this makes
/// both anew: `GOSSIP_BLESS=1 cargo test -p gossip-tokio --test program tiny`.
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/tiny.flight");
const TINY_TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/tiny.txt");

#[test]
fn a_tiny_recording_looks_as_it_always_did() {
    if std::env::var_os("GOSSIP_BLESS").is_some() {
        make_tiny(Path::new(TINY));
        fs::write(TINY_TRACE, trace_of_tiny()).unwrap();
    }
    assert_eq!(trace_of_tiny(), fs::read_to_string(TINY_TRACE).unwrap(), "see the comment above");
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
    again.run(&["leave"]).done();
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
    let tiny = fs::read(TINY).unwrap();
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

/// Replays the tiny recording, whichever build made it.
fn tiny(flags: &[&str]) -> Ran {
    run(program(&["replay", TINY, "--other-builds"]).args(flags))
}

fn trace_of_tiny() -> String {
    tiny(&[]).done().replace(", another build", "")
}

/// Two seconds of two nodes, of which one is recorded. Nothing in it depends on chance or on a clock.
fn make_tiny(file: &Path) {
    drop(fs::remove_file(file));
    let beginning = Instant::from_micros(1_900_000_000_000_000);
    let recorder = Recorder::open(file, 1 << 20).unwrap();
    let mut tiny = Recorded::new(node("tiny", 1), Some(recorder), beginning);
    let mut other = node("other", 2);
    let mut blob = [0; 32];
    let len = Presence::encode("tiny", "web", [("zone", "a")], &mut blob).unwrap();
    tiny.set_presence(beginning, &blob[..len]).unwrap();
    let len = Presence::encode("other", "", [], &mut blob).unwrap();
    other.set_presence(beginning, &blob[..len]).unwrap();
    tiny.join(beginning, addr(2)).unwrap();
    let (mut for_tiny, mut for_other) = (Vec::<Vec<u8>>::new(), Vec::<Vec<u8>>::new());
    for turn in 1..=20_u32 {
        let now = beginning + Duration::from_millis(100) * turn;
        for mut bytes in core::mem::take(&mut for_tiny) {
            tiny.handle_input(now, Input::Received { from: addr(2), bytes: &mut bytes });
        }
        for mut bytes in core::mem::take(&mut for_other) {
            other.handle_input(now, Input::Received { from: addr(1), bytes: &mut bytes });
        }
        match turn {
            6 => drop(tiny.put(now, b"color", b"red").unwrap()),
            8 => drop(other.publish(now, Urgency::Critical, b"fire").unwrap()),
            9 => tiny.handle_input(now, Input::Received { from: addr(9), bytes: &mut b"what?".to_vec() }),
            10 => assert!(tiny.put(now, b"long", &[0; 2_000]).is_err()),
            12 => drop(tiny.delete(now, b"color").unwrap()),
            13 => tiny.send_failed(now, addr(2), "no route to host"),
            15 => drop(other.put(now, &[0xff, 0], b"bytes").unwrap()),
            18 => tiny.leave(now),
            _ => {}
        }
        tiny.handle_input(now, Input::TimerFired);
        other.handle_input(now, Input::TimerFired);
        let mut buffer = [0; 1_400];
        loop {
            match tiny.poll_output(&mut buffer) {
                Output::Send { bytes, .. } => for_other.push(bytes.to_vec()),
                Output::Event(_) => {}
                Output::Schedule(_) => break,
            }
        }
        loop {
            match other.poll_output(&mut buffer) {
                Output::Send { bytes, .. } => for_tiny.push(bytes.to_vec()),
                Output::Event(_) => {}
                Output::Schedule(_) => break,
            }
        }
    }
    tiny.recorder_mut().unwrap().write().unwrap().write();
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
