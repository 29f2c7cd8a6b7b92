//! From flags to a story: who joins, what befalls them, and when.
use super::flags::{Plan, Preset};
use crate::program::failure::Failure;
use core::time::Duration;
use gossip_core::{
    Urgency,
    sim::{
        Loss, Network, Scrutiny,
        story::{Act, Detail, Goal, Kept, Names, Settings, Story, Time},
    },
};

/// More nodes than this, and watching them closely takes longer than running them.
pub(super) const CLOSE_MAX: u32 = 256;
/// How long a node of a churning cluster is down, in the mean.
const DOWNTIME: Duration = Duration::from_secs(10);

/// The story that the flags ask for.
pub(super) fn story(plan: &Plan, seed: u64) -> Result<Story, Failure> {
    let parts = Parts::new(plan)?;
    let mut story = Story::new(seed);
    if plan.nodes > CLOSE_MAX {
        story.scrutiny = Scrutiny::Loose;
        story.acts.push(Act::Log(Detail::Nothing));
    }
    if plan.preset == Preset::Sensor {
        story.storage = Kept::Sensor;
    }
    let patience = patience(plan.preset);
    story.acts.extend([
        Act::Network(network(plan)),
        Act::Config(Settings::new(plan.preset.into())),
        Act::Chapter("All join".to_owned()),
        Act::Spawn(names(0, plan.nodes)),
        Act::Join { hosts: names(1, plan.nodes), via: name(0) },
        Act::Until { goal: Goal::Full, within: patience },
    ]);
    parts.tell(&mut story.acts);
    story.acts.extend([
        Act::Chapter("All come to rest".to_owned()),
        Act::Until { goal: Goal::Full, within: patience },
        Act::Settle(patience),
    ]);
    Ok(story)
}

/// What befalls the nodes once they have joined.
struct Parts<'a> {
    plan: &'a Plan,
    /// The time in which all of it happens but churn.
    time: Duration,
    /// How many are killed: the last ones.
    killed: u32,
    /// How many are cut off, the last ones, and how long.
    cut: Option<(u32, Duration)>,
}

impl<'a> Parts<'a> {
    fn new(plan: &'a Plan) -> Result<Self, Failure> {
        let Plan { nodes, preset, time: Time(time), .. } = plan;
        let wrong = |what: String| Err(Failure::usage(format!("sim: {what}")));
        let limits = Settings::new((*preset).into()).config().limits;
        let room = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        if *nodes > room(limits.members) {
            return wrong(format!(
                "--nodes {nodes}: with the preset `{preset}`, a node has room for {}",
                limits.members
            ));
        }
        if plan.puts > room(limits.entries) {
            return wrong(format!(
                "--puts {}: with the preset `{preset}`, a node has room for {}",
                plan.puts, limits.entries
            ));
        }
        if plan.rumors > 100_000 {
            return wrong(format!("--rumors {}: 100000 at most", plan.rumors));
        }
        if *time < Duration::from_secs(1) {
            return wrong(format!("--time {}: one second at least", Time(*time)));
        }
        let killed = plan.kill.map_or(0, |amount| amount.of(*nodes));
        if killed > nodes - 2 {
            let amount = plan.kill.map(|amount| amount.to_string()).unwrap_or_default();
            return wrong(format!("--kill {amount}: of {nodes} nodes, two at least must live on"));
        }
        let time = if plan.churn.is_some() { *time / 2 } else { *time };
        let cut = plan.partition.map(|partition| (partition.amount.of(*nodes), partition.time));
        if let Some((off, cut)) = cut {
            if off >= *nodes {
                return wrong(format!(
                    "--partition {off}:{}: of {nodes} nodes, that leaves none to be cut off from",
                    Time(cut)
                ));
            }
            if cut > time / 2 {
                let most = Time(time / 2);
                return wrong(format!(
                    "--partition …:{}: at most {most}, half of the time there is for it; see --time and --churn",
                    Time(cut)
                ));
            }
        }
        if plan.churn.is_some_and(|Time(lifetime)| lifetime < Duration::from_secs(1)) {
            return wrong("--churn: a life of a second at least".to_owned());
        }
        Ok(Self { plan, time, killed, cut })
    }

