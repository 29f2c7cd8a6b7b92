//! What a story has shown, in figures: the same for the table, the JSON and the page.
//!
//! Nothing in here depends on the machine, the wall's clock or a path.
use super::figures::{Dist, Progress, Timeline, seconds};
use core::time::Duration;
use gossip_core::sim::{
    Crash, HostId, News, Scrutiny, Tally, Traffic,
    story::{Act, Ended, Outcome, Sample, Story},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a story has shown. Times are in seconds of the story.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Findings {
    pub(super) seed: u64,
    pub(super) ended: &'static str,
    /// What was wrong, in which act, the first being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Wrong>,
    pub(super) nodes: usize,
    pub(super) oracles: &'static str,
    pub(super) time: f64,
    pub(super) events: u64,
    pub(super) trace: String,
    pub(super) joined: Option<Joined>,
    pub(super) at_the_end: Standing,
    /// In which share of the time all that lived saw all, knew the same, claimed agreement.
    pub(super) shares_of_time: Shares,
    pub(super) rumors: Telling,
    /// Rumor frames received for each delivery.
    pub(super) rumor_copies: Option<f64>,
    pub(super) writes: Telling,
    pub(super) crashes: Vec<CrashSeen>,
    /// How long after a crash others were told of it, all crashes taken together.
    pub(super) detections: Option<Dist>,
    pub(super) false_suspicions: u64,
    pub(super) false_deaths: u64,
    /// Datagrams and bytes sent a live node and second.
    pub(super) cost: Rate,
    /// The same, while all agreed.
    pub(super) cost_at_rest: Option<Rate>,
    /// Bytes sent a second, by node.
    pub(super) bytes_per_second_by_node: Option<Dist>,
    pub(super) datagrams: Datagrams,
    pub(super) frames: Vec<Frames>,
    pub(super) timeline: Timeline,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) log: Vec<String>,
    pub(super) story: String,
    #[serde(skip)]
    pub(super) by_host: Vec<f64>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Wrong {
    pub(super) act: usize,
    pub(super) doing: String,
    pub(super) what: String,
}

/// How long it took until nodes saw all that lived, from the first `join`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Joined {
    pub(super) nodes: usize,
    pub(super) median: f64,
    pub(super) last: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Standing {
    pub(super) live: usize,
    pub(super) see_all: usize,
    pub(super) know_the_same: usize,
    pub(super) claim_agreement: usize,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Shares {
    pub(super) see_all: f64,
    pub(super) know_the_same: f64,
    pub(super) claim_agreement: f64,
}

/// How news of one kind spread.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Telling {
    pub(super) count: usize,
    /// How many of them reached as many nodes as lived when they were given out.
    pub(super) reached_all: usize,
    /// How long after they were given out nodes were told, all taken together.
    pub(super) told: Option<Dist>,
    /// Of each, how it spread.
    #[serde(skip)]
    pub(super) each: Vec<Progress>,
}

/// A crash, and who was told of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CrashSeen {
    pub(super) host: String,
    pub(super) at: f64,
    /// How many lived on, and did not crash in their turn before they were told.
    pub(super) others: usize,
    pub(super) told: usize,
    pub(super) first: Option<f64>,
    /// When a half of the others, and when all of them had been told.
    pub(super) median: Option<f64>,
    pub(super) all: Option<f64>,
    #[serde(skip)]
    pub(super) progress: Progress,
}

/// What a live node sends in a second.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rate {
    pub(super) datagrams: f64,
    pub(super) bytes: f64,
    /// In how many seconds of the story it was so.
    pub(super) over: f64,
}

/// What became of the datagrams.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Datagrams {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) bytes_sent: u64,
    pub(super) lost_by_chance: u64,
    pub(super) lost_to_cuts: u64,
    pub(super) lost_as_too_long: u64,
    pub(super) lost_to_full_queues: u64,
    pub(super) lost_to_nobody: u64,
}

/// The frames of one kind that were sent.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Frames {
    pub(super) kind: &'static str,
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

