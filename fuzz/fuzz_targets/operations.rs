//! Any story of commands, crashes, restarts and faults over a small cluster; then calm, and a verdict.
//! The body runs within `cargo test` too: see `gossip-core/tests/harness`.
#![no_main]
#[allow(dead_code, reason = "each target runs one of the bodies")]
#[path = "../../gossip-core/tests/harness/mod.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::operations::operations(bytes));
