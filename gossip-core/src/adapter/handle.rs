//! The handle: what an application holds. Each call is a closure that the driver runs on the node.
use crate::{
    WaitId,
    adapter::{Calls, Endpoint, Events, Flushed, Subscribers, line::Line, reply::reply, save::Rouse, vocabulary::*},
};
use core::net::SocketAddr;
use std::{boxed::Box, sync::Arc};

/// A handle to a running node: what the `Gossip` of an adapter is made of. Clones speak of the same node; when the last is dropped, it
/// leaves its cluster and stops.
///
/// Every call waits for its turn with the driver, and then for its answer: microseconds, not network round trips. It may be awaited
/// anywhere, on any runtime or none. One that is dropped before it is ready is done nevertheless, unless it was still held back, as
/// [`Options::commands_max`] says.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: NodeId,
    local_addr: SocketAddr,
    subscribers: Subscribers,
    line: Arc<Line>,
}

/// Starts a node for a socket that is bound to `local`: what a driver needs, and the handle that speaks to it.
///
/// # Errors
/// Whatever keeps it from starting, in words for the one who started it.
pub fn start(options: Options, local: SocketAddr) -> Result<(Endpoint, Calls, Handle), BindError> {
    let line = Arc::new(Line::new(options.commands_max));
    let mut endpoint = Endpoint::new(options, local)?;
    let roused = Arc::clone(&line);
    // A call that does nothing: after it, the driver looks. Once the line is closed there is nothing left to look for.
    endpoint.rouse_with(Rouse::new(move || {
        let _ = roused.push(Box::new(|_| ()));
    }));
    let subscribers = endpoint.subscribers().clone();
    let shared = Shared { id: endpoint.id(), local_addr: local, subscribers, line: Arc::clone(&line) };
    Ok((endpoint, Calls::new(line), Handle { shared: Arc::new(shared) }))
}

impl Handle {
    /// The id of the node.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.shared.id
    }

    /// Where its socket is bound.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local_addr
    }

    /// Subscribes to all that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        self.shared.subscribers.subscribe()
    }

    /// Has something done by the driver.
    ///
    /// # Errors
    ///
    /// The node has stopped.
    pub async fn call<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        self.shared.line.call(ask).await
    }

    /// Has something done that may be refused.
    ///
    /// # Errors
    ///
    /// It was refused, or the node has stopped.
    pub async fn ask<T: Send + 'static, E: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> Result<T, E> + Send + 'static,
    ) -> Result<T, CallError<E>> {
        self.call(ask).await?.map_err(CallError::Refused)
    }

    /// Has something written that may be refused, and waits until it is on the disk.
    ///
    /// # Errors
    ///
    /// It was refused, or the disk did not take it; or the node has stopped, and it is not known whether it did.
    pub async fn flush<T: Send + 'static, E: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Endpoint) -> Result<(T, Flushed), DurableError<E>> + Send + 'static,
    ) -> Result<T, CallError<DurableError<E>>> {
        let (answer, flushed) = self.ask(ask).await?;
        flushed.done().await?.map_err(|reason| CallError::Refused(DurableError::NotWritten(reason)))?;
        Ok(answer)
    }

    /// Has something waited for that others must do, until that has come true; `begin` names the write that it is about, if it is
    /// about one. When this is dropped before it is ready, nothing is waited for any more.
    ///
    /// # Errors
    ///
    /// It did not come true in time, it is not waited for, or the node has stopped.
    pub async fn wait<W: Copy + Into<Option<Dot>> + Send + 'static, T>(
        &self,
        begin: impl FnOnce(&mut Endpoint) -> Result<(W, WaitId), WaitError> + Send + 'static,
        reached: impl FnOnce(W, Reached) -> T,
    ) -> Result<T, WaitError> {
        let (reply, end) = reply();
        let begun = self.call(move |endpoint| {
            let (write, wait) = begin(endpoint)?;
            endpoint.tell_end(wait, write.into(), reply);
            Ok::<_, WaitError>(write)
        });
        let write = begun.await??;
        let how = end.given().await?.map_err(WaitError::InVain)?;
        Ok(reached(write, how))
    }

    /// Has the node stopped, and waits until it has.
    ///
    /// # Errors
    ///
    /// It had stopped already.
    pub async fn stop(&self, how: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<NotHandedOver, Closed> {
        let events = self.subscribe();
        self.call(how).await?;
        Ok(events.ended().await)
    }

    /// The same, where nothing is handed over.
    ///
    /// # Errors
    ///
    /// It had stopped already.
    pub async fn end(&self, how: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<(), Closed> {
        self.stop(how).await.map(drop)
    }
}

impl Drop for Shared {
    /// The last handle is gone, and with it whoever could ask for more.
    fn drop(&mut self) {
        // Should the node have stopped, there is nothing left to leave.
        let _ = self.line.push(Box::new(Endpoint::leave));
    }
}
