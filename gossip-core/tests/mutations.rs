//! Mutated and random datagrams, by the hundred thousand, into nodes that are members of a cluster: no panic, and no
//! memory that grows. `GOSSIP_DATAGRAMS=10000000 cargo test --release --test mutations` is the long form.
//!
//! A file of its own, for it counts every allocation in its process.
#[allow(dead_code, reason = "others use the rest")]
mod harness;

use harness::{flood, world::World};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, env};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DATAGRAMS: u64 = 100_000;
/// The share of all datagrams after which every table has met its limit.
const WARM_UP: u64 = 5;
/// What tables and queues at their limits may still differ by, in bytes: less than one node takes.
const SWING_MAX: usize = 32 * 1024;

#[test]
fn a_flood_of_damaged_datagrams_panics_nobody_and_grows_nothing() {
    let count = env::var("GOSSIP_DATAGRAMS").map_or(DATAGRAMS, |text| text.parse().expect("a number of datagrams"));
    let mut world = World::settled(7);
    let (mut peak_early, mut peak_late) = (0, 0);
    flood::pour(&mut world, count, |number| {
        let peak = if number < count / WARM_UP { &mut peak_early } else { &mut peak_late };
        *peak = allocated().max(*peak);
    });
    println!("{count} datagrams; at most {peak_early} bytes held in the first fifth, {peak_late} after");
    assert!(peak_late <= peak_early + SWING_MAX, "memory grows: {peak_early} bytes, later {peak_late}");
}

/// What the four nodes and the network between them hold, in bytes.
fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}
