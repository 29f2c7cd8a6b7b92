//! Stories with the log that is expected of them: one behaviour each, for a human to review.
//!
//! The text after the line of dashes is the log. `GOSSIP_REWRITE=1 cargo test -p gossip-core --features sim --test
//! scenarios` writes it anew; what then differs shows in `git diff`, and is to be reviewed there. Never by hand.
#![cfg(feature = "sim")]
use gossip_core::sim::story::{Ended, Story};
use std::{env, fs, path::PathBuf};

const RULE: &str = "\n---\n";

#[test]
fn every_scenario_goes_as_it_is_written() {
    let rewrite = env::var_os("GOSSIP_REWRITE").is_some();
    let mut wrong = Vec::new();
    let files = files();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let (acts, expected) = text.split_once(RULE).unwrap_or((text.trim_end(), ""));
        let story = Story::parse(acts).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let outcome = story.run();
        if outcome.ended != Ended::Well {
            wrong.push(format!("{}: {}", file.display(), outcome.log.last().unwrap()));
            continue;
        }
        let log = outcome.log.join("\n") + "\n";
        if rewrite {
            fs::write(file, format!("{acts}{RULE}{log}")).unwrap();
        } else if log != expected {
            wrong.push(format!("{}: {}", file.display(), first_difference(&log, expected)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn first_difference(is: &str, expected: &str) -> String {
    let lines = is.lines().map(Some).chain(std::iter::repeat(None));
    let pairs = lines.zip(expected.lines().map(Some).chain(std::iter::repeat(None)));
    let (index, (is, expected)) = pairs.enumerate().find(|(_, (is, expected))| is != expected).unwrap();
    format!(
        "line {} of the log is {:?}, and {:?} was expected",
        index + 1,
        is.unwrap_or("missing"),
        expected.unwrap_or("none")
    )
}