impl Findings {
    /// Draws them from what happened. The log is among them if it is given.
    pub(super) fn new(story: &Story, outcome: &Outcome, samples: &[Sample], log: &[String]) -> Self {
        let measures = &outcome.measures;
        let crashes = crashes(outcome);
        let rumors = Telling::new(outcome, |news| matches!(news, News::Rumor(_)));
        let writes = Telling::new(outcome, |news| matches!(news, News::Write(_)));
        let frames = frames_of(outcome, |traffic| &traffic.sent);
        let received = frames_of(outcome, |traffic| &traffic.received);
        let rumor_frames = received.iter().filter(|frames| frames.kind == "Rumor").map(|frames| frames.frames).sum();
        let deliveries: usize = rumors.each.iter().map(|progress| progress.times.len()).sum();
        let time = outcome.time.as_secs_f64();
        let by_host: Vec<f64> = outcome.hosts.iter().map(|(_, traffic)| ratio(traffic.sent.bytes, time)).collect();
        Self {
            seed: story.seed,
            ended: match outcome.ended {
                Ended::Well => "well",
                Ended::Badly { .. } => "badly",
                Ended::Stopped { .. } => "stopped",
            },
            failed: wrong(story, outcome),
            nodes: outcome.hosts.len(),
            oracles: if story.scrutiny == Scrutiny::Close { "close" } else { "loose" },
            time,
            events: outcome.events,
            trace: format!("{:016x}", outcome.trace.0),
            joined: joined(story, outcome, samples),
            at_the_end: samples.last().map(Standing::of).unwrap_or(Standing::NOBODY),
            shares_of_time: shares_of_time(samples),
            rumor_copies: (deliveries > 0).then(|| ratio(rumor_frames, deliveries as f64)),
            rumors,
            writes,
            detections: Dist::of(crashes.iter().flat_map(|crash| &crash.progress.times).map(seconds)),
            crashes,
            false_suspicions: measures.false_suspicions,
            false_deaths: measures.false_deaths,
            cost: rate(samples, |_| true).unwrap_or(Rate { datagrams: 0.0, bytes: 0.0, over: 0.0 }),
            cost_at_rest: rate(samples, is_at_rest),
            bytes_per_second_by_node: Dist::of(by_host.iter().copied()),
            datagrams: datagrams(outcome),
            frames,
            timeline: Timeline::new(samples),
            log: log.to_vec(),
            story: story.to_string(),
            by_host,
        }
    }
}

impl Standing {
    const NOBODY: Self = Self { live: 0, see_all: 0, know_the_same: 0, claim_agreement: 0 };

    const fn of(sample: &Sample) -> Self {
        Self {
            live: sample.live,
            see_all: sample.full,
            know_the_same: sample.agreeing,
            claim_agreement: sample.converged,
        }
    }

    /// Whether all that live are at one, and say so.
    pub(super) const fn is_at_one(self) -> bool {
        let Self { live, see_all, know_the_same, claim_agreement } = self;
        live > 0 && see_all == live && know_the_same == live && (claim_agreement == live || live == 1)
    }
}

impl Frames {
    /// The headers of datagrams, which are no frames, but bytes all the same.
    pub(super) const HEADERS: &'static str = "(headers)";
}

impl Telling {
    fn new(outcome: &Outcome, is_one: impl Fn(News) -> bool) -> Self {
        let spreads = outcome.measures.spreads().filter(|(news, _)| is_one(*news));
        let each: Vec<Progress> = spreads
            .map(|(_, spread)| {
                // Whoever is told anew in another life counts once; and whoever began it was not told.
                let mut first = BTreeMap::new();
                for &(host, time) in spread.known().iter().filter(|(host, _)| *host != spread.host) {
                    first.entry(host).or_insert(time);
                }
                Progress::new(first.into_values(), spread.live.saturating_sub(1))
            })
            .collect();
        Self {
            count: each.len(),
            reached_all: each.iter().filter(|progress| progress.all().is_some()).count(),
            told: Dist::of(each.iter().flat_map(|progress| &progress.times).map(seconds)),
            each,
        }
    }
}

impl CrashSeen {
    fn new(host: String, at: Duration, progress: Progress) -> Self {
        Self {
            host,
            at: seconds(&at),
            others: progress.whole,
            told: progress.times.len(),
            first: progress.nth(1).map(|time| seconds(&time)),
            median: progress.half().map(|time| seconds(&time)),
            all: progress.all().map(|time| seconds(&time)),
            progress,
        }
    }
}

fn crashes(outcome: &Outcome) -> Vec<CrashSeen> {
    let all: Vec<&Crash> = outcome.measures.crashes().collect();
    let seen = all.iter().enumerate().map(|(index, crash)| {
        let told: BTreeSet<HostId> = crash.known().iter().map(|(host, _)| *host).collect();
        // Who crashed later without having been told will not be told any more.
        let later: BTreeSet<HostId> = all[index + 1..].iter().map(|crash| crash.host).collect();
        let excused = later.iter().filter(|host| **host != crash.host && !told.contains(host)).count();
        let times = crash.known().iter().map(|(_, time)| *time);
        let progress = Progress::new(times, crash.others.saturating_sub(excused));
        let name = outcome.hosts.get(crash.host.index()).map(|(name, _)| name.clone()).unwrap_or_default();
        CrashSeen::new(name, crash.at.saturating_duration_since(outcome.began), progress)
    });
    seen.collect()
}

