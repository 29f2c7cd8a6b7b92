//! `gossip replay`: what an agent recorded, run again and printed.
//!
//! - here: what to show, and where to stop;
//! - `trace`: one moment, as a line or as JSON;
//! - `frames`: a datagram in words;
//! - `state`: what the node knows at a moment.
mod frames;
mod state;
mod trace;

use super::{args::ReplayArgs, console::Lines, failure::Failure, times::on_calendar};
use core::{num::NonZeroU64, ops::ControlFlow, panic::AssertUnwindSafe};
use gossip_core::{
    Heap, Instant, Node,
    adapter::flight::{Builds, Ending, Moment as Happened, Recording, Verdict, What},
};
use serde_json::json;
use std::panic::catch_unwind;

/// Replays a recording.
pub(crate) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let file = args.file.display();
    let recording =
        Recording::open(&args.file).map_err(|error| Failure::refused(format!("cannot replay {file}: {error}")))?;
    let mut show = Show::new(args, &recording);
    let builds = if args.other_builds { Builds::Any } else { Builds::Own };
    // A node that panicked then does so now, too: that may be the very thing to be found.
    let replayed =
        catch_unwind(AssertUnwindSafe(|| recording.replay(builds, |moment, node| show.moment(moment, node))));
    let Ok(verdict) = replayed else {
        show.lines.flush()?;
        return Err(Failure::refused(format!(
            "the node panics after moment {}: as it did then, unless somebody made this recording up",
            show.last
        )));
    };
    show.finish()?;
    let torn = recording.segments().iter().filter(|segment| segment.ending == Ending::Torn).count();
    show.verdict(&verdict, torn)?;
    judge(&verdict)?;
    match recording.damaged() {
        damaged if damaged > 0 && args.check => Err(Failure::refused(format!(
            "what is left is the same, but {damaged} of its segments are torn or missing: what they held is lost"
        ))),
        _ => Ok(()),
    }
}

/// What is printed, and when it is enough.
struct Show {
    form: Form,
    from: Instant,
    until: Option<Instant>,
    stop_at: Option<NonZeroU64>,
    lines: Lines,
    /// The last day that was named.
    day: String,
    /// The moment seen last, and when it was.
    last: u64,
    at: Instant,
    /// The state at the end of the recording, should that come before the end that was asked for.
    state: Option<String>,
    stopped: bool,
    failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    /// Only the verdict: in JSON, or in words.
    Check(bool),
}

impl Show {
    fn new(args: &ReplayArgs, recording: &Recording) -> Self {
        let beginning = recording.segments().first().map_or(Instant::ZERO, |segment| segment.at);
        let form = match (args.check, args.format.json) {
            (true, json) => Form::Check(json),
            (false, true) => Form::Json,
            (false, false) => Form::Text,
        };
        Self {
            form,
            from: args.from.map_or(Instant::ZERO, |moment| moment.after(beginning)),
            until: args.until.map(|moment| moment.after(beginning)),
            stop_at: args.stop_at,
            lines: Lines::new(),
            day: String::new(),
            last: 0,
            at: beginning,
            state: None,
            stopped: false,
            failure: None,
        }
    }

    fn moment(&mut self, moment: &Happened<'_>, node: &Node<Heap>) -> ControlFlow<()> {
        let beyond = self.stop_at.is_some_and(|number| moment.number > number.get())
            || self.until.is_some_and(|until| on_calendar(node, moment.at) > until);
        let asked_to_stop = self.stop_at.is_some() || self.until.is_some();
        if asked_to_stop && (beyond || matches!(moment.what, What::Ended)) {
            // What was done at the last moment is done only now.
            self.state = Some(match self.form {
                Form::Json => state::json(node, self.last, self.at).to_string(),
                Form::Text | Form::Check(_) => state::text(node, self.last, self.at),
            });
        }
        if beyond {
            self.stopped = true;
            return ControlFlow::Break(());
        }
        (self.last, self.at) = (moment.number, moment.at);
        match self.print(moment, node) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
        }
    }

    fn print(&mut self, moment: &Happened<'_>, node: &Node<Heap>) -> Result<(), Failure> {
        if on_calendar(node, moment.at) < self.from {
            return Ok(());
        }
        match self.form {
            Form::Check(_) => Ok(()),
            Form::Json => self.lines.line(trace::json(moment, node)),
            Form::Text => {
                let day = trace::day(moment.at, node);
                if day != self.day {
                    self.lines.line(format_args!("{day} (UTC)"))?;
                    self.day = day;
                }
                self.lines.line(trace::line(moment, node))
            }
        }
    }

    /// Prints what is left to print.
    fn finish(&mut self) -> Result<(), Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if let Some(state) = self.state.take() {
            self.lines.line(state)?;
        }
        Ok(())
    }

    /// Says whether it is the same, and how many segments are `torn`.
    fn verdict(&mut self, verdict: &Verdict, torn: usize) -> Result<(), Failure> {
        let Verdict { inputs, proven, unproven, differs, skipped } = *verdict;
        if matches!(self.form, Form::Json | Form::Check(true)) {
            self.lines.line(json!({
                "kind": "verdict",
                "exact": verdict.is_exact(),
                "inputs": inputs,
                "proven": proven,
                "unproven": unproven,
                "differs_at": differs.map(|(number, _)| number),
                "skipped": skipped,
                "torn": torn,
            }))?;
        } else if verdict.is_exact() {
            let so_far = if self.stopped { " so far" } else { "" };
            let unproven = if unproven > 0 {
                format!("; {unproven} that came out at an end are not on record")
            } else {
                String::new()
            };
            let words = format!("the same{so_far}, byte for byte: {inputs} inputs, {proven} outputs{unproven}");
            self.lines.line(if self.form == Form::Text { format!("\n{words}") } else { words })?;
            if torn > 0 {
                // As a killed node leaves it, which is no failure; but it may be that the file was damaged.
                self.lines.line(format!(
                    "{torn} of its segments end in the middle of a block: what came after that is lost"
                ))?;
            }
        }
        self.lines.flush()
    }
}

/// Whether that is a success.
fn judge(verdict: &Verdict) -> Result<(), Failure> {
    match (verdict.differs, verdict.skipped) {
        (None, 0) => Ok(()),
        (Some((number, difference)), _) => {
            Err(Failure::refused(format!("not the same, from moment {number} on: {}", trace::differs(difference))))
        }
        (None, skipped) => Err(Failure::refused(format!(
            "{skipped} segments were recorded by another version of this program: replay them with that one, or say --other-builds"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_replayed_is_no_success() {
        let verdict = Verdict { skipped: 2, ..Verdict::default() };
        let Err(Failure::Refused(reason)) = judge(&verdict) else { panic!("half is not all") };
        assert!(reason.contains("2 segments") && reason.contains("--other-builds"), "{reason}");
        assert!(judge(&Verdict::default()).is_ok());
    }
}
