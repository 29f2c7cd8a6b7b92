//! Any bytes, from anyone, into nodes that are members of a cluster.
//! The body runs within `cargo test` too: see `gossip-core/tests/harness`.
#![no_main]
#[allow(dead_code, reason = "each target runs one of the bodies")]
#[path = "../../gossip-core/tests/harness/mod.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::datagram::datagram(bytes));
