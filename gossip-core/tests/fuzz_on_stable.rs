//! The fuzzers' bodies on stable Rust, for a fixed number of seeds. `GOSSIP_FUZZ_SEEDS` raises it.
#![expect(missing_docs, reason = "a test")]
mod harness;

use rand_core::Rng;
use rand_pcg::Pcg32;
use std::env;

const SEEDS: u64 = 200;
const BYTES_MAX: usize = 1024;

#[test]
fn any_datagram_into_a_member() {
    for_each_seed(harness::datagram::datagram);
}

#[test]
fn any_story_of_a_small_cluster() {
    for_each_seed(harness::operations::operations);
}

/// Runs `body` on random bytes of many lengths.
fn for_each_seed(body: fn(&[u8])) {
    let seeds = env::var("GOSSIP_FUZZ_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number of seeds"));
    for seed in 0..seeds {
        // Shown when the test fails: the last one is the one.
        println!("seed {seed}");
        let mut rng = Pcg32::new(seed, 0);
        let mut bytes = vec![0; rng.next_u32() as usize % BYTES_MAX];
        rng.fill_bytes(&mut bytes);
        body(&bytes);
    }
}
