//! How figures are put together: distributions, how far something got, and how things stood over time.
use core::time::Duration;
use gossip_core::sim::story::Sample;
use serde::Serialize;

/// How many of something there are, and how they are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Dist {
    pub(super) count: usize,
    pub(super) mean: f64,
    pub(super) median: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Dist {
    /// `None` if there are none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        // The least value that so many in a hundred do not exceed.
        let rank = |percent: usize| values.get((count * percent).div_ceil(100).max(1) - 1).copied();
        let mean = values.iter().sum::<f64>() / count as f64;
        Some(Self { count, mean, median: rank(50)?, p99: rank(99)?, max: rank(100)? })
    }
}

/// How something got from node to node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Progress {
    /// When each was reached, the first first.
    pub(super) times: Vec<Duration>,
    /// How many there were to reach.
    pub(super) whole: usize,
}

impl Progress {
    pub(super) fn new(times: impl IntoIterator<Item = Duration>, whole: usize) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self { times, whole }
    }

    /// When the `n`th was reached, the first being 1.
    pub(super) fn nth(&self, n: usize) -> Option<Duration> {
        self.times.get(n.checked_sub(1)?).copied()
    }

    /// When half of them were reached.
    pub(super) fn half(&self) -> Option<Duration> {
        self.nth(self.whole.div_ceil(2))
    }

    /// When so many were reached as there were.
    pub(super) fn all(&self) -> Option<Duration> {
        self.nth(self.whole)
    }
}

/// How things stood over time, at evenly spaced moments.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Timeline {
    /// The distance between two moments, in seconds.
    pub(super) step: f64,
    pub(super) live: Vec<usize>,
    pub(super) see_all: Vec<usize>,
    pub(super) know_the_same: Vec<usize>,
    pub(super) claim_agreement: Vec<usize>,
    /// What a live node sent in a second, from this moment to the next.
    pub(super) datagrams: Vec<f64>,
    pub(super) bytes: Vec<f64>,
    /// So far.
    pub(super) false_suspicions: Vec<u64>,
    pub(super) false_deaths: Vec<u64>,
}

/// So many moments are as many as a plot can show.
const MOMENTS: u32 = 240;

impl Timeline {
    pub(super) fn new(samples: &[Sample]) -> Self {
        let Some((first, last)) = samples.first().zip(samples.last()) else { return Self::default() };
        let step = (last.at - first.at) / MOMENTS;
        if step.is_zero() {
            return Self::default();
        }
        let mut timeline = Self { step: seconds(&step), ..Self::default() };
        let mut rest = samples;
        let mut before = Sent::until(rest, first.at);
        for moment in 0..MOMENTS {
            let (from, to) = (first.at + step * moment, first.at + step * (moment + 1));
            // The last sample that is not later.
            rest = &rest[rest.iter().take_while(|sample| sample.at <= from).count().max(1) - 1..];
            let now = &rest[0];
            timeline.live.push(now.live);
            timeline.see_all.push(now.full);
            timeline.know_the_same.push(now.agreeing);
            timeline.claim_agreement.push(now.converged);
            timeline.false_suspicions.push(now.false_suspicions);
            timeline.false_deaths.push(now.false_deaths);
            let after = Sent::until(rest, to);
            let node_seconds = step.as_secs_f64() * now.live.max(1) as f64;
            timeline.datagrams.push((after.datagrams - before.datagrams) / node_seconds);
            timeline.bytes.push((after.bytes - before.bytes) / node_seconds);
            before = after;
        }
        timeline
    }
}

/// What all have sent up to some moment; between two samples, in proportion.
#[derive(Debug, Clone, Copy)]
struct Sent {
    datagrams: f64,
    bytes: f64,
}

impl Sent {
    /// `samples` are not empty.
    fn until(samples: &[Sample], at: Duration) -> Self {
        let next = samples.iter().position(|sample| sample.at > at).unwrap_or(samples.len());
        let before = &samples[next.saturating_sub(1)];
        let after = samples.get(next).unwrap_or(before);
        let span = after.at.saturating_sub(before.at).as_secs_f64();
        let share = if span > 0.0 { at.saturating_sub(before.at).as_secs_f64() / span } else { 0.0 };
        let between = |before: u64, after: u64| before as f64 + (after - before) as f64 * share;
        Self { datagrams: between(before.datagrams, after.datagrams), bytes: between(before.bytes, after.bytes) }
    }
}

/// One bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) count: f64,
}

impl Bar {
    /// The bar as a rectangle.
    pub(super) const fn corners(&self) -> [(f64, f64); 2] {
        [(self.from, 0.0), (self.to, self.count)]
    }
}

/// So many bars tell a shape, and can be told apart.
const BARS: usize = 30;

/// How many values are in each of equal parts of what is up to `end`; parts without any are left out.
pub(super) fn histogram(values: impl Iterator<Item = f64>, end: f64) -> Vec<Bar> {
    let width = end / BARS as f64;
    let mut counts = [0.0; BARS];
    for value in values {
        // Not negative; and the last part takes what is on its edge.
        let bar = ((value / width) as usize).min(BARS - 1);
        counts[bar] += 1.0;
    }
    let bars = counts.into_iter().enumerate().map(|(index, count)| {
        let from = index as f64 * width;
        Bar { from, to: from + width, count }
    });
    bars.filter(|bar| bar.count > 0.0).collect()
}

/// A time in seconds.
pub(super) fn seconds(time: &Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_names_values_that_occur() {
        let dist = Dist::of((1..=200).map(f64::from)).unwrap();
        assert_eq!(dist, Dist { count: 200, mean: 100.5, median: 100.0, p99: 198.0, max: 200.0 });
        assert_eq!(Dist::of([3.0]).unwrap(), Dist { count: 1, mean: 3.0, median: 3.0, p99: 3.0, max: 3.0 });
        assert_eq!(Dist::of([]), None);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let bars = histogram([0.0, 0.1, 29.9, 30.0].into_iter(), 30.0);
        let [first, last] = bars.as_slice() else { panic!("{bars:?}") };
        assert_eq!((first.from, first.to, first.count), (0.0, 1.0, 2.0));
        assert_eq!((last.from, last.to, last.count), (29.0, 30.0, 2.0));
    }

    #[test]
    fn progress_counts_from_one() {
        let ms = Duration::from_millis;
        let progress = Progress::new([ms(3), ms(1), ms(2)], 4);
        assert_eq!((progress.nth(1), progress.half(), progress.all()), (Some(ms(1)), Some(ms(2)), None));
        assert_eq!(progress.nth(0), None);
    }

    #[test]
    fn a_timeline_counts_every_datagram_once() {
        let sample = |at, datagrams| Sample {
            at: Duration::from_millis(at),
            act: 0,
            live: 2,
            full: 2,
            agreeing: 1,
            converged: 0,
            datagrams,
            bytes: 10 * datagrams,
            false_suspicions: 0,
            false_deaths: 0,
        };
        let samples: Vec<Sample> = (0..=480).map(|step| sample(step * 10, step * step)).collect();
        let timeline = Timeline::new(&samples);
        assert_eq!((timeline.live.len(), timeline.step), (240, 0.02));
        let sent: f64 = timeline.datagrams.iter().map(|rate| rate * 2.0 * timeline.step).sum();
        assert!((sent - 480.0 * 480.0).abs() < 1e-6, "{sent}");
        assert!(Timeline::new(&samples[..1]).live.is_empty());
    }
}
