//! The handle: what an application holds.
use crate::driver::Driver;
use async_std::{net::UdpSocket, task::spawn};
use gossip_core::adapter::{self, Events, start, vocabulary::*};

/// A running node. Clones speak of the same one; when the last is dropped, the node leaves its cluster and stops.
///
/// Every call waits for its turn with the driver, and then for its answer: microseconds, not network round trips.
/// A call that is dropped before it is ready is done nevertheless, unless it was still held back, as [`Options::commands_max`] says.
#[derive(Debug, Clone)]
pub struct Gossip {
    handle: adapter::Handle,
}

impl Gossip {
    /// Starts a node: binds its socket, reads its data file, and begins to ask its seeds.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting, in words for the one who started it.
    pub async fn bind(options: Options) -> Result<Self, BindError> {
        let addr = options.bind;
        let socket = UdpSocket::bind(addr).await.map_err(|error| BindError::of_socket(addr, error))?;
        let local_addr = socket.local_addr().map_err(BindError::Driver)?;
        let (endpoint, calls, handle) = start(options, local_addr)?;
        spawn(Driver::new(socket, calls, endpoint).run());
        Ok(Self { handle })
    }
}

gossip_core::calls_of_a_handle!(async Gossip);
