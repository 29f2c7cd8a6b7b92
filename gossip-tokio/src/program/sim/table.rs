//! The findings as text: a sentence, rows of figures, and the frames by kind.
use super::{
    findings::{Findings, Rate, Telling},
    words::{count, headline, percent, rate, some, time},
};
use crate::program::console::{self, Table};
use core::time::Duration;

/// The text, with how long it took by the clock on the wall.
pub(super) fn table(findings: &Findings, took: Duration) -> String {
    let mut rows = facts(findings);
    let (virtually, really) = (findings.time, took.as_secs_f64());
    let speed = rate(virtually / really.max(1e-3));
    rows.push(("took", format!("{} of virtual time in {}: {speed} times real time", time(virtually), time(really))));
    let mut frames = Table::new(&["FRAMES", "SENT", "BYTES", "SHARE"]);
    let bytes = findings.datagrams.bytes_sent.max(1) as f64;
    for kind in &findings.frames {
        let share = percent(kind.bytes as f64 / bytes);
        frames.row([kind.kind.to_owned(), count(kind.frames), count(kind.bytes), share]);
    }
    format!("{}\n{}\n\n{frames}", headline(findings), console::rows(&rows))
}

/// Names and figures, for the table and for the page.
pub(super) fn facts(findings: &Findings) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(joined) = &findings.joined {
        let (median, last) = (time(joined.median), time(joined.last));
        rows.push(("joined", format!("median {median}, last {last}: {} see each other", some(joined.nodes, "node"))));
    }
    let shares = findings.shares_of_time;
    let (see, know, claim) = (percent(shares.see_all), percent(shares.know_the_same), percent(shares.claim_agreement));
    rows.push(("agreement", format!("all see all {see} of the time, know the same {know}, claim agreement {claim}")));
    rows.extend(crashes(findings));
    let copies = findings.rumor_copies.map(|copies| format!("; {} copies received per node", rate(copies)));
    rows.extend(telling("rumors", &findings.rumors, &copies.unwrap_or_default()));
    rows.extend(telling("writes", &findings.writes, ""));
    rows.push((
        "errors",
        format!(
            "{}, {}",
            some(usize::try_from(findings.false_suspicions).unwrap_or(usize::MAX), "false suspicion"),
            some(usize::try_from(findings.false_deaths).unwrap_or(usize::MAX), "false death")
        ),
    ));
    if let Some(rest) = findings.cost_at_rest {
        rows.push(("idle", format!("{}, in the {} in which all agreed", cost(rest), time(rest.over))));
    }
    rows.push(("all in all", cost(findings.cost)));
    if let Some(nodes) = findings.bytes_per_second_by_node {
        let (mean, median, p99, max) = (rate(nodes.mean), rate(nodes.median), rate(nodes.p99), rate(nodes.max));
        rows.push(("by node", format!("bytes a second: mean {mean}, median {median}, p99 {p99}, most {max}")));
    }
    rows.push(("lost", lost(findings)));
    rows.push((
        "oracles",
        match findings.oracles {
            "close" if findings.failed.is_none() => "watched, and saw nothing that must never happen".to_owned(),
            "close" => "watched".to_owned(),
            _ => "scrutiny is loose: they look where the story settles alone; `--scrutiny close` has them watch all of it"
                .to_owned(),
        },
    ));
    rows.push(("seed, trace", format!("{}, {}", findings.seed, findings.trace)));
    rows
}

fn crashes(findings: &Findings) -> Option<(&'static str, String)> {
    let crashes = findings.crashes.len();
    let Some(told) = findings.detections else {
        return (crashes > 0).then(|| ("crash known", format!("{}: nobody was told", some(crashes, "crash"))));
    };
    let first = findings.crashes.iter().filter_map(|crash| crash.first).fold(f64::INFINITY, f64::min);
    let known = findings.crashes.iter().filter(|crash| crash.all.is_some()).count();
    let whole = if known == crashes { format!("all {}", time(told.max)) } else { format!("{known} known to all") };
    let (first, median) = (time(first), time(told.median));
    Some((
        "crash known",
        format!("{}: first {first}, median {median}, p99 {}, {whole}", some(crashes, "crash"), time(told.p99)),
    ))
}

fn telling(name: &'static str, telling: &Telling, more: &str) -> Option<(&'static str, String)> {
    let number = count(u64::try_from(telling.count).unwrap_or(u64::MAX));
    let Some(told) = telling.told else {
        return (telling.count > 0).then(|| (name, format!("{number}: nobody else was told")));
    };
    let (median, p99, last) = (time(told.median), time(told.p99), time(told.max));
    let missed = telling.count - telling.reached_all;
    let missed = if missed > 0 { format!("; {missed} did not reach all") } else { String::new() };
    Some((name, format!("{number}: median {median}, p99 {p99}, last {last}{more}{missed}")))
}

fn cost(cost: Rate) -> String {
    format!("{} datagrams, {} bytes a node and second", rate(cost.datagrams), rate(cost.bytes))
}

fn lost(findings: &Findings) -> String {
    let all = findings.datagrams;
    let causes = [
        (all.lost_by_chance, "by chance"),
        (all.lost_to_cuts, "to cuts"),
        (all.lost_to_nobody, "to nobody"),
        (all.lost_as_too_long, "too long"),
        (all.lost_to_full_queues, "to full queues"),
    ];
    let lost: Vec<String> = causes
        .iter()
        .filter(|(lost, _)| *lost > 0)
        .map(|(lost, why)| format!("{} {why}", percent(*lost as f64 / all.sent.max(1) as f64)))
        .collect();
    let sent = count(all.sent);
    if lost.is_empty() {
        format!("none of {sent} datagrams")
    } else {
        format!("of {sent} datagrams {}", lost.join(", "))
    }
}
