//! What the steps came to: line by line as they end, then a table, or one JSON object.
use crate::program::{
    console::{self, Table},
    failure::Failure,
};
use core::{future::Future, time::Duration};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
};
use tokio::time::{Instant, timeout_at};

/// Beyond its own deadline a step gets this long to say what it was waiting for.
const GRACE: Duration = Duration::from_secs(5);

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Steps and a table on stdout.
    Text,
    /// Steps on stderr, one JSON object on stdout.
    Json,
}

/// All steps so far.
#[derive(Debug)]
pub(super) struct Report {
    nodes: usize,
    form: Form,
    started: Instant,
    steps: Vec<Step>,
}

/// What a step that held has found out.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// In words.
    said: String,
    /// In figures.
    detail: Map<String, Value>,
    /// When each agent had got there, since the step's beginning.
    agents: BTreeMap<String, Duration>,
}

impl Finding {
    pub(super) fn new(said: impl Into<String>) -> Self {
        Self { said: said.into(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, figure: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), figure.into());
        self
    }

    pub(super) fn agents(mut self, times: impl IntoIterator<Item = (String, Duration)>) -> Self {
        self.agents = times.into_iter().collect();
        self
    }
}

#[derive(Debug, Serialize)]
struct Step {
    step: &'static str,
    ms: f64,
    held: bool,
    /// What was found out, or what was waited for in vain.
    said: String,
    #[serde(flatten)]
    detail: Map<String, Value>,
    #[serde(rename = "agent_ms", skip_serializing_if = "BTreeMap::is_empty")]
    agents: BTreeMap<String, f64>,
}

/// Whether a step did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
}

impl Report {
    pub(super) fn new(nodes: usize, form: Form) -> Self {
        let report = Self { nodes, form, started: Instant::now(), steps: Vec::new() };
        report.say(&format!("gossip demo: {nodes} agents as processes of their own on 127.0.0.1\n"));
        report
    }

    /// Runs a step, and writes down what it came to. The step gets its deadline, and is cut off soon after it.
    pub(super) async fn step<F>(
        &mut self,
        name: &'static str,
        doing: &str,
        limit: Duration,
        run: impl FnOnce(Instant) -> F,
    ) -> Held
    where
        F: Future<Output = Result<Finding, String>>,
    {
        self.say_meanwhile(&format!("  {name:<12}  … {doing}"));
        let start = Instant::now();
        let by = start + limit;
        let outcome = timeout_at(by + GRACE, run(by)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(format!("not done within {} s", limit.as_secs())));
        let took = start.elapsed();
        let (held, finding) = match outcome {
            Ok(finding) => (Held::Yes, finding),
            Err(why) => (Held::No, Finding::new(why)),
        };
        // A step that times its agents ends when the last of them got there; what is checked after that is not its time.
        let took = finding.agents.values().max().copied().unwrap_or(took);
        let mark = if held == Held::Yes { "held  " } else { "FAILED" };
        self.say(&format!("  {name:<12}  {mark} {:>8.1} ms  {}", millis(took), console::plain(&finding.said)));
        self.steps.push(Step {
            step: name,
            ms: millis(took),
            held: held == Held::Yes,
            said: finding.said,
            detail: finding.detail,
            agents: finding.agents.into_iter().map(|(name, time)| (name, millis(time))).collect(),
        });
        held
    }

    /// Whether every step did what it should.
    pub(super) fn held(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.held)
    }

    /// The table, and in JSON form the object.
    pub(super) fn finish(&self, agents: &[String]) -> Result<(), Failure> {
        let held = self.steps.iter().filter(|step| step.held).count();
        let seconds = self.started.elapsed().as_secs_f64();
        self.say(&format!("\nmilliseconds until each agent had got there\n{}", self.table(agents)));
        self.say(&format!("\n{held} of {} steps held, in {seconds:.1} s", self.steps.len()));
        if self.form == Form::Text {
            return Ok(());
        }
        let summary = Summary { nodes: self.nodes, steps: &self.steps, held: self.held() };
        let json = serde_json::to_string(&summary).map_err(|error| Failure::refused(error.to_string()))?;
        console::line(json)
    }

    fn table(&self, agents: &[String]) -> Table {
        let timed: Vec<&Step> = self.steps.iter().filter(|step| !step.agents.is_empty()).collect();
        let header: Vec<&'static str> = core::iter::once("AGENT").chain(timed.iter().map(|step| step.step)).collect();
        let mut table = Table::new(&header);
        for agent in agents {
            let time = |step: &&Step| step.agents.get(agent).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
            table.row(core::iter::once(agent.clone()).chain(timed.iter().map(time)));
        }
        table
    }

    /// A line of progress. Whoever closed our output will learn of the end by the exit code.
    fn say(&self, text: &str) {
        let erase = if self.is_terminal() { "\r\u{1b}[K" } else { "" };
        self.write(&format!("{erase}{text}\n"));
    }

    /// What is going on, until the next line takes its place; only where somebody watches.
    fn say_meanwhile(&self, text: &str) {
        if self.is_terminal() {
            self.write(&format!("\r\u{1b}[K{text}"));
        }
    }

    fn is_terminal(&self) -> bool {
        match self.form {
            Form::Text => io::stdout().is_terminal(),
            Form::Json => io::stderr().is_terminal(),
        }
    }

    fn write(&self, text: &str) {
        let _ = match self.form {
            Form::Text => io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
            Form::Json => io::stderr().lock().write_all(text.as_bytes()),
        };
    }
}

/// The object on the last line.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    nodes: usize,
    held: bool,
    steps: &'a [Step],
}

/// With a tenth of a millisecond: more would be noise.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_fails_or_hangs_is_reported_and_the_whole_does_not_hold() {
        let mut report = Report::new(3, Form::Json);
        assert!(!report.held());
        let good = async |_| Ok(Finding::new("fine").with("count", 3));
        assert_eq!(report.step("one", "", Duration::from_secs(9), good).await, Held::Yes);
        assert!(report.held());
        let bad = async |_| Err("agent-1: lists 2 of 3".to_owned());
        assert_eq!(report.step("two", "", Duration::from_secs(9), bad).await, Held::No);
        assert!(!report.held());
        let json = serde_json::to_value(&report.steps).unwrap();
        assert_eq!((&json[0]["count"], &json[1]["held"]), (&Value::from(3), &Value::from(false)));
        assert_eq!(json[1]["said"], "agent-1: lists 2 of 3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_forgets_its_deadline_is_cut_off() {
        let mut report = Report::new(3, Form::Json);
        let endless = async |_| core::future::pending().await;
        assert_eq!(report.step("endless", "", Duration::from_secs(9), endless).await, Held::No);
    }
}
