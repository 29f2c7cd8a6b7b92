//! The handle: what an application holds. Each call is a closure that the driver runs on the node.
use crate::driver::Driver;
use async_std::{
    channel::{self, Sender},
    net::UdpSocket,
    task,
};
use core::{net::SocketAddr, time::Duration};
use gossip_core::adapter::{Call, Endpoint, Events, Subscribers, vocabulary::*};
use std::{collections::BTreeMap, sync::Arc};

/// A running node. Clones speak of the same one; when the last is dropped, the node leaves its cluster and stops.
///
/// Every call waits for its turn with the driver, and then for its answer: microseconds, not network round trips.
#[derive(Debug, Clone)]
pub struct Gossip {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: NodeId,
    local_addr: SocketAddr,
    subscribers: Subscribers,
    calls: Sender<Call>,
}

impl Gossip {
    /// Starts a node: binds its socket, reads its data file, and begins to ask its seeds.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting, in words for the one who started it.
    pub async fn bind(options: Options) -> Result<Self, BindError> {
        let (addr, calls_max) = (options.bind, options.commands_max.max(1));
        let socket = UdpSocket::bind(addr).await.map_err(|error| BindError::of_socket(addr, error))?;
        let local_addr = socket.local_addr().map_err(BindError::Driver)?;
        let endpoint = Endpoint::new(options, local_addr)?;
        let (calls, calls_in) = channel::bounded(calls_max);
        let shared = Shared { id: endpoint.id(), local_addr, subscribers: endpoint.subscribers().clone(), calls };
        task::spawn(Driver::new(socket, calls_in, endpoint).run());
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The id of the node.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.shared.id
    }

    /// Where its socket is bound.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local_addr
    }

    /// Asks one more seed for the cluster, until it answers.
    ///
    /// # Errors
    ///
    /// The seed was refused, or the node has stopped.
    pub async fn join(&self, seed: SocketAddr) -> Result<(), CallError<JoinError>> {
        self.ask(move |endpoint| endpoint.join(seed)).await
    }

    /// Asks for the cluster at whatever a name stands for, `seed.example:7946`, now and later.
    ///
    /// The name is looked up for ever, as those in [`Options::seed_names`] are.
    ///
    /// # Errors
    ///
    /// The node is leaving, or has stopped.
    pub async fn join_name(&self, seed: &str) -> Result<(), CallError<JoinError>> {
        let seed = seed.to_owned();
        self.ask(move |endpoint| endpoint.join_name(&seed)).await
    }

    /// Hands over what this node wrote and published, says farewell, and waits until the node has stopped: its socket is closed,
    /// its data file is written. Says what could not be handed over: nothing, if all went well.
    ///
    /// It takes a few gossip intervals, at most [`Options::leave_timeout`], half of which is for handing over.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    pub async fn leave(&self) -> Result<NotHandedOver, Closed> {
        self.stop(Endpoint::leave).await
    }

    /// As [`leave`](Self::leave), but for how long that may take: half of it to hand over what this node wrote and published
    /// last, and the rest for the farewell.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    pub async fn leave_within(&self, timeout: Duration) -> Result<NotHandedOver, Closed> {
        self.stop(move |endpoint| endpoint.leave_within(timeout)).await
    }

    /// Stops at once, without a farewell and without a last save: to the others it looks like a crash.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    pub async fn abort(&self) -> Result<(), Closed> {
        self.stop(Endpoint::abort).await.map(drop)
    }

    /// Writes an entry of the replicated map.
    ///
    /// # Errors
    ///
    /// The write was refused, or the node has stopped.
    pub async fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Dot, CallError<PutError>> {
        let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
        self.ask(move |endpoint| endpoint.put(&key, &value)).await
    }

    /// The entry with this key, as far as this node knows.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<EntryInfo>, Closed> {
        let key = key.as_ref().to_vec();
        self.call(move |endpoint| endpoint.get(&key)).await
    }

    /// Deletes an entry of the replicated map.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the node has stopped.
    pub async fn delete(&self, key: impl AsRef<[u8]>) -> Result<Dot, CallError<DeleteError>> {
        let key = key.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.delete(&key)).await
    }

    /// The entries whose keys begin so, sorted by key. The empty prefix lists all.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn list(&self, prefix: impl AsRef<[u8]>) -> Result<Vec<EntryInfo>, Closed> {
        let prefix = prefix.as_ref().to_vec();
        self.call(move |endpoint| endpoint.list(&prefix)).await
    }

    /// Spreads a rumor: every other member is told once. Critical ones go ahead of everything.
    ///
    /// # Errors
    ///
    /// The rumor was refused, or the node has stopped.
    pub async fn publish(&self, urgency: Urgency, payload: impl AsRef<[u8]>) -> Result<Dot, CallError<PublishError>> {
        let payload = payload.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.publish(urgency, &payload)).await
    }

    /// Spreads a rumor that lives for `ttl`, from a second to 24 days: then nobody is told of it any more.
    ///
    /// # Errors
    ///
    /// The rumor was refused, or the node has stopped.
    pub async fn publish_for(
        &self,
        urgency: Urgency,
        payload: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> Result<Dot, CallError<PublishError>> {
        let payload = payload.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.publish_for(urgency, &payload, ttl)).await
    }

    /// Changes what the node says of itself.
    ///
    /// # Errors
    ///
    /// Name, role and tags are too long together, or the node has stopped.
    pub async fn set_presence(
        &self,
        role: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), CallError<PresenceError>> {
        let role = role.to_owned();
        self.ask(move |endpoint| endpoint.set_presence(&role, &tags)).await
    }

    /// All members known, this node and those that are gone included, sorted by name and then by id.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn members(&self) -> Result<Vec<MemberInfo>, Closed> {
        self.call(|endpoint| endpoint.members()).await
    }

    /// How far the cluster agrees with this node, as far as it knows.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn agreement(&self) -> Result<AgreementInfo, Closed> {
        self.call(|endpoint| endpoint.agreement()).await
    }

    /// Everything that the node says about itself: limits, counters, what became of its data file.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn info(&self) -> Result<Info, Closed> {
        self.call(|endpoint| endpoint.info()).await
    }

    /// Subscribes to all that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        self.shared.subscribers.subscribe()
    }

    async fn stop(&self, how: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<NotHandedOver, Closed> {
        let events = self.subscribe();
        self.call(how).await?;
        Ok(events.ended().await)
    }

    async fn ask<T: Send + 'static, E: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> Result<T, E> + Send + 'static,
    ) -> Result<T, CallError<E>> {
        self.call(ask).await?.map_err(CallError::Refused)
    }

    async fn call<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (reply, answer) = channel::bounded(1);
        // A caller that was cancelled takes no answer; what it asked for is done all the same.
        let call: Call = Box::new(move |endpoint| drop(reply.try_send(ask(endpoint))));
        self.shared.calls.send(call).await.map_err(|_| Closed)?;
        answer.recv().await.map_err(|_| Closed)
    }
}
