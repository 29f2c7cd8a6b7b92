//! The links between hosts: what becomes of one datagram on its way.
use super::{
    HostId,
    network::{Bandwidth, Impairment, Loss, Network, Place, Way, share},
    stream,
    tally::Cause,
};
use crate::{rng::Rng, time::Instant};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::time::Duration;

/// All links between hosts.
///
/// A datagram's fate is drawn from the seed, its link and the moment it leaves: links need no state for it, however many
/// they are, and a further node or a datagram less on one link does not shift the draws of another. (What one host sends within
/// one microsecond is told apart by a count: there, a datagram less shifts the draws of those that follow it.)
pub(super) struct Links {
    seed: u64,
    network: Network,
    impaired: BTreeMap<(HostId, HostId), Vec<Worse>>,
    /// The same for all that comes to a host, and for all that it sends.
    impaired_ways: BTreeMap<(HostId, Way), Vec<Worse>>,
    /// Whether a link is in one of the network's bursts of losses now.
    bursts: BTreeMap<(HostId, HostId), Burst>,
    cuts: Vec<Cut>,
}

/// A way that is closed.
enum Cut {
    /// Nothing passes between hosts of different groups. Each host has the number of its group; hosts that came later have none.
    Groups(Vec<usize>),
    /// Nothing passes from the one set to the other.
    OneWay { from: Vec<bool>, to: Vec<bool> },
}

/// What makes a link worse than the network. Each has bursts of its own.
struct Worse {
    impairment: Impairment,
    burst: Burst,
}

/// A link that loses in bursts.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Burst {
    #[default]
    Good,
    Bad,
}

/// What a host's way out is busy with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uplink {
    free_at: Instant,
    /// When it last sent, and how many datagrams it sent in that very moment.
    last_at: Instant,
    nth: u64,
}

/// One end of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) host: HostId,
    pub(super) place: Place,
}

/// What becomes of a datagram.
pub(super) enum Fate {
    /// It is lost.
    Lost(Cause),
    /// It arrives so much later, and perhaps once more.
    Arrives {
        after: Duration,
        again_after: Option<Duration>,
        /// Bits to be flipped: where, and which.
        damage: Option<(u64, u8)>,
    },
}

