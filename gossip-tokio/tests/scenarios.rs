//! The scenarios of all adapters, for the one on tokio.
#[path = "../../gossip-udp-std/tests/suite/mod.rs"]
mod suite;

use core::{net::SocketAddr, time::Duration};
use gossip_tokio::*;
use std::{collections::BTreeMap, sync::LazyLock};
use tokio::runtime::Runtime;

suite::scenarios!(Gossip);

/// All tests share one runtime, as the parts of a program would.
fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime can be had"));
    RUNTIME.block_on(future)
}

impl suite::Adapter for Gossip {
    type Events = Events;

    fn bind(options: Options) -> Result<Self, BindError> {
        wait(Self::bind(options))
    }
    fn id(&self) -> NodeId {
        self.id()
    }
    fn local_addr(&self) -> SocketAddr {
        self.local_addr()
    }
    fn join(&self, seed: SocketAddr) -> Result<(), CallError<JoinError>> {
        wait(self.join(seed))
    }
    fn join_name(&self, seed: &str) -> Result<(), CallError<JoinError>> {
        wait(self.join_name(seed))
    }
    fn leave(&self) -> Result<NotHandedOver, Closed> {
        wait(self.leave())
    }
    fn abort(&self) -> Result<(), Closed> {
        wait(self.abort())
    }
    fn put(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<PutError>> {
        wait(self.put(key, value))
    }
    fn put_durable(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<DurableError<PutError>>> {
        wait(self.put_durable(key, value))
    }
    fn delete_durable(&self, key: &[u8]) -> Result<Dot, CallError<DurableError<DeleteError>>> {
        wait(self.delete_durable(key))
    }
    fn put_await(
        &self,
        key: &[u8],
        value: &[u8],
        quorum: Quorum,
        timeout: Duration,
    ) -> Result<(Dot, Reached), WaitError> {
        wait(self.put_await(key, value, quorum, timeout))
    }
    fn await_write(&self, write: Dot, quorum: Quorum, timeout: Duration) -> Result<Reached, WaitError> {
        wait(self.await_write(write, quorum, timeout))
    }
    fn await_converged(&self, timeout: Duration) -> Result<Reached, WaitError> {
        wait(self.await_converged(timeout))
    }
    fn get(&self, key: &[u8]) -> Result<Option<EntryInfo>, Closed> {
        wait(self.get(key))
    }
    fn delete(&self, key: &[u8]) -> Result<Dot, CallError<DeleteError>> {
        wait(self.delete(key))
    }
    fn list(&self, prefix: &[u8]) -> Result<Vec<EntryInfo>, Closed> {
        wait(self.list(prefix))
    }
    fn publish(&self, urgency: Urgency, payload: &[u8]) -> Result<Dot, CallError<PublishError>> {
        wait(self.publish(urgency, payload))
    }
    fn set_presence(&self, role: &str, tags: BTreeMap<String, String>) -> Result<(), CallError<PresenceError>> {
        wait(self.set_presence(role, tags))
    }
    fn members(&self) -> Result<Vec<MemberInfo>, Closed> {
        wait(self.members())
    }
    fn agreement(&self) -> Result<AgreementInfo, Closed> {
        wait(self.agreement())
    }
    fn info(&self) -> Result<Info, Closed> {
        wait(self.info())
    }
    fn subscribe(&self) -> Events {
        self.subscribe()
    }
    fn next(events: &mut Events, timeout: Duration) -> Result<Option<OwnedEvent>, ()> {
        wait(async { tokio::time::timeout(timeout, events.next()).await }).map_err(|_| ())
    }
}