    /// Adds what happens, and the time between.
    fn tell(&self, acts: &mut Vec<Act>) {
        let mut events = self.news();
        events.extend(self.partition());
        if self.killed > 0 {
            // After the partition, if there is one: who is cut off cannot be seen to die.
            let at = tidy(if self.cut.is_some() { self.time * 7 / 8 } else { self.time / 2 });
            let nodes = self.plan.nodes;
            events.push((
                at,
                vec![Act::Chapter(format!("{} crash", self.killed)), Act::Crash(names(nodes - self.killed, nodes))],
            ));
        }
        // Stable: what comes at one moment stays in this order.
        events.sort_by_key(|(at, _)| *at);
        acts.push(Act::Chapter("Nothing happens".to_owned()));
        let mut now = Duration::ZERO;
        for (at, mut what) in events {
            if at > now {
                acts.push(Act::Run(at - now));
            }
            now = at;
            acts.append(&mut what);
        }
        acts.push(Act::Run(self.time - now));
        if let Some(Time(lifetime)) = self.plan.churn {
            acts.extend([
                Act::Chapter("Nodes come and go".to_owned()),
                Act::Churn { hosts: self.survivors(), lifetime, downtime: DOWNTIME, time: self.time },
            ]);
        }
    }

    /// Rumors and writes, evenly from a sixth of the time to five sixths.
    fn news(&self) -> Vec<(Duration, Vec<Act>)> {
        let Plan { rumors, puts, .. } = *self.plan;
        let at = |index: u32, count: u32, offset: u32| {
            // In quarters of the distance between two, so that rumors and writes do not meet.
            let quarters = f64::from(4 * index + offset) / f64::from(4 * count);
            tidy(self.time / 6 + (self.time * 2 / 3).mul_f64(quarters))
        };
        let publish = |index| Act::Publish {
            host: self.author(index, rumors),
            urgency: Urgency::Normal,
            payload: format!("rumor-{index}").into_bytes(),
        };
        let put = |index| Act::Put {
            host: self.author(index, puts),
            key: format!("key-{index}").into_bytes(),
            value: format!("value-{index}").into_bytes(),
        };
        let rumors = (0..rumors).map(|index| (at(index, rumors, 1), vec![publish(index)]));
        let puts = (0..puts).map(|index| (at(index, puts, 3), vec![put(index)]));
        rumors.chain(puts).collect()
    }

    fn partition(&self) -> Vec<(Duration, Vec<Act>)> {
        let Some((off, time)) = self.cut else { return Vec::new() };
        let nodes = self.plan.nodes;
        let begin = tidy(self.time / 4);
        let groups = vec![names(0, nodes - off), names(nodes - off, nodes)];
        vec![
            (begin, vec![Act::Chapter(format!("{off} are cut off")), Act::Partition(groups)]),
            (begin + time, vec![Act::Chapter("The cut heals".to_owned()), Act::Heal]),
        ]
    }

    /// Who tells the `index`th piece of news: somebody who is not killed, each as often as any other.
    fn author(&self, index: u32, count: u32) -> String {
        let survivors = u64::from(self.plan.nodes - self.killed);
        let author = u64::from(index) * survivors / u64::from(count.max(1)).max(1);
        name(u32::try_from(author % survivors).unwrap_or(0))
    }

    fn survivors(&self) -> Names {
        names(0, self.plan.nodes - self.killed)
    }
}

fn network(plan: &Plan) -> Network {
    let mut network = if plan.preset == Preset::Wan { Network::wan() } else { Network::lan() };
    if let Some(share) = plan.loss {
        network.loss = Loss::Independent(share);
    }
    if let Some(latency) = &plan.latency {
        network.latency = latency.clone();
    }
    network
}

/// How long joining and settling may take: the slower the preset, the longer.
const fn patience(preset: Preset) -> Duration {
    match preset {
        Preset::Lan => Duration::from_mins(3),
        Preset::Wan => Duration::from_mins(10),
        Preset::Sensor => Duration::from_mins(30),
    }
}

fn name(number: u32) -> String {
    format!("n{number}")
}

fn names(from: u32, to: u32) -> Names {
    (from..to).map(name).collect()
}

/// To a tenth of a second, as one would write it.
fn tidy(time: Duration) -> Duration {
    let tenths = (time.as_millis() + 50) / 100;
    Duration::from_millis(u64::try_from(tenths * 100).unwrap_or(u64::MAX))
}
