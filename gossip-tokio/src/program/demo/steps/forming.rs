//! Separate processes become one cluster.
use super::{Times, all_until, spread};
use crate::program::{
    control::JoinRequest,
    demo::{
        cluster::{Agent, Cluster, why},
        report::Finding,
    },
    readers::views::Member,
};
use axum::http::Method;
use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout_at};

/// Starts every agent; each picks a free port.
pub(super) async fn start(cluster: &mut Cluster, by: Instant) -> Result<Finding, String> {
    let zero = Instant::now();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let starts = cluster.agents.iter_mut().map(async |agent| {
        let started = timeout_at(by, agent.start(any_port)).await;
        started.map_err(|_| format!("{} did not start in time", agent.name))??;
        Ok::<_, String>((agent.name.clone(), zero.elapsed()))
    });
    let times = try_join_all(starts).await?;
    let pids: Vec<u32> = cluster.agents.iter().filter_map(|agent| Some(agent.life().ok()?.pid)).collect();
    Ok(Finding::new(format!("{} agents run: {}", times.len(), spread(&times))).with("pids", pids).agents(times))
}

/// All others ask the first one for the cluster, at once; done when everybody lists everybody as live.
pub(super) async fn join(cluster: &Cluster, by: Instant) -> Result<Finding, String> {
    let n = cluster.len();
    let seed = cluster.agents[0].life()?.started.advertise;
    let zero = Instant::now();
    let answered = try_join_all(cluster.others(0).map(async |agent| ask_to_join(agent, seed, zero, by).await)).await?;
    let times = all_until(&cluster.agents, zero, by, async |agent| lists_all_live(&agent.members().await?, n)).await?;
    let said = format!("each of {n} agents lists {n} live members: {}", spread(&times));
    Ok(Finding::new(said).with("seed_answered_ms", slowest_ms(&answered)).agents(times))
}

/// Whether as many live members are listed as there are agents.
pub(super) fn lists_all_live(members: &[Member], n: usize) -> Result<(), String> {
    let live = members.iter().filter(|member| member.is_live()).count();
    if live == n { Ok(()) } else { Err(format!("it lists {live} live members of {n}")) }
}

async fn ask_to_join(
    agent: &Agent,
    seed: SocketAddr,
    zero: Instant,
    by: Instant,
) -> Result<(String, Duration), String> {
    let wait = by.saturating_duration_since(Instant::now());
    let request = JoinRequest { seed, wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) };
    let client = agent.client()?.patient(wait);
    client
        .send_json(Method::POST, "/v1/join", &request)
        .await
        .map_err(|error| format!("{}: {}", agent.name, why(error)))?;
    Ok((agent.name.clone(), zero.elapsed()))
}

fn slowest_ms(times: &Times) -> u64 {
    let slowest = times.iter().map(|(_, time)| time.as_millis()).max().unwrap_or(0);
    u64::try_from(slowest).unwrap_or(u64::MAX)
}
