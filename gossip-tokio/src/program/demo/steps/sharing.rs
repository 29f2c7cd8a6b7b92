//! What the cluster is for: what one says, all know.
use super::{Notice, all_until, spread};
use crate::program::{
    control::{Accepted, PresenceRequest, key_path, percent},
    demo::{
        cluster::{Agent, Cluster, why},
        report::Finding,
        source::Source,
    },
    machine::Facts,
    readers::{
        events::kind,
        views::{Entry, Info},
    },
};
use axum::http::Method;
use core::time::Duration;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Keys and values, as they should be and as an agent has them.
pub(super) type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Each agent tells facts about this machine as tags; done when everybody lists everybody's.
pub(super) async fn presence(cluster: &Cluster, by: Instant) -> Result<Finding, String> {
    let zero = Instant::now();
    let told = try_join_all(cluster.agents.iter().map(tell_presence)).await?;
    let expected: BTreeMap<String, BTreeMap<String, String>> = told.into_iter().collect();
    let times = all_until(&cluster.agents, zero, by, async |agent| {
        let members = agent.members().await?;
        let tags: BTreeMap<_, _> = members.into_iter().map(|member| (member.name, member.tags)).collect();
        let other = expected.iter().find(|(name, expected)| tags.get(*name) != Some(*expected));
        other.map_or(Ok(()), |(name, _)| Err(format!("it does not list the tags of {name}")))
    })
    .await?;
    let shown = expected.values().next().cloned().unwrap_or_default();
    let facts = ["host", "load", "memory"].map(|key| format!("{key}={}", shown.get(key).map_or("?", String::as_str)));
    let said = format!("all list the tags of all ({}): {}", facts.join(" "), spread(&times));
    Ok(Finding::new(said).with("tags", serde_json::to_value(shown).unwrap_or_default()).agents(times))
}

/// Each agent writes facts about this machine as an entry of its own; done when everybody has everybody's.
pub(super) async fn facts(cluster: &Cluster, by: Instant) -> Result<Finding, String> {
    let zero = Instant::now();
    let mut expected = Entries::new();
    for agent in &cluster.agents {
        let value = serde_json::to_vec(&Facts::read()?).map_err(|error| error.to_string())?;
        expected.insert(format!("facts/{}", agent.name).into_bytes(), value);
    }
    let writes = cluster.agents.iter().zip(&expected);
    try_join_all(writes.map(async |(agent, (key, value))| put(agent, key, value).await)).await?;
    let times = all_until(&cluster.agents, zero, by, async |agent| holds(agent, "facts/", &expected).await).await?;
    let said = format!("all hold {} entries under facts/: {}", expected.len(), spread(&times));
    Ok(Finding::new(said).with("entries", expected.len()).agents(times))
}

/// One agent writes a file, cut to entries that fit; done when everybody can put it together again, byte for byte.
pub(super) async fn config(cluster: &Cluster, writer: usize, source: &Source, by: Instant) -> Result<Finding, String> {
    let writer = &cluster.agents[writer];
    let info: Info = writer.client()?.ask("/v1/info").await.map_err(why)?;
    let entry_len_max = info.lengths.get("entry_max").copied().unwrap_or(0);
    let chunks = source.chunks(usize::try_from(entry_len_max).unwrap_or(usize::MAX));
    let zero = Instant::now();
    for (key, value) in &chunks {
        put(writer, key.as_bytes(), value).await?;
    }
    let times = all_until(&cluster.agents, zero, by, async |agent| {
        let held = entries(agent, "config/").await?;
        let (count, file) = (held.len(), held.into_values().collect::<Vec<_>>().concat());
        if file == source.bytes { Ok(()) } else { Err(format!("it holds {count} pieces of {}", chunks.len())) }
    })
    .await?;
    let (path, len) = (source.path.display(), source.bytes.len());
    let said =
        format!("all read back {path}, {len} bytes in {} entries, byte for byte: {}", chunks.len(), spread(&times));
    let finding = Finding::new(said).with("path", path.to_string()).with("bytes", len).with("entries", chunks.len());
    Ok(finding.agents(times))
}