impl Links {
    pub(super) const fn new(seed: u64, network: Network) -> Self {
        Self {
            seed,
            network,
            impaired: BTreeMap::new(),
            impaired_ways: BTreeMap::new(),
            bursts: BTreeMap::new(),
            cuts: Vec::new(),
        }
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn set_network(&mut self, network: Network) {
        self.network = network;
        self.bursts.clear();
    }

    pub(super) fn impair(&mut self, from: HostId, to: HostId, impairment: Impairment) {
        self.impaired.entry((from, to)).or_default().push(Worse { impairment, burst: Burst::Good });
    }

    pub(super) fn mend(&mut self, from: HostId, to: HostId) {
        self.impaired.remove(&(from, to));
    }

    pub(super) fn impair_way(&mut self, host: HostId, way: Way, impairment: Impairment) {
        self.impaired_ways.entry((host, way)).or_default().push(Worse { impairment, burst: Burst::Good });
    }

    pub(super) fn mend_ways(&mut self, host: HostId) {
        [Way::In, Way::Out].iter().for_each(|&way| drop(self.impaired_ways.remove(&(host, way))));
    }

    pub(super) fn mend_all(&mut self) {
        self.impaired.clear();
        self.impaired_ways.clear();
    }

    /// Whether a host's way in or out is impaired.
    pub(super) fn is_ailing(&self, host: HostId) -> bool {
        [Way::In, Way::Out].iter().any(|&way| self.impaired_ways.contains_key(&(host, way)))
    }

    /// Cuts between groups, both ways; a host in no group is cut off from all.
    pub(super) fn partition(&mut self, hosts: usize, groups: &[&[HostId]]) {
        let alone = groups.len();
        let mut group_of: Vec<usize> = (alone..alone + hosts).collect();
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|host| group_of[host.index()] = group);
        }
        self.heal();
        self.cuts.push(Cut::Groups(group_of));
    }

    /// Cuts one way.
    pub(super) fn cut(&mut self, hosts: usize, from: &[HostId], to: &[HostId]) {
        self.cuts.push(Cut::OneWay { from: set_of(hosts, from), to: set_of(hosts, to) });
    }

    pub(super) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Whether anything keeps datagrams from passing this way, as far as is certain.
    pub(super) fn is_cut(&self, from: HostId, to: HostId) -> bool {
        self.cuts.iter().any(|cut| cut.separates(from.index(), to.index()))
            || self.impairments(from, to).any(|worse| worse.impairment == Impairment::Cut)
    }

    /// Decides what becomes of a datagram of `len` bytes that leaves now.
    pub(super) fn transmit(&mut self, now: Instant, uplink: &mut Uplink, from: End, to: End, len: usize) -> Fate {
        let mut rng = uplink.stream(self.seed, now, from.host, to.host);
        let wait = match self.network.bandwidth {
            None => Duration::ZERO,
            Some(bandwidth) => match uplink.queue(now, bandwidth, len) {
                None => return Fate::Lost(Cause::QueueFull),
                Some(wait) => wait,
            },
        };
        // Always the same draws in the same order: what is configured does not shift what follows.
        let (lost, doubled, held, damaged) = (share(&mut rng), share(&mut rng), share(&mut rng), share(&mut rng));
        let first = self.network.latency.draw(from.place, to.place, &mut rng);
        let second = self.network.latency.draw(from.place, to.place, &mut rng);
        let hold = share(&mut rng);
        let flip = (rng.next_u64(), 1 << (rng.next_u64() % 8));
        if self.is_cut(from.host, to.host) {
            return Fate::Lost(Cause::Cut);
        }
        let too_long = |worse: &Worse| matches!(worse.impairment, Impairment::Mtu(mtu) if len > mtu);
        if len > self.network.mtu || self.impairments(from.host, to.host).any(too_long) {
            return Fate::Lost(Cause::TooLong);
        }
        if self.is_lost(from.host, to.host, lost, &mut rng) {
            return Fate::Lost(Cause::Chance);
        }
        let detour = wait + self.delay(from.host, to.host);
        let held_up = if held < self.network.reordering { first.mul_f64(10.0 * hold) } else { Duration::ZERO };
        Fate::Arrives {
            after: detour + first + held_up,
            again_after: (doubled < self.network.duplication).then(|| detour + second),
            damage: (damaged < self.network.corruption).then_some(flip),
        }
    }

    fn is_lost(&mut self, from: HostId, to: HostId, chance: f64, rng: &mut Rng) -> bool {
        let turn = share(rng);
        let mut lost = match self.network.loss {
            Loss::Independent(share) => chance < share,
            bursts @ Loss::Bursts { .. } => self.bursts.entry((from, to)).or_default().loses(bursts, chance, turn),
        };
        let link = self.impaired.get_mut(&(from, to)).into_iter().flatten();
        let ways = self.impaired_ways.iter_mut().filter(|(way, _)| is_on_its_way(**way, from, to));
        for Worse { impairment, burst } in link.chain(ways.flat_map(|(_, impairments)| impairments)) {
            if let Impairment::Loss(loss) = *impairment {
                let (chance, turn) = (share(rng), share(rng));
                lost |= burst.loses(loss, chance, turn);
            }
        }
        lost
    }

    fn delay(&self, from: HostId, to: HostId) -> Duration {
        let delay_of = |worse: &Worse| match worse.impairment {
            Impairment::Delay(delay) => delay,
            _ => Duration::ZERO,
        };
        self.impairments(from, to).map(delay_of).sum()
    }

    fn impairments(&self, from: HostId, to: HostId) -> impl Iterator<Item = &Worse> {
        // Nearly always there is none at all.
        let link = if self.impaired.is_empty() { None } else { self.impaired.get(&(from, to)) };
        let ways = self.impaired_ways.iter().filter(move |(way, _)| is_on_its_way(**way, from, to));
        link.into_iter().chain(ways.map(|(_, impairments)| impairments)).flatten()
    }
}

impl Cut {
    fn separates(&self, from: usize, to: usize) -> bool {
        let within = |set: &[bool], host: usize| set.get(host).copied().unwrap_or(false);
        match self {
            Self::Groups(group_of) => group_of.get(from) != group_of.get(to),
            Self::OneWay { from: senders, to: receivers } => within(senders, from) && within(receivers, to),
        }
    }
}

impl Burst {
    /// Whether a datagram is lost; before, the link may turn bad or good.
    fn loses(&mut self, loss: Loss, chance: f64, turn: f64) -> bool {
        match loss {
            Loss::Independent(share) => chance < share,
            Loss::Bursts { to_bad, to_good, good, bad } => {
                *self = match *self {
                    Self::Good if turn < to_bad => Self::Bad,
                    Self::Bad if turn < to_good => Self::Good,
                    unchanged => unchanged,
                };
                chance < if *self == Self::Bad { bad } else { good }
            }
        }
    }
}

