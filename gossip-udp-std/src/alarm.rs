//! Rouses the driver while it waits for a datagram: by sending it one.
//!
//! A thread that blocks in `recv_from` wakes up for nothing but a datagram or its timeout. So the alarm has a socket of
//! its own, and sends the driver an empty datagram for the first call that comes after it has served the others. This cannot be lost in a way that matters: the only
//! reason for the loopback to drop it is a full receive buffer, and then the driver is not waiting. (Where a firewall
//! forbids a machine to talk to itself, the driver looks up every [`LOOK_UP_INTERVAL`] all the same.)
//!
//! The driver knows the alarm by its address, which no other socket can have while the alarm lives. An empty datagram
//! from anywhere else is a stranger's, and goes to the node to be counted like any other.
use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use std::{io, net::UdpSocket, sync::Arc, task::Wake};

/// How long a call waits at most if no alarm can reach the driver.
pub(crate) const LOOK_UP_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Alarm {
    socket: UdpSocket,
    driver: SocketAddr,
}

impl Alarm {
    /// An alarm for a driver whose socket is bound to `local`.
    pub(crate) fn new(local: SocketAddr) -> io::Result<Self> {
        let mut driver = local;
        if local.ip().is_unspecified() {
            driver.set_ip(match local.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let mut own = driver;
        own.set_port(0);
        Ok(Self { socket: UdpSocket::bind(own)?, driver })
    }

    /// Where its datagrams come from.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Wake for Alarm {
    /// Rouses the driver.
    fn wake(self: Arc<Self>) {
        // Should this fail, the driver looks up by itself before long; and should it be gone, nobody need be roused.
        drop(self.socket.send_to(&[], self.driver));
    }
}