/// One agent publishes a critical notice; done when every other one has told it to its subscriber.
pub(super) async fn notice(
    cluster: &Cluster,
    publisher: usize,
    notices: &mut BTreeMap<String, Notice>,
    by: Instant,
) -> Result<Finding, String> {
    let audience = (0..cluster.len()).filter(|index| *index != publisher).collect();
    let text = "critical: this is what the demonstration has to say";
    let (dot, times) = publish(cluster, Notice { publisher, audience }, "critical", text, notices, by).await?;
    let said = format!("told once to each of {} others: {}", times.len(), spread(&times));
    Ok(Finding::new(said).with("dot", dot).agents(times))
}

/// Publishes, and waits until each of the audience has told it. Whether it was told only once is counted at the end.
pub(super) async fn publish(
    cluster: &Cluster,
    notice: Notice,
    urgency: &str,
    text: &str,
    notices: &mut BTreeMap<String, Notice>,
    by: Instant,
) -> Result<(String, Vec<(String, Duration)>), String> {
    let audience: Vec<&Agent> = notice.audience.iter().map(|&index| &cluster.agents[index]).collect();
    let client = cluster.agents[notice.publisher].client()?;
    let zero = Instant::now();
    let path = format!("/v1/publish?urgency={urgency}");
    let answer = client.send(Method::POST, &path, text.as_bytes().to_vec()).await.map_err(why)?;
    let Accepted { dot } = client.read(&answer).map_err(why)?;
    notices.insert(dot.clone(), notice);
    let told = audience.into_iter().map(async |agent| {
        // It may have been told before we knew its name: look from the beginning.
        let is_it = |event: &serde_json::Value| kind(event) == "delivered" && event["dot"] == dot.as_str();
        let sighting = agent.life()?.seen.wait_for(0, by, is_it).await;
        let sighting = sighting.ok_or_else(|| format!("{} was not told the notice", agent.name))?;
        if sighting.event["payload"] != text || sighting.event["urgency"] != urgency {
            return Err(format!("{} was told something else: {}", agent.name, sighting.event));
        }
        Ok((agent.name.clone(), sighting.at.saturating_duration_since(zero)))
    });
    let times = try_join_all(told).await?;
    Ok((dot, times))
}

/// What an agent holds under a prefix.
pub(super) async fn entries(agent: &Agent, prefix: &str) -> Result<Entries, String> {
    let path = format!("/v1/kv?prefix={}", percent(prefix.as_bytes()));
    let entries: Vec<Entry> = agent.client()?.ask(&path).await.map_err(why)?;
    Ok(entries.into_iter().map(|entry| (entry.key.bytes(), entry.value.bytes())).collect())
}

pub(super) async fn put(agent: &Agent, key: &[u8], value: &[u8]) -> Result<(), String> {
    let put = agent.client()?.send(Method::PUT, &key_path(key), value.to_vec()).await;
    put.map(|_| ()).map_err(|error| format!("{}: {}", agent.name, why(error)))
}

/// Whether an agent holds just this under a prefix.
async fn holds(agent: &Agent, prefix: &str, expected: &Entries) -> Result<(), String> {
    let held = entries(agent, prefix).await?;
    if held == *expected { Ok(()) } else { Err(format!("it holds {} of {} entries", held.len(), expected.len())) }
}

async fn tell_presence(agent: &Agent) -> Result<(String, BTreeMap<String, String>), String> {
    let mut tags = Facts::read()?.tags();
    tags.insert("pid".to_owned(), agent.life()?.pid.to_string());
    let presence = PresenceRequest { role: "demo".to_owned(), tags: tags.clone() };
    let sent = agent.client()?.send_json(Method::PUT, "/v1/presence", &presence).await;
    sent.map_err(|error| format!("{}: {}", agent.name, why(error)))?;
    Ok((agent.name.clone(), tags))
}
