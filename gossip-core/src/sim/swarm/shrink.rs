//! A story that goes badly, made shorter until nothing can be left out.
use super::{Fault, fault_of};
use crate::sim::{
    Network,
    story::{Act, Names, Settings, Story},
};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

/// The shortest story that was found to go badly in the same way, after telling at most `attempts` shorter ones.
///
/// Nodes are left out, then acts, ever fewer at a time; what remains takes less time, on a better network (delta
/// debugging: Zeller and Hildebrandt 2002, §3). A story that goes well is handed back as it is.
#[must_use]
pub fn shrink(story: &Story, attempts: usize) -> Story {
    let Some(fault) = fault_of(story) else { return story.clone() };
    let mut shrinking = Shrinking { story: story.clone(), fault, attempts };
    loop {
        let before = shrinking.story.clone();
        shrinking.leave_out_hosts();
        shrinking.leave_out_acts();
        shrinking.simplify_acts();
        if shrinking.story == before || shrinking.attempts == 0 {
            return shrinking.story;
        }
    }
}

struct Shrinking {
    story: Story,
    fault: Fault,
    attempts: usize,
}

impl Shrinking {
    /// Takes a story instead of the one there is, if it goes badly in the same way.
    fn take_if_it_fails(&mut self, acts: Vec<Act>) -> bool {
        if self.attempts == 0 {
            return false;
        }
        self.attempts -= 1;
        let story = Story { acts, ..self.story.clone() };
        let fails = fault_of(&story).is_some_and(|fault| fault.is_like(&self.fault));
        if fails {
            self.story = story;
        }
        fails
    }

    fn leave_out_hosts(&mut self) {
        for host in hosts_of(&self.story.acts).into_iter().rev() {
            let substitute = hosts_of(&self.story.acts).into_iter().find(|other| *other != host);
            let Some(substitute) = substitute else { return };
            let acts = self.story.acts.iter().filter_map(|act| without(act, &host, &substitute)).collect();
            self.take_if_it_fails(acts);
        }
    }

    fn leave_out_acts(&mut self) {
        let mut len = self.story.acts.len().div_ceil(2);
        while len > 0 {
            let mut at = 0;
            while at < self.story.acts.len() {
                let end = (at + len).min(self.story.acts.len());
                let acts = [&self.story.acts[..at], &self.story.acts[end..]].concat();
                if !self.take_if_it_fails(acts) {
                    at = end;
                }
            }
            len /= 2;
        }
    }

    fn simplify_acts(&mut self) {
        for index in 0..self.story.acts.len() {
            while let Some(simpler) = simpler(&self.story.acts[index]) {
                let mut acts = self.story.acts.clone();
                acts[index] = simpler;
                if !self.take_if_it_fails(acts) {
                    break;
                }
            }
        }
    }
}

/// All hosts that are spawned, in that order.
fn hosts_of(acts: &[Act]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let spawned = acts.iter().filter_map(|act| if let Act::Spawn(names) = act { Some(names) } else { None });
    spawned.flat_map(Names::iter).filter(|name| seen.insert(name.to_string())).map(ToString::to_string).collect()
}

/// The act without a host; `None` when it was about nobody else. Whoever joined through it joins through the substitute.
fn without(act: &Act, host: &str, substitute: &str) -> Option<Act> {
    let mut act = act.clone();
    match &mut act {
        Act::Put { host: own, .. }
        | Act::Delete { host: own, .. }
        | Act::Publish { host: own, .. }
        | Act::Presence { host: own, .. }
        | Act::Await { host: own, .. }
            if own == host =>
        {
            return None;
        }
        Act::Join { hosts, via } => {
            hosts.0.retain(|name| name != host);
            if via == host {
                *via = substitute.to_string();
                hosts.0.retain(|name| name != substitute);
            }
            return (!hosts.0.is_empty()).then_some(act);
        }
        Act::Partition(groups) => {
            groups.iter_mut().for_each(|group| group.0.retain(|name| name != host));
            groups.retain(|group| !group.0.is_empty());
            return (groups.len() > 1).then_some(act);
        }
        Act::Cut { from, to } | Act::Impair { from, to, .. } | Act::Mend { from, to } => {
            from.0.retain(|name| name != host);
            to.0.retain(|name| name != host);
            return (!from.0.is_empty() && !to.0.is_empty()).then_some(act);
        }
        Act::Spawn(hosts)
        | Act::Leave(hosts)
        | Act::Crash(hosts)
        | Act::Keep(hosts)
        | Act::Restart { hosts, .. }
        | Act::Readdress(hosts)
        | Act::Afflict { hosts, .. }
        | Act::Cure(hosts)
        | Act::Drift { hosts, .. }
        | Act::Leap { hosts, .. }
        | Act::Place { hosts, .. }
        | Act::Churn { hosts, .. }
        | Act::Expect { hosts, .. }
        | Act::Show(hosts) => {
            hosts.0.retain(|name| name != host);
            return (!hosts.0.is_empty()).then_some(act);
        }
        _ => {}
    }
    Some(act)
}

/// The act with less of something, if it can be had.
fn simpler(act: &Act) -> Option<Act> {
    let half = |time: &Duration| (*time >= Duration::from_millis(2)).then(|| Duration::from_millis(millis(*time) / 2));
    match act {
        Act::Run(time) => half(time).map(Act::Run),
        Act::Churn { hosts, lifetime, downtime, time } => {
            half(time).map(|time| Act::Churn { hosts: hosts.clone(), lifetime: *lifetime, downtime: *downtime, time })
        }
        Act::Network(network) => {
            let simpler = calmer(network);
            (simpler != *network).then_some(Act::Network(simpler))
        }
        Act::Config(Settings { preset, changes }) => {
            let (_, fewer) = changes.split_last()?;
            Some(Act::Config(Settings { preset: *preset, changes: fewer.to_vec() }))
        }
        _ => None,
    }
}

/// The network with one fault less.
fn calmer(network: &Network) -> Network {
    let lan = Network::lan();
    let mut calmer = network.clone();
    if network.bandwidth.is_some() {
        calmer.bandwidth = None;
    } else if network.corruption > 0.0 {
        calmer.corruption = 0.0;
    } else if network.reordering > 0.0 {
        calmer.reordering = 0.0;
    } else if network.duplication > 0.0 {
        calmer.duplication = 0.0;
    } else if network.loss != lan.loss {
        calmer.loss = lan.loss;
    } else if network.mtu != lan.mtu {
        calmer.mtu = lan.mtu;
    } else {
        calmer.latency = lan.latency;
    }
    calmer
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
