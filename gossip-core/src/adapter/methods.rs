//! What an application asks of a node, for all handles: each call is written once.

/// Gives each of these methods to the handle of an adapter, as it stands here: to an `async` one as `async fn`, to a `blocking` one as
/// `fn`.
///
/// A macro, for that one word is what no type can stand for, and for a handle is a type of its adapter's own, with its `bind`. The
/// handle has its [`Handle`](crate::adapter::Handle), or the blocking one, in a field `handle`; the words of
/// [`vocabulary`](crate::adapter::vocabulary) and its `Events` are in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! calls_of_a_handle {
    (@async $handle:ident { $($(#[$doc:meta])* fn $name:ident(&$this:ident $(, $arg:ident: $of:ty)* $(,)?) -> $answer:ty $ask:block)* }) => {
        impl $handle {
            $($(#[$doc])* pub async fn $name(&$this $(, $arg: $of)*) -> $answer { $ask.await })*
        }
    };
    (@blocking $handle:ident { $($(#[$doc:meta])* fn $name:ident(&$this:ident $(, $arg:ident: $of:ty)* $(,)?) -> $answer:ty $ask:block)* }) => {
        impl $handle {
            $($(#[$doc])* pub fn $name(&$this $(, $arg: $of)*) -> $answer { $ask })*
        }
    };
    (@of_any $handle:ident) => {
        impl $handle {
            /// The id of the node.
            #[must_use]
            pub fn id(&self) -> NodeId {
                self.handle.id()
            }

            /// Where its socket is bound.
            #[must_use]
            pub fn local_addr(&self) -> core::net::SocketAddr {
                self.handle.local_addr()
            }

            /// Subscribes to all that happens from now on.
            #[must_use]
            pub fn subscribe(&self) -> Events {
                self.handle.subscribe()
            }
        }
    };
    (async $handle:ident) => {
        $crate::calls_of_a_handle! { @of_any $handle }
        $crate::calls_of_a_handle! { @list @async $handle }
    };
    (blocking $handle:ident) => {
        $crate::calls_of_a_handle! { @of_any $handle }
        $crate::calls_of_a_handle! { @list @blocking $handle }
    };
    (@list @$kind:tt $handle:ident) => {
        $crate::calls_of_a_handle! { @$kind $handle {
            /// Asks one more seed for the cluster, until it answers.
            ///
            /// # Errors
            ///
            /// The seed was refused, or the node has stopped.
            fn join(&self, seed: core::net::SocketAddr) -> Result<(), CallError<JoinError>> {
                self.handle.ask(move |endpoint| endpoint.join(seed))
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
                self.handle.ask(move |endpoint| endpoint.join_name(&seed))
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
                self.handle.stop($crate::adapter::Endpoint::leave)
            }

            /// As [`leave`](Self::leave), but for how long that may take: half of it to hand over what this node wrote and published
            /// last, and the rest for the farewell.
            ///
            /// # Errors
            ///
            /// The node had stopped already.
            fn leave_within(&self, timeout: core::time::Duration) -> Result<NotHandedOver, Closed> {
                self.handle.stop(move |endpoint| endpoint.leave_within(timeout))
            }

            /// Stops at once, without a farewell and without a last save: to the others it looks like a crash.
            ///
            /// # Errors
            ///
            /// The node had stopped already.
            fn abort(&self) -> Result<(), Closed> {
                self.handle.end($crate::adapter::Endpoint::abort)
            }

            /// Writes an entry of the replicated map.
            ///
            /// # Errors
            ///
            /// The write was refused, or the node has stopped.
            fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Dot, CallError<PutError>> {
                let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
                self.handle.ask(move |endpoint| endpoint.put(&key, &value))
            }

            /// Writes an entry of the replicated map, as [`put`](Self::put) does, and waits until it is on the disk: a node that crashes
            /// at any moment after an `Ok`, or loses its power, has it when it is back. That does not say that another node has it.
            ///
            /// What is written while the disk is busy is flushed together, so that many who wait cost hardly more than one.
            ///
            /// # Errors
            ///
            /// The write was refused; or it is not on the disk, and the error says what became of it; or the node has stopped, and it is not
            /// known.
            fn put_durable(
                &self,
                key: impl AsRef<[u8]>,
                value: impl AsRef<[u8]>,
            ) -> Result<Dot, CallError<DurableError<PutError>>> {
                let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
                self.handle.flush(move |endpoint| endpoint.put_durable(&key, &value))
            }

            /// Deletes an entry of the replicated map, as [`delete`](Self::delete) does, and waits until that is on the disk.
            ///
            /// # Errors
            ///
            /// As those of [`put_durable`](Self::put_durable).
            fn delete_durable(&self, key: impl AsRef<[u8]>) -> Result<Dot, CallError<DurableError<DeleteError>>> {
                let key = key.as_ref().to_vec();
                self.handle.flush(move |endpoint| endpoint.delete_durable(&key))
            }

            /// Writes an entry of the replicated map, and returns when so many members have it: `Quorum::Majority`, `Quorum::All`, or
            /// `Quorum::AtLeast(3)`, this node included. *Have it* means in memory: of members that have shown it, as they live now.
            ///
            /// It takes a round trip to the members, or a few where datagrams are lost. When it ends in vain, the write stands all the
            /// same, and spreads on. Dropped before it is ready, the wait is over, and the write stands.
            ///
            /// # Errors
            ///
            /// The write was refused; it was not known in time, which names the members that are missing; or the node has stopped.
            fn put_await(
                &self,
                key: impl AsRef<[u8]>,
                value: impl AsRef<[u8]>,
                quorum: Quorum,
                timeout: core::time::Duration,
            ) -> Result<(Dot, Reached), WaitError> {
                let (key, value) = (key.as_ref().to_vec(), value.as_ref().to_vec());
                let begin = move |endpoint: &mut $crate::adapter::Endpoint| endpoint.put_await(&key, &value, quorum, timeout);
                self.handle.wait(begin, |write, reached| (write, reached))
            }

            /// Returns when so many members have this write, which is one of this node's present life; the rest is as for
            /// [`put_await`](Self::put_await).
            ///
            /// # Errors
            ///
            /// It is no such write; it was not known in time, which names the members that are missing; or the node has stopped.
            fn await_write(&self, write: Dot, quorum: Quorum, timeout: core::time::Duration) -> Result<Reached, WaitError> {
                let begin = move |endpoint: &mut $crate::adapter::Endpoint| endpoint.await_write(write, quorum, timeout);
                self.handle.wait(begin, |_, reached| reached)
            }

            /// Returns when every live member is known to hold the same as this node: at once, where they do. Alone, nobody agrees.
            ///
            /// # Errors
            ///
            /// They did not agree in time, which names the members that are missing; or the node has stopped.
            fn await_converged(&self, timeout: core::time::Duration) -> Result<Reached, WaitError> {
                let begin = move |endpoint: &mut $crate::adapter::Endpoint| endpoint.await_converged(timeout);
                self.handle.wait(begin, |_, reached| reached)
            }

            /// The entry with this key, as far as this node knows.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<EntryInfo>, Closed> {
                let key = key.as_ref().to_vec();
                self.handle.call(move |endpoint| endpoint.get(&key))
            }

            /// Deletes an entry of the replicated map.
            ///
            /// # Errors
            ///
            /// There is no such entry, or the node has stopped.
            fn delete(&self, key: impl AsRef<[u8]>) -> Result<Dot, CallError<DeleteError>> {
                let key = key.as_ref().to_vec();
                self.handle.ask(move |endpoint| endpoint.delete(&key))
            }

            /// The entries whose keys begin so, sorted by key. The empty prefix lists all.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn list(&self, prefix: impl AsRef<[u8]>) -> Result<std::vec::Vec<EntryInfo>, Closed> {
                let prefix = prefix.as_ref().to_vec();
                self.handle.call(move |endpoint| endpoint.list(&prefix))
            }

            /// Spreads a rumor: every other member is told once. Critical ones go ahead of everything.
            ///
            /// # Errors
            ///
            /// The rumor was refused, or the node has stopped.
            fn publish(&self, urgency: Urgency, payload: impl AsRef<[u8]>) -> Result<Dot, CallError<PublishError>> {
                let payload = payload.as_ref().to_vec();
                self.handle.ask(move |endpoint| endpoint.publish(urgency, &payload))
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
                ttl: core::time::Duration,
            ) -> Result<Dot, CallError<PublishError>> {
                let payload = payload.as_ref().to_vec();
                self.handle.ask(move |endpoint| endpoint.publish_for(urgency, &payload, ttl))
            }

            /// Changes what the node says of itself.
            ///
            /// # Errors
            ///
            /// Name, role and tags are too long together, or the node has stopped.
            fn set_presence(&self, role: &str, tags: std::collections::BTreeMap<std::string::String, std::string::String>) -> Result<(), CallError<PresenceError>> {
                let role = role.to_owned();
                self.handle.ask(move |endpoint| endpoint.set_presence(&role, &tags))
            }

            /// All members known, this node and those that are gone included, sorted by name and then by id.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn members(&self) -> Result<std::vec::Vec<MemberInfo>, Closed> {
                self.handle.call(|endpoint| endpoint.members())
            }

            /// How far the cluster agrees with this node, as far as it knows.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn agreement(&self) -> Result<AgreementInfo, Closed> {
                self.handle.call(|endpoint| endpoint.agreement())
            }

            /// Everything that the node says about itself: limits, counters, what became of its data file.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn info(&self) -> Result<Info, Closed> {
                self.handle.call(|endpoint| endpoint.info())
            }

            /// Has an observer told of each thing that the node counts, from now on, in place of any other: for metrics, or a log of what
            /// is refused. It is called in the midst of the node's work, and must not block.
            ///
            /// # Errors
            ///
            /// The node has stopped.
            fn observe(&self, observer: impl Observer + Send + 'static) -> Result<(), Closed> {
                self.handle.call(move |endpoint| endpoint.observe(observer))
            }
        } }
    };
}
