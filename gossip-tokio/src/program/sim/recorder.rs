//! Watches a story: keeps how things stood, shows how far it has come, and breaks off when told to.
use core::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use gossip_core::sim::story::{Act, Sample, Story};
use indicatif::{ProgressBar, ProgressStyle};
use std::{sync::Arc, time::Instant};

/// How finely we look while not all agree: joining is a matter of a fraction of a second.
const FINE: Duration = Duration::from_millis(10);
/// So often, and no more: a story in which they never agree is long as well.
const FINE_MAX: usize = 4_000;
/// In so many steps we look at the rest.
const STEPS: u32 = 1_000;

/// Keeps how things stood.
pub(super) struct Recorder {
    pub(super) samples: Vec<Sample>,
    fine_left: usize,
    coarse: Duration,
    stop: Arc<AtomicBool>,
    progress: Progress,
}

impl Recorder {
    pub(super) fn new(story: &Story, stop: Arc<AtomicBool>) -> Self {
        Self {
            samples: Vec::new(),
            fine_left: FINE_MAX,
            coarse: (certain(story) / STEPS).max(FINE),
            stop,
            progress: Progress::new(story),
        }
    }

    /// Takes a sample, and says when to take the next.
    pub(super) fn look(&mut self, sample: &Sample) -> ControlFlow<(), Duration> {
        self.progress.show(sample);
        self.samples.push(sample.clone());
        if self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let at_one = [sample.full, sample.agreeing, sample.converged].iter().all(|&count| count == sample.live);
        if at_one || self.fine_left == 0 {
            return ControlFlow::Continue(self.coarse);
        }
        self.fine_left -= 1;
        ControlFlow::Continue(FINE)
    }

    /// How things stood, and how long it took by the clock on the wall.
    pub(super) fn finish(self) -> (Vec<Sample>, Duration) {
        self.progress.bar.finish_and_clear();
        (self.samples, self.progress.began.elapsed())
    }
}

/// How much time passes in any case; if none does, how much may.
fn certain(story: &Story) -> Duration {
    let passes = |act: &&Act| matches!(act, Act::Run(_) | Act::Churn { .. });
    let certain = story.acts.iter().filter(passes).map(Act::duration).sum();
    if certain > Duration::ZERO { certain } else { story.duration() }
}

/// How far a story has come: on stderr, where that is a terminal.
struct Progress {
    bar: ProgressBar,
    began: Instant,
    /// How much time may have passed when each act begins, at most; and in the end.
    acts: Vec<Duration>,
    /// The act that was being told when we last looked, and when we first saw it.
    act: (usize, Duration),
}

impl Progress {
    fn new(story: &Story) -> Self {
        let durations = story.acts.iter().map(|act| act.duration());
        let acts = core::iter::once(Duration::ZERO).chain(durations.scan(Duration::ZERO, |sum, time| {
            *sum += time;
            Some(*sum)
        }));
        // A hidden bar, if stderr is no terminal.
        let bar = ProgressBar::new(millis(story.duration()));
        bar.set_style(style());
        Self { bar, began: Instant::now(), acts: acts.collect(), act: (0, Duration::ZERO) }
    }

    fn show(&mut self, sample: &Sample) {
        if sample.act != self.act.0 {
            self.act = (sample.act, sample.at);
        }
        let before = self.acts.get(sample.act).copied().unwrap_or_default();
        self.bar.set_position(millis(before + (sample.at - self.act.1)));
        if !self.bar.is_hidden() {
            let took = self.began.elapsed().as_secs_f64().max(1e-3);
            let (at, live) = (sample.at.as_secs_f64(), sample.live);
            self.bar.set_message(format!("{at:.1} s of {live} nodes, {:.0} times real time", at / took));
        }
    }
}

/// The style, whose template a test reads.
fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}, {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ ")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disagreement_is_looked_at_finely_but_not_forever() {
        let story = Story::parse("run 1h").unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut recorder = Recorder::new(&story, Arc::clone(&stop));
        let mut sample = Sample {
            at: Duration::ZERO,
            act: 0,
            live: 3,
            full: 2,
            agreeing: 3,
            converged: 3,
            datagrams: 0,
            bytes: 0,
            false_suspicions: 0,
            false_deaths: 0,
        };
        for _ in 0..FINE_MAX {
            assert_eq!(recorder.look(&sample), ControlFlow::Continue(FINE));
        }
        assert_eq!(recorder.look(&sample), ControlFlow::Continue(Duration::from_millis(3_600)));
        sample.full = 3;
        assert_eq!(recorder.look(&sample), ControlFlow::Continue(Duration::from_millis(3_600)));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(recorder.look(&sample), ControlFlow::Break(()));
        assert_eq!(recorder.finish().0.len(), FINE_MAX + 3);
    }
}
