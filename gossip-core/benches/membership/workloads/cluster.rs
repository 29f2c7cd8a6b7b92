//! What a workload does to a cluster and sees of it, whichever detector its nodes have.
use core::time::Duration;
use gossip_core::{
    Instant, Stats,
    sim::{Ailment, Death, HostId, Impairment, Measures, Memory, Network, Way, World, plain_swim},
};

/// Nodes of one kind on a simulated network.
pub(super) trait Cluster {
    fn now(&self) -> Instant;
    fn run_for(&mut self, time: Duration);
    fn set_network(&mut self, network: Network);
    fn crash(&mut self, host: HostId);
    /// Starts a crashed node again, which remembers nothing, and joins through another.
    fn replace(&mut self, host: HostId, seed: HostId);
    /// Lets time pass until all know all, and says how much did; `None` when they do not within `limit`.
    fn settle(&mut self, limit: Duration) -> Option<Duration>;
    fn afflict(&mut self, host: HostId, ailment: Ailment);
    fn impair(&mut self, from: HostId, to: HostId, impairment: Impairment);
    fn mend(&mut self, from: HostId, to: HostId);
    fn impair_way(&mut self, host: HostId, way: Way, impairment: Impairment);
    fn mend_ways(&mut self, host: HostId);
    /// The hosts whose nodes live.
    fn live(&self) -> Vec<HostId>;
    fn name(&self, host: HostId) -> &str;
    /// Whether a host's node, if it lives, counts another's as living.
    fn counts(&self, by: HostId, of: HostId) -> bool;
    fn measures(&self) -> &Measures;
    /// What all have sent so far: datagrams, and their bytes without the headers of lower layers.
    fn sent(&self) -> (f64, f64);
    /// How many suspicions those that live raised themselves, and how many of themselves they contradicted.
    fn suspicions(&self) -> (f64, f64);
    /// What was told of a member before its death, as far as it was kept.
    fn told_before(&self, death: &Death) -> String;
}

/// What the worlds of both kinds have under the same names.
macro_rules! as_any_world {
    () => {
        fn now(&self) -> Instant {
            self.now()
        }

        fn run_for(&mut self, time: Duration) {
            self.run_for(time);
        }

        fn set_network(&mut self, network: Network) {
            self.set_network(network);
        }

        fn crash(&mut self, host: HostId) {
            self.crash(host);
        }

        fn afflict(&mut self, host: HostId, ailment: Ailment) {
            self.afflict(host, ailment);
        }

        fn impair(&mut self, from: HostId, to: HostId, impairment: Impairment) {
            self.impair(from, to, impairment);
        }

        fn mend(&mut self, from: HostId, to: HostId) {
            self.mend(from, to);
        }

        fn impair_way(&mut self, host: HostId, way: Way, impairment: Impairment) {
            self.impair_way(host, way, impairment);
        }

        fn mend_ways(&mut self, host: HostId) {
            self.mend_ways(host);
        }

        fn live(&self) -> Vec<HostId> {
            self.live().collect()
        }

        fn name(&self, host: HostId) -> &str {
            self.name(host)
        }

        fn measures(&self) -> &Measures {
            self.measures()
        }
    };
}

impl Cluster for World {
    as_any_world!();

    fn replace(&mut self, host: HostId, seed: HostId) {
        self.restart(host, Memory::Lost);
        self.join(host, seed);
    }

    fn settle(&mut self, limit: Duration) -> Option<Duration> {
        self.settle(limit)
    }

    fn counts(&self, by: HostId, of: HostId) -> bool {
        use gossip_core::Liveness::{Alive, Suspect};
        let member = self.node(by).and_then(|node| node.member(self.id(of)));
        member.is_some_and(|member| matches!(member.liveness, Alive | Suspect))
    }

    fn sent(&self) -> (f64, f64) {
        let tallies = self.hosts().map(|host| &self.traffic(host).sent);
        total(tallies.map(|tally| (tally.datagrams, tally.bytes)))
    }

    fn suspicions(&self) -> (f64, f64) {
        let of = |stats: &Stats| (stats.suspicions_raised, stats.refutations);
        total(self.nodes().map(|node| of(node.stats())))
    }

    fn told_before(&self, death: &Death) -> String {
        let id = self.id(death.of);
        let told = self.told(death.by).iter().filter(|(at, told)| told.about() == Some(id) && *at <= death.at);
        let before = |at: &Instant| death.at.saturating_duration_since(*at).as_secs_f64();
        told.rev().take(4).map(|(at, told)| format!("; {:.3} s before that {told:?}", before(at))).collect()
    }
}

impl Cluster for plain_swim::World {
    as_any_world!();

    fn replace(&mut self, host: HostId, seed: HostId) {
        self.restart(host);
        self.join(host, seed);
    }

    fn settle(&mut self, limit: Duration) -> Option<Duration> {
        let (start, end) = (self.now(), self.now() + limit);
        let all_know_all = |world: &Self| world.live().all(|by| world.live().all(|of| world.counts(by, of)));
        while !all_know_all(self) {
            if self.now() >= end {
                return None;
            }
            self.run_for(Duration::from_millis(100));
        }
        Some(self.now().saturating_duration_since(start))
    }

    fn counts(&self, by: HostId, of: HostId) -> bool {
        self.counts(by, of)
    }

    fn sent(&self) -> (f64, f64) {
        total(self.hosts().map(|host| self.sent(host)))
    }

    fn suspicions(&self) -> (f64, f64) {
        let nodes = self.live().filter_map(|host| self.node(host));
        total(nodes.map(|node| (node.suspicions_raised(), node.refutations())))
    }

    /// Whoever compares wants the number alone.
    fn told_before(&self, _: &Death) -> String {
        String::new()
    }
}

fn total(counts: impl Iterator<Item = (u64, u64)>) -> (f64, f64) {
    let (first, second) = counts.fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1));
    (first as f64, second as f64)
}
