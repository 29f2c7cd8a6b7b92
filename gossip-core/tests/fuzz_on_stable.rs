//! The fuzzers' bodies on stable Rust, for a fixed number of seeds. `GOSSIP_FUZZ_SEEDS` raises it,
//! `GOSSIP_FUZZ_FIRST_SEED` starts elsewhere, and `GOSSIP_FUZZ_TELL` tells the story.
#[allow(dead_code, reason = "others use the rest")]
mod harness;

use core::time::Duration;
use gossip_core::Liveness;
use harness::world::{SIZE, World, id};
use rand_core::Rng;
use rand_pcg::Pcg32;
use std::env;

const SEEDS: usize = 200;
const BYTES_MAX: usize = 1024;
/// So many lies are told, within half a minute.
const FLOOD: u64 = 100_000;
/// After a flood, nodes may take so long to find each other again.
const QUIET: Duration = Duration::from_secs(15 * 60);

#[test]
fn any_datagram_into_a_member() {
    for_each_seed(harness::datagram::datagram);
}

#[test]
fn any_story_of_a_small_cluster() {
    for_each_seed(harness::operations::operations);
}

#[test]
fn what_a_flood_of_lies_leaves_behind_heals() {
    let mut world = World::settled(7);
    harness::flood::pour(&mut world, FLOOD, |_| ());
    world.pass(QUIET);
    for (place, host) in world.hosts.iter().enumerate() {
        let members = host.node.as_ref().map(|node| node.members()).unwrap_or_default();
        for other in (0..SIZE).filter(|other| *other != place) {
            let found = members.iter().find(|member| member.id == id(other));
            assert_eq!(found.map(|member| member.liveness), Some(Liveness::Alive), "{place} of {other}");
        }
    }
}

/// Runs `body` on random bytes of many lengths.
fn for_each_seed(body: fn(&[u8])) {
    let seeds = env::var("GOSSIP_FUZZ_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number of seeds"));
    let first = env::var("GOSSIP_FUZZ_FIRST_SEED").map_or(0, |text| text.parse().expect("a seed"));
    for seed in (first..).take(seeds) {
        // Shown when the test fails: the last one is the one.
        println!("seed {seed}");
        let mut rng = Pcg32::new(seed, 0);
        let mut bytes = vec![0; rng.next_u32() as usize % BYTES_MAX];
        rng.fill_bytes(&mut bytes);
        body(&bytes);
    }
}
