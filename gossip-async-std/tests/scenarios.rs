//! The scenarios of all adapters, for the one on async-std.
#[path = "../../gossip-udp-std/tests/suite/mod.rs"]
mod suite;

use async_std::task::block_on as wait;
use core::{net::SocketAddr, time::Duration};
use gossip_async_std::*;
use std::collections::BTreeMap;

suite::scenarios!(Gossip);

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
        wait(async_std::future::timeout(timeout, events.next())).map_err(|_| ())
    }
}
