//! What survives a restart, and what happens when that is spoilt.
use super::*;

fn with_data(name: &str, dir: &Scratch) -> Options {
    let mut options = options(name);
    options.data_dir = Some(dir.path().to_owned());
    options
}

pub(crate) fn a_restarted_node_remembers<A: Adapter>() {
    let dir = Scratch::new();
    let node = A::bind(with_data("one", &dir)).unwrap();
    assert!(matches!(node.info().unwrap().data_file, DataFile::Fresh { .. }));
    let first = node.put(b"color", b"red").unwrap();
    node.leave().unwrap();

    let node = A::bind(with_data("one", &dir)).unwrap();
    assert!(matches!(node.info().unwrap().data_file, DataFile::Restored { entries: 1, .. }));
    assert_eq!(value(&node, "color").as_deref(), Some(&b"red"[..]));
    let second = node.put(b"shape", b"round").unwrap();
    assert_ne!(first, second);
    // A crash costs what was written within the last seconds, no more.
    eventually("the file to be written", || node.info().unwrap().io.saves > 0);
    node.abort().unwrap();

    let node = A::bind(with_data("one", &dir)).unwrap();
    let mut events = node.subscribe();
    let info = node.info().unwrap();
    assert!(matches!(info.data_file, DataFile::Restored { entries: 2, .. }), "{:?}", info.data_file);
    assert_eq!(info.io.save_errors, 0);
    // To remember is not to be told: nothing changed.
    node.leave().unwrap();
    assert_eq!(all_told::<A>(&mut events, PATIENCE), [OwnedEvent::Departed]);
}

pub(crate) fn a_damaged_data_file_is_put_aside<A: Adapter>() {
    let dir = Scratch::new();
    let node = A::bind(with_data("one", &dir)).unwrap();
    node.put(b"color", b"red").unwrap();
    node.leave().unwrap();
    let path = dir.path().join("gossip.log-1");
    let mut log = fs::read(&path).unwrap();
    let middle = log.len() / 2;
    log[middle] ^= 1;
    fs::write(&path, &log).unwrap();

    let node = A::bind(with_data("one", &dir)).unwrap();
    let DataFile::Damaged { kept_as, .. } = node.info().unwrap().data_file else { panic!("it must be noticed") };
    assert_eq!(fs::read(kept_as).unwrap(), log, "it is kept as it was");
    node.put(b"color", b"blue").unwrap();
    node.leave().unwrap();

    let node = A::bind(with_data("one", &dir)).unwrap();
    assert_eq!(value(&node, "color").as_deref(), Some(&b"blue"[..]));
}

pub(crate) fn a_durable_write_survives_a_crash_at_once<A: Adapter>() {
    let dir = Scratch::new();
    let node = A::bind(with_data("one", &dir)).unwrap();
    node.put_durable(b"color", b"red").unwrap();
    node.put_durable(b"shape", b"round").unwrap();
    node.delete_durable(b"shape").unwrap();
    node.abort().unwrap();
    let node = A::bind(with_data("one", &dir)).unwrap();
    assert_eq!((value(&node, "color").as_deref(), value(&node, "shape")), (Some(&b"red"[..]), None));
    node.leave().unwrap();

    let node = A::bind(options("two")).unwrap();
    let refused = node.put_durable(b"color", b"red");
    assert_eq!(refused, Err(CallError::Refused(DurableError::NoDataDir)));
    assert_eq!(value(&node, "color"), None, "nothing was written");
}

pub(crate) fn a_data_directory_serves_one_node<A: Adapter>() {
    let dir = Scratch::new();
    let node = A::bind(with_data("one", &dir)).unwrap();
    let refused = A::bind(with_data("two", &dir)).err();
    assert!(matches!(refused, Some(BindError::DataDirInUse(_))), "{refused:?}");
    node.put(b"color", b"red").unwrap();
    node.leave().unwrap();

    // A wrong path must not cost another node its memory.
    let refused = A::bind(with_data("two", &dir)).err();
    let foreign = matches!(refused, Some(BindError::DataFile { source: RestoreError::Foreign, .. }));
    assert!(foreign, "{refused:?}");
    let node = A::bind(with_data("one", &dir)).unwrap();
    assert_eq!(value(&node, "color").as_deref(), Some(&b"red"[..]));
}
