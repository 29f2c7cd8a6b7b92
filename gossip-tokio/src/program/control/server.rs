//! Where the control API listens, and to whom it listens.
#[cfg(unix)]
use super::unix_socket::UnixControl;
use super::{ControlAddr, event_log::EventLog, refusal::Refusal, routes::router};
use crate::{Gossip, program::failure::Failure};
use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use core::{future::Future, net::SocketAddr, time::Duration};
use std::{io, sync::Arc};
use tokio::{net::TcpListener, sync::mpsc};

/// What every request has at hand.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) gossip: Gossip,
    /// Closed when the node has stopped.
    pub(crate) log: EventLog,
    /// Tells the agent to leave, and how long that may take if not as long as ever.
    pub(crate) leave: mpsc::Sender<Option<Duration>>,
    /// What the cluster's label was made of: the node itself knows no more than the label.
    pub(crate) cluster_name: Arc<str>,
}

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

/// Turns away what a browser was tricked into sending: the API trusts whoever is on this machine, but a web page from
/// elsewhere is not, even when a name of its own leads here.
pub(super) async fn local_requests_only(request: Request, next: Next) -> Result<Response, Refusal> {
    if is_from_a_page(request.headers()) || !is_for_this_machine(request.headers()) {
        let reason = "the control API answers programs on this machine, not web pages or other host names";
        return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
    }
    Ok(next.run(request).await)
}

fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
}

fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<core::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

async fn bind_tcp(addr: SocketAddr) -> Result<ControlListener, Failure> {
    let listener = TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => in_use(&ControlAddr::Tcp(addr)),
        _ => Failure::refused(format!("cannot bind the control address {addr}: {error}")),
    })?;
    let addr = listener.local_addr().map_err(|error| Failure::refused(error.to_string()))?;
    Ok(ControlListener::Tcp { listener, addr })
}

pub(super) fn in_use(addr: &ControlAddr) -> Failure {
    Failure::refused(format!(
        "the control address {addr} is in use, perhaps by another agent; choose another with --control"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::HOST, host.parse().unwrap())])
    }

    #[test]
    fn requests_for_this_machine_are_told_from_others() {
        for host in ["localhost", "LocalHost:7947", "127.0.0.1:7947", "[::1]:7947", "127.8.8.8"] {
            assert!(is_for_this_machine(&headers(host)), "{host}");
        }
        for host in ["rebound.example:7947", "192.0.2.1", "", "localhost.example"] {
            assert!(!is_for_this_machine(&headers(host)), "{host}");
        }
        assert!(is_for_this_machine(&HeaderMap::new()));
    }
}
