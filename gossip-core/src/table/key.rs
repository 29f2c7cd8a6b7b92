//! What rows are found by.
use crate::id::{Addr, Dot, Life, NodeId, WaitId};

/// A key, the first of whose bits can be compared without a look at the rest.
///
/// An index that keeps them need not visit a row for each comparison. They decide nothing: where they are the same for all
/// keys, finding takes longer.
pub trait Key: Ord {
    /// The first bits of it: of two keys, the greater one has no smaller ones.
    fn lead(&self) -> u16;
}

impl Key for [u8] {
    fn lead(&self) -> u16 {
        let byte = |at| self.get(at).copied().unwrap_or(0);
        u16::from_be_bytes([byte(0), byte(1)])
    }
}

impl Key for u8 {
    fn lead(&self) -> u16 {
        u16::from(*self)
    }
}

impl Key for u64 {
    fn lead(&self) -> u16 {
        u16::try_from(*self >> 48).unwrap_or(u16::MAX)
    }
}

impl Key for NodeId {
    fn lead(&self) -> u16 {
        self.0.lead()
    }
}

impl Key for Life {
    fn lead(&self) -> u16 {
        self.origin.lead()
    }
}

impl Key for Dot {
    fn lead(&self) -> u16 {
        self.origin.lead()
    }
}

impl Key for WaitId {
    fn lead(&self) -> u16 {
        u16::try_from(self.0 >> 16).unwrap_or(u16::MAX)
    }
}

impl Key for Addr {
    /// Shorter ones come first.
    fn lead(&self) -> u16 {
        let bytes = self.as_bytes();
        u16::from_be_bytes([u8::try_from(bytes.len()).unwrap_or(u8::MAX), bytes.first().copied().unwrap_or(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascend<K: Key + Copy>(keys: &[K]) {
        let pairs = keys.windows(2);
        assert!(pairs.into_iter().all(|pair| pair[0] < pair[1] && pair[0].lead() <= pair[1].lead()));
        assert!(keys[0].lead() < keys[keys.len() - 1].lead());
    }

    #[test]
    fn greater_keys_have_no_smaller_leads() {
        let ids = [0, 1, 1 << 48, 1 << 63, u64::MAX].map(NodeId);
        ascend(&ids);
        ascend(&ids.map(|origin| Life { origin, ..Life::FIRST }));
        ascend(&ids.map(|origin| Life { origin, ..Life::LAST }.dot(7)));
        let addrs: [&[u8]; 5] = [&[], &[9], &[10], &[1, 1, 1, 1], &[1, 1, 1, 2]];
        ascend(&addrs.map(|bytes| Addr::new(bytes).unwrap()));
        ascend(&[0_u8, 1, 255]);
        let texts: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"aa", b"b"];
        assert!(texts.windows(2).all(|pair| pair[0] < pair[1] && pair[0].lead() <= pair[1].lead()));
    }
}
