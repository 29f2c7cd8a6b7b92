//! The scenarios of all adapters, for the blocking one.
mod suite;

use core::{net::SocketAddr, time::Duration};
use gossip_udp_std::*;
use std::collections::BTreeMap;

suite::scenarios!(Gossip);

impl suite::Adapter for Gossip {
    type Events = Events;

    fn bind(options: Options) -> Result<Self, BindError> {
        Self::bind(options)
    }
    fn id(&self) -> NodeId {
        self.id()
    }
    fn local_addr(&self) -> SocketAddr {
        self.local_addr()
    }
    fn join(&self, seed: SocketAddr) -> Result<(), CallError<JoinError>> {
        self.join(seed)
    }
    fn join_name(&self, seed: &str) -> Result<(), CallError<JoinError>> {
        self.join_name(seed)
    }
    fn leave(&self) -> Result<NotHandedOver, Closed> {
        self.leave()
    }
    fn abort(&self) -> Result<(), Closed> {
        self.abort()
    }
    fn put(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<PutError>> {
        self.put(key, value)
    }
    fn put_durable(&self, key: &[u8], value: &[u8]) -> Result<Dot, CallError<DurableError<PutError>>> {
        self.put_durable(key, value)
    }
    fn delete_durable(&self, key: &[u8]) -> Result<Dot, CallError<DurableError<DeleteError>>> {
        self.delete_durable(key)
    }
    fn put_await(
        &self,
        key: &[u8],
        value: &[u8],
        quorum: Quorum,
        timeout: Duration,
    ) -> Result<(Dot, Reached), WaitError> {
        self.put_await(key, value, quorum, timeout)
    }
    fn await_write(&self, write: Dot, quorum: Quorum, timeout: Duration) -> Result<Reached, WaitError> {
        self.await_write(write, quorum, timeout)
    }
    fn await_converged(&self, timeout: Duration) -> Result<Reached, WaitError> {
        self.await_converged(timeout)
    }
    fn get(&self, key: &[u8]) -> Result<Option<EntryInfo>, Closed> {
        self.get(key)
    }
    fn delete(&self, key: &[u8]) -> Result<Dot, CallError<DeleteError>> {
        self.delete(key)
    }
    fn list(&self, prefix: &[u8]) -> Result<Vec<EntryInfo>, Closed> {
        self.list(prefix)
    }
    fn publish(&self, urgency: Urgency, payload: &[u8]) -> Result<Dot, CallError<PublishError>> {
        self.publish(urgency, payload)
    }
    fn set_presence(&self, role: &str, tags: BTreeMap<String, String>) -> Result<(), CallError<PresenceError>> {
        self.set_presence(role, tags)
    }
    fn members(&self) -> Result<Vec<MemberInfo>, Closed> {
        self.members()
    }
    fn agreement(&self) -> Result<AgreementInfo, Closed> {
        self.agreement()
    }
    fn info(&self) -> Result<Info, Closed> {
        self.info()
    }
    fn subscribe(&self) -> Events {
        self.subscribe()
    }
    fn next(events: &mut Events, timeout: Duration) -> Result<Option<OwnedEvent>, ()> {
        events.next_timeout(timeout).map_err(|TimedOut| ())
    }
}
