//! Files that something happened to, or that are not ours.
use super::*;
use crate::{error::RestoreError, node::SaveCursor};

/// A file of version 1 that holds what a node knows.
fn image_of(node: &Node<Heap>) -> Vec<u8> {
    let mut image = [&records::MAGIC[..], &[1]].concat();
    let (mut cursor, mut buffer) = (SaveCursor::default(), vec![0; 4096]);
    while let Some(chunk) = node.save(&mut cursor, &mut buffer) {
        image.extend_from_slice(&u32::try_from(chunk.len()).unwrap().to_le_bytes());
        image.extend_from_slice(chunk);
    }
    let sum = Digester::unkeyed().of_bytes(&image).0;
    image.extend_from_slice(&sum.to_le_bytes());
    image
}

fn writer(name: &str, keys: u8) -> Node<Heap> {
    let mut writer = node(name, 300);
    for key in 0..keys {
        writer.put(Instant::ZERO, &[key], b"value").unwrap();
    }
    writer
}

/// Each of so many keys in a batch of its own, on the disk.
fn rig_of(keys: u8) -> Rig {
    let mut rig = Rig::new(1);
    for key in 0..keys {
        rig.put_durable(key, 50);
        rig.pass(Duration::from_millis(1));
    }
    rig
}

#[test]
fn a_file_of_version_1_is_read_and_no_flipped_bit_in_it_goes_unnoticed() {
    let image = image_of(&writer("one", 3));
    for bit in 0..image.len() * 8 {
        let disk = BadDisk::new();
        disk.put(log::CHECKPOINT, &image);
        let (_, node, data_file) = start(&disk, Instant::ZERO, node("one", 100)).unwrap();
        assert_eq!(
            (node.entries(b"").count(), matches!(data_file, DataFile::Restored { entries: 3, torn: 0, .. })),
            (3, true)
        );
        disk.flip(log::CHECKPOINT, bit);
        let damaged = start(&disk, Instant::ZERO, self::node("one", 100));
        assert!(matches!(damaged, Ok((.., DataFile::Damaged { .. }))), "bit {bit}: {damaged:?}");
    }
}

#[test]
fn a_flipped_bit_costs_one_batch_and_the_file_is_put_aside_once() {
    for bit in (0..2_000).map(|bit| bit * 7) {
        let mut rig = rig_of(12);
        let name = rig.names()[0].clone();
        rig.disk.flip(&name, bit);
        rig.restart();
        let held = rig.entries();
        match &rig.data_file {
            // The last batch may be what a crash left of it.
            DataFile::Restored { torn, .. } => assert!(*torn > 0 && held >= 11, "bit {bit}: {held}"),
            DataFile::Damaged { entries, reason, .. } => {
                assert!(*entries >= 11 || held == 0 && !reason.contains("record"), "bit {bit}: {entries}");
            }
            other => panic!("bit {bit}: {other:?}"),
        }
        let aside = |rig: &Rig| rig.names().iter().filter(|name| name.contains("damaged")).count();
        let is_damaged = matches!(rig.data_file, DataFile::Damaged { .. });
        rig.restart();
        assert_eq!((rig.entries(), aside(&rig)), (held, usize::from(is_damaged)), "bit {bit}");
        // All that could be read is written anew, and then it is whole.
        rig.put_durable(200, 10);
        rig.pass(Duration::from_secs(10));
        rig.restart();
        assert_eq!((rig.entries(), aside(&rig)), (held + 1, usize::from(is_damaged)), "bit {bit}");
        assert!(matches!(rig.data_file, DataFile::Restored { .. }), "bit {bit}: {:?}", rig.data_file);
    }
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let rig = rig_of(3);
    let [name] = &rig.names()[..] else { panic!("{:?}", rig.names()) };
    let bytes = rig.disk.read(name).unwrap();
    let refused = start(&rig.disk, Instant::ZERO, node("two", 100));
    assert!(matches!(refused, Err(BindError::DataFile { source: RestoreError::Foreign, .. })), "{refused:?}");
    let mut newer = bytes.clone();
    newer[..records::HEAD_LEN].copy_from_slice(&records::head(records::VERSION + 1, 7));
    rig.disk.put(log::CHECKPOINT, &newer);
    let refused = start(&rig.disk, Instant::ZERO, node("one", 100));
    assert!(matches!(refused, Err(BindError::DataFile { source: RestoreError::Version(3), .. })), "{refused:?}");
    assert_eq!((rig.disk.read(name).unwrap(), rig.disk.read(log::CHECKPOINT).unwrap()), (bytes, newer));
}

