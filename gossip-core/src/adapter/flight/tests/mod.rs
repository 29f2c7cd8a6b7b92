//! Lives that are recorded and replayed. Here, all goes well; in `trouble`, it does not.
mod trouble;

use super::*;
use crate::{
    adapter::{IoCounts, OwnedEvent},
    config::Config,
    id::{Addr, NodeId},
    io::{Input, Output},
    node::Node,
    stats::Counter,
    storage::Heap,
    time::Instant,
    wire::Urgency,
};
use core::{
    ops::ControlFlow,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use std::{format, fs, path::PathBuf, string::String, vec, vec::Vec};

const LEN_MAX: u64 = 1 << 20;

/// A file that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("gossip-flight-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(unique))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn node(name: &str) -> Node<Heap> {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    Node::new(NodeId::from_name(name), addr(name), Config::lan(), &mut rng).unwrap()
}

fn addr(name: &str) -> Addr {
    Addr::new(name.as_bytes()).unwrap()
}

fn at(millis: u64) -> Instant {
    Instant::from_micros(1_800_000_000_000_000) + Duration::from_millis(millis)
}

/// Two nodes, the first of which is recorded.
struct Life {
    one: Recorded,
    two: Node<Heap>,
    for_one: Vec<Vec<u8>>,
    for_two: Vec<Vec<u8>>,
    millis: u64,
    /// What the first one put out.
    said: Vec<String>,
    inputs: u64,
}

impl Life {
    fn begin(file: &Scratch) -> Self {
        let recorder = Recorder::open(&file.0, LEN_MAX).unwrap();
        let one = Recorded::new(node("one"), Some(recorder), at(0));
        let (for_one, for_two, said) = (Vec::new(), Vec::new(), Vec::new());
        let mut life = Self { one, two: node("two"), for_one, for_two, millis: 0, said, inputs: 1 };
        life.one.join(at(0), addr("two")).unwrap();
        life
    }

    fn now(&self) -> Instant {
        at(self.millis)
    }

