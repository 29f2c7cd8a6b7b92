//! Requests that are answered when others have a write, or all agree.
use super::{
    Waited,
    refusal::{Answer, Refusal, Status},
};
use crate::{Dot, Gossip, InVain, Missing, Quorum, Reached, WaitError};
use axum::http::StatusCode;
use core::time::Duration;
use serde::Deserialize;

/// How long is waited, if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// For whom to wait, and how long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitQuery {
    /// `all`, `majority`, or how many.
    pub(super) wait: Option<String>,
    pub(super) timeout_ms: Option<u64>,
}

impl WaitQuery {
    /// How many are to have it; `None` where nobody is waited for.
    pub(super) fn quorum(&self) -> Answer<Option<Quorum>> {
        let quorum = self.wait.as_deref().map(str::parse).transpose();
        quorum.map_err(|error| Refusal::bad_request(format!("wait: {error}")))
    }

    fn timeout(&self) -> Duration {
        self.timeout_ms.map_or(TIMEOUT, Duration::from_millis)
    }
}

/// Writes, and answers when so many have it, or time is up: the write stands either way.
pub(super) async fn write(
    gossip: &Gossip,
    key: &[u8],
    value: &[u8],
    quorum: Quorum,
    query: &WaitQuery,
) -> Answer<Waited> {
    match gossip.put_await(key, value, quorum, query.timeout()).await {
        Ok((dot, reached)) => Ok(come_true(Some(dot), reached)),
        Err(error) => in_vain(error),
    }
}

/// Answers when all agree, or time is up.
pub(super) async fn agreement(gossip: &Gossip, query: &WaitQuery) -> Answer<Waited> {
    match gossip.await_converged(query.timeout()).await {
        Ok(reached) => Ok(come_true(None, reached)),
        Err(error) => in_vain(error),
    }
}

fn come_true(dot: Option<Dot>, Reached { holders, of }: Reached) -> Waited {
    Waited { dot: dot.map(|dot| dot.to_string()), reached: true, holders, of, missing: Vec::new(), error: None }
}

fn in_vain(error: WaitError) -> Answer<Waited> {
    let reason = error.to_string();
    match error {
        WaitError::InVain(InVain { write, holders, of, missing, .. }) => {
            let missing = missing.into_iter().map(|Missing { name, .. }| name).collect();
            let dot = write.map(|dot| dot.to_string());
            Ok(Waited { dot, reached: false, holders, of, missing, error: Some(reason) })
        }
        WaitError::Put(error) => Err(Refusal::new(error.status(), error.reason())),
        WaitError::Closed => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, reason)),
        _ => Err(Refusal::new(StatusCode::CONFLICT, reason)),
    }
}
