//! What is measured, one cell at a time: a contestant, a size, a loss, and a seed.
mod calm;
mod crashes;
mod idle;
mod joining;

use crate::{contest::Moment, contestants::Peer};
use clap::ValueEnum;

/// A workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// All join at once.
    W1,
    /// Nothing happens.
    W2,
    /// Some crash.
    W3Crashes,
    /// Nobody crashes, and datagrams are lost.
    W3Calm,
}

/// What a workload is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    /// How many nodes.
    pub(crate) size: usize,
    /// How many of a hundred packets are lost.
    pub(crate) loss_percent: u8,
    /// How many nodes are killed.
    pub(crate) killed: usize,
}

/// Named figures, in the order of the table. `None`: it did not come to that.
pub(crate) type Figures = Vec<(&'static str, Option<f64>)>;

impl Workload {
    /// Runs one cell.
    pub(crate) fn run(self, peer: Peer, case: Case, seed: u64) -> Figures {
        let mut cluster = crate::contestants::build(peer, case.size, seed);
        match self {
            Self::W1 => joining::run(&mut *cluster, case),
            Self::W2 => idle::run(&mut *cluster, case),
            Self::W3Crashes => crashes::run(&mut *cluster, case, seed),
            Self::W3Calm => calm::run(&mut *cluster, case),
        }
    }
}

/// A count as a figure.
fn figure(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

/// Seconds between two moments.
fn seconds(from: Moment, until: Moment) -> f64 {
    until.saturating_sub(from).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Case = Case { size: 8, loss_percent: 0, killed: 0 };

    fn value(figures: &Figures, name: &str) -> Option<f64> {
        figures.iter().find(|(other, _)| *other == name).expect("a figure of that name").1
    }

    #[test]
    fn everybody_joins_notices_a_crash_and_accuses_nobody() {
        for peer in Peer::ALL {
            let joined = Workload::W1.run(peer, SMALL, 1);
            // One of memberlist's, whose chance has no seed, may miss the news of another until they exchange everything.
            assert!(value(&joined, "t50 s").is_some_and(|at| at < 20.0), "{peer:?}: {joined:?}");
            assert!(value(&joined, "t100 s").is_some(), "{peer:?}: {joined:?}");
            let crash = |seed| Workload::W3Crashes.run(peer, Case { killed: 2, ..SMALL }, seed);
            let crashed = crash(1);
            assert!(value(&crashed, "all know s").is_some_and(|at| (1.0..60.0).contains(&at)), "{peer:?}: {crashed:?}");
            // Likewise, one of memberlist's may now and then take another for dead while two are missing: not time and again.
            let tries = if matches!(peer, Peer::Memberlist | Peer::MemberlistGo) { 3 } else { 1 };
            let accuses_nobody = |figures: &Figures| value(figures, "false verdicts") == Some(0.0);
            let clean = accuses_nobody(&crashed) || (2..=tries).any(|seed| accuses_nobody(&crash(seed)));
            assert!(clean, "{peer:?}: {crashed:?}");
            let calm = Workload::W3Calm.run(peer, SMALL, 1);
            assert_eq!(value(&calm, "false verdicts"), Some(0.0), "{peer:?}");
            assert_eq!(value(&calm, "pairs missing at the end"), Some(0.0), "{peer:?}");
        }
    }

    #[test]
    fn whoever_loses_its_first_words_joins_all_the_same() {
        let lossy = Case { size: 16, loss_percent: 25, killed: 0 };
        for peer in [Peer::Gossip, Peer::GossipPlain, Peer::Foca] {
            for seed in 1..=3 {
                let joined = Workload::W1.run(peer, lossy, seed);
                assert!(value(&joined, "t99 s").is_some(), "{peer:?} {seed}: {joined:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let lossy = Case { size: 16, loss_percent: 25, killed: 2 };
        for peer in [Peer::Gossip, Peer::Foca] {
            for workload in [Workload::W1, Workload::W2, Workload::W3Crashes] {
                let run = |seed| workload.run(peer, lossy, seed);
                assert_eq!(run(1), run(1), "{peer:?} {workload:?}");
                assert_ne!(run(1), run(2), "{peer:?} {workload:?}: the seed is not used");
            }
        }
    }
}