fn wrong(story: &Story, outcome: &Outcome) -> Option<Wrong> {
    let Ended::Badly { act, what } = &outcome.ended else { return None };
    let doing = story.acts.get(*act).map(ToString::to_string).unwrap_or_default();
    Some(Wrong { act: act + 1, doing, what: what.to_string() })
}

/// From the first `join` on, as finely as we looked.
fn joined(story: &Story, outcome: &Outcome, samples: &[Sample]) -> Option<Joined> {
    let act = story.acts.iter().position(|act| matches!(act, Act::Join { .. }))?;
    let began = *outcome.acts.get(act)?;
    let since = |wanted: fn(&Sample) -> bool| {
        let sample = samples.iter().find(|sample| sample.at >= began && sample.live > 1 && wanted(sample))?;
        Some((sample.live, seconds(&(sample.at - began))))
    };
    let (_, median) = since(|sample| 2 * sample.full >= sample.live)?;
    let (nodes, last) = since(|sample| sample.full == sample.live)?;
    Some(Joined { nodes, median, last })
}

fn shares_of_time(samples: &[Sample]) -> Shares {
    let share = |holds: fn(&Sample) -> bool| {
        let spans = samples.iter().zip(samples.iter().skip(1)).map(|(sample, next)| (sample, next.at - sample.at));
        let held: Duration = spans.filter(|(sample, _)| holds(sample)).map(|(_, time)| time).sum();
        let whole = samples.last().map(|sample| sample.at).unwrap_or_default();
        if whole.is_zero() { 0.0 } else { held.as_secs_f64() / whole.as_secs_f64() }
    };
    Shares {
        see_all: share(|sample| sample.full == sample.live),
        know_the_same: share(|sample| sample.agreeing == sample.live),
        claim_agreement: share(|sample| sample.converged == sample.live),
    }
}

/// What a live node sent in a second, over those times between two samples at both of which this holds.
fn rate(samples: &[Sample], holds: impl Fn(&Sample) -> bool) -> Option<Rate> {
    let (mut datagrams, mut bytes, mut node_seconds, mut over) = (0, 0, 0.0, Duration::ZERO);
    for (sample, next) in samples.iter().zip(samples.iter().skip(1)) {
        if holds(sample) && holds(next) {
            let time = next.at - sample.at;
            datagrams += next.datagrams - sample.datagrams;
            bytes += next.bytes - sample.bytes;
            node_seconds += time.as_secs_f64() * sample.live as f64;
            over += time;
        }
    }
    (node_seconds > 0.0).then(|| Rate {
        datagrams: ratio(datagrams, node_seconds),
        bytes: ratio(bytes, node_seconds),
        over: seconds(&over),
    })
}

fn is_at_rest(sample: &Sample) -> bool {
    Standing::of(sample).is_at_one()
}

fn datagrams(outcome: &Outcome) -> Datagrams {
    let mut sum = Datagrams::default();
    for (_, Traffic { sent, received, lost }) in &outcome.hosts {
        sum.sent += sent.datagrams;
        sum.received += received.datagrams;
        sum.bytes_sent += sent.bytes;
        sum.lost_by_chance += lost.by_chance;
        sum.lost_to_cuts += lost.cut;
        sum.lost_as_too_long += lost.too_long;
        sum.lost_to_full_queues += lost.queue_full;
        sum.lost_to_nobody += lost.nobody;
    }
    sum
}

/// The frames by kind, and what frames them; those with the most bytes first.
fn frames_of(outcome: &Outcome, tally: impl Fn(&Traffic) -> &Tally) -> Vec<Frames> {
    let mut kinds = BTreeMap::new();
    for (name, count) in outcome.hosts.iter().flat_map(|(_, traffic)| tally(traffic).kinds()) {
        let (frames, bytes) = kinds.entry(name).or_insert((0, 0));
        *frames += count.frames;
        *bytes += count.bytes;
    }
    let mut frames: Vec<Frames> =
        kinds.into_iter().map(|(kind, (frames, bytes))| Frames { kind, frames, bytes }).collect();
    let headers = outcome.hosts.iter().map(|(_, traffic)| tally(traffic).bytes).sum::<u64>()
        - frames.iter().map(|frames| frames.bytes).sum::<u64>();
    let datagrams = outcome.hosts.iter().map(|(_, traffic)| tally(traffic).datagrams).sum();
    frames.push(Frames { kind: Frames::HEADERS, frames: datagrams, bytes: headers });
    frames.retain(|frames| frames.frames > 0);
    frames.sort_by_key(|frames| core::cmp::Reverse(frames.bytes));
    frames
}

/// Counts beyond 2^53 are none that a simulation comes to.
fn ratio(count: u64, whole: f64) -> f64 {
    if whole > 0.0 { count as f64 / whole } else { 0.0 }
}
