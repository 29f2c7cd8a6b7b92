//! Files that are cut, damaged or something else, and disks that are full, slow or out of order.
use super::*;

#[test]
fn wherever_a_copy_is_cut_off_what_is_whole_is_exact() {
    let (bytes, said, _) = full_life(&Scratch::new());
    let mut torn = 0;
    let mut whole = 0;
    for cut in (0..bytes.len()).step_by(97) {
        let Ok(recording) = Recording::read(bytes[..cut].to_vec()) else { continue };
        let segment = &recording.segments()[0];
        torn += u32::from(segment.ending == Ending::Torn);
        let (again, remarks, verdict) = replay(bytes[..cut].to_vec());
        assert!(verdict.is_exact(), "cut at {cut}: {verdict:?}");
        assert_eq!(again[..verdict.proven as usize], said[..verdict.proven as usize]);
        assert_eq!(remarks.contains(&"torn"), segment.ending == Ending::Torn);
        whole += 1;
    }
    assert!(torn > 10 && torn <= whole, "{torn} of {whole}");
}

#[test]
fn no_flipped_bit_is_taken_for_the_truth() {
    let (bytes, said, inputs) = full_life(&Scratch::new());
    let end = bytes.len() - format::END_MARK.len();
    for byte in (0..bytes.len()).step_by(31) {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 0x10;
        if let Ok(recording) = Recording::read(bytes.clone()) {
            assert_eq!(recording.segments().len(), 1);
            let (again, _, verdict) = replay(bytes);
            // After the last block there is nothing to be lost.
            let lost = verdict.inputs < inputs || byte >= end;
            assert!(verdict.is_exact() && lost, "byte {byte}: {verdict:?}");
            assert!(said.starts_with(&again[..verdict.proven as usize]));
        }
    }
}

#[test]
fn what_is_no_recording_of_ours_is_refused_by_name() {
    let (bytes, ..) = full_life(&Scratch::new());
    let refused = |bytes: &[u8]| Recording::read(bytes.to_vec()).unwrap_err();
    assert!(matches!(refused(b""), RecordingError::NotARecording));
    assert!(matches!(refused(&[0; 4_000]), RecordingError::NotARecording));
    assert!(matches!(refused(&bytes[..40]), RecordingError::Damaged(_)));
    assert!(matches!(refused(&bytes[..64]), RecordingError::Empty));
    let mut other = bytes;
    other[10] = 1;
    assert!(matches!(refused(&other), RecordingError::Damaged(_)));
    // A later version says so, in a header that is whole.
    other[8..11].copy_from_slice(&[2, 4, 0]);
    let checksum = crate::digest::Digester::unkeyed().of_bytes(&other[..56]).0;
    other[56..64].copy_from_slice(&checksum.to_le_bytes());
    assert!(matches!(refused(&other), RecordingError::Version(2)));
    // Whoever makes one up can say anything of its slots.
    (other[8], other[9]) = (1, 255);
    other[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    let checksum = crate::digest::Digester::unkeyed().of_bytes(&other[..56]).0;
    other[56..64].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(Recording::read(other).unwrap().segments().len(), 1);
}

#[test]
fn a_file_that_holds_something_else_is_left_alone() {
    let file = Scratch::new();
    fs::write(&file.0, "dear diary").unwrap();
    assert!(matches!(Recorder::open(&file.0, LEN_MAX), Err(RecordingError::NotARecording)));
    assert_eq!(fs::read(&file.0).unwrap(), b"dear diary");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = || fs::metadata(&file.0).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(&file.0, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(Recorder::open(&file.0, LEN_MAX).is_err());
        assert_eq!(mode(), 0o644, "the diary is not ours to lock up");
        fs::write(&file.0, b"").unwrap();
        drop(Recorder::open(&file.0, LEN_MAX).unwrap());
        assert_eq!(mode(), 0o600);
    }
    fs::remove_file(&file.0).unwrap();
    assert!(matches!(Recorder::open(&file.0, LEN_MAX - 1), Err(RecordingError::TooSmall { .. })));
    drop(Recorder::open(&file.0, LEN_MAX).unwrap());
    assert!(matches!(Recorder::open(&file.0, LEN_MAX * 2), Err(RecordingError::OtherBound { .. })));
    assert!(matches!(Recorder::open(&std::env::temp_dir(), LEN_MAX), Err(RecordingError::NotARecording)));
}

#[cfg(unix)]
#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    assert!(matches!(Recording::open("/dev/zero".as_ref()), Err(RecordingError::NotARecording)));
    assert!(matches!(Recording::open(&std::env::temp_dir()), Err(RecordingError::Io(_))));
}

