//! Short fingerprints of what a node knows (Demers et al. 1987, §1.3, "checksums"): equal digests end an exchange after a few bytes.
use core::ops::{AddAssign, SubAssign};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// The fingerprint of a set: the wrapping sum of its items' hashes (Bellare, Micciancio 1997, AdHash), so that it follows each change in constant time.
///
/// Two different sets share it with a chance of 2⁻⁶⁴. That holds against accidents; against a member that crafts
/// collisions it will take a key which that member does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(#[serde(with = "postcard::fixint::le")] pub u64);

impl AddAssign for Digest {
    fn add_assign(&mut self, item: Self) {
        self.0 = self.0.wrapping_add(item.0);
    }
}

impl SubAssign for Digest {
    fn sub_assign(&mut self, item: Self) {
        self.0 = self.0.wrapping_sub(item.0);
    }
}

/// Hashes items by SipHash-1-3, from explicit bytes only: the result is part of the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Digester {
    key: u64,
}

impl Digester {
    pub(crate) const fn unkeyed() -> Self {
        Self { key: 0 }
    }

    pub(crate) const fn keyed(key: u64) -> Self {
        Self { key }
    }

    pub(crate) fn of_bytes(&self, bytes: &[u8]) -> Digest {
        self.of(0, bytes)
    }

    pub(crate) fn of_words<const N: usize>(&self, words: &[u64; N]) -> Digest {
        self.of(1, words.map(u64::to_le_bytes).as_flattened())
    }

    /// Of the first `len` of some words.
    pub(crate) fn of_first<const N: usize>(&self, len: usize, words: &[u64; N]) -> Digest {
        self.of(1, words.map(u64::to_le_bytes).get(..len).unwrap_or_default().as_flattened())
    }

    fn of(&self, kind: u64, bytes: &[u8]) -> Digest {
        Digest(SipHasher13::new_with_keys(self.key, kind).hash(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_digest_in_any_order() {
        let digester = Digester::keyed(1);
        let (a, b) = (digester.of_words(&[1]), digester.of_words(&[2]));
        let (mut ab, mut ba) = (a, b);
        ab += b;
        ba += a;
        assert_eq!(ab, ba);
        ab -= b;
        assert_eq!(ab, a);
    }
}
