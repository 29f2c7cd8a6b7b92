//! The main job, step by step.
mod forming;
mod sharing;
mod agreeing;
mod crashing;
mod parting;

use super::{
    cluster::{Agent, Cluster},
    report::{Held, Report},
    source::Source,
};
use core::time::Duration;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// What came of each agent: what it answered, and when since the step's beginning.
type Times = Vec<(String, Duration)>;

/// Runs all steps. One that fails does not stop the others, but for those that leave nothing to go on with.
pub(super) async fn run(cluster: &mut Cluster, source: &Source, report: &mut Report) {
    let n = cluster.len();
    // The one that is killed, the one that publishes, the one that writes the configuration: all different from 3 on.
    let (victim, publisher, writer) = (n - 1, 1, 0);
    let name = cluster.agents[victim].name.clone();
    let limits = Limits { n };

    let doing = "starting the agents";
    if report.step("start", doing, limits.short(), async |by| forming::start(cluster, by).await).await == Held::No {
        return;
    }
    let doing = "all join through the first at once";
    if report.step("join", doing, limits.long(), async |by| forming::join(cluster, by).await).await == Held::No {
        return;
    }
    let doing = "each tells facts about this machine as its presence";
    report.step("presence", doing, limits.long(), async |by| sharing::presence(cluster, by).await).await;
    let doing = "each writes facts about this machine as an entry";
    report.step("facts", doing, limits.long(), async |by| sharing::facts(cluster, by).await).await;
    let doing = "one writes a file as configuration";
    report.step("config", doing, limits.long(), async |by| sharing::config(cluster, writer, source, by).await).await;
    let doing = "one publishes a critical notice";
    let mut notices = BTreeMap::new();
    let publish = async |by| sharing::notice(cluster, publisher, &mut notices, by).await;
    report.step("notice", doing, limits.short(), publish).await;
    let doing = "waiting until all say that all agree";
    report.step("agree", doing, limits.long(), async |by| agreeing::converged(cluster, by).await).await;
    let doing = format!("waiting until {name} has its last write on the disk");
    report.step("keep", &doing, limits.short(), async |by| crashing::keep(cluster, victim, by).await).await;
    let doing = format!("{name} is killed: waiting until the others know");
    report.step("crash", &doing, limits.long(), async |by| crashing::crash(cluster, victim, by).await).await;
    let doing = "writing and publishing while one is down";
    let meanwhile = async |by| crashing::meanwhile(cluster, victim, &mut notices, by).await;
    report.step("meanwhile", doing, limits.long(), meanwhile).await;
    let doing = format!("{name} starts again: waiting until the others know");
    report.step("return", &doing, limits.long(), async |by| crashing::restart(cluster, victim, by).await).await;
    let doing = format!("{name} catches up");
    report.step("catch-up", &doing, limits.long(), async |by| crashing::catch_up(cluster, victim, by).await).await;
    let doing = "waiting until all agree again";
    report.step("agree-again", doing, limits.long(), async |by| agreeing::identical(cluster, by).await).await;
    let doing = "all leave";
    report.step("leave", doing, limits.short(), async |by| parting::leave(cluster, victim, by).await).await;
    let doing = "counting deliveries over the whole run";
    report.step("once", doing, limits.short(), async |_| parting::once(cluster, victim, &notices)).await;
}

/// How long a step may take. More agents on the same machine take longer.
#[derive(Debug, Clone, Copy)]
struct Limits {
    n: usize,
}

impl Limits {
    fn short(self) -> Duration {
        Duration::from_secs(20) + Duration::from_millis(500) * self.factor()
    }

    fn long(self) -> Duration {
        Duration::from_secs(45) + Duration::from_millis(1_500) * self.factor()
    }

    fn factor(self) -> u32 {
        u32::try_from(self.n).unwrap_or(u32::MAX)
    }
}

/// A published notice: who published it, and who must have got it.
#[derive(Debug)]
pub(super) struct Notice {
    publisher: usize,
    /// Indices of those who were there when it was published.
    audience: Vec<usize>,
}

/// Asks some agents at the same time until each has given a good answer, and says when each did.
async fn all_until<'a, T>(
    agents: impl IntoIterator<Item = &'a Agent>,
    zero: Instant,
    by: Instant,
    ask: impl AsyncFn(&Agent) -> Result<T, String>,
) -> Result<Times, String> {
    let ask = &ask;
    let asked = agents.into_iter().map(async |agent| {
        agent.until(by, ask).await?;
        Ok((agent.name.clone(), zero.elapsed()))
    });
    try_join_all(asked).await
}

/// The slowest and the middle one, in words.
fn spread(times: &Times) -> String {
    let mut sorted: Vec<&(String, Duration)> = times.iter().collect();
    sorted.sort_by_key(|(_, time)| *time);
    match (sorted.get(sorted.len() / 2), sorted.last()) {
        (Some((_, median)), Some((slowest, max))) => format!(
            "median {:.0} ms, last {slowest} after {:.0} ms",
            median.as_secs_f64() * 1_000.0,
            max.as_secs_f64() * 1_000.0
        ),
        _ => "nobody".to_owned(),
    }
}
