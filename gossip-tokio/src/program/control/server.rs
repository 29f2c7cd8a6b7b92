//! Where the control API listens.
#[cfg(unix)]
use super::unix_socket::UnixControl;
use super::{
    ControlAddr,
    routes::{Api, router},
};
use crate::program::failure::Failure;
use core::{future::Future, net::SocketAddr};
use std::io;
use tokio::net::TcpListener;

/// A bound control address; nobody is answered yet.
#[derive(Debug)]
pub(crate) enum ControlListener {
    Tcp {
        listener: TcpListener,
        addr: SocketAddr,
    },
    #[cfg(unix)]
    Unix(UnixControl),
}

impl ControlListener {
    pub(crate) async fn bind(addr: &ControlAddr) -> Result<Self, Failure> {
        match addr {
            ControlAddr::Tcp(addr) => bind_tcp(*addr).await,
            #[cfg(unix)]
            ControlAddr::Unix(path) => UnixControl::bind(path).await.map(Self::Unix),
            #[cfg(not(unix))]
            ControlAddr::Unix(_) => Err(Failure::usage("this system has no Unix sockets")),
        }
    }

    /// Where it really is: port 0 has become a port.
    pub(crate) fn addr(&self) -> ControlAddr {
        match self {
            Self::Tcp { addr, .. } => ControlAddr::Tcp(*addr),
            #[cfg(unix)]
            Self::Unix(control) => control.addr(),
        }
    }

    /// Answers requests until `end`, and then those that are under way.
    pub(crate) async fn serve(self, api: Api, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let router = router(api);
        match self {
            Self::Tcp { listener, .. } => axum::serve(listener, router).with_graceful_shutdown(end).await,
            #[cfg(unix)]
            Self::Unix(control) => control.serve(router, end).await,
        }
    }
}

async fn bind_tcp(addr: SocketAddr) -> Result<ControlListener, Failure> {
    let listener = TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ControlAddr::Tcp(addr).in_use(),
        _ => Failure::refused(format!("cannot bind the control address {addr}: {error}")),
    })?;
    let addr = listener.local_addr().map_err(|error| Failure::refused(error.to_string()))?;
    Ok(ControlListener::Tcp { listener, addr })
}
