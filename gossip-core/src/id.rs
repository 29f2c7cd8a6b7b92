//! Who a node is, which of its lives this is, and where it can be reached: separate questions, separate types.
use crate::digest::Digester;
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::ParseIntError,
    str::FromStr,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of a node, the same for all its lives: random, the hash of a name, or of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(#[serde(with = "postcard::fixint::le")] pub u64);

impl NodeId {
    /// The id that goes with a name, the same in every cluster and on every platform.
    ///
    /// Two names share an id with a chance of 2⁻⁶⁴ a pair: in a cluster of 10,000 nodes, once in 10¹¹ clusters.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self(Digester::unkeyed().of_bytes(name.as_bytes()).0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for NodeId {
    type Err = ParseIntError;

    /// Reads what `Display` writes: up to 16 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Grows each time a node contradicts what is said of it, or changes what it says of itself (SWIM §4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u32);

impl Incarnation {
    /// The highest there is: one change of mind a second for eight years, and four bytes as a varint in every header.
    pub const MAX: Self = Self((1 << 28) - 1);
    /// The highest that an accusation may have: the accused can always answer with a higher one.
    pub const ACCUSED_MAX: Self = Self(1 << 27);
    /// How far an accusation may run ahead of what is known: a lie costs a liar a thousandth of the way, each time.
    pub const ACCUSED_STEP: u32 = 1 << 10;
    /// How far a member's words may, when they come from another: twelve days of changing its mind each second.
    pub const RELAYED_STEP: u32 = 1 << 20;
    /// The highest that is believed of a member from another, so that the member itself can always outdo it.
    pub const RELAYED_MAX: Self = Self(Self::ACCUSED_MAX.0 + Self::RELAYED_STEP);

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::MAX.0 { Self(self.0 + 1) } else { Self::MAX }
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One life of a node, drawn at random at each start.
///
/// It tells a restarted node from its ghost, and keeps dots unique although memory may be lost: a new life numbers
/// its writes afresh, under a name that no former life has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation(#[serde(with = "postcard::fixint::le")] pub u32);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// A node in one of its lives: who writes, publishes, and numbers what it wrote and published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Life {
    /// The node.
    pub origin: NodeId,
    /// Its life.
    pub generation: Generation,
}

impl Life {
    /// Sorts before all others.
    pub const FIRST: Self = Self { origin: NodeId(0), generation: Generation(0) };
    /// Sorts after all others.
    pub const LAST: Self = Self { origin: NodeId(u64::MAX), generation: Generation(u32::MAX) };

    /// The one that sorts just before this one.
    #[must_use]
    pub const fn predecessor(self) -> Self {
        let Self { origin, generation } = self;
        if generation.0 > 0 {
            return Self { origin, generation: Generation(generation.0 - 1) };
        }
        Self { origin: NodeId(origin.0.saturating_sub(1)), generation: Generation(u32::MAX) }
    }

    /// The writer's `sequence`-th dot.
    #[must_use]
    pub const fn dot(self, sequence: u32) -> Dot {
        Dot { origin: self.origin, generation: self.generation, sequence }
    }
}

/// A dot (Preguiça et al. 2012, "Dotted Version Vectors"), the name of a write, or of a rumor: no two writes ever share one, nor do two rumors. The two are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// Who made it.
    pub origin: NodeId,
    /// In which life.
    pub generation: Generation,
    /// Its number, from 1.
    pub sequence: u32,
}

impl Dot {
    /// Who numbered it.
    #[must_use]
    pub const fn writer(self) -> Life {
        Life { origin: self.origin, generation: self.generation }
    }
}

/// Names a wait of one node's application, in one life of its process. A later wait has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WaitId(pub(crate) u32);

impl fmt::Display for WaitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wait {}", self.0)
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.origin, self.generation, self.sequence)
    }
}

/// A transport address, opaque to the core: IPv4 takes 6 bytes, IPv6 18, Bluetooth 6, LoRa 4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    len: u8,
    bytes: [u8; Self::LEN_MAX],
}

impl Addr {
    /// The longest address, in bytes.
    pub const LEN_MAX: usize = 18;

    /// An address of any medium; `None` when it is longer than [`LEN_MAX`](Self::LEN_MAX).
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let len = u8::try_from(bytes.len()).ok().filter(|&len| usize::from(len) <= Self::LEN_MAX)?;
        let mut addr = Self { len, bytes: [0; Self::LEN_MAX] };
        addr.bytes.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(addr)
    }

    /// The address as its medium wrote it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The socket address that this was made from; `None` for other media.
    #[must_use]
    pub fn to_socket_addr(&self) -> Option<SocketAddr> {
        let (ip, port) = self.as_bytes().split_last_chunk::<2>()?;
        let ip: IpAddr = if let Ok(v4) = <[u8; 4]>::try_from(ip) {
            Ipv4Addr::from(v4).into()
        } else {
            Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?).into()
        };
        Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
    }
}

impl From<SocketAddr> for Addr {
    fn from(addr: SocketAddr) -> Self {
        let mut bytes = [0; Self::LEN_MAX];
        let len = match addr {
            SocketAddr::V4(v4) => {
                bytes[..4].copy_from_slice(&v4.ip().octets());
                bytes[4..6].copy_from_slice(&v4.port().to_be_bytes());
                6
            }
            SocketAddr::V6(v6) => {
                bytes[..16].copy_from_slice(&v6.ip().octets());
                bytes[16..].copy_from_slice(&v6.port().to_be_bytes());
                18
            }
        };
        Self { len, bytes }
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Addr({self})")
    }
}

impl fmt::Display for Addr {
    /// As a socket address where it is one, else its bytes in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(addr) = self.to_socket_addr() {
            return addr.fmt(f);
        }
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Addr {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        serializer.serialize_bytes(self.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Addr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        Self::new(bytes).ok_or_else(|| de::Error::invalid_length(bytes.len(), &"at most 18 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn socket_addresses_come_back() {
        for text in ["127.0.0.1:7946", "[2001:db8::1]:1"] {
            let addr: SocketAddr = text.parse().unwrap();
            assert_eq!(Addr::from(addr).to_socket_addr(), Some(addr));
        }
        assert_eq!(Addr::new(&[1]).unwrap().to_socket_addr(), None);
        assert!(Addr::new(&[0; 19]).is_none());
    }

    #[test]
    fn a_name_gives_one_id_for_ever() {
        assert_eq!(NodeId::from_name("a").to_string().parse(), Ok(NodeId::from_name("a")));
        assert_ne!(NodeId::from_name("a"), NodeId::from_name("b"));
    }
}
