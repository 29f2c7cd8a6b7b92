//! Streams, as TCP would carry them: reliable and in order, paying for losses with time and with bytes.
use super::paused::Shared;
use crate::contest::{Index, Moment};
use bytes::{Buf, Bytes, BytesMut};
use core::time::Duration;
use memberlist_core::{
    proto::{ProtoReader, ProtoWriter},
    transport::Connection,
};
use std::io::{ErrorKind, Result};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

/// After this, what was lost is sent again; then after twice this, and so on. About a smoothed round trip of 60 ms, four
/// times its variation, and a delayed acknowledgement.
const RETRANSMIT_AFTER: Duration = Duration::from_millis(150);

/// One end of a stream.
pub(super) struct Duplex(Inlet, Outlet);

/// The receiving half: chunks, with the time of their arrival.
pub(super) struct Inlet {
    chunks: UnboundedReceiver<(Instant, Bytes)>,
    buffer: BytesMut,
}

/// The sending half.
pub(super) struct Outlet {
    chunks: Option<UnboundedSender<(Instant, Bytes)>>,
    shared: Shared,
    from: Index,
    to: Index,
    /// When what was written last arrives: nothing overtakes it.
    last: Moment,
}

impl Duplex {
    /// Both ends of a stream between `a` and `b`.
    pub(super) fn pair(shared: &Shared, a: Index, b: Index) -> (Self, Self) {
        let (to_b, at_b) = half(shared, a, b);
        let (to_a, at_a) = half(shared, b, a);
        (Self(at_a, to_b), Self(at_b, to_a))
    }
}

fn half(shared: &Shared, from: Index, to: Index) -> (Outlet, Inlet) {
    let (sender, chunks) = mpsc::unbounded_channel();
    let outlet = Outlet { chunks: Some(sender), shared: shared.clone(), from, to, last: Moment::ZERO };
    (outlet, Inlet { chunks, buffer: BytesMut::new() })
}

impl Inlet {
    /// Waits until `len` bytes are there, or the stream has ended.
    async fn fill(&mut self, len: usize) {
        while self.buffer.len() < len
            && let Some((at, chunk)) = self.chunks.recv().await
        {
            sleep_until(at).await;
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

impl ProtoReader for Inlet {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let len = self.peek(out).await?;
        self.buffer.advance(len);
        Ok(len)
    }

    async fn read_exact(&mut self, out: &mut [u8]) -> Result<()> {
        self.peek_exact(out).await?;
        self.buffer.advance(out.len());
        Ok(())
    }

    async fn peek(&mut self, out: &mut [u8]) -> Result<usize> {
        self.fill(1).await;
        let len = out.len().min(self.buffer.len());
        out[..len].copy_from_slice(&self.buffer[..len]);
        Ok(len)
    }

    async fn peek_exact(&mut self, out: &mut [u8]) -> Result<()> {
        self.fill(out.len()).await;
        let there = self.buffer.get(..out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(there);
        Ok(())
    }
}

impl ProtoWriter for Outlet {
    async fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let (from, to, last) = (self.from, self.to, self.last);
        let mut sent_at = self.shared.now();
        let arrives_at = self.shared.with_links(|links| {
            if !links.joins(from, to) {
                return Err(ErrorKind::ConnectionReset);
            }
            let mut patience = RETRANSMIT_AFTER;
            loop {
                links.count(from, bytes.len());
                // Segments are lost one by one, and each is sent again by itself: as if all were one packet.
                if let Some(at) = links.carry(sent_at, from, to, 1) {
                    return Ok(at.max(last));
                }
                sent_at += patience;
                patience *= 2;
            }
        })?;
        self.last = arrives_at;
        let chunk = (self.shared.instant(arrives_at), Bytes::copy_from_slice(bytes));
        let sent = self.chunks.as_ref().is_some_and(|chunks| chunks.send(chunk).is_ok());
        if sent { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) }
    }

    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.chunks = None;
        Ok(())
    }
}

impl Connection for Duplex {
    type Reader = Inlet;
    type Writer = Outlet;

    fn split(self) -> (Inlet, Outlet) {
        (self.0, self.1)
    }

    async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.0.read(out).await
    }

    async fn read_exact(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.read_exact(out).await
    }

    async fn peek(&mut self, out: &mut [u8]) -> Result<usize> {
        self.0.peek(out).await
    }

    async fn peek_exact(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.peek_exact(out).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.1.write_all(bytes).await
    }

    async fn flush(&mut self) -> Result<()> {
        self.1.flush().await
    }

    async fn close(&mut self) -> Result<()> {
        self.1.close().await
    }
}
