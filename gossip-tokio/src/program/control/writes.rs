//! Writes and deletions of entries, and what is waited for with them.
use super::{
    Accepted,
    refusal::{Answer, Refusal},
    waits::{self, WaitQuery},
};
use crate::{CallError, DeleteError, DurableError, Gossip};
use axum::{
    Json,
    body::Bytes,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// What a write is answered after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteQuery {
    /// Once it is on the disk.
    #[serde(default)]
    durable: bool,
    /// Once so many have it: as those of [`WaitQuery`].
    wait: Option<String>,
    timeout_ms: Option<u64>,
}

/// What a deletion is answered after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteQuery {
    /// Once that is on the disk.
    #[serde(default)]
    durable: bool,
}

/// Writes an entry.
pub(super) async fn write(gossip: &Gossip, key: Vec<u8>, value: Bytes, query: WriteQuery) -> Answer<Response> {
    let WriteQuery { durable, wait, timeout_ms } = query;
    let query = WaitQuery { wait, timeout_ms };
    let dot = match (query.quorum()?, durable) {
        (Some(_), true) => {
            return Err(Refusal::bad_request(
                "wait for the disk, or for others: write it, and wait for the other then",
            ));
        }
        (Some(quorum), false) => {
            let waited = waits::write(gossip, &key, &value, quorum, &query).await?;
            return Ok(Json(waited).into_response());
        }
        (None, true) => gossip.put_durable(key, value).await?,
        (None, false) => gossip.put(key, value).await?,
    };
    Ok(Json(Accepted { dot: dot.to_string() }).into_response())
}

/// Deletes an entry; `None` where there is none.
pub(super) async fn remove(gossip: &Gossip, key: &[u8], query: &DeleteQuery) -> Answer<Option<Accepted>> {
    let deleted = if query.durable {
        gossip.delete_durable(key).await
    } else {
        gossip.delete(key).await.map_err(|error| match error {
            CallError::Closed => CallError::Closed,
            CallError::Refused(error) => CallError::Refused(DurableError::Refused(error)),
        })
    };
    match deleted {
        Ok(dot) => Ok(Some(Accepted { dot: dot.to_string() })),
        Err(CallError::Refused(DurableError::Refused(DeleteError::Absent))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
