//! What an application asks of a node, for both handles: each call is written once.
use crate::adapter::{Endpoint, Gossip, blocking, vocabulary::*};
use core::{net::SocketAddr, time::Duration};
use std::{borrow::ToOwned, collections::BTreeMap, string::String, vec::Vec};

/// Gives each of these methods to both handles, as it stands here: to one as `async fn`, to the other as `fn`.
///
/// A macro, for that one word is what no type can stand for. The handles bring
/// `ask`, for what can be refused, `call`, for what cannot, `stop` and `end`.
macro_rules! methods {
    ($($(#[$doc:meta])* fn $name:ident(&$this:ident $(, $arg:ident: $of:ty)* $(,)?) -> $answer:ty $ask:block)*) => {
        impl Gossip {
            $($(#[$doc])* pub async fn $name(&$this $(, $arg: $of)*) -> $answer { $ask.await })*
        }
        impl blocking::Gossip {
            $($(#[$doc])* pub fn $name(&$this $(, $arg: $of)*) -> $answer { $ask })*
        }
    };
}

methods! {
    /// Asks one more seed for the cluster, until it answers.
    ///
    /// # Errors
    ///
    /// The seed was refused, or the node has stopped.
    fn join(&self, seed: SocketAddr) -> Result<(), CallError<JoinError>> {
        self.ask(move |endpoint| endpoint.join(seed))
    }

    /// Asks for the cluster at whatever a name stands for, `seed.example:7946`, now and later.
    ///
    /// The name is looked up for ever, as those in [`Options::seed_names`] are.
    ///
    /// # Errors
    ///
    /// The node is leaving, or has stopped.
    fn join_name(&self, seed: &str) -> Result<(), CallError<JoinError>> {
        let seed = seed.to_owned();
        self.ask(move |endpoint| endpoint.join_name(&seed))
    }

    /// Hands over what this node wrote and published, says farewell, and waits until the node has stopped: its socket is closed,
    /// its data file is written. Says what could not be handed over: nothing, if all went well.
    ///
    /// It takes a few gossip intervals, at most [`Options::leave_timeout`], half of which is for handing over.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    fn leave(&self) -> Result<NotHandedOver, Closed> {
        self.stop(Endpoint::leave)
    }

    /// As [`leave`](Self::leave), but for how long that may take: half of it to hand over what this node wrote and published
    /// last, and the rest for the farewell.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    fn leave_within(&self, timeout: Duration) -> Result<NotHandedOver, Closed> {
        self.stop(move |endpoint| endpoint.leave_within(timeout))
    }

    /// Stops at once, without a farewell and without a last save: to the others it looks like a crash.
    ///
    /// # Errors
    ///
    /// The node had stopped already.
    fn abort(&self) -> Result<(), Closed> {
        self.end(Endpoint::abort)
    }

    /// Writes an entry of the replicated map.
    ///
    /// # Errors
    ///
    /// The write was refused, or the node has stopped.
    fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Dot, CallError<PutError>> {
        let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
        self.ask(move |endpoint| endpoint.put(&key, &value))
    }

    /// The entry with this key, as far as this node knows.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<EntryInfo>, Closed> {
        let key = key.as_ref().to_vec();
        self.call(move |endpoint| endpoint.get(&key))
    }

    /// Deletes an entry of the replicated map.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the node has stopped.
    fn delete(&self, key: impl AsRef<[u8]>) -> Result<Dot, CallError<DeleteError>> {
        let key = key.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.delete(&key))
    }

    /// The entries whose keys begin so, sorted by key. The empty prefix lists all.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn list(&self, prefix: impl AsRef<[u8]>) -> Result<Vec<EntryInfo>, Closed> {
        let prefix = prefix.as_ref().to_vec();
        self.call(move |endpoint| endpoint.list(&prefix))
    }

    /// Spreads a rumor: every other member is told once. Critical ones go ahead of everything.
    ///
    /// # Errors
    ///
    /// The rumor was refused, or the node has stopped.
    fn publish(&self, urgency: Urgency, payload: impl AsRef<[u8]>) -> Result<Dot, CallError<PublishError>> {
        let payload = payload.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.publish(urgency, &payload))
    }

    /// Spreads a rumor that lives for `ttl`, from a second to 24 days: then nobody is told of it any more.
    ///
    /// # Errors
    ///
    /// The rumor was refused, or the node has stopped.
    fn publish_for(
        &self,
        urgency: Urgency,
        payload: impl AsRef<[u8]>,
        ttl: Duration,
    ) -> Result<Dot, CallError<PublishError>> {
        let payload = payload.as_ref().to_vec();
        self.ask(move |endpoint| endpoint.publish_for(urgency, &payload, ttl))
    }

    /// Changes what the node says of itself.
    ///
    /// # Errors
    ///
    /// Name, role and tags are too long together, or the node has stopped.
    fn set_presence(&self, role: &str, tags: BTreeMap<String, String>) -> Result<(), CallError<PresenceError>> {
        let role = role.to_owned();
        self.ask(move |endpoint| endpoint.set_presence(&role, &tags))
    }

    /// All members known, this node and those that are gone included, sorted by name and then by id.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn members(&self) -> Result<Vec<MemberInfo>, Closed> {
        self.call(|endpoint| endpoint.members())
    }

    /// How far the cluster agrees with this node, as far as it knows.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn agreement(&self) -> Result<AgreementInfo, Closed> {
        self.call(|endpoint| endpoint.agreement())
    }

    /// Everything that the node says about itself: limits, counters, what became of its data file.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn info(&self) -> Result<Info, Closed> {
        self.call(|endpoint| endpoint.info())
    }

    /// Has an observer told of each thing that the node counts, from now on, in place of any other: for metrics, or a log of what
    /// is refused. It is called in the midst of the node's work, and must not block.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    fn observe(&self, observer: impl Observer + Send + 'static) -> Result<(), Closed> {
        self.call(move |endpoint| endpoint.observe(observer))
    }
}
