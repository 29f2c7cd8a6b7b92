//! The end: farewells, and the count of all that was told.
use super::{Notice, all_until, crashing::lists, spread};
use crate::program::demo::{
    cluster::{Agent, Cluster, why},
    report::Finding,
    seen::Seen,
};
use axum::http::Method;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// One leaves, and the others know that it left and did not crash; then they all leave. Each process exits by itself.
pub(super) async fn leave(cluster: &mut Cluster, first: usize, by: Instant) -> Result<Finding, String> {
    let n = cluster.len();
    let name = cluster.agents[first].name.clone();
    let zero = Instant::now();
    let asked = ask_to_leave(&cluster.agents[first], by);
    let known = all_until(cluster.others(first), zero, by, async |agent| lists(agent, &name, "left").await);
    let ((), times) = tokio::try_join!(asked, known)?;
    cluster.agents[first].exited(by).await?;
    let rest = cluster.agents.iter_mut().filter(|agent| agent.life().is_ok());
    try_join_all(rest.map(async |agent| leave_and_exit(agent, by).await)).await?;
    let said = format!("the others list {name} as left ({}); then all {n} have left and exited", spread(&times));
    Ok(Finding::new(said).agents(times))
}

/// Over all lives of all agents: every notice was told once to each of its audience, never to its publisher, and
/// nothing was told twice to anybody.
pub(super) fn once(cluster: &Cluster, victim: usize, notices: &BTreeMap<String, Notice>) -> Result<Finding, String> {
    let mut deliveries = 0;
    for (index, agent) in cluster.agents.iter().enumerate() {
        let missed: u64 = agent.streams().map(Seen::missed).sum();
        if missed > 0 {
            return Err(format!("the stream of {} left out {missed} events: nothing can be said", agent.name));
        }
        if !agent.streams().last().is_some_and(Seen::is_complete) {
            return Err(format!("the stream of {} broke off: nothing can be said", agent.name));
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for dot in agent.streams().flat_map(Seen::deliveries) {
            *counts.entry(dot).or_default() += 1;
        }
        for (dot, notice) in notices {
            let count = counts.remove(dot).unwrap_or(0);
            deliveries += count;
            check(index, victim, notice, count)
                .map_err(|why| format!("{} was told {dot} {count} times: {why}", agent.name))?;
        }
        if let Some((dot, _)) = counts.first_key_value() {
            return Err(format!("{} was told {dot}, which nobody published", agent.name));
        }
    }
    let said = format!("{} notices made {deliveries} deliveries: once to each, over all lives", notices.len());
    Ok(Finding::new(said).with("notices", notices.len()).with("deliveries", deliveries))
}

fn check(index: usize, victim: usize, notice: &Notice, count: usize) -> Result<(), &'static str> {
    let may_pull_later = index == victim && !notice.audience.contains(&index);
    match count {
        0 if notice.audience.contains(&index) => Err("it should have been told"),
        0 => Ok(()),
        1 if index == notice.publisher => Err("it had published it itself"),
        1 if notice.audience.contains(&index) || may_pull_later => Ok(()),
        1 => Err("it was not there"),
        _ => Err("once is enough"),
    }
}

async fn leave_and_exit(agent: &mut Agent, by: Instant) -> Result<(), String> {
    ask_to_leave(agent, by).await?;
    agent.exited(by).await
}

async fn ask_to_leave(agent: &Agent, by: Instant) -> Result<(), String> {
    let client = agent.client()?.patient(by.saturating_duration_since(Instant::now()));
    let left = client.send(Method::POST, "/v1/leave", Vec::new()).await;
    left.map(|_| ()).map_err(|error| format!("{}: {}", agent.name, why(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_must_fit_who_was_there() {
        let notice = Notice { publisher: 0, audience: vec![1] };
        let victim = 2;
        assert!(check(1, victim, &notice, 1).is_ok());
        assert!(check(1, victim, &notice, 0).is_err() && check(1, victim, &notice, 2).is_err());
        assert!(check(0, victim, &notice, 0).is_ok() && check(0, victim, &notice, 1).is_err());
        assert!(check(2, victim, &notice, 0).is_ok() && check(2, victim, &notice, 1).is_ok());
        assert!(check(3, victim, &notice, 1).is_err() && check(2, victim, &notice, 2).is_err());
    }
}
