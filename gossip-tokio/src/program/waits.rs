//! The commands that wait for others: to have a write, or to agree.
use super::{
    args::{Format, WaitArgs},
    console,
    control::{Waited, client::Client, key_path},
    failure::Failure,
};
use axum::http::Method;
use core::time::Duration;
use gossip_core::{Quorum, sim::story::Time};

/// Waits until all agree.
pub(crate) async fn wait(args: WaitArgs) -> Result<(), Failure> {
    let Time(timeout) = args.timeout;
    let client = Client::new(args.agent.addr).patient(timeout);
    let path = format!("/v1/wait?timeout_ms={}", timeout.as_millis());
    let answer = client.send(Method::POST, &path, Vec::new()).await?;
    let waited: Waited = client.read(&answer)?;
    told(&waited, &answer, args.format, || format!("all {} agree", waited.of))
}

/// Writes an entry, waits until so many have it, and prints the name of the write.
pub(crate) async fn put(
    client: &Client,
    key: &[u8],
    value: Vec<u8>,
    quorum: Quorum,
    timeout: Duration,
    format: Format,
) -> Result<(), Failure> {
    let path = format!("{}?wait={quorum}&timeout_ms={}", key_path(key), timeout.as_millis());
    let answer = client.patient(timeout).send(Method::PUT, &path, value).await?;
    let waited: Waited = client.read(&answer)?;
    told(&waited, &answer, format, || waited.dot.clone().unwrap_or_default())
}

/// Prints how it ended; it is a failure, where it ended in vain.
fn told(waited: &Waited, answer: &[u8], format: Format, words: impl FnOnce() -> String) -> Result<(), Failure> {
    if format.json {
        console::line(String::from_utf8_lossy(answer))?;
    } else if waited.reached {
        console::line(words())?;
    }
    match &waited.error {
        Some(error) if !waited.reached => Err(Failure::refused(error.clone())),
        _ => Ok(()),
    }
}
