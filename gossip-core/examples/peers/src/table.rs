//! Tables in Markdown: a line for each figure of each case, a column for each contestant.
use crate::{
    contestants::Peer,
    measure::Measured,
    plan,
    workloads::{Case, Workload},
};

/// What was measured, as a table.
pub(crate) fn of(measured: &Measured) -> String {
    let labels = labels(measured.workload);
    let columns = labels.len() + 1 + Peer::ALL.len();
    let names = labels.iter().map(|(name, _)| *name).chain([""]).chain(Peer::ALL.map(Peer::name));
    let mut lines = vec![line(names.map(str::to_owned)), format!("|{}", "---|".repeat(columns))];
    for case in plan::cases(measured.workload) {
        let runs = Peer::ALL.map(|peer| measured.figures(case, peer));
        let Some(first) = runs.iter().flatten().next() else { continue };
        for (row, (name, _)) in first.iter().enumerate() {
            let of_case = labels.iter().map(|(_, of)| of(case));
            let of_peers = runs.iter().map(|runs| summary(runs.iter().map(|figures| figures[row].1).collect()));
            lines.push(line(of_case.chain([(*name).to_owned()]).chain(of_peers)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The columns that tell one case from another.
fn labels(workload: Workload) -> &'static [Label] {
    const SIZE: Label = ("N", |case| case.size.to_string());
    const LOSS: Label = ("loss", |case| format!("{} %", case.loss_percent));
    const KILLED: Label = ("killed", |case| case.killed.to_string());
    match workload {
        Workload::W1 | Workload::W3Calm => &[SIZE, LOSS],
        Workload::W2 => &[SIZE],
        Workload::W3Crashes => &[SIZE, LOSS, KILLED],
    }
}

type Label = (&'static str, fn(Case) -> String);

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// The median, with the range where seeds differ. What never came to be is later than everything; of an even number, the
/// lower one is the middle.
fn summary(mut values: Vec<Option<f64>>) -> String {
    values.sort_by(|a, b| a.unwrap_or(f64::INFINITY).total_cmp(&b.unwrap_or(f64::INFINITY)));
    let Some(middle) = values.get(values.len().saturating_sub(1) / 2) else { return String::new() };
    let (least, middle, most) = (number(values[0]), number(*middle), number(values[values.len() - 1]));
    if least == most { middle } else { format!("{middle} ({least}…{most})") }
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 1e6 => format!("{:.2}M", value / 1e6),
        Some(value) if value >= 1e4 => format!("{:.1}k", value / 1e3),
        Some(value) if value == value.trunc() || value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_middle_and_the_range() {
        assert_eq!(summary(vec![]), "");
        assert_eq!(summary(vec![Some(2.0)]), "2");
        assert_eq!(summary(vec![Some(3.25), Some(1.0), Some(20.25)]), "3.25 (1…20.2)");
        assert_eq!(summary(vec![None, Some(1.5)]), "1.50 (1.50…–)");
        assert_eq!(summary(vec![Some(0.0), Some(0.0)]), "0");
        assert_eq!([number(Some(12_345.0)), number(Some(4.2e6))], ["12.3k", "4.20M"]);
    }
}
