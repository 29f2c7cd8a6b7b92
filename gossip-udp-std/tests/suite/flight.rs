//! What a node was given is recorded, and comes out of a replay as it came out of the node.
use super::*;
use core::ops::ControlFlow;
use gossip_core::adapter::flight::{Builds, Command, Opening, Recording, Verdict, What};

fn recorded(name: &str, dir: &Scratch) -> Options {
    fs::create_dir_all(dir.path()).unwrap();
    let mut options = options(name);
    options.record = Some(dir.path().join("flight"));
    options
}

/// What the application was told, and asked for, in a replay.
fn replay(dir: &Scratch) -> (Vec<OwnedEvent>, Vec<String>, Verdict) {
    let recording = Recording::open(&dir.path().join("flight")).unwrap();
    let (mut told, mut asked) = (Vec::new(), Vec::new());
    let verdict = recording.replay(Builds::Own, |moment, _| {
        match &moment.what {
            What::Told(event) => told.push(event.clone()),
            What::Asked(Command::Put { key, .. }, _) => asked.push(String::from_utf8_lossy(key).into_owned()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    (told, asked, verdict)
}

pub(crate) fn a_recorded_life_is_replayed_byte_for_byte<A: Adapter>() {
    let dir = Scratch::new();
    let one = start::<A>("one", &[]);
    let mut options = recorded("two", &dir);
    options.seeds = vec![one.local_addr()];
    options.data_dir = Some(dir.path().join("data"));
    let two = A::bind(options).unwrap();
    let mut events = two.subscribe();
    everybody_sees(&[one.clone(), two.clone()], "two", Liveness::Alive);
    two.put(b"color", b"red").unwrap();
    one.put(b"shape", b"round").unwrap();
    one.publish(Urgency::Critical, b"fire").unwrap();
    happens::<A>(&mut events, "the rumor", |event| matches!(event, OwnedEvent::Delivered { .. }));
    eventually("both to have both", || value(&two, "shape").is_some() && value(&one, "color").is_some());
    let mut rest = two.subscribe();
    let recording = two.info().unwrap().recording;
    assert!(matches!(recording, RecordingState::Running { .. }), "{recording:?}");
    eventually("something to be written", || two.info().unwrap().io.recorded_bytes > 0);
    two.leave().unwrap();

    let (told, asked, verdict) = replay(&dir);
    assert!(verdict.is_exact() && verdict.unproven == 0, "{verdict:?}");
    assert!(verdict.inputs > 5 && verdict.proven > told.len() as u64, "{verdict:?}");
    assert_eq!(asked, ["color"]);
    let rest = all_told::<A>(&mut rest, PATIENCE);
    assert!(told.ends_with(&rest) && rest.contains(&OwnedEvent::Departed), "{told:?} {rest:?}");
}

pub(crate) fn lives_that_follow_each_other_stay_in_the_recording<A: Adapter>() {
    let dir = Scratch::new();
    for key in ["first", "second"] {
        let node = A::bind(recorded("one", &dir)).unwrap();
        node.put(key.as_bytes(), b"value").unwrap();
        let refused = A::bind(recorded("two", &dir)).err();
        let in_use = matches!(refused, Some(BindError::Recording { source: RecordingError::InUse, .. }));
        assert!(in_use, "{refused:?}");
        // Without a farewell, as after a crash.
        node.abort().unwrap();
    }
    let (_, asked, verdict) = replay(&dir);
    assert!(verdict.is_exact(), "{verdict:?}");
    assert_eq!(asked, ["first", "second"]);
    let recording = Recording::open(&dir.path().join("flight")).unwrap();
    assert!(recording.segments().iter().all(|segment| segment.opening == Opening::Start));
}

pub(crate) fn a_node_outlives_its_recording<A: Adapter>() {
    let dir = Scratch::new();
    let mut options = recorded("one", &dir);
    options.record_len_max = 1 << 20;
    options.events_max = 1_000;
    let node = A::bind(options).unwrap();
    let mut events = node.subscribe();
    let wide = vec![0; 1_000];
    for nth in 0..800_u32 {
        node.put(&nth.to_le_bytes(), &wide).unwrap();
    }
    // The node is longer than half a slot when the first one is full.
    let stopped = happens::<A>(&mut events, "the recording to stop", |event| {
        matches!(event, OwnedEvent::RecordingStopped { .. })
    });
    let OwnedEvent::RecordingStopped { reason } = stopped else { unreachable!() };
    assert!(reason.contains("outgrown"), "{reason}");
    assert_eq!(node.info().unwrap().recording, RecordingState::Stopped { reason });
    node.put(b"after", b"all").unwrap();
    assert_eq!(value(&node, "after").as_deref(), Some(&b"all"[..]));
    node.leave().unwrap();
    let (_, _, verdict) = replay(&dir);
    assert!(verdict.is_exact(), "{verdict:?}");
    assert!(fs::metadata(dir.path().join("flight")).unwrap().len() <= 1 << 20);
}

pub(crate) fn a_recording_that_cannot_be_made_is_refused<A: Adapter>() {
    let dir = Scratch::new();
    let mut options = recorded("one", &dir);
    options.record = Some(dir.path().join("none/flight"));
    let refused = A::bind(options.clone()).err().unwrap();
    assert!(refused.to_string().contains("none/flight"), "{refused}");
    fs::write(dir.path().join("diary"), "dear diary").unwrap();
    options.record = Some(dir.path().join("diary"));
    let refused = A::bind(options).err().unwrap();
    assert!(refused.to_string().contains("no recording"), "{refused}");
    assert_eq!(fs::read(dir.path().join("diary")).unwrap(), b"dear diary");
}
