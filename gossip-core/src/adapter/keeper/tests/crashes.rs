//! What an Ok promises, whatever becomes of the power and the disk.
use super::{bad_disk::Fault, *};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Command {
    Put { key: u8, len: usize },
    PutDurable { key: u8, len: usize },
    Pass(Duration),
    Fault(Fault),
    Mend,
    Crash,
    Leave,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (0..6_u8, 0..900_usize).prop_map(|(key, len)| Command::Put { key, len }),
        4 => (0..6_u8, 0..900_usize).prop_map(|(key, len)| Command::PutDurable { key, len }),
        6 => (0..3_000_u64).prop_map(|ms| Command::Pass(Duration::from_millis(ms))),
        1 => (0..12_u32).prop_map(|after| Command::Fault(Fault::PowerCut(after))),
        1 => Just(Command::Fault(Fault::Full)),
        1 => Just(Command::Fault(Fault::Sync)),
        1 => Just(Command::Mend),
        3 => Just(Command::Crash),
        1 => Just(Command::Leave),
    ]
}

fn perform(rig: &mut Rig, command: &Command) {
    match command {
        Command::Put { key, len } => rig.put(*key, *len),
        Command::PutDurable { key, len } => rig.put_durable(*key, *len),
        Command::Pass(time) => drop(rig.pass(*time)),
        Command::Fault(fault) => rig.disk.fail(Some(*fault)),
        Command::Mend => rig.disk.fail(None),
        Command::Crash => rig.crash(),
        Command::Leave => {
            rig.leave();
            rig.crash();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_said_to_be_on_the_disk_is_there_after_any_crash(
        seed: u64,
        commands in prop::collection::vec(command(), 1..80),
    ) {
        let mut rig = Rig::new(seed);
        commands.iter().for_each(|command| perform(&mut rig, command));
        rig.crash();
        // Whatever went wrong before: on a disk that is well again, all is written, and said to be.
        rig.put_durable(0, 10);
        rig.pass(Duration::from_secs(60));
        prop_assert_eq!(rig.flushed.get(&0), rig.written.get(&0));
        prop_assert!(rig.asked.is_empty());
        rig.crash();
    }
}

#[test]
fn a_checkpoint_is_cut_at_any_of_its_steps_and_nothing_is_lost() {
    // More logs than are kept, so that a checkpoint is due; and the power goes after each number of operations.
    for cut in 0..40 {
        let mut rig = Rig::new(cut.into());
        for key in 0..=u8::try_from(LOG_FILES_MAX).unwrap() + 1 {
            rig.put_durable(key, 300);
            assert!(rig.pass(Duration::from_millis(1)) > 0);
            rig.crash();
        }
        rig.disk.fail(Some(Fault::PowerCut(cut)));
        rig.put_durable(99, 300);
        rig.pass(Duration::from_millis(500));
        rig.crash();
        rig.pass(Duration::from_secs(60));
        assert!(rig.names().contains(&log::CHECKPOINT.to_string()), "{:?}", rig.names());
        // Where the power went while the logs before it were dropped, the rest of them wait for the next one.
        assert!(rig.names().len() <= LOG_FILES_MAX + 2, "the logs before it are gone: {:?}", rig.names());
        rig.crash();
        assert!(rig.entries() >= LOG_FILES_MAX + 2);
    }
}

#[test]
fn many_who_wait_are_served_by_one_flush() {
    let mut rig = Rig::new(1);
    (0..64).for_each(|key| rig.put_durable(key, 100));
    assert_eq!(rig.pass(Duration::ZERO), 1);
    assert_eq!((rig.flushed.len(), rig.place().writings), (64, 1));
    // And what nobody waits for, is written within a second.
    rig.put(99, 10);
    assert_eq!((rig.pass(Duration::from_millis(900)), rig.pass(Duration::from_millis(200))), (0, 1));
    rig.crash();
    assert_eq!(rig.entries(), 65);
}

#[test]
fn what_is_written_while_a_batch_is_on_its_way_waits_for_the_next() {
    let mut rig = Rig::new(1);
    rig.put_durable(1, 10);
    let first = rig.keeper.due(rig.now, &rig.node).unwrap();
    rig.put_durable(2, 10);
    assert!(rig.keeper.due(rig.now, &rig.node).is_none(), "one is on its way");
    first.write();
    rig.hear();
    assert_eq!(rig.flushed, [(1, 1)].into());
    rig.pass(Duration::ZERO);
    assert_eq!(rig.flushed, [(1, 1), (2, 2)].into());
}

#[test]
fn a_writing_that_never_ran_is_done_again_and_nobody_is_told_that_it_was() {
    let mut rig = Rig::new(1);
    rig.put_durable(1, 10);
    drop(rig.keeper.due(rig.now, &rig.node).unwrap());
    rig.hear();
    assert_eq!((rig.flushed.len(), rig.refused), (0, 1));
    rig.pass(Duration::from_secs(3));
    rig.crash();
    assert_eq!(rig.held(1), Some(1));
}

#[test]
fn whoever_leaves_while_something_is_written_loses_nothing() {
    let mut rig = Rig::new(1);
    rig.put_durable(1, 10);
    let first = rig.keeper.due(rig.now, &rig.node).unwrap();
    rig.put(2, 10);
    let last = rig.keeper.last(&rig.node).unwrap();
    first.write();
    last.write();
    rig.hear();
    rig.flushed.insert(2, 2);
    rig.crash();
}

#[test]
fn a_full_disk_is_told_once_and_all_is_written_when_it_empties_again() {
    let mut rig = Rig::new(1);
    rig.put_durable(1, 100);
    rig.pass(Duration::ZERO);
    rig.disk.fail(Some(Fault::Full));
    rig.put_durable(2, 100);
    rig.pass(Duration::from_mins(10));
    assert_eq!((rig.flushed.len(), rig.refused), (1, 1), "whoever waited is told");
    assert!(rig.keeper.take_failure().is_some() && rig.keeper.take_failure().is_none());
    let mut counts = IoCounts::default();
    rig.keeper.count_into(&mut counts);
    assert!((10..60).contains(&counts.save_errors), "it is tried again, ever more seldom: {}", counts.save_errors);
    assert!(rig.names().len() < 4, "{:?}", rig.names());
    rig.disk.fail(None);
    rig.pass(Duration::from_mins(1));
    rig.crash();
    assert_eq!(rig.entries(), 2);
}

impl Rig {
    fn place(&self) -> impl core::ops::Deref<Target = writing::Outcome> + '_ {
        self.keeper.place.outcome()
    }
}
