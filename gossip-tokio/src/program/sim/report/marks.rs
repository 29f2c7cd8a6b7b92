//! What happened when, for the plots over time.
use core::time::Duration;
use gossip_core::sim::story::{Act, Names, Outcome, Story};

/// What happened when, in seconds since the beginning.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Marks {
    pub(super) spans: Vec<Span>,
    pub(super) moments: Vec<Moment>,
    /// When something was published or written.
    pub(super) news: Vec<f64>,
}

/// Something that lasted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) label: String,
}

/// Something that did not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Marks {
    pub(super) fn new(story: &Story, outcome: &Outcome) -> Self {
        let mut marks = Self::default();
        let end = outcome.time;
        let began = |act: usize| outcome.acts.get(act).copied().unwrap_or(end);
        for (index, act) in story.acts.iter().enumerate().take(outcome.acts.len()) {
            let at = began(index);
            let until = |ends: fn(&Act) -> bool| {
                let after = story.acts.iter().enumerate().skip(index + 1);
                after.filter(|(_, act)| ends(act)).map(|(index, _)| began(index)).next().unwrap_or(end)
            };
            match act {
                Act::Partition(_) => marks.span(at, until(ends_cut), "partition"),
                Act::Cut { .. } => marks.span(at, until(ends_cut), "cut"),
                Act::Impair { .. } => {
                    marks.span(at, until(|act| matches!(act, Act::Mend { .. } | Act::Settle(_))), "impaired")
                }
                Act::Afflict { hosts, .. } => {
                    marks.span(at, until(|act| matches!(act, Act::Cure(_) | Act::Settle(_))), &who("ill: ", hosts))
                }
                Act::Churn { .. } => marks.span(at, began(index + 1), "churn"),
                Act::Join { hosts, .. } => marks.moment(at, &who("join: ", hosts)),
                Act::Crash(hosts) => marks.moment(at, &who("crash: ", hosts)),
                Act::Leave(hosts) => marks.moment(at, &who("leave: ", hosts)),
                Act::Restart { hosts, .. } => marks.moment(at, &who("restart: ", hosts)),
                Act::Settle(_) => marks.moment(at, "settle"),
                Act::Put { .. } | Act::Delete { .. } | Act::Publish { .. } => marks.news.push(at.as_secs_f64()),
                _ => {}
            }
        }
        marks
    }

    fn span(&mut self, from: Duration, to: Duration, label: &str) {
        self.spans.push(Span { from: from.as_secs_f64(), to: to.as_secs_f64(), label: label.to_owned() });
    }

    /// What happens again at the same moment is not said again.
    fn moment(&mut self, at: Duration, label: &str) {
        let moment = Moment { at: at.as_secs_f64(), label: label.to_owned() };
        if self.moments.last() != Some(&moment) {
            self.moments.push(moment);
        }
    }
}

fn ends_cut(act: &Act) -> bool {
    matches!(act, Act::Partition(_) | Act::Heal | Act::Settle(_))
}

/// One by name, many by their number.
fn who(what: &str, hosts: &Names) -> String {
    match hosts.0.as_slice() {
        [one] if one.chars().count() <= 12 => format!("{what}{one}"),
        some => format!("{what}{}", some.len()),
    }
}
