//! Lets an emulated microcontroller join a cluster on this machine, and checks what it does.
//!
//! `cargo run --release` builds the image, starts the cluster and the chip, makes every check below, and ends
//! with what the image takes of the chip. It exits nonzero if anything did not hold. An image that was built
//! elsewhere may be named as an argument.

mod bridge;
mod checks;
mod cluster;
mod image;
mod machine;

use anyhow::{Result, ensure};
use bridge::{Bridge, Traffic};
use checks::{Checks, until};
use cluster::Cluster;
use gossip_core::{Liveness, NodeId};
use image::Image;
use machine::Machine;
use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

const NAME: &str = "sensor";
const HOSTS: usize = 3;
/// What the image may take of the chip, in bytes.
const FLASH_MAX: u64 = 84 * 1024;
const RAM_MAX: u64 = 8 * 1024 + 512;
const FULL_FLASH_MAX: u64 = 88 * 1024;
const FULL_RAM_MAX: u64 = 8 * 1024 + 768;
const MEMBERS_FLASH_MAX: u64 = 70 * 1024;
const MEMBERS_RAM_MAX: u64 = 5 * 1024 + 512;
const STACK_MAX: u64 = 6 * 1024;
/// How long anything in the cluster may take. The sensor's preset probes every ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long a rumor must not come twice: several rounds of the sensor's preset.
const REPEAT_WATCH: Duration = Duration::from_secs(5);
/// How far the emulated clock's rate may be off: the firmware takes the chip's frequency for granted.
const CLOCK_ERROR_MAX: f64 = 0.1;

fn main() -> ExitCode {
    let mut checks = Checks::default();
    if let Err(error) = run(&mut checks) {
        println!("{error:#}");
    }
    for failure in checks.failed() {
        eprintln!("did not hold: {failure}");
    }
    if checks.failed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(checks: &mut Checks) -> Result<()> {
    let image = checks.step("the image is built, and has no allocator", || match env::args_os().nth(1) {
        Some(path) => Image::measure(path.into()),
        None => Image::build(""),
    })?;
    let cluster = checks.step("three host nodes form a cluster", || {
        let cluster = Cluster::start(HOSTS)?;
        cluster.agree(HOSTS, PATIENCE)?;
        Ok(cluster)
    })?;
    let seed = cluster.node(0)?.local_addr();
    let mut machine = checks.step("the microcontroller is switched on", || Machine::start(&image))?;
    let bridge = Bridge::start(&machine.serial, NAME, seed)?;
    checks.step("it wakes, and its clock runs as ours", || {
        let rate = until(PATIENCE, || Ok(bridge.clock_rate()))?;
        ensure!((rate - 1.0).abs() < CLOCK_ERROR_MAX, "it runs {rate:.2} times as fast");
        Ok(())
    })?;
    converse(checks, &cluster)?;
    let stack = checks.step("the stack is inspected", || machine.stack_used(&image))?;
    checks.step("it leaves when told to", || {
        cluster.publish(1, "retire")?;
        cluster.see(NodeId::from_name(NAME), Liveness::Left, PATIENCE)?;
        let status = machine.wait(PATIENCE)?;
        ensure!(status.success(), "the firmware ended with {status}");
        Ok(())
    })?;
    report(bridge.traffic());
    bridge.end();

    checks.budget("flash: code, constants, initial values", image.flash, FLASH_MAX);
    checks.budget("RAM: static variables, the node among them", image.ram, RAM_MAX);
    checks.budget("stack: high-water mark", stack, STACK_MAX);
    let full = checks.step("an image with all that a node can remember is built", || Image::build("full"))?;
    checks.budget("flash, with all of it", full.flash, FULL_FLASH_MAX);
    checks.budget("RAM, with all of it", full.ram, FULL_RAM_MAX);
    let members = checks.step("an image of membership alone is built", || Image::build("members"))?;
    checks.budget("flash, of membership alone", members.flash, MEMBERS_FLASH_MAX);
    checks.budget("RAM, of membership alone", members.ram, MEMBERS_RAM_MAX);
    Ok(())
}

/// Everything that the sensor and the cluster have to tell each other.
fn converse(checks: &mut Checks, cluster: &Cluster) -> Result<()> {
    let id = NodeId::from_name(NAME);
    checks.step("it joins: every host sees it alive", || cluster.see(id, Liveness::Alive, PATIENCE))?;
    checks
        .step("an entry of the sensor reaches the hosts", || until(PATIENCE, || cluster.text(HOSTS - 1, "uptime")))?;
    checks.step("all four agree", || cluster.agree(HOSTS + 1, PATIENCE))?;
    checks.step("an entry of a host reaches the sensor, and comes back", || {
        cluster.node(1)?.put("interval", "250")?;
        cluster.read("applied", "250", PATIENCE)
    })?;
    checks.step("a critical rumor is delivered to the sensor", || {
        cluster.publish(2, "window open")?;
        cluster.read("heard", "1", PATIENCE)
    })?;
    checks.step("it is delivered only once", || {
        thread::sleep(REPEAT_WATCH);
        cluster.agree(HOSTS + 1, PATIENCE)?;
        cluster.read("heard", "1", Duration::from_secs(1))
    })?;
    Ok(())
}

/// What went over the serial line.
fn report(traffic: &Traffic) {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "     serial line: {} datagrams up, {} down, {} too long for it, {} frames malformed",
        count(&traffic.up),
        count(&traffic.down),
        count(&traffic.too_long),
        count(&traffic.malformed)
    );
}
