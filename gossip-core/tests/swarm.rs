//! Worlds drawn at random, under the eyes of all oracles.
//!
//! `cargo test` tells the same few hundred each time. `GOSSIP_SEEDS=1000..5000` tells these; `cargo swarm` does so for
//! hours, with a progress bar. A world that goes badly is made smaller, and printed with the line that tells it again.
#![cfg(feature = "sim")]
use gossip_core::sim::swarm;
use std::env;

#[test]
fn worlds_drawn_at_random_go_well() {
    let (first, last) = seeds();
    for seed in first..last {
        let story = swarm::draw(seed);
        let Some(fault) = swarm::fault_of(&story) else { continue };
        let smaller = swarm::shrink(&story, 300);
        panic!("seed {seed}: {fault}\nagain: cargo swarm --seed {seed}\nsmaller, it is:\n{smaller}");
    }
}

#[test]
fn a_drawn_world_is_text_and_comes_back() {
    for seed in 0..100 {
        let story = swarm::draw(seed);
        let text = story.to_string();
        let read = gossip_core::sim::Story::parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(read.to_string(), text);
        assert_eq!(read, story, "seed {seed}");
    }
}

#[test]
fn any_bytes_are_a_world() {
    // What the fuzzer's target `world` does, on stable.
    for len in [0, 1, 7, 64, 250] {
        for fill in (0..=255_u8).step_by(13) {
            let bytes: Vec<u8> = (0..len).map(|at: u8| at.wrapping_mul(fill).wrapping_add(fill)).collect();
            let story = swarm::draw_from(&bytes);
            assert_eq!(swarm::fault_of(&story), None, "{story}");
        }
    }
}

fn seeds() -> (u64, u64) {
    let range = env::var("GOSSIP_SEEDS").unwrap_or_else(|_| "0..150".into());
    let (first, last) = range.split_once("..").unwrap_or(("0", &range));
    let number = |text: &str| text.parse().expect("GOSSIP_SEEDS is a range such as 0..150");
    (number(first), number(last))
}
