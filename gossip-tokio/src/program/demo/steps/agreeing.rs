//! Whether all agree, by their own word and by comparison.
use super::{all_until, spread};
use crate::program::{
    demo::{
        cluster::{Agent, Cluster, why},
        report::Finding,
    },
    readers::views::{Agreement, Entry},
};
use tokio::time::Instant;

/// Every agent says that all live members agree with it, and that they are as many as there are agents.
pub(super) async fn converged(cluster: &Cluster, by: Instant) -> Result<Finding, String> {
    let n = cluster.len();
    let times = all_until(&cluster.agents, Instant::now(), by, async |agent| says_all_agree(agent, n).await).await?;
    Ok(Finding::new(format!("each says that all {n} agree: {}", spread(&times))).agents(times))
}

/// The same, and what they hold is the same indeed: every key, every value, every dot.
pub(super) async fn identical(cluster: &Cluster, by: Instant) -> Result<Finding, String> {
    let n = cluster.len();
    let times = all_until(&cluster.agents, Instant::now(), by, async |agent| says_all_agree(agent, n).await).await?;
    let reference = everything(&cluster.agents[0]).await?;
    for agent in cluster.others(0) {
        if everything(agent).await? != reference {
            return Err(format!("{} says that all agree, but holds something else", agent.name));
        }
    }
    let said =
        format!("each says that all {n} agree, and all hold the same {} entries: {}", reference.len(), spread(&times));
    Ok(Finding::new(said).with("entries", reference.len()).agents(times))
}

async fn says_all_agree(agent: &Agent, n: usize) -> Result<(), String> {
    let agreement: Agreement = agent.client()?.ask("/v1/agreement").await.map_err(why)?;
    if agreement.is_converged() && agreement.live == n && agreement.agreeing == n {
        return Ok(());
    }
    Err(format!("it says that {} of {} live members are known to agree", agreement.agreeing, agreement.live))
}

/// All that an agent holds, by key.
async fn everything(agent: &Agent) -> Result<Vec<(Vec<u8>, Vec<u8>, String)>, String> {
    let entries: Vec<Entry> = agent.client()?.ask("/v1/kv").await.map_err(why)?;
    Ok(entries.into_iter().map(|entry| (entry.key.bytes(), entry.value.bytes(), entry.dot)).collect())
}
