//! A program of one thread can run nodes as well: drivers, calls and events share it.
use core::time::Duration;
use gossip_tokio::{Gossip, Options, OwnedEvent, Quorum, WaitError};

#[tokio::test(flavor = "current_thread")]
async fn two_nodes_share_a_thread() {
    let one = Gossip::bind(Options::new("one")).await.unwrap();
    let mut events = one.subscribe();
    let mut options = Options::new("two");
    options.seeds = vec![one.local_addr()];
    let two = Gossip::bind(options).await.unwrap();
    two.put("color", "red").await.unwrap();
    let changed = async {
        while let Some(event) = events.next().await {
            if matches!(&event, OwnedEvent::Changed { key, .. } if key == b"color") {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), changed).await.unwrap());
    two.leave().await.unwrap();
}

/// A cancelled call is a call all the same: nothing is left half done, and the next one is answered.
#[tokio::test(flavor = "current_thread")]
async fn a_cancelled_call_harms_nobody() {
    let node = Gossip::bind(Options::new("one")).await.unwrap();
    for _ in 0..200 {
        drop(tokio::time::timeout(Duration::ZERO, node.put("color", "red")).await);
    }
    node.put("shape", "round").await.unwrap();
    assert_eq!(node.get("shape").await.unwrap().unwrap().value, b"round");
    node.leave().await.unwrap();
}

/// A wait that is dropped is over: it takes no place from those that come after it.
#[tokio::test(flavor = "current_thread")]
async fn a_cancelled_wait_is_over() {
    let node = Gossip::bind(Options::new("one")).await.unwrap();
    for _ in 0..200 {
        let wait = node.put_await("color", "red", Quorum::AtLeast(2), Duration::from_secs(3_600));
        assert!(tokio::time::timeout(Duration::from_millis(1), wait).await.is_err());
    }
    let waited = node.put_await("color", "blue", Quorum::AtLeast(2), Duration::from_millis(1)).await;
    assert!(matches!(waited, Err(WaitError::InVain(_))), "{waited:?}");
    let usage = node.info().await.unwrap().usage;
    assert!(usage.iter().any(|(region, used, _)| *region == "waits" && *used <= 1), "{usage:?}");
    node.leave().await.unwrap();
}