impl Uplink {
    /// The stream of chance for the datagram that leaves now.
    fn stream(&mut self, seed: u64, now: Instant, from: HostId, to: HostId) -> Rng {
        self.nth = if self.last_at == now { self.nth + 1 } else { 0 };
        self.last_at = now;
        stream(&[seed, 2, word(from), word(to), now.as_micros(), self.nth])
    }

    /// How long a datagram has to wait until it is sent; `None` when there is no room to wait.
    fn queue(&mut self, now: Instant, bandwidth: Bandwidth, len: usize) -> Option<Duration> {
        let backlog = self.free_at.saturating_duration_since(now);
        let len = u64::try_from(len).unwrap_or(u64::MAX).saturating_add(super::Tally::HEADERS_LEN);
        let rate = bandwidth.bytes_per_second.max(1);
        let waiting = u128::from(rate) * backlog.as_micros() / 1_000_000;
        if waiting + u128::from(len) > u128::from(bandwidth.queue) {
            return None;
        }
        let own = Duration::from_micros(len.saturating_mul(1_000_000).div_ceil(rate));
        self.free_at = now + backlog + own;
        Some(backlog + own)
    }
}

/// Whether what one host sends another goes a certain way of one of the two.
fn is_on_its_way((host, way): (HostId, Way), from: HostId, to: HostId) -> bool {
    host == if way == Way::Out { from } else { to }
}

fn set_of(hosts: usize, members: &[HostId]) -> Vec<bool> {
    let mut set = vec![false; hosts];
    members.iter().for_each(|host| set[host.index()] = true);
    set
}

fn word(host: HostId) -> u64 {
    u64::try_from(host.index()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(network: Loss, impairments: &[Loss]) -> u32 {
        let mut links = Links::new(1, Network { loss: network, ..Network::lan() });
        let [from, to] = [HostId(0), HostId(1)].map(|host| End { host, place: Place::default() });
        impairments.iter().for_each(|loss| links.impair(from.host, to.host, Impairment::Loss(*loss)));
        let mut uplink = Uplink::default();
        let fates = (0..20_000).map(|micros| links.transmit(Instant::from_micros(micros), &mut uplink, from, to, 100));
        fates.map(|fate| u32::from(matches!(fate, Fate::Lost(Cause::Chance)))).sum()
    }

    #[test]
    fn an_impaired_way_is_impaired_to_all_and_from_all_and_in_no_other_direction() {
        let mut links = Links::new(1, Network::lan());
        links.impair_way(HostId(1), Way::In, Impairment::Cut);
        links.impair_way(HostId(2), Way::Out, Impairment::Loss(Loss::Independent(0.8)));
        let mut uplink = Uplink::default();
        let mut lost = |from, to| {
            let [from, to] = [HostId(from), HostId(to)].map(|host| End { host, place: Place::default() });
            let fates = (0..1_000).map(|at| links.transmit(Instant::from_micros(at), &mut uplink, from, to, 100));
            fates.map(|fate| u32::from(matches!(fate, Fate::Lost(_)))).sum::<u32>()
        };
        for other in [0, 3] {
            assert_eq!([lost(other, 1), lost(1, other), lost(other, 2)], [1_000, 0, 0]);
            let of_ten = lost(2, other);
            assert!((740..860).contains(&of_ten), "{of_ten} of 1,000");
        }
        links.mend_ways(HostId(1));
        assert!(!links.is_cut(HostId(0), HostId(1)) && !links.is_ailing(HostId(1)) && links.is_ailing(HostId(2)));
    }

    #[test]
    fn bursts_of_the_network_and_of_a_link_do_not_disturb_each_other() {
        let half = Loss::bursts(8.0, 0.5);
        let never = Loss::Bursts { to_bad: 0.0, to_good: 1.0, good: 0.0, bad: 1.0 };
        let for_ever = Loss::Bursts { to_bad: 0.0, to_good: 0.0, good: 0.0, bad: 1.0 };
        for (network, impairments) in
            [(Loss::Independent(0.0), &[half][..]), (never, &[half]), (for_ever, &[half, never])]
        {
            let lost = losses(network, impairments);
            assert!((9_000..11_000).contains(&lost), "{network:?} {impairments:?}: {lost} of 20,000");
        }
    }
}
