//! A call rouses a driver that waits for a datagram.
use core::time::Duration;
use gossip_udp_std::{Gossip, Options, TimedOut};
use std::time::Instant;

/// Without the alarm, every other call would wait until the driver looks up by itself: a quarter of a second, 25 s for all.
#[test]
fn calls_do_not_wait_for_the_next_look() {
    let mut options = Options::new("one");
    // Nothing else rouses the driver.
    options.config.probe_interval = Duration::from_mins(1);
    options.config.gossip_interval = Duration::from_mins(1);
    options.config.reconnect_interval = Duration::from_mins(1);
    let node = Gossip::bind(options).unwrap();
    let start = Instant::now();
    for _ in 0..200 {
        node.members().unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_wait_for_events_ends_when_it_should() {
    let node = Gossip::bind(Options::new("one")).unwrap();
    node.put("k", "v").unwrap();
    let mut events = node.subscribe();
    while events.next_timeout(Duration::from_millis(300)) != Err(TimedOut) {}
    node.leave().unwrap();
    assert!(events.last().is_some(), "the farewell was told before the end");
}
