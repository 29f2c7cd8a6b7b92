//! One process is killed and started again.
use super::{Notice, Times, all_until, forming::lists_all_live, sharing, spread};
use crate::program::{
    control::key_path,
    demo::{
        cluster::{Agent, Cluster, why},
        report::Finding,
    },
    readers::{
        events::kind,
        views::{DataFile, Entry, Info},
    },
};
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use tokio::time::{Instant, timeout_at};

/// Written by the one that is killed, just before.
const LAST_WORDS: (&str, &str) = ("demo/before-the-crash", "written just before the crash");
/// Written by another one while it is down.
const MISSED_WORDS: (&str, &str) = ("demo/during-the-crash", "written while one was down");

/// The victim writes an entry; done when its data file was written after that, and another agent has the entry.
pub(super) async fn keep(cluster: &Cluster, victim: usize, by: Instant) -> Result<Finding, String> {
    let agent = &cluster.agents[victim];
    let saves = info(agent).await?.io.saves;
    let zero = Instant::now();
    let (key, value) = LAST_WORDS;
    sharing::put(agent, key.as_bytes(), value.as_bytes()).await?;
    agent
        .until(by, async |agent| {
            let now = info(agent).await?.io.saves;
            if now > saves { Ok(()) } else { Err("it has not written its data file".to_owned()) }
        })
        .await?;
    let kept = zero.elapsed();
    all_until(cluster.others(victim), zero, by, async |agent| has(agent, LAST_WORDS).await).await?;
    let said = format!("{} has all it knows on the disk, and the others have its last entry", agent.name);
    Ok(Finding::new(said).agents([(agent.name.clone(), kept)]))
}

/// SIGKILL; done when every other one lists the victim as down.
pub(super) async fn crash(cluster: &mut Cluster, victim: usize, by: Instant) -> Result<Finding, String> {
    let name = cluster.agents[victim].name.clone();
    let seen_before: Vec<usize> = seen_so_far(cluster, victim)?;
    let zero = Instant::now();
    cluster.agents[victim].kill().await?;
    let told = cluster.others(victim).zip(seen_before).map(async |(agent, from)| {
        let seen = &agent.life()?.seen;
        let is_it =
            |event: &serde_json::Value| kind(event) == "member_down" && event["member"]["name"] == name.as_str();
        let sighting = seen.wait_for(from, by, is_it).await;
        let sighting = sighting.ok_or_else(|| format!("{} has not told that {name} is down", agent.name))?;
        Ok::<_, String>((agent.name.clone(), sighting.at.saturating_duration_since(zero)))
    });
    let times: Times = try_join_all(told).await?;
    all_until(cluster.others(victim), zero, by, async |agent| lists(agent, &name, "down").await).await?;
    let said = format!("{name} was killed, {} others list it as down: {}", times.len(), spread(&times));
    Ok(Finding::new(said).with("killed", name).agents(times))
}

/// One writes an entry and publishes a notice; done when all that are up have both.
pub(super) async fn meanwhile(
    cluster: &Cluster,
    victim: usize,
    notices: &mut BTreeMap<String, Notice>,
    by: Instant,
) -> Result<Finding, String> {
    let (key, value) = MISSED_WORDS;
    let zero = Instant::now();
    sharing::put(&cluster.agents[0], key.as_bytes(), value.as_bytes()).await?;
    let times = all_until(cluster.others(victim), zero, by, async |agent| has(agent, MISSED_WORDS).await).await?;
    let audience = (1..cluster.len()).filter(|index| *index != victim).collect();
    let notice = Notice { publisher: 0, audience };
    sharing::publish(cluster, notice, "normal", "said while one was down", notices, by).await?;
    let said = format!("the {} that are up got an entry and a notice: {}", times.len(), spread(&times));
    Ok(Finding::new(said).agents(times))
}

/// Starts the victim again, with its name, address and data directory, and without a seed: it finds the others by
/// what it has kept. Done when every other one lists its new life as alive, and it lists everybody.
pub(super) async fn restart(cluster: &mut Cluster, victim: usize, by: Instant) -> Result<Finding, String> {
    let n = cluster.len();
    let name = cluster.agents[victim].name.clone();
    let bind = address_in(cluster, victim, &name).await?;
    let zero = Instant::now();
    let started = timeout_at(by, cluster.agents[victim].start(bind)).await;
    started.map_err(|_| format!("{name} did not start in time"))??;
    let life = cluster.agents[victim].life()?;
    let generation = life.started.generation.clone();
    let DataFile::Restored { entries, .. } = info(&cluster.agents[victim]).await?.data_file else {
        return Err(format!("{name} did not read its data file: {}", life.started.data));
    };
    let times = all_until(&cluster.agents, zero, by, async |agent| {
        let members = agent.members().await?;
        lists_all_live(&members, n)?;
        let returned = members.iter().find(|member| member.name == name);
        let is_new = returned.is_some_and(|member| member.generation == generation && member.liveness == "alive");
        if is_new { Ok(()) } else { Err(format!("it does not list the new life of {name} as alive")) }
    })
    .await?;
    let said = format!("{name} runs again with {entries} kept entries, all list its new life: {}", spread(&times));
    Ok(Finding::new(said).with("restored_entries", entries).with("generation", generation).agents(times))
}

/// Done when the restarted one has what was written before and during its absence.
pub(super) async fn catch_up(cluster: &Cluster, victim: usize, by: Instant) -> Result<Finding, String> {
    let agent = &cluster.agents[victim];
    let zero = Instant::now();
    for words in [LAST_WORDS, MISSED_WORDS] {
        agent.until(by, async |agent| has(agent, words).await).await?;
    }
    let said = format!("{} has what it wrote before the crash, and what it missed", agent.name);
    Ok(Finding::new(said).agents([(agent.name.clone(), zero.elapsed())]))
}

async fn info(agent: &Agent) -> Result<Info, String> {
    agent.client()?.ask("/v1/info").await.map_err(why)
}

async fn has(agent: &Agent, (key, value): (&str, &str)) -> Result<(), String> {
    let entry: Entry = agent.client()?.ask(&key_path(key.as_bytes())).await.map_err(why)?;
    if entry.value.bytes() == value.as_bytes() { Ok(()) } else { Err(format!("it holds something else under {key}")) }
}

pub(super) async fn lists(agent: &Agent, name: &str, liveness: &str) -> Result<(), String> {
    let members = agent.members().await?;
    let found = members.iter().find(|member| member.name == name).map(|member| member.liveness.as_str());
    match found {
        Some(found) if found == liveness => Ok(()),
        found => Err(format!("it lists {name} as {}", found.unwrap_or("unknown"))),
    }
}

fn seen_so_far(cluster: &Cluster, victim: usize) -> Result<Vec<usize>, String> {
    cluster.others(victim).map(|agent| agent.life().map(|life| life.seen.len())).collect()
}

/// Where the others last knew it.
async fn address_in(cluster: &Cluster, victim: usize, name: &str) -> Result<core::net::SocketAddr, String> {
    let other = cluster.others(victim).next().ok_or("there is no other agent")?;
    let members = other.members().await?;
    let found = members.iter().find(|member| member.name == name).and_then(|member| member.addr.parse().ok());
    found.ok_or_else(|| format!("{} does not know where {name} was", other.name))
}
