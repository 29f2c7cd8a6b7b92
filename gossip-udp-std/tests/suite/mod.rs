//! The scenarios that every adapter passes, written once: real nodes, real sockets on 127.0.0.1.
//!
//! They speak the blocking dialect; the two asynchronous adapters translate. They wait for states, not for times: a wait
//! ends as soon as the state is there, and fails, saying what it waited for, only after [`PATIENCE`].
pub(crate) mod cluster;
pub(crate) mod data;
pub(crate) mod edges;
pub(crate) mod flight;

use core::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use gossip_core::adapter::vocabulary::*;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Instant,
};

/// How long a state may take to come about: long enough for a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A handle, as all adapters have it.
pub(crate) trait Adapter: Clone + Send + Sync + 'static {
    /// Its subscriptions.
    type Events: Send;

    fn bind(options: Options) -> Result<Self, BindError>;
    fn id(&self) -> NodeId;
    fn local_addr(&self) -> SocketAddr;
    fn join(&self, seed: SocketAddr) -> Result<(), CallError<JoinError>>;
    fn join_name(&self, seed: &str) -> Result<(), CallError<JoinError>>;
    fn leave(&self) -> Result<NotHandedOver, Closed>;
    fn abort(&self) -> Result<(), Closed>;
    fn put(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<PutError>>;
    fn put_durable(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<DurableError<PutError>>>;
    fn delete_durable(&self, key: &[u8]) -> Result<Dot, CallError<DurableError<DeleteError>>>;
    fn put_await(
        &self,
        key: &[u8],
        value: &[u8],
        quorum: Quorum,
        timeout: Duration,
    ) -> Result<(Dot, Reached), WaitError>;
    fn await_write(&self, write: Dot, quorum: Quorum, timeout: Duration) -> Result<Reached, WaitError>;
    fn await_converged(&self, timeout: Duration) -> Result<Reached, WaitError>;
    fn get(&self, key: &[u8]) -> Result<Option<EntryInfo>, Closed>;
    fn delete(&self, key: &[u8]) -> Result<Dot, CallError<DeleteError>>;
    fn list(&self, prefix: &[u8]) -> Result<Vec<EntryInfo>, Closed>;
    fn publish(&self, urgency: Urgency, payload: &[u8]) -> Result<Dot, CallError<PublishError>>;
    fn set_presence(&self, role: &str, tags: BTreeMap<String, String>) -> Result<(), CallError<PresenceError>>;
    fn members(&self) -> Result<Vec<MemberInfo>, Closed>;
    fn agreement(&self) -> Result<AgreementInfo, Closed>;
    fn info(&self) -> Result<Info, Closed>;
    fn subscribe(&self) -> Self::Events;
    /// The next event, `Ok(None)` at the end, `Err` when there was none in time.
    fn next(events: &mut Self::Events, timeout: Duration) -> Result<Option<OwnedEvent>, ()>;
}

/// Makes one test of each scenario, for one adapter.
macro_rules! scenarios {
    ($adapter:ty: $($file:ident { $($scenario:ident)* })*) => {
        $($(
            #[test]
            fn $scenario() {
                crate::suite::$file::$scenario::<$adapter>();
            }
        )*)*
    };
    ($adapter:ty) => {
        crate::suite::scenarios! { $adapter:
            cluster {
                three_nodes_replicate_and_agree
                writes_are_waited_for_until_others_have_them
                presence_spreads
                the_longest_presences_reach_all
                a_node_with_nobody_to_answer_says_that_it_is_alone
                a_seed_may_be_a_name
                a_critical_rumor_reaches_each_once
                a_farewell_is_seen_as_left
                dropping_all_handles_is_a_farewell
                a_crash_is_seen_as_down_and_a_restart_is_recognised
            }
            data {
                a_restarted_node_remembers
                a_damaged_data_file_is_put_aside
                a_durable_write_survives_a_crash_at_once
                a_data_directory_serves_one_node
            }
            edges {
                an_address_in_use_is_named
                an_address_that_others_cannot_reach_is_refused
                a_socket_for_both_families_speaks_ipv4
                what_is_too_long_is_refused_with_the_limit
                a_slow_subscriber_is_told_what_it_missed
                many_callers_share_a_narrow_channel
                socket_errors_and_strangers_are_counted_and_survived
                a_flood_holds_up_neither_calls_nor_members
                whoever_waits_learns_that_the_node_stopped
                a_stopped_node_says_so
            }
            flight {
                a_recorded_life_is_replayed_byte_for_byte
                lives_that_follow_each_other_stay_in_the_recording
                a_node_outlives_its_recording
                a_recording_that_cannot_be_made_is_refused
            }
        }
    };
}
pub(crate) use scenarios;

/// A node of this name on any free port, at a pace that suits a test.
fn options(name: &str) -> Options {
    let mut options = Options::new(name);
    options.config.probe_interval = Duration::from_millis(300);
    options.config.probe_timeout = Duration::from_millis(120);
    options.config.gossip_interval = Duration::from_millis(50);
    options.config.reconnect_interval = Duration::from_millis(300);
    options
}

/// Starts a node that asks `seeds`.
fn start<A: Adapter>(name: &str, seeds: &[&A]) -> A {
    let mut options = options(name);
    options.seeds = seeds.iter().map(|seed| seed.local_addr()).collect();
    A::bind(options).unwrap()
}

/// Starts three nodes, and waits until each knows all.
fn three<A: Adapter>() -> [A; 3] {
    let one = start::<A>("one", &[]);
    let two = start("two", &[&one]);
    let three = start("three", &[&one]);
    let nodes = [one, two, three];
    everybody_sees(&nodes, "three", Liveness::Alive);
    everybody_sees(&nodes, "two", Liveness::Alive);
    everybody_sees(&nodes, "one", Liveness::Alive);
    nodes
}

fn everybody_sees<A: Adapter>(nodes: &[A], name: &str, liveness: Liveness) {
    for node in nodes {
        eventually(&format!("{name} to be {liveness}"), || {
            member(node, name).is_some_and(|it| it.liveness == liveness)
        });
    }
}

fn member<A: Adapter>(node: &A, name: &str) -> Option<MemberInfo> {
    node.members().unwrap().into_iter().find(|member| member.name == name)
}

fn value<A: Adapter>(node: &A, key: &str) -> Option<Vec<u8>> {
    node.get(key.as_bytes()).unwrap().map(|entry| entry.value)
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(10));
    }
}

/// Reads on until `wanted` says yes, and returns what that was.
fn happens<A: Adapter>(events: &mut A::Events, what: &str, wanted: impl Fn(&OwnedEvent) -> bool) -> OwnedEvent {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match A::next(events, left) {
            Ok(Some(event)) if wanted(&event) => return event,
            Ok(Some(_)) => {}
            Ok(None) => panic!("the node stopped before {what}"),
            Err(()) => panic!("waited in vain for {what}"),
        }
    }
}

/// All that has happened and was not read yet, until nothing comes for a while or the end.
fn all_told<A: Adapter>(events: &mut A::Events, quiet: Duration) -> Vec<OwnedEvent> {
    core::iter::from_fn(|| A::next(events, quiet).ok().flatten()).collect()
}

/// A directory that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("gossip-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(unique))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
