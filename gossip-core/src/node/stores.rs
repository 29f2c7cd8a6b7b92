//! What this node keeps in step, and what of that a peer keeps too: digests are compared over what both have.
use super::Node;
use crate::{
    digest::Digest,
    id::NodeId,
    storage::Storage,
    wire::{Store, StoreDigests, Stores},
};

impl<S: Storage> Node<S> {
    /// The fingerprint of all it keeps in step: of members, rumors and entries. Nodes that share it know the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest_of(&self.store_digests())
    }

    /// The fingerprints of the stores, each for itself.
    pub(crate) fn store_digests(&self) -> StoreDigests {
        let digests = StoreDigests::NONE
            .with(Store::Members, self.membership.digest())
            .with(Store::Rumors, self.dissemination.digest())
            .with(Store::Entries, self.replica.digest());
        digests.of(self.cx.stores())
    }

    /// Which stores both we and `peer` keep, as far as we know: all of ours, as long as we have not heard what it says of itself.
    pub(super) fn shared_with(&self, peer: Option<NodeId>) -> Stores {
        let known = peer.and_then(|id| self.membership.get(id));
        known.map_or(self.cx.stores(), |member| self.cx.stores().and(member.capabilities.stores()))
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
