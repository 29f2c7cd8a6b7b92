//! What this node keeps in step, one line a store; and what of that a peer keeps too, for digests are compared over what both have.
use super::{Membership, Node};
use crate::{
    context::Context,
    digest::Digest,
    dissemination::Dissemination,
    id::NodeId,
    replica::Replica,
    replicated::Replicated,
    storage::{Snapshot, Storage},
    time::Instant,
    wire::{Store, StoreDigests, Stores},
};
use serde::{Deserialize, Serialize};

/// Declares the stores beside members: their numbers on the wire, and what keeps them.
macro_rules! stores {
    ($($store:ident: $name:ident by $Machine:ident,)*) => {
        /// The stores beside members.
        #[derive(Serialize, Deserialize)]
        #[serde(bound = "S: Snapshot")]
        pub(super) struct Registry<S: Storage> {
            $(pub(super) $name: $Machine<S>,)*
        }

        impl<S: Storage> Registry<S> {
            pub(super) fn new(cx: &Context<S>) -> Self {
                Self { $($name: $Machine::new(cx),)* }
            }

            /// One of them.
            pub(super) fn get_mut(&mut self, store: Store) -> Option<&mut dyn Replicated<S>> {
                match store {
                    $(Store::$store => Some(&mut self.$name),)*
                    Store::Members => None,
                }
            }

            /// One of them, or members.
            fn get<'s>(&'s self, members: &'s Membership<S>, store: Store) -> &'s dyn Replicated<S> {
                match store {
                    $(Store::$store => &self.$name,)*
                    Store::Members => members,
                }
            }

            /// Does something with each.
            pub(super) fn for_each(&mut self, mut act: impl FnMut(&mut dyn Replicated<S>)) {
                $(act(&mut self.$name);)*
            }

            /// Whether any of these has news.
            pub(super) fn have_news(&self, stores: Stores) -> bool {
                false $(|| stores.contains(Store::$store) && self.$name.has_news())*
            }

            /// What the application is to be told next, and of which.
            pub(super) fn next_untold(&self) -> Option<(Store, usize)> {
                None$(.or_else(|| Some((Store::$store, self.$name.next_untold()?))))*
            }

            pub(super) fn next_deadline(&self) -> Instant {
                Instant::NEVER$(.min(self.$name.next_deadline()))*
            }
        }
    };
}

stores! {
    Rumors: rumors by Dissemination,
    Entries: entries by Replica,
}

impl<S: Storage> Node<S> {
    /// The fingerprint of all it keeps in step: of members, rumors and entries. Nodes that share it know the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest_of(&self.store_digests())
    }

    /// The fingerprints of the stores, each for itself.
    pub(crate) fn store_digests(&self) -> StoreDigests {
        let all = Store::ALL.into_iter().map(|store| (store, self.store(store).digest()));
        all.fold(StoreDigests::NONE, |digests, (store, digest)| digests.with(store, digest)).of(self.cx.stores())
    }

    /// One of the stores.
    pub(super) fn store(&self, store: Store) -> &dyn Replicated<S> {
        self.stores.get(&self.membership, store)
    }

    /// Which stores both we and `peer` keep, as far as we know: all of ours, as long as we have not heard what it says of itself.
    pub(super) fn shared_with(&self, peer: Option<NodeId>) -> Stores {
        let known = peer.and_then(|id| self.membership.get(id));
        let ours = self.cx.stores();
        known.map_or(ours, |member| ours.and(member.capabilities.stores()))
    }

    /// What our digest is over these of our stores.
    pub(super) fn digest_over(&self, stores: Stores) -> Digest {
        self.digest_of(&self.store_digests().of(stores))
    }

    /// The same with other members.
    pub(super) fn digest_with(&self, members: Digest, stores: Stores) -> Digest {
        self.digest_of(&self.store_digests().with(Store::Members, members).of(stores))
    }

    /// One fingerprint for a list of them. It says over which stores it is: of a list and another one with less in it, it differs.
    pub(super) fn digest_of(&self, digests: &StoreDigests) -> Digest {
        let mut words = [0; 1 + Store::COUNT];
        let listed = Store::ALL.into_iter().filter_map(|store| digests.get(store));
        let all = core::iter::once(u64::from(digests.stores().bits())).chain(listed.map(|digest| digest.0));
        let len = words.iter_mut().zip(all).map(|(word, said)| *word = said).count();
        self.cx.digester.of_some(words.get(..len).unwrap_or_default())
    }

    /// Whether somebody with this digest over the stores that we share has, as it seems, nothing that we lack. If it lasts, we ask all
    /// the same.
    pub(super) fn is_ahead_of(&self, theirs: Digest, stores: Stores) -> bool {
        self.convergence.is_learning(&self.cx) && self.convergence.has_passed(theirs)
            || self.membership.is_ahead_of(&self.cx, &|members| self.digest_with(members, stores) == theirs)
    }
}
