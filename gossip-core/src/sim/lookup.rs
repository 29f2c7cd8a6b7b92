//! What the world knows of who is who, and its nodes do not.
use super::{HostId, Truth, World, links::Links, queue::Berth};
use crate::{
    id::{Addr, Life, NodeId},
    storage::Storage,
};

impl<S: Storage> World<S> {
    /// Whose an address is, or was.
    pub(super) fn host_at(&self, addr: Addr) -> Option<HostId> {
        self.berths.get(Berth::of(addr)?.index()).copied()
    }

    /// Which of its host's lives this was, from 1; 0, when it is not known.
    pub(super) fn life(&self, life: Life) -> usize {
        let lives = self.hosts_of(life.origin).iter().map(|host| &self.hosts[host.0].lives);
        let found = lives.filter_map(|lives| lives.iter().position(|generation| *generation == life.generation));
        found.map(|before| before + 1).next().unwrap_or(0)
    }

    /// Which live host a node means by a name; none, when the life that it knows has ended.
    pub(super) fn meant(&self, observer: HostId, id: NodeId) -> Option<HostId> {
        let known = self.node(observer).and_then(|node| node.member(id)).map(|member| member.generation);
        let lives = |host: HostId| {
            let (node, booted) = (self.node(host)?, self.hosts[host.0].lives.last());
            // Whoever is reborn in the midst of its life is still the one that it was.
            known.is_none_or(|known| known == node.me().generation || Some(&known) == booted).then_some(host)
        };
        self.hosts_of(id).iter().find_map(|&host| lives(host))
    }

    /// How true it would be, if one host said of another, which lives, that it is gone.
    pub(super) fn truth(&self, by: HostId, of: HostId) -> Truth {
        excuse(&self.links, |host| self.hosts[host.0].machine.ailments.any(), by, of)
    }
}

/// What excuses one host that says of another, which lives, that it is gone: what is between them, or wrong with either of them or
/// its way in or out.
pub(super) fn excuse(links: &Links, ails: impl Fn(HostId) -> bool, by: HostId, of: HostId) -> Truth {
    if links.is_cut(of, by) || links.is_cut(by, of) {
        Truth::Apart
    } else if ails(of) || links.is_ailing(of) {
        Truth::OfAiling
    } else if ails(by) || links.is_ailing(by) {
        Truth::ByAiling
    } else {
        Truth::False
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Config,
        sim::{Ailment, HostId, Impairment, Memory, Network, Truth, Way, World},
    };
    use alloc::{format, vec::Vec};
    use core::time::Duration;

    const MINUTE: Duration = Duration::from_secs(60);

    fn cluster(size: usize) -> (World, Vec<HostId>) {
        let mut world = World::new(5, Network::lan());
        let hosts: Vec<_> = (0..size).map(|n| world.spawn(&format!("n{n}"), Config::lan())).collect();
        hosts[1..].iter().for_each(|&host| world.join(host, hosts[0]));
        world.settle(MINUTE).unwrap();
        (world, hosts)
    }

    #[test]
    fn the_end_of_a_former_life_is_no_false_death() {
        let (mut world, hosts) = cluster(3);
        let [a, b, c] = [hosts[0], hosts[1], hosts[2]];
        world.partition(&[&[a], &[b, c]]);
        world.restart(c, Memory::Lost);
        world.join(c, b);
        world.run_for(MINUTE);
        let mut deaths: Vec<_> = world.measures().deaths().map(|death| (death.by, death.of, death.truth)).collect();
        deaths.sort();
        assert_eq!(deaths, [(a, b, Truth::Apart), (b, a, Truth::Apart), (c, a, Truth::Apart)]);
        let crash = world.measures().crashes().next().unwrap();
        assert_eq!(crash.known().iter().map(|(host, _)| *host).collect::<Vec<_>>(), [a]);
        assert_eq!((world.measures().false_deaths, world.measures().false_suspicions), (0, 0));
    }

    #[test]
    fn whoever_ails_is_excused_and_so_is_what_is_said_of_it() {
        let mute = |world: &mut World, host| world.afflict(host, Ailment::Mute);
        let silenced = |world: &mut World, host| world.impair_way(host, Way::Out, Impairment::Cut);
        for (ail, truth) in [(&mute as &dyn Fn(&mut World, HostId), Truth::OfAiling), (&silenced, Truth::Apart)] {
            let (mut world, hosts) = cluster(8);
            ail(&mut world, hosts[3]);
            world.run_for(MINUTE);
            let told: Vec<_> = world.measures().deaths().filter(|death| death.by != hosts[3]).collect();
            assert_eq!(told.len(), 7, "{told:?}");
            assert!(told.iter().all(|death| (death.of, death.truth) == (hosts[3], truth)), "{told:?}");
            assert_eq!(world.measures().false_deaths, 0);
        }
    }
}
