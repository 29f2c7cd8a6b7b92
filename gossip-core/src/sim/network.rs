//! What a network does to datagrams, as data: how late they come, and which of them do not.
use crate::rng::Rng;
use alloc::vec::Vec;
use core::time::Duration;

/// How the network treats datagrams. Single links may be [worse](super::World::impair).
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// How long a datagram is on its way. Each draws its own time, so that one may overtake another.
    pub latency: Latency,
    /// Which datagrams are lost.
    pub loss: Loss,
    /// The share of datagrams that arrive twice, from 0 to 1.
    pub duplication: f64,
    /// The share of datagrams that are held up, by up to ten times their latency: they come after later ones.
    pub reordering: f64,
    /// The share of datagrams in which some bits are flipped, from 0 to 1.
    ///
    /// UDP's checksum catches nearly all of these. What slips through is a forgery, and until datagrams are sealed a
    /// node cannot tell: it may then come to believe what nobody said.
    pub corruption: f64,
    /// The longest datagram that is carried, in bytes without the headers of lower layers. Longer ones are lost.
    pub mtu: usize,
    /// How fast each host can send; `None` for as fast as it likes.
    pub bandwidth: Option<Bandwidth>,
}

/// How long a datagram is on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Latency {
    /// Always so long.
    Constant(Duration),
    /// Anything between the two, equally likely.
    Uniform {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// So long at least, and then an exponentially distributed time more: mostly short, sometimes very long.
    Exponential {
        /// The shortest.
        min: Duration,
        /// The mean of what is added.
        mean: Duration,
    },
    /// By where the hosts are: the distance in the plane, one unit a microsecond, and the height of both, which stands
    /// for the slow access of each (Dabek et al. 2004, §5.4). Up to a tenth more, by chance.
    Positions,
    /// By the zones of the two hosts: row by sender, column by receiver. Up to a tenth more, by chance. A zone that is not listed is
    /// as far as the farthest that is.
    Zones(Vec<Vec<Duration>>),
}

/// Which datagrams are lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Each with this chance, from 0 to 1, whatever becomes of the others.
    Independent(f64),
    /// In bursts: each link is good or bad, and changes from datagram to datagram (Gilbert 1960, Elliott 1963).
    Bursts {
        /// The chance that a good link turns bad.
        to_bad: f64,
        /// The chance that a bad link turns good.
        to_good: f64,
        /// The share that a good link loses.
        good: f64,
        /// The share that a bad link loses.
        bad: f64,
    },
}

/// How fast a host can send, and what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bytes a second, [headers](super::Tally::HEADERS_LEN) included.
    pub bytes_per_second: u64,
    /// How many bytes may wait to be sent. What comes while so many wait is lost.
    pub queue: u64,
}

/// What is wrong with one direction of one link, or with one [`Way`] of a host, beside what the [`Network`] does to all.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Impairment {
    /// It loses datagrams.
    Loss(Loss),
    /// It takes so much longer.
    Delay(Duration),
    /// It carries no datagram longer than so many bytes, headers of lower layers not counted, and says nothing of it.
    Mtu(usize),
    /// It carries nothing.
    Cut,
}

/// One of a host's two ways, to whomever it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// All that comes to it.
    In,
    /// All that it sends.
    Out,
}

/// Where a host is, for [`Latency::Positions`] and [`Latency::Zones`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Its zone.
    pub zone: usize,
    /// Its position in the plane, in microseconds.
    pub x: i32,
    /// Its position in the plane, in microseconds.
    pub y: i32,
    /// How far it is from the plane, in microseconds.
    pub height: u32,
}

impl Network {
    /// A datacentre: 0.5 to 2 ms, nothing lost, nothing doubled.
    #[must_use]
    pub fn lan() -> Self {
        Self {
            latency: Latency::Uniform { min: Duration::from_micros(500), max: Duration::from_millis(2) },
            loss: Loss::Independent(0.0),
            duplication: 0.0,
            reordering: 0.0,
            corruption: 0.0,
            // What fits an Ethernet frame after the headers of IPv6 and UDP.
            mtu: 1_452,
            bandwidth: None,
        }
    }

    /// Whether every datagram arrives well within a second, or not at all.
    pub(super) fn is_prompt(&self) -> bool {
        const PROMPT: Duration = Duration::from_millis(50);
        let longest = match self.latency {
            Latency::Constant(time) | Latency::Uniform { max: time, .. } => time,
            Latency::Exponential { .. } | Latency::Positions | Latency::Zones(_) => Duration::MAX,
        };
        longest <= PROMPT && self.bandwidth.is_none()
    }

    /// Between regions: 20 to 120 ms, one in a hundred lost.
    #[must_use]
    pub fn wan() -> Self {
        Self {
            latency: Latency::Uniform { min: Duration::from_millis(20), max: Duration::from_millis(120) },
            loss: Loss::Independent(0.01),
            duplication: 0.001,
            ..Self::lan()
        }
    }

    /// The same, with another latency.
    #[must_use]
    pub fn with_latency(self, latency: Latency) -> Self {
        Self { latency, ..self }
    }

