//! The control API: how the other commands, and anything else on this machine, talk to an agent.
//!
//! HTTP/1.1 and JSON on a loopback address or a Unix socket. It is not authenticated: whoever can
//! reach it commands the node, which is why it is never bound to any other address.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/members?status=alive,suspect` | every member, this one included, by name |
//! | `GET /v1/members/{name}` | one member; 404 if there is none of that name or id |
//! | `GET /v1/info` | identity, limits, counters and how full each table is |
//! | `GET /v1/agreement` | how many live members agree with this one |
//! | `GET /v1/kv?prefix=` | entries by key |
//! | `GET`, `PUT`, `DELETE /v1/kv/{key}` | one entry, whose key may be empty; the body of `PUT` is the value |
//! | `PUT /v1/kv/{key}?wait=majority&timeout_ms=` | the same, answered when so many members have it, `all`, `majority` or a number, or after 5 s: [`Waited`] says which; the write stands either way |
//! | `POST /v1/wait?timeout_ms=` | answered when all live members agree, or after 5 s: [`Waited`] says which |
//! | `PUT /v1/presence` | this member's role and tags from now on: [`PresenceRequest`] |
//! | `POST /v1/publish?urgency=critical&ttl_ms=` | the body is the notice; 429 if too many are yet to be handed on. It lives from 1 s to 24 days: an hour, if nothing is said |
//! | `POST /v1/join` | [`JoinRequest`]; answered when the seed has answered |
//! | `POST /v1/leave?timeout_ms=` | answered when the farewell is done: [`Left`]; then the agent exits |
//! | `GET /v1/events?since=N` | server-sent events, from now on, or from number N on |
//!
//! An error is `{"error": "what was wrong and what to do"}` with a matching status. Where it is only a matter of time, the
//! header `Retry-After` says how long to wait, in whole seconds, and `retry_after_ms` beside `error` says it exactly.

pub(crate) mod client;
pub(crate) mod event_log;
pub(crate) mod refusal;
mod local;
pub(crate) mod routes;
pub(crate) mod server;
pub(crate) mod ttl;
mod waits;
mod writes;
#[cfg(unix)]
mod unix_socket;
use super::failure::Failure;
use core::{fmt, net::SocketAddr, str::FromStr};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// Where an agent's control API is: `127.0.0.1:7947` or `unix:/run/gossip.sock`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum ControlAddr {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl ControlAddr {
    /// Where an agent listens, and where every other command looks for it, if nothing else is said.
    pub(crate) const DEFAULT: &'static str = "127.0.0.1:7947";

    /// Somebody listens there already.
    fn in_use(&self) -> Failure {
        Failure::refused(format!(
            "the control address {self} is in use, perhaps by another agent; choose another with --control"
        ))
    }
}

impl FromStr for ControlAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("`unix:` needs the path of a socket after it".to_owned()),
            Some(_) if cfg!(not(unix)) => Err("this system has no Unix sockets".to_owned()),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| format!("{text:?} is neither an address like 127.0.0.1:7947 nor unix:PATH")),
        }
    }
}

impl TryFrom<String> for ControlAddr {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ControlAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => write!(f, "{addr}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Longer than any datagram; a longer body of a request can only be a mistake, and is not read.
pub(crate) const BODY_LEN_MAX: usize = 64 * 1024;

/// Body of `POST /v1/join`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinRequest {
    pub(crate) seed: SocketAddr,
    /// How long to wait for the seed's answer, in milliseconds.
    pub(crate) wait_ms: u64,
}

/// The seed has answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) seed: SocketAddr,
    /// Live members now, this one included.
    pub(crate) live: usize,
    /// From the request to the seed's answer.
    pub(crate) ms: u64,
}

/// Body of `PUT /v1/presence`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresenceRequest {
    pub(crate) role: String,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A write or a notice was accepted; the dot names it in every event that tells of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) dot: String,
}

/// A wait is over: for others to have a write, or for all to agree.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Waited {
    /// The write's name, where it was one: it stands, and spreads on, however the wait ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dot: Option<String>,
    /// Whether that came true.
    pub(crate) reached: bool,
    /// How many members are known to have it, or to agree, this one included.
    pub(crate) holders: usize,
    /// Out of how many.
    pub(crate) of: usize,
    /// The names of the others, where it did not come true.
    pub(crate) missing: Vec<String>,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// The farewell is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Left {
    /// What nobody is known to have; `None` when somebody has all of it.
    pub(crate) not_handed_over: Option<NotHandedOver>,
    /// Whether the agent's data file has it all the same.
    pub(crate) is_saved: bool,
}

/// How much of what a node wrote and published last nobody is known to have.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct NotHandedOver {
    pub(crate) writes: u32,
    pub(crate) notices: u32,
}

/// Every refusal's body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: String,
    /// When the same may be asked again; only where that may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
}

/// What need not be escaped in a key's place in a path. A slash stays: keys are often paths.
const KEY_SAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The path of one entry.
pub(crate) fn key_path(key: &[u8]) -> String {
    format!("/v1/kv/{}", percent(key))
}

/// Any bytes as part of a path or a query.
pub(crate) fn percent(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, KEY_SAFE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_addresses_are_parsed_and_told_apart() {
        let tcp = ControlAddr::from_str("127.0.0.1:7947");
        assert_eq!(tcp, Ok(ControlAddr::Tcp(([127, 0, 0, 1], 7947).into())));
        let error = ControlAddr::from_str("localhost").unwrap_err();
        assert!(error.contains("\"localhost\""), "{error}");
        assert!(ControlAddr::from_str("unix:").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_is_a_path() {
        let addr = ControlAddr::from_str("unix:/run/gossip.sock").unwrap();
        assert_eq!(addr, ControlAddr::Unix("/run/gossip.sock".into()));
        assert_eq!(addr.to_string(), "unix:/run/gossip.sock");
    }

    #[test]
    fn keys_survive_the_path() {
        let key = [b'a', b'/', b'%', b'?', 0xff, b' '];
        let path = key_path(&key);
        assert_eq!(path, "/v1/kv/a/%25%3F%FF%20");
        let back = percent_encoding::percent_decode_str(path.strip_prefix("/v1/kv/").unwrap());
        assert_eq!(back.collect::<Vec<u8>>(), key);
    }
}
