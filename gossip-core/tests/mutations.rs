//! Mutated and random datagrams, by the hundred thousand, into nodes that are members of a cluster: no panic, and no
//! memory that grows. `GOSSIP_DATAGRAMS=10000000 cargo test --release --test mutations` is the long form.
#[allow(dead_code, reason = "others use the rest")]
mod harness;

use core::time::Duration;
use gossip_core::Liveness;
use harness::{
    datagram::{Edit, Sender, Step, play},
    world::{SIZE, World, id},
};
use rand_core::Rng;
use rand_pcg::Pcg32;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, env};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DATAGRAMS: u64 = 100_000;
/// The share of all datagrams after which every table has met its limit.
const WARM_UP: u64 = 5;
/// What tables and queues at their limits may still differ by, in bytes: a fiftieth of what four nodes take.
const SWING_MAX: usize = 32 * 1024;
/// After a flood, nodes may take so long to find each other again.
const QUIET: Duration = Duration::from_secs(15 * 60);
/// So many datagrams come within ten milliseconds: a flood.
const BURST: u64 = 32;

#[test]
fn a_flood_of_damaged_datagrams_changes_nothing_for_good() {
    let count = env::var("GOSSIP_DATAGRAMS").map_or(DATAGRAMS, |text| text.parse().expect("a number of datagrams"));
    let mut rng = Pcg32::new(count, 7);
    let mut world = World::settled(7);
    let (mut peak_early, mut peak_late) = (0, 0);
    for number in 0..count {
        play(&mut world, any_step(&mut rng));
        if number % BURST == 0 {
            world.pass(Duration::from_millis(10));
            world.forget_delivered();
            let peak = if number < count / WARM_UP { &mut peak_early } else { &mut peak_late };
            *peak = allocated().max(*peak);
        }
    }
    println!("{count} datagrams; at most {peak_early} bytes held in the first fifth, {peak_late} after");
    assert!(peak_late <= peak_early + SWING_MAX, "memory grows: {peak_early} bytes, later {peak_late}");
    // Lies about members are contradicted, invented members die.
    world.pass(QUIET);
    for (place, host) in world.hosts.iter().enumerate() {
        let members = host.node.as_ref().map(|node| node.members()).unwrap_or_default();
        for other in (0..SIZE).filter(|other| *other != place) {
            let found = members.iter().find(|member| member.id == id(other));
            assert_eq!(found.map(|member| member.liveness), Some(Liveness::Alive), "{place} of {other}");
        }
    }
}

/// What the four nodes and the network between them hold, in bytes.
fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

fn any_step(rng: &mut Pcg32) -> Step {
    let [to, pick, kind, from, ..] = rng.next_u64().to_le_bytes();
    let from = if from < 192 { Sender::Member(from) } else { Sender::Stranger(from) };
    match kind {
        0..32 => Step::Raw { to, from, bytes: any_bytes(rng, 1600) },
        32..80 => Step::Framed { to, from, pick, frames: any_bytes(rng, 72) },
        _ => Step::Changed { to, from, pick, edits: (0..rng.next_u32() % 4).map(|_| any_edit(rng)).collect() },
    }
}

fn any_bytes(rng: &mut Pcg32, len_max: u32) -> Vec<u8> {
    let mut bytes = vec![0; (rng.next_u32() % len_max) as usize];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn any_edit(rng: &mut Pcg32) -> Edit {
    let [kind, byte, low, high, ..] = rng.next_u64().to_le_bytes();
    let at = u16::from_le_bytes([low, high]);
    match kind % 6 {
        0 => Edit::Set { at, to: byte },
        1 => Edit::Flip { bit: at },
        2 => Edit::Cut { len: at },
        3 => Edit::Insert { at, byte },
        4 => Edit::Remove { at },
        _ => Edit::Repeat { from: at, len: byte },
    }
}
