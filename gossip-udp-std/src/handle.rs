//! The handle: what an application holds.
use crate::{alarm::Alarm, disk_writer::DiskWriter, driver::Driver};
use gossip_core::adapter::{
    blocking::{self, Events},
    start,
    vocabulary::*,
};
use std::{net::UdpSocket, thread};

/// A running node. Clones speak of the same one; when the last is dropped, the node leaves its cluster and stops.
///
/// Every call waits for its turn with the driver, and then for its answer: microseconds, not network round trips.
#[derive(Debug, Clone)]
pub struct Gossip {
    handle: blocking::Handle,
}

impl Gossip {
    /// Starts a node: binds its socket, reads its data file, and begins to ask its seeds.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting, in words for the one who started it.
    pub fn bind(options: Options) -> Result<Self, BindError> {
        let addr = options.bind;
        let socket = UdpSocket::bind(addr).map_err(|error| BindError::of_socket(addr, error))?;
        let local_addr = socket.local_addr().map_err(BindError::Driver)?;
        let alarm = Alarm::new(local_addr).map_err(BindError::Driver)?;
        let writes = options.data_dir.is_some() || options.record.is_some();
        let (endpoint, calls, handle) = start(options, local_addr)?;
        let disk_writer = writes.then(DiskWriter::start).transpose().map_err(BindError::Driver)?;
        let driver = Driver::new(socket, calls, alarm, disk_writer, endpoint).map_err(BindError::Driver)?;
        thread::Builder::new().name("gossip".into()).spawn(|| driver.run()).map_err(BindError::Driver)?;
        Ok(Self { handle: handle.into() })
    }
}

gossip_core::calls_of_a_handle!(blocking Gossip);
