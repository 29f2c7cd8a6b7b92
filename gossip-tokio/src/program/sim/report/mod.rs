//! One page that holds all there is to see: plots, figures, and how to get them again. It needs nothing from elsewhere.
mod ink;
mod marks;
mod over_time;
mod spread;
mod amounts;

use super::{
    findings::{Findings, Frames},
    table::facts,
    words::{headline, percent, rate, some, time},
};
use crate::program::{console::plain, failure::Failure};
use core::error::Error;
use gossip_core::sim::story::{Outcome, Sample, Story};
use marks::Marks;
use minijinja::{Environment, value::Serde};
use serde::Serialize;
use std::env;

/// What the template is given. Whatever is not marked as safe there is escaped.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    subtitle: String,
    figures: Vec<Figure>,
    facts: Vec<(&'static str, String)>,
    command: String,
    story: String,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Figure {
    /// By which the page's style and the tests know it.
    name: &'static str,
    width: Width,
    title: String,
    note: String,
    svg: String,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Width {
    Whole,
    Half,
}

const TEMPLATE: &str = include_str!("page.html");

impl Page {
    /// Draws everything.
    pub(super) fn new(
        story: &Story,
        outcome: &Outcome,
        samples: &[Sample],
        findings: &Findings,
    ) -> Result<Self, Failure> {
        let figures = figures(story, outcome, samples, findings);
        Ok(Self {
            title: headline(findings),
            subtitle: subtitle(findings),
            figures: figures.map_err(|error| Failure::refused(format!("cannot draw the report: {error}")))?,
            facts: facts(findings),
            command: command(),
            story: findings.story.clone(),
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    /// The page.
    pub(super) fn render(&self) -> Result<String, Failure> {
        let rendered = || {
            let mut templates = Environment::new();
            // The name's ending has everything escaped.
            templates.add_template("page.html", TEMPLATE)?;
            templates.get_template("page.html")?.render(Serde(self))
        };
        rendered().map_err(|error: minijinja::Error| Failure::refused(format!("cannot write the report: {error}")))
    }
}

fn figures(
    story: &Story,
    outcome: &Outcome,
    samples: &[Sample],
    findings: &Findings,
) -> Result<Vec<Figure>, Box<dyn Error>> {
    let marks = Marks::new(story, outcome);
    let mut figures = vec![agreement(samples, findings, &marks)?, cost(findings, &marks)?];
    figures.extend(news(findings)?);
    figures.extend(detection(findings)?);
    figures.extend(amounts(findings)?);
    Ok(figures)
}

fn agreement(samples: &[Sample], findings: &Findings, marks: &Marks) -> Result<Figure, Box<dyn Error>> {
    let shares = findings.shares_of_time;
    let mistakes = match (findings.false_suspicions, findings.false_deaths) {
        (0, 0) => "nobody was wrongly suspected".to_owned(),
        (suspicions, 0) => format!("{suspicions} wrongly suspected, none given up"),
        (suspicions, deaths) => format!("{suspicions} times wrongly suspected, {deaths} times wrongly given up"),
    };
    Ok(Figure {
        name: "agreement",
        width: Width::Whole,
        title: format!("All knew the same {} of the time; {mistakes}", percent(shares.know_the_same)),
        note:
            "Behind each colour, in grey: the nodes that live. Whoever claims agreement claims it for the nodes it sees."
                .to_owned(),
        svg: over_time::agreement(samples, marks)?,
    })
}

fn cost(findings: &Findings, marks: &Marks) -> Result<Figure, Box<dyn Error>> {
    let title = match findings.cost_at_rest {
        Some(rest) => {
            format!("A node at rest sends {} bytes a second, in {} datagrams", rate(rest.bytes), rate(rest.datagrams))
        }
        None => format!("A node sends {} bytes a second, in the mean", rate(findings.cost.bytes)),
    };
    Ok(Figure {
        name: "cost",
        width: Width::Whole,
        title,
        note: "Payloads, without the headers of UDP and IP: 28 bytes a datagram, with IPv4.".to_owned(),
        svg: over_time::cost(findings, marks)?,
    })
}

fn news(findings: &Findings) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (kind, name, of, telling) in [
        (spread::Kind::Rumors, "rumors", "rumor", &findings.rumors),
        (spread::Kind::Writes, "writes", "write", &findings.writes),
    ] {
        let Some((svg, told)) = spread::news(kind, telling)?.zip(telling.told) else { continue };
        let copies = match (kind, findings.rumor_copies) {
            (spread::Kind::Rumors, Some(copies)) => format!(" Each node received {} copies of each.", rate(copies)),
            _ => String::new(),
        };
        figures.push(Figure {
            name,
            width: Width::Half,
            title: format!("Half of the nodes knew a {of} after {}", time(told.median)),
            note: format!("{}, a curve for each. Lines: all taken together.{copies}", some(telling.count, of)),
            svg,
        });
    }
    Ok(figures)
}

fn detection(findings: &Findings) -> Result<Option<Figure>, Box<dyn Error>> {
    let Some(told) = findings.detections else { return Ok(None) };
    let unknown = findings.crashes.iter().filter(|crash| crash.told == 0).count();
    let unknown =
        if unknown > 0 { format!(" {unknown} were never told of: they came back before.") } else { String::new() };
    Ok(Some(Figure {
        name: "detection",
        width: Width::Half,
        title: format!(
            "Half of the nodes knew of a crash after {}, the last after {}",
            time(told.median),
            time(told.max)
        ),
        note: format!(
            "Above: all of {} taken together. Below: a line for each, from the first to the last who was told; the dot is \
             the median.{unknown}",
            some(findings.crashes.len(), "crash")
        ),
        svg: spread::detection(&findings.crashes, told)?,
    }))
}

fn amounts(findings: &Findings) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    if let Some(dist) = findings.bytes_per_second_by_node {
        figures.push(Figure {
            name: "by-node",
            width: Width::Half,
            title: format!(
                "The busiest node sends {} times what the median sends",
                rate(dist.max / dist.median.max(1e-9))
            ),
            note: format!("{}, over the whole story.", some(findings.nodes, "node")),
            svg: amounts::by_node(&findings.by_host, dist)?,
        });
    }
    if let Some(most) = findings.frames.iter().find(|frames| frames.kind != Frames::HEADERS) {
        let share = most.bytes as f64 / findings.datagrams.bytes_sent.max(1) as f64;
        figures.push(Figure {
            name: "frames",
            width: Width::Half,
            title: format!("{} frames are {} of the bytes", most.kind, percent(share)),
            note: "Bytes sent, by kind of frame, and of the header that each datagram has.".to_owned(),
            svg: amounts::by_frame(findings)?,
        });
    }
    Ok(figures)
}

fn subtitle(findings: &Findings) -> String {
    let nodes = some(findings.nodes, "node");
    format!("{nodes} for {} of virtual time, seed {}", time(findings.time), findings.seed)
}

/// The command line, such that a shell would read it the same.
fn command() -> String {
    let args = env::args_os().skip(1).map(|arg| quoted(&arg.to_string_lossy()));
    core::iter::once("gossip".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}

fn quoted(arg: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./%@".contains(c);
    if !arg.is_empty() && arg.chars().all(is_plain) {
        return arg.to_owned();
    }
    format!("'{}'", plain(arg).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_is_quoted_as_it_was() {
        let said = ["--loss", "10%", "a b", "it's", ""].map(quoted);
        assert_eq!(said, ["--loss", "10%", "'a b'", r"'it'\''s'", "''"]);
    }
}
