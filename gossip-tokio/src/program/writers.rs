//! The commands that change something.
use super::{
    args::{DeleteArgs, JoinArgs, LeaveArgs, PublishArgs, PutArgs, TagArgs},
    console,
    control::{
        Accepted, BODY_LEN_MAX, ControlAddr, JoinRequest, Joined, Left, NotHandedOver, PresenceRequest,
        client::{Client, ClientError},
        key_path,
    },
    failure::Failure,
    readers::{events::counted, views::Info},
    settings::tags,
    waits,
};
use axum::http::Method;
use core::time::Duration;
use gossip_core::sim::story::Time;
use std::{
    fs::File,
    io::{self, Read},
};
use tokio::time::{Instant, sleep};

/// So long a command waits for the agent's disk.
const DISK_WAIT: Duration = Duration::from_secs(30);
/// A farewell is bounded by the agent; this is more.
const LEAVE_WAIT: Duration = Duration::from_secs(10);

/// Joins through the first of the seed's addresses that answers.
pub(crate) async fn join(args: JoinArgs) -> Result<(), Failure> {
    let Time(wait) = args.wait;
    let client = Client::new(args.agent.addr).patient(wait);
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let seeds = args.seed.resolve().await?;
    let mut outcome = Err(Failure::refused(format!("the seed {} has no address", args.seed)));
    for seed in seeds {
        let request = JoinRequest { seed, wait_ms };
        match client.send_json(Method::POST, "/v1/join", &request).await {
            Ok(answer) => {
                let Joined { seed, live, ms } = client.read(&answer)?;
                return console::line(format_args!("{seed} answered after {ms} ms; {live} members are live"));
            }
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// Has the agent leave, and says what went with it.
pub(crate) async fn leave(args: LeaveArgs) -> Result<(), Failure> {
    let timeout = args.timeout.map(|Time(timeout)| timeout);
    let client = Client::new(args.agent.addr).patient(timeout.unwrap_or_default().saturating_add(LEAVE_WAIT));
    let name = console::plain(&client.ask::<Info>("/v1/info").await?.me.name);
    let path =
        timeout.map_or_else(|| "/v1/leave".to_owned(), |time| format!("/v1/leave?timeout_ms={}", time.as_millis()));
    let answer = client.send(Method::POST, &path, Vec::new()).await?;
    let Left { not_handed_over, is_saved } = client.read(&answer)?;
    let lost = not_handed_over.map(|NotHandedOver { writes, notices }| {
        let (writes, notices) = (counted(writes.into(), "write"), counted(notices.into(), "notice"));
        format!("{name} has left, and nobody is known to have the last of what it said: {writes}, {notices}")
    });
    match (lost, is_saved) {
        (None, _) => console::line(format_args!("{name} has left")),
        (Some(lost), true) => console::line(format_args!("{lost}; its data file has it")),
        (Some(lost), false) => Err(Failure::refused(lost)),
    }
}

/// Writes an entry, and prints the name of the write.
pub(crate) async fn put(args: PutArgs) -> Result<(), Failure> {
    let value = content(&args.value)?;
    let (client, key) = (patient_for(args.agent.addr, args.durable), args.key.key.as_bytes());
    if let Some(quorum) = args.wait {
        let Time(timeout) = args.timeout;
        return waits::put(&client, key, value, quorum, timeout, args.format).await;
    }
    let answer = client.send(Method::PUT, &entry_path(&args.key.key, args.durable), value).await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    print_dot(&client, &answer)
}

/// Deletes an entry, and prints the name of the write that did it.
pub(crate) async fn delete(args: DeleteArgs) -> Result<(), Failure> {
    let client = patient_for(args.agent.addr, args.durable);
    let path = entry_path(&args.key.key, args.durable);
    let answer = client.send(Method::DELETE, &path, Vec::new()).await?;
    print_dot(&client, &answer)
}

/// Sends a notice, and prints the name by which events in JSON tell of it.
pub(crate) async fn publish(args: PublishArgs) -> Result<(), Failure> {
    let notice = content(&args.notice)?;
    let client = Client::new(args.agent.addr);
    let urgency = if args.critical { "critical" } else { "normal" };
    let ttl = args.ttl.map(|ttl| format!("&ttl_ms={}", ttl.get().as_millis())).unwrap_or_default();
    let path = format!("/v1/publish?urgency={urgency}{ttl}");
    let Time(wait) = args.wait;
    let started = Instant::now();
    loop {
        match client.send(Method::POST, &path, notice.clone()).await {
            Err(ClientError::Busy { retry_after, .. }) if started.elapsed() + retry_after < wait => {
                sleep(retry_after).await;
            }
            answer => return print_dot(&client, &answer?),
        }
    }
}

/// Changes tags and role, and leaves the others as they are.
pub(crate) async fn tag(args: TagArgs) -> Result<(), Failure> {
    if args.set.is_empty() && args.remove.is_empty() && args.role.is_none() {
        return Err(Failure::usage("tag: name a KEY=VALUE to set, or something to --remove, or a --role"));
    }
    let client = Client::new(args.agent.addr);
    let me = client.ask::<Info>("/v1/info").await?.me;
    let mut new = me.tags;
    for key in &args.remove {
        if new.remove(key).is_none() {
            return Err(Failure::refused(format!("{} has no tag {key:?}", me.name)));
        }
    }
    new.extend(tags(args.set)?);
    let presence = PresenceRequest { role: args.role.unwrap_or(me.role), tags: new };
    client.send_json(Method::PUT, "/v1/presence", &presence).await?;
    Ok(())
}

/// A disk may take its time.
fn patient_for(agent: ControlAddr, durable: bool) -> Client {
    let client = Client::new(agent);
    if durable { client.patient(DISK_WAIT) } else { client }
}

fn entry_path(key: &str, durable: bool) -> String {
    let path = key_path(key.as_bytes());
    if durable { path + "?durable=true" } else { path }
}

fn print_dot(client: &Client, answer: &[u8]) -> Result<(), Failure> {
    let Accepted { dot } = client.read(answer)?;
    console::line(dot)
}

/// What an argument stands for: `-` is stdin, `@FILE` a file, anything else itself.
fn content(argument: &str) -> Result<Vec<u8>, Failure> {
    let failed = |source: &str, error: io::Error| Failure::refused(format!("cannot read {source}: {error}"));
    if argument == "-" {
        return beginning(io::stdin().lock()).map_err(|error| failed("stdin", error));
    }
    match argument.strip_prefix('@') {
        Some(path) => File::open(path).and_then(beginning).map_err(|error| failed(path, error)),
        None => Ok(argument.as_bytes().to_vec()),
    }
}

/// All of it, or so much that the agent says how much would be too much; an endless source cannot fill our memory.
fn beginning(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(BODY_LEN_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_itself_or_a_file() {
        assert_eq!(content("text").unwrap(), b"text");
        assert!(content("@Cargo.toml").unwrap().starts_with(b"[package]"));
        assert!(matches!(content("@no/such/file"), Err(Failure::Refused(_))));
        assert_eq!(beginning(io::repeat(0)).unwrap().len(), BODY_LEN_MAX + 1);
    }
}