    /// The same, with another share of losses, from 0 to 1, each independent of the others.
    #[must_use]
    pub fn with_loss(self, share: f64) -> Self {
        Self { loss: Loss::Independent(share), ..self }
    }

    /// The same, with another share of duplicates, from 0 to 1.
    #[must_use]
    pub fn with_duplication(self, duplication: f64) -> Self {
        Self { duplication, ..self }
    }
}

impl Loss {
    /// Bursts in which all is lost: so long in the mean, in datagrams, and such a share of all datagrams in the long run.
    /// A share that bursts of that length cannot reach, with one good datagram between them, makes them longer.
    #[must_use]
    pub fn bursts(len_mean: f64, share: f64) -> Self {
        let share = share.clamp(0.0, 0.99);
        let odds = share / (1.0 - share);
        let to_good = 1.0 / len_mean.max(1.0);
        let (to_bad, to_good) = if to_good * odds > 1.0 { (1.0, 1.0 / odds) } else { (to_good * odds, to_good) };
        Self::Bursts { to_bad, to_good, good: 0.0, bad: 1.0 }
    }
}

impl Latency {
    /// How long this datagram takes from one place to another.
    pub(super) fn draw(&self, from: Place, to: Place, rng: &mut Rng) -> Duration {
        let chance = share(rng);
        match self {
            Self::Constant(time) => *time,
            Self::Uniform { min, max } => *min + max.saturating_sub(*min).mul_f64(chance),
            Self::Exponential { min, mean } => *min + exponential(*mean, chance),
            Self::Positions => jittered(from.distance(to), chance),
            Self::Zones(matrix) => jittered(between_zones(matrix, from.zone, to.zone), chance),
        }
    }
}

impl Place {
    fn distance(self, to: Self) -> Duration {
        let (dx, dy) = (f64::from(self.x) - f64::from(to.x), f64::from(self.y) - f64::from(to.y));
        // A square root is exact on every platform; a hypotenuse is not.
        let plane = Duration::from_secs_f64((dx * dx + dy * dy).sqrt() / 1e6);
        plane + Duration::from_micros(u64::from(self.height) + u64::from(to.height))
    }
}

/// A draw from 0 to 1.
pub(super) fn share(rng: &mut Rng) -> f64 {
    // 32 bits are exact in a double, on every platform.
    f64::from(u32::try_from(rng.next_u64() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// An exponentially distributed time, from a draw from 0 to 1.
pub(super) fn exponential(mean: Duration, chance: f64) -> Duration {
    // The library's logarithm, since the platform's may differ in the last bit. At most 23 times the mean: a draw has 32 bits.
    mean.mul_f64(-libm::log(1.0 - chance.min(1.0 - 1e-10)))
}

fn jittered(time: Duration, chance: f64) -> Duration {
    time + (time / 10).mul_f64(chance)
}

fn between_zones(matrix: &[Vec<Duration>], from: usize, to: usize) -> Duration {
    let listed = matrix.get(from).and_then(|row| row.get(to)).copied();
    listed.unwrap_or_else(|| matrix.iter().flatten().max().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn mean(latency: &Latency, from: Place, to: Place) -> Duration {
        let mut rng = Rng::from_seed(1);
        (0..10_000).map(|_| latency.draw(from, to, &mut rng)).sum::<Duration>() / 10_000
    }

    #[test]
    fn bursts_have_the_share_they_promise_by_chances_that_are_some() {
        for (len_mean, share) in [(1.0, 0.2), (8.0, 0.5), (2.0, 0.8), (1.0, 0.99), (0.0, 0.0), (f64::INFINITY, 0.3)] {
            let Loss::Bursts { to_bad, to_good, .. } = Loss::bursts(len_mean, share) else { unreachable!() };
            assert!((0.0..=1.0).contains(&to_bad) && (0.0..=1.0).contains(&to_good), "{len_mean} {share}");
            assert!(((to_bad + to_good) * share - to_bad).abs() < 1e-12, "{len_mean} {share}: {to_bad} {to_good}");
        }
    }

    #[test]
    fn each_model_has_the_mean_it_promises() {
        let here = Place::default();
        let ms = Duration::from_millis;
        let near = |a: Duration, b: Duration| a.abs_diff(b) < b / 20;
        assert_eq!(mean(&Latency::Constant(ms(3)), here, here), ms(3));
        assert!(near(mean(&Latency::Uniform { min: ms(1), max: ms(3) }, here, here), ms(2)));
        assert!(near(mean(&Latency::Exponential { min: ms(1), mean: ms(9) }, here, here), ms(10)));
        let there = Place { x: 3_000, y: 4_000, height: 500, ..here };
        assert!(near(mean(&Latency::Positions, here, there), ms(5) + ms(1) / 2 + ms(5) / 18));
        let zones = Latency::Zones(vec![vec![ms(1), ms(40)], vec![ms(60), ms(1)]]);
        let other = Place { zone: 1, ..here };
        assert!(near(mean(&zones, here, other), ms(42)));
        assert!(near(mean(&zones, other, here), ms(63)));
        assert!(near(mean(&zones, other, Place { zone: 7, ..here }), ms(63)));
    }
}
