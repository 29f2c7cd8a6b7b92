//! What the fuzzers and `cargo test` run alike: bodies that take bytes from anywhere and judge what a node does.
//!
//! A body panics when something that must hold does not. It reads its bytes with [`arbitrary`], so that a fuzzer
//! which changes a byte changes one thing in the story that is played.
pub(crate) mod datagram;
pub(crate) mod flood;
pub(crate) mod machine;
pub(crate) mod network;
pub(crate) mod operations;
pub(crate) mod world;

use core::fmt::Debug;
use std::{env, sync::LazyLock};

/// Whether each step is to be told, which explains a failure and slows a fuzzer: set `GOSSIP_FUZZ_TELL`.
static TELLING: LazyLock<bool> = LazyLock::new(|| env::var_os("GOSSIP_FUZZ_TELL").is_some());

fn tell(world: &world::World, step: &impl Debug) {
    if *TELLING {
        println!("{:>12.3} s: {step:?}", world.age().as_secs_f64());
    }
}
