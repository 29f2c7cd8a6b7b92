//! Lifeguard's experiment (Dadgar, Phillips, Currey 2018, §V): some members are held up, again and again; the others must
//! not be blamed for it, and a real crash must not take longer to find.
//!
//! In the paper, what a member sends and receives is held up while its timers run on, so that it takes the others for
//! silent: `blocked`. A process that gets no processor stands still with its timers: `slow`.
//!
//! We crash one healthy member amid the pauses; the paper measures how long it takes to find those that pause. Pauses
//! begin together, as there.
use super::{
    Case, LAN, Outcome, PLAIN, Scope, Trial, Workload,
    cluster::Cluster,
    figures::{Findings, Judged, Sample},
    ground::{LOOK, deaths, is_false, pass_until, since},
};
use core::time::Duration;
use gossip_core::sim::{Ailment, HostId, Truth};

pub(super) const WORKLOAD: Workload = Workload { name: "slow", compares: true, seeds: 10, cases, across };

const AT_HEALTHY: &str = "false deaths at healthy";
const ANYWHERE: &str = "false deaths anywhere";
const OF_SLOW: &str = "deaths of slow at healthy";
const KNOWN: &str = "crash known to healthy s";
const BYTES: &str = "payload B/node/s";

const SLOW: [usize; 5] = [1, 4, 8, 16, 32];
const PAUSED: [u64; 5] = [128, 512, 2_000, 8_000, 32_000];
const AWAKE: [u64; 4] = [100, 500, 2_000, 8_000];

/// How long there are only pauses, and how long after the crash is counted.
const HALF: Duration = Duration::from_secs(60);
/// So long may a crash take to be found; one that is not found counts with this.
const LIMIT: Duration = Duration::from_secs(180);

/// How a member is held up.
#[derive(Clone, Copy)]
enum Kind {
    Slow,
    Blocked,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Slow, Self::Blocked];

    const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Blocked => "blocked",
        }
    }

    const fn ailment(self, awake: Duration, paused: Duration) -> Ailment {
        match self {
            Self::Slow => Ailment::Slow { awake, paused },
            Self::Blocked => Ailment::Blocked { open: awake, shut: paused },
        }
    }
}

fn cases(scope: &Scope) -> Vec<Case> {
    Kind::ALL.into_iter().flat_map(|kind| cases_of(kind, scope)).collect()
}

fn cases_of(kind: Kind, scope: &Scope) -> Vec<Case> {
    let of = |(nodes, slow, paused): (usize, usize, u64)| Case {
        name: format!("{}, N = {nodes}, C = {slow}, D = {paused} ms", kind.name()),
        nodes,
        loss: 0.0,
        seeds_max: u64::MAX,
        bounds: Vec::new(),
        play: Box::new(move |trial| play(trial, kind, nodes, slow, Duration::from_millis(paused))),
    };
    let mut cases = Vec::new();
    for nodes in scope.sizes(&[128]) {
        for slow in SLOW.into_iter().filter(|slow| slow * 2 < nodes) {
            cases.extend(PAUSED.map(|paused| of((nodes, slow, paused))));
        }
    }
    cases
}

/// One world for each time awake.
fn play(trial: &Trial, kind: Kind, nodes: usize, slow: usize, paused: Duration) -> Findings {
    let mut findings = Findings::default();
    for awake in AWAKE.map(Duration::from_millis) {
        let (mut world, hosts) = trial.settled_cluster(nodes);
        let world = &mut *world;
        let mut dice = trial.dice(2);
        let drawn = dice.some(&hosts, slow + 1);
        let (victim, slow) = drawn.split_last().unwrap_or_else(|| unreachable!("one at least is drawn"));
        let (start, before) = (world.now(), world.sent().1);
        slow.iter().for_each(|&host| world.afflict(host, kind.ailment(awake, paused)));
        // Amid a pause or between two.
        world.run_for(HALF + dice.within(HALF / 4));
        world.crash(*victim);
        let known = pass_until(world, LOOK, HALF, |world| is_known(world, slow, *victim));
        world.run_for(HALF.saturating_sub(known.unwrap_or(HALF)));
        findings.add(BYTES, (world.sent().1 - before) / (nodes as f64 * since(world, start)));
        let of_slow = world.measures().deaths().filter(|death| death.truth == Truth::OfAiling);
        findings.add(OF_SLOW, of_slow.filter(|death| !slow.contains(&death.by)).count() as f64);
        let told = deaths(world, &mut findings, is_false);
        findings.add(AT_HEALTHY, told);
        let anywhere = world.measures().deaths().filter(|death| !slow.contains(&death.of)).count();
        findings.add(ANYWHERE, anywhere as f64);
        let known = known.or_else(|| {
            let later = pass_until(world, LOOK, LIMIT.saturating_sub(HALF), |world| is_known(world, slow, *victim));
            later.map(|later| HALF + later)
        });
        findings.add(KNOWN, known.unwrap_or(LIMIT).as_secs_f64());
    }
    findings
}

/// Whether all that are well have given up a host.
fn is_known(world: &dyn Cluster, slow: &[HostId], victim: HostId) -> bool {
    world.live().into_iter().filter(|host| !slow.contains(host)).all(|by| !world.counts(by, victim))
}

/// What the paper claims for all three of its parts together, with the same worlds under plain SWIM, of each kind: a
/// hundredth of the false deaths at healthy members, a crash found sooner, and no more bytes.
fn across(outcomes: &[Outcome]) -> Vec<Judged> {
    Kind::ALL.into_iter().flat_map(|kind| across_kind(kind, outcomes)).collect()
}

fn across_kind(kind: Kind, outcomes: &[Outcome]) -> Vec<Judged> {
    let all = |preset: &str, figure: &str| {
        let of = outcomes.iter().filter(|outcome| outcome.case.starts_with(kind.name()) && outcome.preset == preset);
        Sample::of(of.flat_map(|outcome| outcome.pool.sample(figure).values().iter().copied()).collect())
    };
    let ratio =
        |figure: &str, of: fn(&Sample) -> f64| Some(of(&all(LAN, figure)?) / of(&all(PLAIN, figure)?).max(1e-9));
    let judge = |what: &str, ratio: Option<f64>, most| {
        ratio.map(|value| Judged { what: format!("{}: {what}, ours to plain SWIM's", kind.name()), value, most })
    };
    let judged = [
        judge("false deaths at healthy members", ratio(AT_HEALTHY, Sample::sum), 0.01),
        judge("median time until a crash is known", ratio(KNOWN, |times| times.percentile(50)), 0.57),
        judge("bytes", ratio(BYTES, Sample::mean), 0.98),
    ];
    judged.into_iter().flatten().collect()
}
