//! A program of one thread can run nodes as well: drivers, calls and events share it.
use core::time::Duration;
use gossip_tokio::{Gossip, Options, OwnedEvent};

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
