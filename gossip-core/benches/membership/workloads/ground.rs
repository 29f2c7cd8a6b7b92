//! What workloads have in common: how a world begins, what is seen in it, and chance.
use super::{Trial, figures::Findings};
use core::time::Duration;
use gossip_core::{
    Heap, Node,
    sim::{Death, HostId, Network, Truth, World},
};
use rand_core::Rng;
use rand_pcg::Pcg32;

/// How often a world is looked at while something is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(10);

impl Trial {
    /// A world of so many nodes, all of which have just been told to join through the first.
    pub(super) fn joining(&self, nodes: usize, network: Network) -> (World, Vec<HostId>) {
        let mut world = World::new(self.seed, network);
        world.set_scrutiny(self.scrutiny);
        let hosts: Vec<_> = (0..nodes).map(|n| world.spawn(&format!("n{n}"), self.config.clone())).collect();
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

/// Whether a node counts a host's as living.
pub(super) fn counts_in(world: &World, node: &Node<Heap>, host: HostId) -> bool {
    use gossip_core::Liveness::{Alive, Suspect};
    node.member(world.id(host)).is_some_and(|member| matches!(member.liveness, Alive | Suspect))
}

/// What all hosts have sent so far: datagrams, and their bytes without the headers of lower layers.
pub(super) fn sent(world: &World) -> (f64, f64) {
    let tallies = || world.hosts().map(|host| &world.traffic(host).sent);
    let sum = |of: fn(&gossip_core::sim::Tally) -> u64| tallies().map(of).sum::<u64>() as f64;
    (sum(|tally| tally.datagrams), sum(|tally| tally.bytes))
}

/// Sums up one counter of all nodes that live.
pub(super) fn counted(world: &World, of: fn(&gossip_core::Stats) -> u64) -> f64 {
    world.nodes().map(|node| of(node.stats())).sum::<u64>() as f64
}

/// Seconds since a moment.
pub(super) fn since(world: &World, start: gossip_core::Instant) -> f64 {
    world.now().saturating_duration_since(start).as_secs_f64()
}

/// Deaths that were told of members that live, as far as they are meant; the first few are noted.
pub(super) fn deaths(world: &World, findings: &mut Findings, meant: impl Fn(&Death) -> bool) -> f64 {
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
fn story_of(world: &World, death: &Death) -> String {
    let (by, of, id) = (world.name(death.by), world.name(death.of), world.id(death.of));
    let began = world.now().saturating_duration_since(death.at).as_secs_f64();
    let mut story = format!("{by} told {of} down ({:?}), {began:.3} s before the end", death.truth);
    let told = world.told(death.by).iter().filter(|(at, told)| told.about() == Some(id) && *at <= death.at);
    for (at, told) in told.rev().take(4) {
        story += &format!("; {:.3} s before that {told:?}", death.at.saturating_duration_since(*at).as_secs_f64());
    }
    story
}
