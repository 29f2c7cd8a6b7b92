//! The control API on a Unix socket: a file that only its owner may talk to, and that goes with the agent.
use super::ControlAddr;
use crate::program::failure::Failure;
use axum::Router;
use core::future::Future;
use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixStream};

/// A bound socket.
#[derive(Debug)]
pub(crate) struct UnixControl {
    listener: UnixListener,
    file: SocketFile,
}

impl UnixControl {
    pub(super) async fn bind(path: &Path) -> Result<Self, Failure> {
        let addr = ControlAddr::Unix(path.to_owned());
        let failed = |error: io::Error| Failure::refused(format!("cannot bind the control address {addr}: {error}"));
        remove_stale(path, &addr).await?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        let file = SocketFile(path.to_owned());
        // Whoever may connect may command the node: that is the user who started it.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, file })
    }

    pub(super) fn addr(&self) -> ControlAddr {
        ControlAddr::Unix(self.file.0.clone())
    }

    pub(super) async fn serve(self, router: Router, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        // The file goes when nobody is answered any more.
        let Self { listener, file: _file } = self;
        axum::serve(listener, router).with_graceful_shutdown(end).await
    }
}

/// A socket's file, removed when it is dropped.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// An agent that was killed leaves its socket behind; one that nobody listens at is in nobody's way.
async fn remove_stale(path: &Path, addr: &ControlAddr) -> Result<(), Failure> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(Failure::refused(format!("the control address {addr} is a file that is no socket")));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| Failure::refused(format!("cannot replace {addr}: {error}")))
        }
        _ => Err(addr.in_use()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        let first = UnixControl::bind(&path).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let Err(Failure::Refused(reason)) = UnixControl::bind(&path).await else {
            panic!("a live socket was replaced");
        };
        assert!(reason.contains("in use"), "{reason}");
        drop(first);
        assert!(!path.exists());
        // As a killed agent leaves it: the file is there, and nobody listens.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        assert!(UnixControl::bind(&path).await.is_ok());
    }

    #[tokio::test]
    async fn a_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        fs::write(&path, "precious").unwrap();
        assert!(UnixControl::bind(&path).await.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }
}
