//! What this node keeps in step, one line a store; and what of that a peer keeps too, for digests are compared over what both have.
use super::Node;
use crate::{
    context::Context,
    digest::Digest,
    dissemination::Dissemination,
    id::NodeId,
    replica::Replica,
    replicated::Replicated,
    storage::{Snapshot, Storage},
    wire::{Store, StoreDigests, Stores},
};
use serde::{Deserialize, Serialize};

/// Declares the stores beside members: their numbers on the wire, and what keeps them. Each is called by its own type, so that a
/// small machine has no code for one that it does without.
macro_rules! stores {
    ($d:tt $($store:ident: $name:ident by $Machine:ident,)*) => {
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
        }

        /// Does something with each of the stores beside members, in their order: with its number, and with itself.
        macro_rules! each_store {
            (&$d node:ident.stores, ($d number:pat, $d store:ident) => $d act:expr) => {{
                $({
                    let ($d number, $d store) = ($crate::wire::Store::$store, &$d node.stores.$name);
                    $d act;
                })*
            }};
            ($d node:ident.stores, ($d number:pat, $d store:ident) => $d act:expr) => {{
                $({
                    let ($d number, $d store) = ($crate::wire::Store::$store, &mut $d node.stores.$name);
                    $d act;
                })*
            }};
        }

        /// Asks one of the stores something, members among them.
        macro_rules! ask_store {
            ($d node:ident, $d number:expr, $d store:ident => $d act:expr) => {
                match $d number {
                    Store::Members => {
                        let $d store = &$d node.membership;
                        $d act
                    }
                    $(Store::$store => {
                        let $d store = &$d node.stores.$name;
                        $d act
                    })*
                }
            };
        }
    };
}

stores! { $
    Rumors: rumors by Dissemination,
    Entries: entries by Replica,
}

#[expect(clippy::single_component_path_imports, reason = "that is how a macro gets out of its module")]
pub(super) use {ask_store, each_store};

impl<S: Storage> Node<S> {
    /// The fingerprint of all it keeps in step: of members, rumors and entries. Nodes that share it know the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest_of(&self.store_digests())
    }

    /// The fingerprints of the stores, each for itself.
    pub(crate) fn store_digests(&self) -> StoreDigests {
        let all = Store::ALL.into_iter().map(|number| (number, ask_store!(self, number, store => store.digest())));
        all.fold(StoreDigests::NONE, |digests, (store, digest)| digests.with(store, digest)).of(self.cx.stores())
    }

    /// Which stores both we and `peer` keep, as far as we know: all of ours, as long as we have not heard what it says of itself.
    pub(super) fn shared_with(&self, peer: Option<NodeId>) -> Stores {
        let known = peer.and_then(|id| self.membership.get(id));
        known.map_or_else(|| self.cx.stores(), |member| self.cx.shared_with(member.capabilities))
    }

    /// What our digest is over these of our stores.
    pub(super) fn digest_over(&self, stores: Stores) -> Digest {
        self.digest_of(&self.store_digests().of(stores))
    }

    /// The same, where that over all of them is known: most often, all are shared.
    pub(super) fn part_of(&self, all: Digest, stores: Stores) -> Digest {
        if stores == self.cx.stores() { all } else { self.digest_over(stores) }
    }

    /// What our digest over these stores would be with other members: asked of many.
    pub(super) fn digest_with_members(&self, stores: Stores) -> impl Fn(Digest) -> Digest {
        let digests = self.store_digests().of(stores);
        move |members| self.digest_of(&digests.with(Store::Members, members))
    }

    /// One fingerprint for a list of them: of which they are, and of each up to the last. A node that knows further stores gets the same.
    pub(super) fn digest_of(&self, digests: &StoreDigests) -> Digest {
        let mut words = [0; 1 + Store::COUNT];
        let stores = digests.stores();
        if let Some((first, others)) = words.split_first_mut() {
            *first = u64::from(stores.bits());
            others
                .iter_mut()
                .zip(Store::ALL)
                .for_each(|(word, store)| *word = digests.get(store).unwrap_or_default().0);
        }
        self.cx.digester.of_first(1 + stores.reach(), &words)
    }

    /// Whether somebody with this digest over the stores that we share has, as it seems, nothing that we lack. If it lasts, we ask all
    /// the same.
    pub(super) fn is_ahead_of(&self, theirs: Digest, stores: Stores) -> bool {
        if self.convergence.is_learning(&self.cx) && self.convergence.has_passed(theirs) {
            return true;
        }
        let digest_with = self.digest_with_members(stores);
        self.membership.is_ahead_of(&self.cx, &|members| digest_with(members) == theirs)
    }
}
