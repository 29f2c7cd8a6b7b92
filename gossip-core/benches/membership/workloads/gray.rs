//! Nodes that are neither well nor dead: whoever cannot be relied on must go, and nobody else.
use super::{
    Case, Scope, Trial, Workload,
    cluster::Cluster,
    figures::{Bound, Findings},
    ground::{deaths, since},
    nothing_across,
};
use core::time::Duration;
use gossip_core::sim::{Ailment, HostId, Impairment, Loss, Way};

pub(super) const WORKLOAD: Workload =
    Workload { name: "gray", compares: true, seeds: 30, cases, across: nothing_across };

const BY_HEALTHY: &str = "deaths of healthy at healthy";
const BY_FAULTY: &str = "deaths of healthy at faulty";
const NOT_DOWN: &str = "views with a faulty one at the end";
const DOWN_FOR: &str = "counted down s, of 300";
const TIMES_DOWN: &str = "times told down";
const REMOVED: &str = "first given up by all after s";
const NEVER: &str = "never given up by all";

/// How long each case lasts, how often the world is looked at, and how often what flips does.
const TIME: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(100);
const FLIP: Duration = Duration::from_secs(20);
/// What a bad way loses.
const LOSS: Impairment = Impairment::Loss(Loss::Independent(0.8));

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Lossy(Way),
    FlappingIn,
    FlappingLink,
    Deaf,
    Mute,
}

fn cases(scope: &Scope) -> Vec<Case> {
    use Fault::{Deaf, FlappingIn, FlappingLink, Lossy, Mute};
    let faults = [
        (Lossy(Way::In), "80 % lost inward"),
        (Lossy(Way::Out), "80 % lost outward"),
        (FlappingIn, "way in cut every other 20 s"),
        (FlappingLink, "a link cut every other 20 s"),
        (Deaf, "deaf"),
        (Mute, "mute"),
    ];
    let of = |nodes: usize, (fault, name): (Fault, &str)| Case {
        name: format!("N = {nodes}, {name}"),
        nodes,
        loss: 0.0,
        seeds_max: u64::MAX,
        bounds: bounds(fault),
        play: Box::new(move |trial| play(trial, nodes, fault)),
    };
    scope.sizes(&[64, 256, 1_000]).into_iter().flat_map(|nodes| faults.map(|fault| of(nodes, fault))).collect()
}

fn bounds(fault: Fault) -> Vec<Bound> {
    match fault {
        Fault::FlappingLink => vec![Bound::never(BY_HEALTHY)],
        _ => vec![Bound::never(BY_HEALTHY), Bound::never(NOT_DOWN)],
    }
}

fn play(trial: &Trial, nodes: usize, fault: Fault) -> Findings {
    let (mut world, hosts) = trial.settled_cluster(nodes);
    let world = &mut *world;
    let mut dice = trial.dice(3);
    world.run_for(dice.within(trial.probe_interval()));
    let drawn = dice.some(&hosts, (nodes / 100).max(1).max(if fault == Fault::FlappingLink { 2 } else { 1 }));
    // Of a bad link, neither end is to blame.
    let faulty: &[HostId] = if fault == Fault::FlappingLink { &[] } else { &drawn };
    let healthy: Vec<HostId> = hosts.iter().copied().filter(|host| !faulty.contains(host)).collect();
    let mut watch = Watch { down_for: vec![Duration::ZERO; healthy.len() * faulty.len()], removed_after: None };
    let start = world.now();
    for round in 0..TIME.as_secs() / FLIP.as_secs() {
        begin_round(world, fault, &drawn, round);
        for _ in 0..FLIP.as_millis() / LOOK.as_millis() {
            world.run_for(LOOK);
            watch.look(world, &healthy, faulty, since(world, start));
        }
    }
    let mut findings = Findings::default();
    let told = deaths(world, &mut findings, |death| healthy.contains(&death.of) && healthy.contains(&death.by));
    findings.add(BY_HEALTHY, told);
    let by_faulty = world.measures().deaths().filter(|death| healthy.contains(&death.of) && faulty.contains(&death.by));
    findings.add(BY_FAULTY, by_faulty.count() as f64);
    if !faulty.is_empty() {
        watch.conclude(world, &healthy, faulty, &mut findings);
    }
    findings
}

/// What lasts begins with the first round; what flips begins cut, and since their number is odd it ends so.
fn begin_round(world: &mut dyn Cluster, fault: Fault, drawn: &[HostId], round: u64) {
    let cuts = round.is_multiple_of(2);
    let each = |world: &mut dyn Cluster, act: &dyn Fn(&mut dyn Cluster, HostId)| {
        drawn.iter().for_each(|&host| act(world, host))
    };
    match fault {
        Fault::Lossy(way) if round == 0 => each(world, &|world, host| world.impair_way(host, way, LOSS)),
        Fault::Deaf if round == 0 => each(world, &|world, host| world.afflict(host, Ailment::Deaf)),
        Fault::Mute if round == 0 => each(world, &|world, host| world.afflict(host, Ailment::Mute)),
        Fault::Lossy(_) | Fault::Deaf | Fault::Mute => {}
        Fault::FlappingIn if cuts => each(world, &|world, host| world.impair_way(host, Way::In, Impairment::Cut)),
        Fault::FlappingIn => each(world, &|world, host| world.mend_ways(host)),
        Fault::FlappingLink => {
            for (from, to) in [(drawn[0], drawn[1]), (drawn[1], drawn[0])] {
                if cuts { world.impair(from, to, Impairment::Cut) } else { world.mend(from, to) }
            }
        }
    }
}

/// Who counted whom down, and for how long.
struct Watch {
    /// For each healthy host and each faulty one.
    down_for: Vec<Duration>,
    /// When for the first time none of the healthy counted any of the faulty, in seconds.
    removed_after: Option<f64>,
}

impl Watch {
    fn look(&mut self, world: &dyn Cluster, healthy: &[HostId], faulty: &[HostId], at: f64) {
        let mut counted = 0;
        for (pair, time) in pairs(healthy, faulty).zip(&mut self.down_for) {
            if is_counted(world, pair) { counted += 1 } else { *time += LOOK }
        }
        if counted == 0 && self.removed_after.is_none() {
            self.removed_after = Some(at);
        }
    }

    fn conclude(&self, world: &dyn Cluster, healthy: &[HostId], faulty: &[HostId], findings: &mut Findings) {
        self.down_for.iter().for_each(|time| findings.add(DOWN_FOR, time.as_secs_f64()));
        let counted: Vec<_> = pairs(healthy, faulty).filter(|pair| is_counted(world, *pair)).collect();
        findings.add(NOT_DOWN, counted.len() as f64);
        for &(by, of) in counted.iter().take(3) {
            findings.note(format!("{} counts {} in the end", world.name(by), world.name(of)));
        }
        let told = world.measures().deaths().filter(|death| faulty.contains(&death.of) && healthy.contains(&death.by));
        findings.add(TIMES_DOWN, told.count() as f64 / self.down_for.len() as f64);
        if let Some(after) = self.removed_after {
            findings.add(REMOVED, after);
        }
        findings.add(NEVER, if self.removed_after.is_none() { 1.0 } else { 0.0 });
    }
}

fn pairs<'a>(healthy: &'a [HostId], faulty: &'a [HostId]) -> impl Iterator<Item = (HostId, HostId)> + 'a {
    healthy.iter().flat_map(|&by| faulty.iter().map(move |&of| (by, of)))
}

fn is_counted(world: &dyn Cluster, (by, of): (HostId, HostId)) -> bool {
    world.counts(by, of)
}
