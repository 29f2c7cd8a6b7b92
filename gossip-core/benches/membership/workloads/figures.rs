//! What runs found, pooled over seeds, and held against bounds.
use core::fmt;

/// What one run found.
#[derive(Default)]
pub(crate) struct Findings {
    figures: Vec<(&'static str, f64)>,
    /// What went wrong, in words: enough to go and look.
    pub(crate) notes: Vec<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, figure: &'static str, value: f64) {
        self.figures.push((figure, value));
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

/// What many runs found: for each figure, in the order in which they were first named, its values in rising order.
#[derive(Default)]
pub(crate) struct Pool(Vec<(&'static str, Sample)>);

impl Pool {
    pub(crate) fn of<'a>(runs: impl Iterator<Item = &'a Findings>) -> Self {
        let mut pool = Self::default();
        for (figure, value) in runs.flat_map(|run| &run.figures) {
            match pool.0.iter_mut().find(|(name, _)| name == figure) {
                Some((_, sample)) => sample.0.push(*value),
                None => pool.0.push((figure, Sample(vec![*value]))),
            }
        }
        pool.0.iter_mut().for_each(|(_, sample)| sample.0.sort_by(f64::total_cmp));
        pool
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, &Sample)> {
        self.0.iter().map(|(figure, sample)| (*figure, sample))
    }

    /// The values of one figure. A bound on what nobody measured would be kept by whoever measures nothing.
    pub(crate) fn sample(&self, figure: &str) -> &Sample {
        let found = self.0.iter().find(|(name, _)| *name == figure);
        &found.unwrap_or_else(|| panic!("nobody measured `{figure}`")).1
    }
}

/// Values in rising order, at least one.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.0
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum() / self.0.len() as f64
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    pub(crate) fn max(&self) -> f64 {
        self.percentile(100)
    }

    /// The least value that so many of a hundred do not exceed (nearest rank).
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent).div_ceil(100).max(1) - 1]
    }
}

/// What of a figure is bounded.
#[derive(Clone, Copy)]
pub(crate) enum Statistic {
    Mean,
    Max,
    Sum,
}

/// A figure must not exceed this.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) figure: &'static str,
    pub(crate) statistic: Statistic,
    pub(crate) most: f64,
}

impl Bound {
    pub(crate) const fn mean(figure: &'static str, most: f64) -> Self {
        Self { figure, statistic: Statistic::Mean, most }
    }

    pub(crate) const fn max(figure: &'static str, most: f64) -> Self {
        Self { figure, statistic: Statistic::Max, most }
    }

    /// It must not happen at all.
    pub(crate) const fn never(figure: &'static str) -> Self {
        Self { figure, statistic: Statistic::Sum, most: 0.0 }
    }

    pub(crate) fn judge(&self, pool: &Pool) -> Judged {
        let sample = pool.sample(self.figure);
        let (what, value) = match self.statistic {
            Statistic::Mean => ("mean", sample.mean()),
            Statistic::Max => ("max", sample.max()),
            Statistic::Sum => ("total", sample.sum()),
        };
        Judged { what: format!("{what} of {}", self.figure), value, most: self.most }
    }
}

/// A bound, and what there was.
pub(crate) struct Judged {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) most: f64,
}

impl Judged {
    pub(crate) fn is_kept(&self) -> bool {
        // What is no number keeps no bound.
        self.value <= self.most
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_kept() { "kept" } else { "BROKEN" };
        write!(f, "{verdict}: {} is {}, at most {}", self.what, short(self.value), short(self.most))
    }
}

/// A number in three or four digits.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        small if small < 0.1 => format!("{value:.4}"),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