    /// So many turns of 50 ms. Datagrams come back after one.
    fn pass(&mut self, turns: u32) {
        let mut buffer = [0; 1_400];
        for _ in 0..turns {
            self.millis += 50;
            let now = self.now();
            for mut bytes in self.for_one.split_off(0) {
                self.inputs += 1;
                self.one.handle_input(now, Input::Received { from: addr("two"), bytes: &mut bytes });
            }
            for mut bytes in self.for_two.split_off(0) {
                self.two.handle_input(now, Input::Received { from: addr("one"), bytes: &mut bytes });
            }
            self.inputs += 1;
            self.one.handle_input(now, Input::TimerFired);
            self.two.handle_input(now, Input::TimerFired);
            loop {
                let output = self.one.poll_output(&mut buffer);
                self.said.extend(words_of(&output, &self.one));
                match output {
                    Output::Send { bytes, .. } => self.for_two.push(bytes.to_vec()),
                    Output::Event(_) => {}
                    Output::Schedule(_) => break,
                }
            }
            loop {
                match self.two.poll_output(&mut buffer) {
                    Output::Send { bytes, .. } => self.for_one.push(bytes.to_vec()),
                    Output::Event(_) => {}
                    Output::Schedule(_) => break,
                }
            }
            if let Some(write) = self.recorder().due(now) {
                write.write();
            }
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.inputs += 1;
        self.one.put(self.now(), key, value).unwrap();
    }

    fn recorder(&mut self) -> &mut Recorder {
        self.one.recorder_mut().unwrap()
    }

    fn counts(&self) -> IoCounts {
        let mut counts = IoCounts::default();
        self.one.recorder().unwrap().count_into(&mut counts);
        counts
    }

    /// Writes what is left, and lets go of the file.
    fn end(mut self) -> (Vec<String>, u64) {
        if let Some(write) = self.recorder().write() {
            write.write();
        }
        (self.said, self.inputs)
    }
}

fn words_of(output: &Output<'_>, node: &Node<Heap>) -> Option<String> {
    match output {
        Output::Send { to, bytes } => Some(format!("{to} {bytes:?}")),
        Output::Event(event) => OwnedEvent::of(*event, node).map(|event| format!("{event:?}")),
        Output::Schedule(_) => None,
    }
}

/// What a replay says, in the same words, and what else is to be remarked.
fn replay(bytes: Vec<u8>) -> (Vec<String>, Vec<&'static str>, Verdict) {
    let recording = Recording::read(bytes).unwrap();
    let (mut said, mut remarks) = (Vec::new(), Vec::new());
    let verdict = recording.replay(Builds::Own, |moment, _| {
        match &moment.what {
            What::Sent { to, bytes } => said.push(format!("{to} {bytes:?}")),
            What::Told(event) => said.push(format!("{event:?}")),
            What::Torn => remarks.push("torn"),
            What::Unrecorded => remarks.push("unrecorded"),
            What::Differs(Difference::Output) => remarks.push("output"),
            What::Differs(Difference::State) => remarks.push("state"),
            What::Differs(Difference::Nonsense) => remarks.push("nonsense"),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    (said, remarks, verdict)
}

/// A life with something of everything in it, as the bytes of its recording.
fn full_life(file: &Scratch) -> (Vec<u8>, Vec<String>, u64) {
    let mut life = Life::begin(file);
    life.pass(40);
    life.put(b"color", b"red");
    assert!(life.one.put(life.now(), &[0; 2_000], b"").is_err());
    life.one.publish_for(life.now(), Urgency::Critical, b"fire", Duration::from_secs(60)).unwrap();
    life.one.set_presence(life.now(), b"here").unwrap();
    life.one.send_failed(life.now(), addr("two"), "no route");
    life.one.handle_input(life.now(), Input::Received { from: addr("x"), bytes: &mut [9; 20_000] });
    life.pass(40);
    life.one.receive_failed(life.now(), "refused");
    life.one.delete(life.now(), b"color").unwrap();
    life.two.put(life.now(), b"shape", b"round").unwrap();
    life.pass(40);
    life.one.leave_within(life.now(), Duration::from_secs(2));
    life.pass(40);
    life.inputs += 6;
    let (said, inputs) = life.end();
    (fs::read(&file.0).unwrap(), said, inputs)
}

#[test]
fn a_life_comes_out_again_byte_for_byte() {
    let (bytes, said, inputs) = full_life(&Scratch::new());
    let (again, remarks, verdict) = replay(bytes);
    assert_eq!(again, said);
    assert_eq!(remarks, [""; 0]);
    assert!(verdict.is_exact(), "{verdict:?}");
    assert_eq!((verdict.inputs, verdict.proven, verdict.unproven), (inputs, said.len() as u64, 0));
    assert!(said.iter().any(|said| said == "Departed") && said.iter().any(|said| said.starts_with("Changed")));
}

#[test]
fn a_replay_says_what_was_counted_on_account_of_which_input() {
    let (bytes, ..) = full_life(&Scratch::new());
    let mut counted = Vec::new();
    let (mut last, mut was_too_long) = (0, false);
    Recording::read(bytes).unwrap().replay(Builds::Own, |moment, _| {
        match moment.what {
            What::Counted(counter, by) => {
                assert_eq!(moment.number, last);
                assert!(counter != Counter::RefusedOversized || was_too_long);
                counted.push((counter, by));
            }
            ref what => {
                assert_eq!(moment.number, last + 1, "what is counted has no number of its own");
                was_too_long = matches!(what, What::Received { bytes, .. } if bytes.len() == 20_000);
            }
        }
        last = moment.number;
        ControlFlow::Continue(())
    });
    for counter in [Counter::RefusedOversized, Counter::EntriesApplied, Counter::Exchanges] {
        assert!(counted.contains(&(counter, 1)), "{counter:?} of {counted:?}");
    }
}

#[test]
fn the_oldest_gives_way_and_the_rest_is_as_exact() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    let mut slots_filled = 0;
    for turn in 0..4_000_u32 {
        life.put(&[0], &[turn.to_le_bytes()[0]; 1_000]);
        life.pass(1);
        let len = fs::metadata(&file.0).unwrap().len();
        assert!(len <= LEN_MAX, "{len}");
        slots_filled = slots_filled.max(len * 4 / LEN_MAX);
    }
    assert_eq!(slots_filled, 3, "the last slot begins, and none after it");
    assert_eq!(life.counts().recording_gaps, 0);
    let (said, _) = life.end();
    let bytes = fs::read(&file.0).unwrap();
    let sequences: Vec<u64> =
        Recording::read(bytes.clone()).unwrap().segments().iter().map(|segment| segment.sequence).collect();
    assert!(sequences[0] > 4, "{sequences:?}");
    assert!(sequences.windows(2).all(|pair| pair[0] + 1 == pair[1]) && sequences.len() == 4, "{sequences:?}");
    let recording = Recording::read(bytes.clone()).unwrap();
    assert_eq!(recording.damaged(), 0);
    let Segment { slot, slot_len, .. } = recording.segments()[1];
    let mut damaged = bytes.clone();
    damaged[slot + slot_len / 2] ^= 1;
    assert_eq!(Recording::read(damaged.clone()).unwrap().damaged(), 1, "a segment is torn before the last");
    damaged[slot + 20] ^= 1;
    assert_eq!(Recording::read(damaged).unwrap().damaged(), 1, "it is missing");
    let (again, remarks, verdict) = replay(bytes);
    assert!(verdict.is_exact() && verdict.unproven == 0, "{verdict:?}");
    assert_eq!(remarks, [""; 0]);
    assert!(again.len() > 500 && said.ends_with(&again), "it is the end of what was said");
}

#[test]
fn a_difference_is_seen_where_it_begins() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    life.pass(40);
    let proven = life.said.len() as u64;
    life.recorder().answered(true);
    life.pass(40);
    let (said, _) = life.end();
    let (again, remarks, verdict) = replay(fs::read(&file.0).unwrap());
    assert_eq!(remarks, ["output"]);
    // What one input puts out is proven together: the last of it may go with the difference.
    assert!((proven - 1..=proven).contains(&verdict.proven), "{verdict:?} of {proven}");
    let proven = verdict.proven;
    assert!(matches!(verdict.differs, Some((_, Difference::Output))) && !verdict.is_exact());
    assert_eq!((again.len(), verdict.unproven), (said.len(), said.len() as u64 - proven), "it goes on all the same");
}

#[test]
fn a_node_that_knows_something_else_is_seen_where_segments_meet() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    life.pass(10);
    let other = node("one");
    let now = life.now();
    life.recorder().begin(&other, now, Opening::Continued);
    life.end();
    let (_, remarks, verdict) = replay(fs::read(&file.0).unwrap());
    assert_eq!(remarks, ["state"]);
    assert!(!verdict.is_exact());
}

#[test]
fn lives_follow_each_other_in_one_file_that_one_node_has_at_a_time() {
    let file = Scratch::new();
    let (_, mut said, _) = full_life(&file);
    let life = Life::begin(&file);
    assert!(matches!(Recorder::open(&file.0, LEN_MAX), Err(RecordingError::InUse)));
    said.extend(life.end().0);
    let (_, more, _) = full_life(&file);
    said.extend(more);
    let (again, remarks, verdict) = replay(fs::read(&file.0).unwrap());
    assert!(verdict.is_exact(), "{verdict:?}");
    assert_eq!((again, remarks.len()), (said, 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn another_builds_recording_is_replayed_when_that_is_asked_for() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    life.pass(5);
    let now = life.now();
    life.recorder().kin ^= 1;
    life.one = Recorded::new(node("one"), life.one.take_recorder(), now);
    life.pass(40);
    life.end();
    let recording = Recording::open(&file.0).unwrap();
    assert_eq!(recording.segments().iter().map(|segment| segment.is_kin).collect::<Vec<_>>(), [true, false]);
    let own = recording.replay(Builds::Own, |_, _| ControlFlow::Continue(()));
    assert_eq!((own.skipped, own.is_exact()), (1, false));
    let any = recording.replay(Builds::Any, |_, _| ControlFlow::Continue(()));
    assert!(any.is_exact() && any.inputs > own.inputs, "{any:?}");
}

#[test]
fn a_replay_can_be_broken_off_at_any_moment() {
    let (bytes, ..) = full_life(&Scratch::new());
    let recording = Recording::read(bytes).unwrap();
    let mut last = 0;
    recording.replay(Builds::Own, |moment, node| {
        assert_eq!(moment.number, last + u64::from(!matches!(moment.what, What::Counted(..))));
        last = moment.number;
        if node.get(b"color").is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(last > 10);
    let mut numbers = 0;
    recording.replay(Builds::Own, |moment, _| {
        numbers = moment.number;
        if numbers == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(numbers, 7);
}
