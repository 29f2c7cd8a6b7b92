//! The state machine against a small reference model: a few nodes, commands at random, and a network that hands over,
//! repeats and loses datagrams one by one, in any order. `PROPTEST_CASES=100000` runs more stories than usual.
//!
//! All along: no event contradicts what its node shows; whoever wrote reads it at once; numbers have no gaps, and none is
//! used twice; nothing is told twice; nothing gets older. In the end: all live nodes show the same, the last writer won
//! every key, no rumor is missing, and everybody is seen as it last said it was.
mod cluster;
mod mirror;
mod place;
mod reference;

use cluster::Cluster;
use core::time::Duration;
use gossip_core::Urgency;
use place::Memory;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, contextualize_config},
};

/// Stories in one run of the tests, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 1_000;
const PLACES_MAX: usize = 4;
const KEYS: u8 = 4;
/// By then, whatever happened before must have come to rest.
const CALM_MAX: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Clone)]
enum Command {
    Put {
        place: usize,
        key: u8,
        value: u8,
    },
    Delete {
        place: usize,
        key: u8,
    },
    Publish {
        place: usize,
        urgency: Urgency,
    },
    Present {
        place: usize,
        tag: u8,
    },
    Join {
        place: usize,
        other: usize,
    },
    Leave {
        place: usize,
    },
    Save {
        place: usize,
    },
    Crash {
        place: usize,
    },
    Start {
        place: usize,
        memory: Memory,
        moved: bool,
    },
    /// One datagram arrives.
    Deliver(Index),
    /// One arrives, and will arrive again.
    Repeat(Index),
    /// One never arrives.
    Lose(Index),
    /// Time passes, and nothing arrives.
    Wait {
        millis: u64,
    },
    /// Time passes, and everything arrives.
    Flow {
        millis: u64,
    },
}

fn command() -> impl Strategy<Value = Command> {
    let place = || 0..PLACES_MAX;
    let urgency = prop_oneof![Just(Urgency::Critical), Just(Urgency::Normal)];
    let memory = prop_oneof![2 => Just(Memory::Kept), 1 => Just(Memory::Lost)];
    prop_oneof![
        6 => (place(), 0..KEYS, any::<u8>()).prop_map(|(place, key, value)| Command::Put { place, key, value }),
        3 => (place(), 0..KEYS).prop_map(|(place, key)| Command::Delete { place, key }),
        4 => (place(), urgency).prop_map(|(place, urgency)| Command::Publish { place, urgency }),
        2 => (place(), any::<u8>()).prop_map(|(place, tag)| Command::Present { place, tag }),
        1 => (place(), place()).prop_map(|(place, other)| Command::Join { place, other }),
        1 => place().prop_map(|place| Command::Leave { place }),
        3 => place().prop_map(|place| Command::Save { place }),
        2 => place().prop_map(|place| Command::Crash { place }),
        4 => (place(), memory, any::<bool>())
            .prop_map(|(place, memory, moved)| Command::Start { place, memory, moved }),
        12 => any::<Index>().prop_map(Command::Deliver),
        3 => any::<Index>().prop_map(Command::Repeat),
        4 => any::<Index>().prop_map(Command::Lose),
        4 => (0..3_000_u64).prop_map(|millis| Command::Wait { millis }),
        4 => prop_oneof![0..500_u64, 0..20_000_u64].prop_map(|millis| Command::Flow { millis }),
    ]
}

fn play(cluster: &mut Cluster, command: &Command) {
    match *command {
        Command::Put { place, key, value } => cluster.put(place, &[b'k', key], &[value]),
        Command::Delete { place, key } => cluster.delete(place, &[b'k', key]),
        Command::Publish { place, urgency } => cluster.publish(place, urgency),
        Command::Present { place, tag } => cluster.present(place, &[tag]),
        Command::Join { place, other } => cluster.join(place, other),
        Command::Leave { place } => cluster.leave(place),
        Command::Save { place } => cluster.save(place),
        Command::Crash { place } => cluster.crash(place),
        Command::Start { place, memory, moved } => {
            if moved {
                cluster.move_house(place);
            }
            cluster.start(place, memory);
        }
        Command::Deliver(pick) => cluster.deliver(|len| pick.index(len)),
        Command::Repeat(pick) => cluster.repeat(|len| pick.index(len)),
        Command::Lose(pick) => cluster.lose(|len| pick.index(len)),
        Command::Wait { millis } => cluster.wait(Duration::from_millis(millis)),
        Command::Flow { millis } => cluster.flow(Duration::from_millis(millis)),
    }
}

/// Brings everybody back who did not leave, lets everything arrive, and judges.
fn end(cluster: &mut Cluster) {
    cluster.bring_back();
    let mut waited = Duration::ZERO;
    while !cluster.is_at_rest() && waited < CALM_MAX {
        cluster.flow(Duration::from_secs(1));
        waited += Duration::from_secs(1);
    }
    cluster.judge();
}

proptest! {
    #![proptest_config(contextualize_config(Config { cases: CASES, max_shrink_iters: 20_000, ..Config::default() }))]
    #[test]
    fn nodes_do_what_the_model_does(
        clocks_ahead in prop::collection::vec(0..100_000_u64, 2..=PLACES_MAX),
        acquainted in prop::bool::weighted(0.8),
        seed in any::<u64>(),
        commands in prop::collection::vec(command(), 0..60),
    ) {
        let mut cluster = Cluster::new(seed, &clocks_ahead);
        if acquainted {
            cluster.acquaint();
        }
        for command in &commands {
            play(&mut cluster, command);
        }
        end(&mut cluster);
    }
}
