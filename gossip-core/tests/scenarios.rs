//! Stories with the log that is expected of them: one behaviour each, for a human to review.
//!
//! The text after the line of dashes is the log. `GOSSIP_REWRITE=NAME cargo test -p gossip-core --features sim --test
//! scenarios` writes that of one scenario anew, `GOSSIP_REWRITE=1` all of them; what then differs shows in `git diff`, and
//! is to be reviewed there. Never by hand.
//!
//! What must hold whatever the timing stands among the acts: that is tried with other seeds, too.
#![cfg(feature = "sim")]
use gossip_core::sim::story::{Act, Ended, Outcome, Story};
use std::{env, fs, path::PathBuf};

const RULE: &str = "\n---\n";
/// More than this, nobody reviews line by line.
const LOG_LINES_MAX: usize = 80;
/// So many lines around a difference are shown.
const AROUND: usize = 3;

struct Scenario {
    path: PathBuf,
    name: String,
    acts: String,
    log: String,
}

#[test]
fn every_scenario_goes_as_it_is_written() {
    let scenarios = scenarios();
    let wrong: Vec<String> = scenarios.iter().filter_map(|scenario| scenario.compare().err()).collect();
    assert!(wrong.is_empty(), "{} of {} scenarios differ:\n\n{}", wrong.len(), scenarios.len(), wrong.join("\n\n"));
}

#[test]
fn every_scenario_holds_whatever_the_seed() {
    let seeds = env::var("GOSSIP_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for seed in 1_000..1_000 + seeds {
            let outcome = Story { seed, ..scenario.story() }.run();
            if outcome.ended != Ended::Well {
                wrong.push(format!("{} with seed {seed}: {}", scenario.name, last_line(&outcome)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} do not hold:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_scenario_can_be_reviewed() {
    for scenario in scenarios() {
        let name = &scenario.name;
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}: snake_case");
        assert!(scenario.acts.starts_with("# "), "{name} must begin with a remark that says what it shows, and why");
        let lines = scenario.log.lines().count();
        assert!((1..=LOG_LINES_MAX).contains(&lines), "the log of {name} has {lines} lines");
        let demands = |act: &Act| matches!(act, Act::Expect { .. } | Act::Until { .. } | Act::Settle(_));
        assert!(scenario.story().acts.iter().any(demands), "{name} demands nothing: it cannot fail");
    }
}

#[test]
fn the_index_names_every_scenario_once() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    let link = |line: &'_ str| Some(line.strip_suffix(".txt)")?.split_once("](")?.1.to_owned());
    let mut named: Vec<String> = index.lines().filter_map(link).collect();
    named.sort_unstable();
    let names: Vec<String> = scenarios().into_iter().map(|scenario| scenario.name).collect();
    assert_eq!(named, names, "README.md (left) against the files (right)");
}

impl Scenario {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let (acts, log) = text.split_once(RULE).unwrap_or_else(|| (text.trim_end(), ""));
        let (acts, log) = (acts.to_owned(), log.to_owned());
        Self { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), path, acts, log }
    }

    fn story(&self) -> Story {
        Story::parse(&self.acts).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// Runs it and compares its log, or writes that anew, if it is asked to.
    fn compare(&self) -> Result<(), String> {
        let outcome = self.story().run();
        if outcome.ended != Ended::Well {
            let from = outcome.log.len().saturating_sub(4 * AROUND);
            return Err(format!("{} goes wrong:\n{}", self.path.display(), outcome.log[from..].join("\n")));
        }
        let log = outcome.log.join("\n") + "\n";
        if env::var("GOSSIP_REWRITE").is_ok_and(|which| which == "1" || which.split(',').any(|name| name == self.name))
        {
            fs::write(&self.path, format!("{}{RULE}{log}", self.acts)).unwrap();
            return Ok(());
        }
        if log == self.log {
            return Ok(());
        }
        let (name, path) = (&self.name, self.path.display());
        let command = format!("GOSSIP_REWRITE={name} cargo test -p gossip-core --features sim --test scenarios");
        Err(format!("{path} (- expected, + now)\n{}\nIf that is right: {command}", difference(&self.log, &log)))
    }
}

/// The stretch that differs, with some lines before and after.
fn difference(expected: &str, now: &str) -> String {
    let (expected, now): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), now.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = expected.iter().zip(&now).take_while(same).count();
    let shorter = expected.len().min(now.len()) - before;
    let after = expected.iter().rev().zip(now.iter().rev()).take(shorter).take_while(same).count();
    let mut lines = vec![format!("@ line {} of the log", before + 1)];
    let mut show = |mark: char, some: &[&str]| lines.extend(some.iter().map(|line| format!("{mark} {line}")));
    show(' ', &expected[before.saturating_sub(AROUND)..before]);
    show('-', &expected[before..expected.len() - after]);
    show('+', &now[before..now.len() - after]);
    show(' ', &expected[expected.len() - after..][..after.min(AROUND)]);
    lines.join("\n")
}

#[test]
fn a_difference_is_shown_with_what_is_around_it() {
    let shown = difference("a\nb\nc\nd\ne\nf\ng\nh\ni\n", "a\nb\nc\nd\nx\ny\nf\ng\nh\ni\n");
    assert_eq!(shown, "@ line 5 of the log\n  b\n  c\n  d\n- e\n+ x\n+ y\n  f\n  g\n  h");
    assert_eq!(difference("a\n", "a\na\n"), "@ line 2 of the log\n  a\n+ a");
}

fn last_line(outcome: &Outcome) -> &str {
    outcome.log.last().map_or("", |line| line.as_str())
}

fn scenarios() -> Vec<Scenario> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "txt")).collect();
    files.sort();
    files.into_iter().map(Scenario::read).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}
