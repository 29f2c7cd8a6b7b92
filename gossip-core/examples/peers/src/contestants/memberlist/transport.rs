//! memberlist-core's `Transport` over the simulated network.
use super::{paused::Shared, stream::Duplex};
use crate::contest::Index;
use agnostic_lite::tokio::TokioRuntime;
use bytes::Bytes;
use core::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
};
use memberlist_core::{
    proto::Payload,
    transport::{
        Packet, PacketProducer, PacketSubscriber, StreamProducer, StreamSubscriber, Transport, TransportError,
        packet_stream, promised_stream, resolver::socket_addr::SocketAddrResolver,
    },
};
use smol_str::SmolStr;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{Error, ErrorKind},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::{Instant, sleep, sleep_until};

const PORT: u16 = 7946;
const NETWORK: u32 = 0x0a00_0000;
/// What its own transport over UDP puts into one datagram, in bytes.
const PACKET_LEN_MAX: usize = 1400;
/// How many datagrams wait to be read by a node.
const UNREAD_MAX: usize = 10_000;

/// One node's sockets.
pub(super) struct Sockets {
    me: Index,
    id: SmolStr,
    addr: SocketAddr,
    shared: Shared,
    doors: Doors,
    packets: PacketSubscriber<SocketAddr, Instant>,
    streams: StreamSubscriber<SocketAddr, Duplex>,
}

/// Where datagrams and streams go in, by node.
#[derive(Clone, Default)]
pub(super) struct Doors(Arc<Mutex<BTreeMap<Index, Door>>>);

type Door = (PacketProducer<SocketAddr, Instant>, StreamProducer<SocketAddr, Duplex>);

impl Doors {
    fn open(&self, node: Index, door: Door) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(node, door);
    }

    fn close(&self, node: Index) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&node);
    }

    fn of(&self, node: Index) -> Option<Door> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&node).cloned()
    }
}

/// A node's address.
pub(super) fn addr_of(node: Index) -> SocketAddr {
    let host = NETWORK + u32::try_from(node).expect("fewer than all there are");
    (Ipv4Addr::from(host), PORT).into()
}

/// Whose address it is.
pub(super) fn index_at(addr: &SocketAddr) -> Index {
    match addr {
        SocketAddr::V4(v4) => Index::try_from(u32::from(*v4.ip()) - NETWORK).expect("an address of ours"),
        SocketAddr::V6(_) => panic!("{addr} is none of ours"),
    }
}

impl Transport for Sockets {
    type Error = Failure;
    type Id = SmolStr;
    type Address = SocketAddr;
    type ResolvedAddress = SocketAddr;
    type Resolver = SocketAddrResolver<TokioRuntime>;
    type Connection = Duplex;
    type Runtime = TokioRuntime;
    type Options = (Index, Shared, Doors);

    async fn new((me, shared, doors): Self::Options) -> Result<Self, Failure> {
        let (packets_in, packets) = packet_stream::<Self>(UNREAD_MAX);
        let (streams_in, streams) = promised_stream::<Self>();
        doors.open(me, (packets_in, streams_in));
        let id = SmolStr::new(format!("node-{me:04}"));
        Ok(Self { me, id, addr: addr_of(me), shared, doors, packets, streams })
    }

    async fn resolve(&self, addr: &SocketAddr) -> Result<SocketAddr, Failure> {
        Ok(*addr)
    }

    fn local_id(&self) -> &SmolStr {
        &self.id
    }

    fn local_address(&self) -> &SocketAddr {
        &self.addr
    }

    fn advertise_address(&self) -> &SocketAddr {
        &self.addr
    }

    fn max_packet_size(&self) -> usize {
        PACKET_LEN_MAX
    }

    fn header_overhead(&self) -> usize {
        0
    }

    fn blocked_address(&self, _: &SocketAddr) -> Result<(), Failure> {
        Ok(())
    }

    async fn send_to(&self, to: &SocketAddr, payload: Payload) -> Result<(usize, Instant), Failure> {
        let bytes = Bytes::copy_from_slice(payload.as_slice());
        let (len, now, to) = (bytes.len(), self.shared.now(), index_at(to));
        let arrives_at = self.shared.with_links(|links| {
            links.count(self.me, len);
            links.carry(now, self.me, to, len)
        });
        if let (Some(at), Some((door, _))) = (arrives_at, self.doors.of(to)) {
            let (at, from) = (self.shared.instant(at), self.addr);
            tokio::spawn(async move {
                sleep_until(at).await;
                // There is room, or it is lost, as at a socket.
                let _ = door.try_send(Packet::new(from, at, bytes));
            });
        }
        Ok((len, Instant::now()))
    }

    /// Takes one round trip.
    async fn open(&self, to: &SocketAddr, deadline: Instant) -> Result<Duplex, Failure> {
        let to = index_at(to);
        let round_trip = self.shared.with_links(|links| {
            let both = links.draw_latency() + links.draw_latency();
            links.joins(self.me, to).then_some(both)
        });
        let (Some(round_trip), Some((_, door))) = (round_trip, self.doors.of(to)) else {
            sleep_until(deadline).await;
            return Err(Error::from(ErrorKind::TimedOut).into());
        };
        sleep(round_trip).await;
        let (ours, theirs) = Duplex::pair(&self.shared, self.me, to);
        door.send(self.addr, theirs).await.map_err(|_| Error::from(ErrorKind::ConnectionRefused))?;
        Ok(ours)
    }

    fn packet(&self) -> PacketSubscriber<SocketAddr, Instant> {
        self.packets.clone()
    }

    fn stream(&self) -> StreamSubscriber<SocketAddr, Duplex> {
        self.streams.clone()
    }

    fn packet_reliable(&self) -> bool {
        false
    }

    fn packet_secure(&self) -> bool {
        false
    }

    fn stream_secure(&self) -> bool {
        false
    }

    async fn shutdown(&self) -> Result<(), Failure> {
        self.doors.close(self.me);
        Ok(())
    }
}

/// Why something could not be sent.
#[derive(Debug)]
pub(super) struct Failure(Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl TransportError for Failure {
    fn is_remote_failure(&self) -> bool {
        true
    }

    fn custom(error: Cow<'static, str>) -> Self {
        Self(Error::other(error.into_owned()))
    }
}
