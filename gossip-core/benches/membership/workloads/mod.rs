//! What a failure detector must do, in numbers and in virtual time: workloads, each with the bounds that it is held to.
//!
//! Two run them: `benches/membership` at length, with all figures; `tests/detection.rs` a few seeds of each, small.
//!
//! | to see or change | look in |
//! |---|---|
//! | what is measured of each workload, and its bounds | the file of that name |
//! | how figures of many runs are pooled and judged | `figures.rs` |
//! | how a world is set up, and chance | `ground.rs` |
//! | what it takes for a detector to be compared | `cluster.rs` |
pub(crate) mod figures;
mod cluster;
mod ground;

mod crash;
mod false_deaths;
mod gray;
mod idle;
mod join;
mod partition;
mod restarts;
mod slow;

use core::time::Duration;
use figures::{Bound, Findings, Judged, Pool};
use gossip_core::{
    Config,
    sim::{Scrutiny, plain_swim},
};

/// A detector, and how it is set up.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) detector: fn() -> Detector,
    pub(crate) held: Held,
}

/// Whether bounds are for a preset, or it is there to compare with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    ToBounds,
    ForComparison,
}

/// What finds out who is gone.
#[derive(Clone)]
pub(crate) enum Detector {
    Ours(Config),
    PlainSwim(plain_swim::Settings),
}

/// All presets.
pub(crate) fn presets() -> Vec<Preset> {
    vec![
        Preset { name: LAN, detector: || Detector::Ours(Config::lan()), held: Held::ToBounds },
        Preset {
            name: PLAIN,
            detector: || Detector::PlainSwim(plain_swim::Settings::lan()),
            held: Held::ForComparison,
        },
    ]
}

const LAN: &str = "lan";
/// SWIM as it was published, to compare with.
const PLAIN: &str = "plain";

/// How much of a workload is wanted.
pub(crate) struct Scope {
    /// Of which sizes; none named, of those for which bounds are stated.
    pub(crate) nodes: Vec<usize>,
    /// At which shares of losses; none named, at those for which bounds are stated.
    pub(crate) losses: Vec<f64>,
    pub(crate) seeds: core::ops::Range<u64>,
    /// How many node-days without a false death, over all seeds; a tenth of them where losses are heavy.
    pub(crate) days: f64,
}

impl Scope {
    fn sizes(&self, stated: &[usize]) -> Vec<usize> {
        if self.nodes.is_empty() { stated.to_vec() } else { self.nodes.clone() }
    }

    fn losses(&self, stated: &[f64]) -> Vec<f64> {
        if self.losses.is_empty() { stated.to_vec() } else { self.losses.clone() }
    }
}

/// Something that a cluster goes through.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Whether plain SWIM goes through it too, to compare with. What it does not do at all is no comparison.
    pub(crate) compares: bool,
    /// How many seeds tell enough.
    pub(crate) seeds: u64,
    pub(crate) cases: fn(&Scope) -> Vec<Case>,
    /// What must hold of its cases together, once all have run.
    pub(crate) across: fn(&[Outcome]) -> Vec<Judged>,
}

impl Workload {
    /// The detectors that go through it.
    pub(crate) fn presets(&self) -> impl Iterator<Item = Preset> {
        presets().into_iter().filter(|preset| self.compares || preset.held == Held::ToBounds)
    }
}

/// All workloads.
pub(crate) fn workloads() -> Vec<Workload> {
    vec![
        idle::WORKLOAD,
        join::WORKLOAD,
        crash::WORKLOAD,
        false_deaths::WORKLOAD,
        slow::WORKLOAD,
        gray::WORKLOAD,
        partition::WORKLOAD,
        restarts::WORKLOAD,
    ]
}

/// One variant of a workload: it is played once for each seed.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) nodes: usize,
    pub(crate) loss: f64,
    /// Where one run takes minutes, a few must do.
    pub(crate) seeds_max: u64,
    pub(crate) bounds: Vec<Bound>,
    pub(crate) play: Box<dyn Fn(&Trial) -> Findings + Send + Sync>,
}

/// One run of a case.
pub(crate) struct Trial {
    pub(crate) detector: Detector,
    pub(crate) seed: u64,
    pub(crate) scrutiny: Scrutiny,
}

impl Trial {
    fn probe_interval(&self) -> Duration {
        match &self.detector {
            Detector::Ours(config) => config.probe_interval,
            Detector::PlainSwim(settings) => settings.probe_interval,
        }
    }
}

/// What all runs of one case found, of one preset.
pub(crate) struct Outcome {
    pub(crate) case: String,
    pub(crate) preset: &'static str,
    pub(crate) nodes: usize,
    pub(crate) loss: f64,
    pub(crate) pool: Pool,
}

/// Nothing more than what each case says for itself.
fn nothing_across(_: &[Outcome]) -> Vec<Judged> {
    Vec::new()
}
