//! What workloads have in common: how a world begins, what is seen in it, and chance.
use super::{Detector, Trial, cluster::Cluster, figures::Findings};
use core::time::Duration;
use gossip_core::sim::{Death, HostId, Network, Truth, World, plain_swim};
use rand_core::Rng;
use rand_pcg::Pcg32;

/// How often a world is looked at while something is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(10);

impl Trial {
    /// A world of so many nodes of ours, all of which have just been told to join through the first.
    pub(super) fn joining(&self, nodes: usize, network: Network) -> (World, Vec<HostId>) {
        let Detector::Ours(config) = &self.detector else { unreachable!("this is no comparison") };
        let mut world = World::new(self.seed, network);
        world.set_scrutiny(self.scrutiny);
        let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("n{n}"), config.clone())).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        (world, hosts)
    }

    /// The same, once all agree and some calm has passed, on a network that loses nothing.
    pub(super) fn settled(&self, nodes: usize) -> (World, Vec<HostId>) {
        let (mut world, hosts) = self.joining(nodes, Network::lan());
        let settled = world.settle(Duration::from_secs(600));
        assert!(settled.is_some(), "seed {}: {nodes} nodes do not agree after ten minutes", self.seed);
        world.run_for(Duration::from_secs(5));
        (world, hosts)
    }

    /// The same, whichever detector it is. Those of plain SWIM are told of each other, since that leaves open how a group comes about.
    pub(super) fn settled_cluster(&self, nodes: usize) -> (Box<dyn Cluster>, Vec<HostId>) {
        match &self.detector {
            Detector::Ours(_) => {
                let (world, hosts) = self.settled(nodes);
                (Box::new(world), hosts)
            }
            Detector::PlainSwim(settings) => {
                let mut world = plain_swim::World::new(self.seed, Network::lan(), settings.clone());
                let hosts = (0..nodes).map(|n| world.spawn(&format!("n{n}"))).collect();
                world.acquaint();
                world.run_for(Duration::from_secs(5));
                (Box::new(world), hosts)
            }
        }
    }

    /// Chance for one purpose, apart from the world's own.
    pub(super) fn dice(&self, purpose: u64) -> Dice {
        Dice(Pcg32::new(self.seed, purpose))
    }
}

/// Chance.
pub(super) struct Dice(Pcg32);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0.next_u64() % bound).unwrap_or(0)
    }

    /// So many hosts, each but once.
    pub(super) fn some(&mut self, hosts: &[HostId], count: usize) -> Vec<HostId> {
        let mut hosts = hosts.to_vec();
        let count = count.min(hosts.len());
        for at in 0..count {
            let other = at + self.below(hosts.len() - at);
            hosts.swap(at, other);
        }
        hosts.truncate(count);
        hosts
    }

    /// A moment within `time`, in milliseconds: what happens must not keep time with the nodes' periods.
    pub(super) fn within(&mut self, time: Duration) -> Duration {
        let millis = usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
        Duration::from_millis(u64::try_from(self.below(millis)).unwrap_or(0))
    }
}

/// Whether every live node sees as many as live.
pub(super) fn all_full(world: &World) -> bool {
    let live = world.live().count();
    world.nodes().all(|node| node.live() == live)
}

/// Lets time pass until `done`, at which it looks every so often, and says how much did; `None` when it was not within `limit`.
pub(super) fn pass_until(
    world: &mut dyn Cluster,
    look: Duration,
    limit: Duration,
    mut done: impl FnMut(&dyn Cluster) -> bool,
) -> Option<Duration> {
    let start = world.now();
    let end = start + limit;
    while !done(world) {
        if world.now() >= end {
            return None;
        }
        world.run_for(look.min(end.saturating_duration_since(world.now())));
    }
    Some(world.now().saturating_duration_since(start))
}

/// Seconds since a moment.
pub(super) fn since(world: &dyn Cluster, start: gossip_core::Instant) -> f64 {
    world.now().saturating_duration_since(start).as_secs_f64()
}

/// Deaths that were told of members that live, as far as they are meant; the first few are noted.
pub(super) fn deaths(world: &dyn Cluster, findings: &mut Findings, meant: impl Fn(&Death) -> bool) -> f64 {
    let told: Vec<_> = world.measures().deaths().filter(|death| meant(death)).collect();
    for death in told.iter().take(3) {
        findings.note(story_of(world, death));
    }
    told.len() as f64
}

/// No excuse: both were well, and nothing was between them.
pub(super) fn is_false(death: &Death) -> bool {
    death.truth == Truth::False
}

/// What was told of a member around its death, as far as it was kept.
fn story_of(world: &dyn Cluster, death: &Death) -> String {
    let (by, of) = (world.name(death.by), world.name(death.of));
    let began = world.now().saturating_duration_since(death.at).as_secs_f64();
    let told = format!("{by} told {of} down ({:?}), {began:.3} s before the end", death.truth);
    told + &world.told_before(death)
}
