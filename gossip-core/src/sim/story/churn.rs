//! How the hosts of a story come and go by chance.
use super::{
    Failed, Names, Sample,
    run::{Broken, Teller},
};
use crate::{
    sim::{HostId, Memory, network},
    storage::Storage,
    time::Instant,
};
use alloc::{collections::BinaryHeap, string::ToString};
use core::{cmp::Reverse, ops::ControlFlow, time::Duration};

impl<S: Storage, W: FnMut(&Sample) -> ControlFlow<(), Duration>> Teller<S, W> {
    /// Crashes and restarts, each host on its own, after exponentially distributed times; in the end, all run again.
    pub(super) fn churn(
        &mut self,
        names: &Names,
        lifetime: Duration,
        downtime: Duration,
        time: Duration,
    ) -> Result<(), Broken> {
        let hosts = self.hosts_of(names)?;
        if lifetime.is_zero() && downtime.is_zero() {
            let why = "hosts that neither live nor lie still for any time never come to an end";
            return Err(Broken::By(Failed::Senseless(why.to_string())));
        }
        let end = self.world.now() + time;
        let mut turns = BinaryHeap::new();
        for &host in &hosts {
            turns.push(Reverse((self.after(lifetime), host)));
        }
        while let Some(Reverse((at, host))) = turns.pop() {
            if at >= end {
                continue;
            }
            self.pass_until(at)?;
            if self.world.node(host).is_some() {
                self.world.crash(host);
                turns.push(Reverse((self.after(downtime), host)));
            } else {
                self.revive(host);
                turns.push(Reverse((self.after(lifetime), host)));
            }
        }
        self.pass_until(end)?;
        for host in hosts {
            if self.world.node(host).is_none() {
                self.revive(host);
            }
        }
        Ok(())
    }

    /// Starts a host again without memory, and has it join through the first that lives.
    fn revive(&mut self, host: HostId) {
        self.world.restart(host, Memory::Lost);
        let seed = self.world.live().find(|&other| other != host);
        if let Some(seed) = seed {
            self.world.join(host, seed);
        }
    }

    fn after(&mut self, mean: Duration) -> Instant {
        let chance = network::share(&mut self.chance);
        self.world.now() + network::exponential(mean, chance)
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::story::{Ended, Failed, Story};

    #[test]
    fn lives_and_deaths_of_no_length_are_senseless_and_not_endless() {
        let told = |text: &str| Story::parse(text).unwrap().run().ended;
        let ended = told("spawn a b\njoin b via a\nchurn a b lifetime 0s downtime 0s for 1s");
        assert!(matches!(ended, Ended::Badly { act: 2, what: Failed::Senseless(_) }), "{ended:?}");
        assert_eq!(told("spawn a b\njoin b via a\nchurn b lifetime 0s downtime 1s for 9s"), Ended::Well);
    }
}