#[test]
fn files_of_no_length_hold_nothing_and_cost_nothing() {
    let mut rig = rig_of(3);
    rig.disk.put("gossip.log-7", b"");
    rig.disk.put("gossip.log-8", b"gossip");
    rig.restart();
    assert!(matches!(rig.data_file, DataFile::Restored { entries: 3, torn: 6, .. }), "{:?}", rig.data_file);
    rig.disk.put(log::CHECKPOINT, b"");
    rig.restart();
    assert!(
        matches!(rig.data_file, DataFile::Damaged { entries: 3, reason: "it is cut off", .. }),
        "{:?}",
        rig.data_file
    );
    rig.pass(Duration::from_secs(10));
    rig.restart();
    assert!(matches!(rig.data_file, DataFile::Restored { entries: 3, torn: 0, .. }), "{:?}", rig.data_file);
}

#[test]
fn a_log_that_is_gone_costs_what_was_in_it() {
    let mut rig = rig_of(3);
    rig.restart();
    rig.put_durable(7, 10);
    rig.pass(Duration::ZERO);
    let first = rig.names()[0].clone();
    rig.disk.remove(&first).unwrap();
    rig.restart();
    assert_eq!((rig.entries(), rig.held(7)), (1, Some(4)));
}

#[test]
fn what_a_node_has_no_room_for_is_put_aside_and_can_be_had_again() {
    let mut rig = rig_of(12);
    let (mut keeper, small, data_file) = start(&rig.disk, rig.now, node("one", 4)).unwrap();
    let DataFile::Partial { entries: 4, left: 8, kept_as, .. } = data_file else { panic!("{data_file:?}") };
    // It writes what it has, in the place of what there was.
    while let Some(save) = keeper.due(rig.now, &small) {
        save.write();
    }
    let aside = kept_as.file_name().unwrap().to_str().unwrap();
    let (.., data_file) = start(&rig.disk, rig.now, node("one", 4)).unwrap();
    assert!(matches!(data_file, DataFile::Restored { entries: 4, .. }), "{data_file:?}");
    let whole = rig.disk.read(aside).unwrap();
    rig.disk.put(log::CHECKPOINT, &whole);
    rig.restart();
    assert!(matches!(rig.data_file, DataFile::Restored { entries: 12, .. }), "{:?}", rig.data_file);
}

#[test]
fn no_more_than_a_few_files_are_kept_aside() {
    let disk = BadDisk::new();
    for keys in 1..8 {
        disk.put(log::CHECKPOINT, &image_of(&writer("one", keys)));
        disk.flip(log::CHECKPOINT, 8_000 - usize::from(keys));
        let started = start(&disk, Instant::ZERO, node("one", 100)).unwrap();
        assert!(matches!(started.2, DataFile::Damaged { .. }), "{:?}", started.2);
    }
    assert_eq!(disk.names().len(), 1 + recover::ASIDE_MAX, "{:?}", disk.names());
}

#[test]
fn what_was_kept_is_taken_back_whatever_the_date() {
    let mut writer = node("one", 300);
    let two_years = 2 * 365 * 24 * 3_600 * 1_000;
    writer.set_wall_clock(Instant::ZERO, 1_800_000_000_000);
    for key in 0..200_u8 {
        writer.put(Instant::ZERO, &[key], b"value").unwrap();
    }
    let disk = BadDisk::new();
    disk.put(log::CHECKPOINT, &image_of(&writer));
    for date in [0, 1_800_000_000_000 - two_years, 1_800_000_000_000 + two_years] {
        let mut next = node("one", 300);
        next.set_wall_clock(Instant::ZERO, date);
        let (.., data_file) = start(&disk, Instant::ZERO, next).unwrap();
        assert!(matches!(data_file, DataFile::Restored { entries: 200, .. }), "at {date}: {data_file:?}");
    }
}

#[test]
fn a_directory_of_the_operating_system_serves_as_well() {
    let dir = std::env::temp_dir().join(std::format!("gossip-keeper-{}", std::process::id()));
    drop(fs::remove_dir_all(&dir));
    let begin = |name| {
        let mut keeper = Keeper::open(&dir)?;
        keeper.restore(Instant::ZERO, node(name, 100)).map(|(node, data_file)| (keeper, node, data_file))
    };
    let (mut keeper, mut one, data_file) = begin("one").unwrap();
    assert!(matches!(data_file, DataFile::Fresh { .. }));
    assert!(matches!(Keeper::open(&dir), Err(BindError::DataDirInUse(_))));
    one.put(Instant::ZERO, b"color", b"red").unwrap();
    keeper.mark_written(Life { origin: one.me().id, generation: one.me().generation });
    keeper.last(&one).unwrap().write();
    assert!(keeper.last(&one).is_none(), "there is nothing new");
    drop(keeper);
    let (_keeper, two, data_file) = begin("one").unwrap();
    assert!(matches!(data_file, DataFile::Restored { entries: 1, torn: 0, .. }), "{data_file:?}");
    assert_eq!(two.get(b"color"), Some(&b"red"[..]));
    fs::remove_dir_all(dir).unwrap();
}
