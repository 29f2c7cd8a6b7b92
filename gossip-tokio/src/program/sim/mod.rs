//! `gossip sim`: a whole cluster under virtual time, from a file or from flags, as figures, as JSON, and as a page to look at.
//!
//! | module | what it does |
//! |---|---|
//! | `flags` | what can be said on the command line |
//! | `plan` | from flags to a story |
//! | `source` | where the story comes from |
//! | `recorder` | watches while it runs: samples, the progress bar, Ctrl-C |
//! | `figures`, `findings` | what it has shown, as data: this is the JSON |
//! | `words` | the finding in a sentence, and figures as people say them |
//! | `table` | the findings as text |
//! | `report` | the findings as a page with plots |
mod flags;
mod plan;
mod source;
mod recorder;
mod figures;
mod findings;
mod words;
mod table;
mod report;

use super::{
    console,
    failure::Failure,
    signals::{stop_asked, stop_asked_again},
};
use core::sync::atomic::{AtomicBool, Ordering};
use findings::Findings;
use gossip_core::sim::story::{Ended, Outcome, Story};
use recorder::Recorder;
use report::Page;
use std::{fs, process, sync::Arc};
use tokio::runtime::{Builder, Runtime};

pub(crate) use flags::SimArgs;

/// Of the log of a story that fails, so many lines are shown.
const LAST_LINES: usize = 12;

/// Runs a story, and tells what it has shown; it fails if the story does.
pub(crate) fn run(args: SimArgs) -> Result<(), Failure> {
    let story = source::story(&args)?;
    if args.print {
        return console::bytes(story.to_string().as_bytes());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let _signals = heed_signals(&stop)?;
    let mut recorder = Recorder::new(&story, stop);
    let outcome = story.run_watched(|sample| recorder.look(sample));
    let (samples, took) = recorder.finish();

    let log = if args.log { outcome.log.as_slice() } else { &[] };
    let findings = Findings::new(&story, &outcome, &samples, log);
    if args.json {
        let json = serde_json::to_string(&findings).map_err(|error| Failure::refused(error.to_string()))?;
        console::line(json)?;
    } else {
        log.iter().try_for_each(|line| console::line(console::plain(line)))?;
        console::line(table::table(&findings, took))?;
    }
    // Last: what cannot be written must not cost what was found.
    if let Some(path) = &args.report {
        let page = Page::new(&story, &outcome, &samples, &findings)?.render()?;
        fs::write(path, page)
            .map_err(|error| Failure::refused(format!("cannot write the report {}: {error}", path.display())))?;
    }
    end(&story, &outcome, &args)
}

/// How the command ends, and what is to be said of it.
fn end(story: &Story, outcome: &Outcome, args: &SimArgs) -> Result<(), Failure> {
    match &outcome.ended {
        Ended::Well => Ok(()),
        Ended::Stopped { .. } => Err(Failure::Interrupted),
        Ended::Badly { act, what } => {
            if !args.log {
                let last = outcome.log.len().saturating_sub(LAST_LINES);
                outcome.log[last..].iter().for_each(|line| console::note(console::plain(line)));
            }
            let doing = story.acts.get(*act).map(ToString::to_string).unwrap_or_default();
            let at = words::time(outcome.time.as_secs_f64());
            Err(Failure::refused(format!("after {at}, in act {}, `{doing}`: {what}", act + 1)))
        }
    }
}

/// The first signal has the story break off, and what there is be told; the second ends us where we are.
pub(super) fn heed_signals(stop: &Arc<AtomicBool>) -> Result<Runtime, Failure> {
    let runtime = super::runtime(Builder::new_multi_thread().worker_threads(1))?;
    let stop = Arc::clone(stop);
    runtime.spawn(async move {
        stop_asked().await;
        stop.store(true, Ordering::Relaxed);
        stop_asked_again().await;
        process::exit(130);
    });
    Ok(runtime)
}
