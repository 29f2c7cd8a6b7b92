//! How long a datagram may be on the way to a member, and how we know.
use serde::{Deserialize, Serialize};

/// The path between us and a member, in both directions: what only one of them carries is not counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// The longest datagram that is taken to arrive, in bytes without the headers of lower layers.
    pub len: u16,
    /// How we know.
    pub proof: Proof,
    /// What the application knows of it.
    pub told: PathTold,
}

/// How the length of a path is known: the better, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Proof {
    /// It is assumed. Answers are asked for at full length all the same: whether they come shows more.
    Untried,
    /// It is assumed, and one answer came only once less was asked for: that may be chance.
    Missed,
    /// There is cause to find out.
    Doubted,
    /// It is assumed, and an answer of about full length arrived: what is lost then is lost by chance, most likely.
    Arrived,
    /// It was found to be short, a while ago: worth another search, once that would be of use.
    Stale,
    /// It was found to be short, and longer datagrams would be of use now.
    Wanted,
    /// It was found to be short, in long steps: a little more may arrive.
    Rough,
    /// It was found out.
    Settled,
}

/// What the application was told of a path, or is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathTold {
    /// Nothing: as far as it knows, every datagram arrives.
    Nothing,
    /// Its length, in a moment.
    LenUntold,
    /// Its length, and that it is short.
    Len,
    /// That something is too long for it, in a moment.
    BlocksUntold,
    /// That something is too long for it.
    Blocks,
    /// Some of this, which does not hold any more.
    Outdated,
}

impl Path {
    /// A datagram that arrives wherever IPv6 does (RFC 8200, §5: 1,280 bytes), below a tunnel's headers too: so much is assumed
    /// of every path (RFC 8899, §5.1.2, `BASE_PLPMTU`).
    pub const BASE: u16 = 1_200;
    /// A datagram that arrives wherever anything does: 576 bytes were common once. Nothing shorter is tried, and whatever would
    /// be taken for a death when it is lost is no longer than this (`MIN_PLPMTU`).
    pub const FLOOR: u16 = 512;

    /// A path that nothing is known of, where no datagram is longer than `len_max`.
    #[must_use]
    pub fn untried(len_max: u16) -> Self {
        Self { len: Self::BASE.min(len_max), proof: Proof::Untried, told: PathTold::Nothing }
    }

    /// Its length, where it was found to carry no datagram of `len_max` bytes.
    #[must_use]
    pub fn short(self, len_max: u16) -> Option<u16> {
        (self.told != PathTold::Nothing && self.len < len_max).then_some(self.len)
    }

    /// What arrives in any case.
    #[must_use]
    pub fn floor(len_max: u16) -> u16 {
        Self::FLOOR.min(len_max)
    }

    /// How long an answer to ask for, once so many askings have failed.
    #[must_use]
    pub fn wanted(self, len_max: u16, failures: u8) -> u16 {
        let full = match self.proof {
            Proof::Untried | Proof::Missed | Proof::Arrived => len_max,
            _ => self.len,
        };
        (full >> self.halvings(failures).min(15)).max(Self::floor(len_max))
    }

    /// How often so many failures halve what is asked for: half as long each time, once chance alone is no good reason. At a
    /// loss of one in four each way, every second question fails; where so much was found to arrive before, it takes so many
    /// failures more that one question in 27 meets them.
    pub(crate) fn halvings(self, failures: u8) -> u8 {
        let by_chance = if self.proof < Proof::Arrived { 1 } else { 3 };
        failures.saturating_sub(by_chance)
    }

    /// Whether an answer shows that about `len_max` bytes arrive: rows are not cut, so that the last one leaves some of it free.
    pub(crate) const fn is_about(len_max: u16, answer: u16) -> bool {
        answer >= len_max - len_max / 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_asked_for_at_half_the_length_each_time_and_never_below_the_floor() {
        let path = Path::untried(1_400);
        assert_eq!(path.len, 1_200);
        assert_eq!([0, 1, 2, 3, 255].map(|failures| path.wanted(1_400, failures)), [1_400, 1_400, 700, 512, 512]);
        let doubted = Path { proof: Proof::Doubted, ..path };
        assert_eq!([0, 1, 2, 3].map(|failures| doubted.wanted(1_400, failures)), [1_200, 1_200, 600, 512]);
        // What arrived before is lost by chance, a few times.
        let arrived = Path { proof: Proof::Arrived, ..path };
        assert_eq!([0, 3, 4, 5].map(|failures| arrived.wanted(1_400, failures)), [1_400, 1_400, 700, 512]);
        let settled = Path { len: 1_209, proof: Proof::Settled, ..path };
        assert_eq!([0, 3, 4, 5].map(|failures| settled.wanted(1_400, failures)), [1_209, 1_209, 604, 512]);
        // A radio's datagrams are shorter than any path: nothing changes for it.
        let radio = Path::untried(100);
        assert_eq!((radio.len, radio.wanted(100, 0), radio.wanted(100, 4)), (100, 100, 100));
    }
}
