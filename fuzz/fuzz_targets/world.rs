//! Any world that bytes can draw: nodes, a network, what befalls them, and all oracles watching.
//! `cargo test` draws worlds too, from seeds: see `gossip-core/tests/swarm.rs`.
#![no_main]
use gossip_core::sim::swarm;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let story = swarm::draw_from(bytes);
    if let Some(fault) = swarm::fault_of(&story) {
        panic!("{fault}\n{}", swarm::shrink(&story, 200));
    }
});