#[test]
fn no_more_of_a_file_is_read_than_a_recording_has() {
    let file = Scratch::new();
    let (bytes, ..) = full_life(&file);
    let slots = u64::from(format::SLOTS);
    let len = format::HEADER_LEN as u64 + slots * ((LEN_MAX - format::HEADER_LEN as u64) / slots);
    fs::OpenOptions::new().write(true).open(&file.0).unwrap().set_len(len + 1_000).unwrap();
    assert_eq!(Recording::open(&file.0).unwrap().len() as u64, len);
    fs::write(&file.0, &bytes).unwrap();
    assert_eq!(Recording::open(&file.0).unwrap().len(), bytes.len());
}

#[test]
fn a_disk_that_fails_ends_the_recording_and_not_the_node() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    life.pass(40);
    let written = life.counts().recorded_bytes;
    life.recorder().tape.fail();
    life.pass(40);
    assert!(life.recorder().take_failure().unwrap().contains(file.0.to_str().unwrap()));
    assert_eq!(life.recorder().take_failure(), None, "that is known already");
    let talked = life.said.len();
    life.pass(80);
    assert!(life.said.len() > talked, "the node goes on");
    assert!(life.recorder().write().is_none() && life.recorder().next_deadline() == Instant::NEVER);
    assert_eq!(life.counts().recorded_bytes, written);
    assert!(life.recorder().stopped().is_some());
    life.end();
    assert!(replay(fs::read(&file.0).unwrap()).2.is_exact());
}

#[test]
fn a_node_that_outgrows_its_recording_ends_it() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    for key in 0..400_u32 {
        life.put(&key.to_le_bytes(), &[0; 1_000]);
        life.pass(1);
    }
    let reason = life.recorder().take_failure().unwrap();
    assert!(reason.contains("outgrown"), "{reason}");
    life.end();
    assert!(replay(fs::read(&file.0).unwrap()).2.is_exact());
}

#[test]
fn a_slow_disk_costs_a_gap_and_no_memory() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    life.pass(40);
    let now = life.now() + Duration::from_secs(5);
    life.one.handle_input(now, Input::TimerFired);
    life.millis += 5_000;
    let slow = life.recorder().due(now).unwrap();
    for _ in 0..3_000 {
        life.one.handle_input(now, Input::Received { from: addr("x"), bytes: &mut vec![7; 10_000] });
        assert!(life.recorder().due(now).is_none(), "one is on its way");
    }
    assert_eq!(life.counts().recording_gaps, 1);
    slow.write();
    life.pass(40);
    let talked = life.said.len();
    life.put(b"color", b"red");
    life.pass(40);
    let after_gap = life.said[talked..].to_vec();
    life.end();
    let bytes = fs::read(&file.0).unwrap();
    let recording = Recording::read(bytes.clone()).unwrap();
    assert!(recording.segments().iter().any(|segment| segment.opening == Opening::AfterGap));
    let (again, _, verdict) = replay(bytes);
    assert!(verdict.is_exact(), "{verdict:?}");
    assert!(again.ends_with(&after_gap));
}

#[test]
fn two_writings_may_overtake_each_other() {
    let file = Scratch::new();
    let mut life = Life::begin(&file);
    let now = at(60_000);
    let earlier = life.recorder().due(now).unwrap();
    life.one.handle_input(now, Input::TimerFired);
    let later = life.recorder().write().unwrap();
    later.write();
    earlier.write();
    let (_, remarks, verdict) = replay(fs::read(&file.0).unwrap());
    // The node was not asked for its output.
    assert_eq!((remarks.as_slice(), verdict.inputs, verdict.is_exact()), (&["unrecorded"][..], 2, true));
}
