//! The other end of the control API: one connection a request, over TCP or a Unix socket.
use super::{ControlAddr, ErrorBody};
use crate::program::failure::Failure;
use axum::http::{Method, Request, header};
use core::time::Duration;
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::io;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// How long an agent may take to answer a question that needs no waiting.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Talks to the agent at one control address.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: ControlAddr,
    answer_timeout: Duration,
}

/// Why a request got no answer that we can use.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// Nobody listens there.
    NoAgent { agent: ControlAddr, source: io::Error },
    /// The agent said no.
    Refused(String),
    /// The agent said: not now.
    Busy { reason: String, retry_after: Duration },
    /// Something answered, too late, or not as an agent does.
    Broken { agent: ControlAddr, reason: String },
}

type Answer<T> = Result<T, ClientError>;

impl Client {
    pub(crate) fn new(agent: ControlAddr) -> Self {
        Self { agent, answer_timeout: ANSWER_TIMEOUT }
    }

    /// The same agent, for a request that is answered only after a wait.
    pub(crate) fn patient(&self, wait: Duration) -> Self {
        Self { agent: self.agent.clone(), answer_timeout: ANSWER_TIMEOUT.saturating_add(wait) }
    }

    pub(crate) fn agent(&self) -> &ControlAddr {
        &self.agent
    }

    /// The body of an answer, as the agent wrote it.
    pub(crate) async fn get(&self, path: &str) -> Answer<Bytes> {
        self.request(Method::GET, path, Bytes::new()).await
    }

    /// The body of an answer, read.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        self.read(&self.get(path).await?)
    }

    /// A request with a body of plain bytes.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Answer<Bytes> {
        self.request(method, path, Bytes::from(body)).await
    }

    /// A request with a JSON body.
    pub(crate) async fn send_json(&self, method: Method, path: &str, body: &impl Serialize) -> Answer<Bytes> {
        let body = serde_json::to_vec(body).map_err(|error| self.broken(error))?;
        self.request(method, path, Bytes::from(body)).await
    }

    /// Everything that happens at the agent: from now on, or from event number `since` on.
    ///
    /// When this returns, the agent is already listening on our behalf: nothing later is lost.
    pub(crate) async fn events(&self, since: Option<u64>) -> Answer<EventStream> {
        let path = match since {
            Some(number) => format!("/v1/events?since={number}"),
            None => "/v1/events".to_owned(),
        };
        let asked = self.head(Method::GET, &path, Bytes::new());
        let body = timeout(self.answer_timeout, asked).await.map_err(|_| self.late())??;
        Ok(EventStream { client: self.clone(), body, unread: Vec::new() })
    }

    /// Reads an answer's JSON.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Answer<T> {
        serde_json::from_slice(body).map_err(|error| self.broken(error))
    }

    async fn request(&self, method: Method, path: &str, body: Bytes) -> Answer<Bytes> {
        let answered = async {
            let body = self.head(method, path, body).await?;
            let whole = body.collect().await.map_err(|error| self.broken(error))?;
            Ok(whole.to_bytes())
        };
        timeout(self.answer_timeout, answered).await.map_err(|_| self.late())?
    }

    /// Sends a request, and returns the body still to be read if the agent said yes.
    async fn head(&self, method: Method, path: &str, body: Bytes) -> Answer<Incoming> {
        let connection = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = http1::handshake(connection).await.map_err(|error| self.broken(error))?;
        // Ends by itself when the answer is read or dropped.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .body(Full::new(body))
            .map_err(|error| self.broken(error))?;
        let response = sender.send_request(request).await.map_err(|error| self.broken(error))?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(body);
        }
        let body = body.collect().await.map_err(|error| self.broken(error))?.to_bytes();
        Err(match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(ErrorBody { error: reason, retry_after_ms: Some(wait) }) => {
                ClientError::Busy { reason, retry_after: Duration::from_millis(wait) }
            }
            Ok(body) => ClientError::Refused(body.error),
            Err(_) => ClientError::Refused(format!("the answer was {status}, without a reason")),
        })
    }

    async fn connect(&self) -> Answer<Box<dyn Connection>> {
        let connected = match &self.agent {
            ControlAddr::Tcp(addr) => TcpStream::connect(addr).await.map(boxed),
            #[cfg(unix)]
            ControlAddr::Unix(path) => tokio::net::UnixStream::connect(path).await.map(boxed),
            #[cfg(not(unix))]
            ControlAddr::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        connected.map_err(|source| ClientError::NoAgent { agent: self.agent.clone(), source })
    }

    fn broken(&self, reason: impl ToString) -> ClientError {
        ClientError::Broken { agent: self.agent.clone(), reason: reason.to_string() }
    }

    fn late(&self) -> ClientError {
        self.broken(format!("no answer within {} s", self.answer_timeout.as_secs()))
    }
}

/// The agent's events as they come.
#[derive(Debug)]
pub(crate) struct EventStream {
    client: Client,
    body: Incoming,
    unread: Vec<u8>,
}

impl EventStream {
    /// The next event as the agent wrote it, one line of JSON; `None` when the agent has ended the stream, or was killed.
    pub(crate) async fn next_line(&mut self) -> Answer<Option<String>> {
        loop {
            if let Some(data) = take_data(&mut self.unread) {
                return Ok(Some(data));
            }
            match self.body.frame().await {
                None | Some(Err(_)) => return Ok(None),
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.unread.extend_from_slice(bytes);
                    }
                }
            }
        }
    }

    /// The next event, read.
    pub(crate) async fn next(&mut self) -> Answer<Option<Value>> {
        match self.next_line().await? {
            None => Ok(None),
            Some(line) => self.client.read(line.as_bytes()).map(Some),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl core::fmt::Display for ClientError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoAgent { agent, source } => write!(
                f,
                "no agent answers at {agent} ({source}); start one with `gossip agent`, \
                 or name its control address with --control or GOSSIP_CONTROL"
            ),
            Self::Refused(reason) | Self::Busy { reason, .. } => f.write_str(reason),
            Self::Broken { agent, reason } => write!(f, "what is at {agent} did not answer well: {reason}"),
        }
    }
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

fn boxed(connection: impl Connection + 'static) -> Box<dyn Connection> {
    Box::new(connection)
}

/// Takes the first whole event with data off the front of a server-sent event stream; comments and
/// fields that we do not use go unread.
fn take_data(unread: &mut Vec<u8>) -> Option<String> {
    loop {
        let end = unread.windows(2).position(|pair| pair == b"\n\n")?;
        let event: Vec<u8> = unread.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&event);
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        if !data.is_empty() {
            return Some(data.join("\n").trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_out_of_the_stream_whole() {
        let mut unread = b": keep-alive\n\nid: 7\nevent: alone\ndata: {\"event\":\"alone\"}\n\nid: 8\nda".to_vec();
        assert_eq!(take_data(&mut unread).as_deref(), Some("{\"event\":\"alone\"}"));
        assert_eq!(take_data(&mut unread), None);
        unread.extend_from_slice(b"ta: {}\n\n");
        assert_eq!(take_data(&mut unread).as_deref(), Some("{}"));
        assert!(unread.is_empty());
    }
}
