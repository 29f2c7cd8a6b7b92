//! Figures as text.
use crate::workloads::{
    Preset,
    figures::{Findings, Judged, Pool, short},
};

/// So many notes are printed of each case.
const NOTES_MAX: usize = 8;

pub(crate) fn print_head() {
    print_row("case", "preset", "figure", ["n", "mean", "p50", "p99", "max", "total"].map(str::to_owned));
}

pub(crate) fn print_case(case: &str, preset: &Preset, pool: &Pool) {
    let mut case = case;
    for (figure, sample) in pool.rows() {
        let statistics = [sample.mean(), sample.percentile(50), sample.percentile(99), sample.max(), sample.sum()];
        let [mean, median, high, max, total] = statistics.map(short);
        let count = sample.values().len().to_string();
        print_row(case, preset.name, figure, [count, mean, median, high, max, total]);
        case = "";
    }
}

pub(crate) fn print_judged(judged: &[Judged]) {
    judged.iter().for_each(|judged| println!("    {judged}"));
}

pub(crate) fn print_notes(runs: &[(u64, Findings)]) {
    let notes = || runs.iter().flat_map(|(seed, findings)| findings.notes.iter().map(move |note| (seed, note)));
    notes().take(NOTES_MAX).for_each(|(seed, note)| println!("    seed {seed}: {note}"));
    if notes().count() > NOTES_MAX {
        println!("    and {} notes more", notes().count() - NOTES_MAX);
    }
}

fn print_row(case: &str, preset: &str, figure: &str, cells: [String; 6]) {
    let cells: String = cells.iter().map(|cell| format!(" {cell:>8}")).collect();
    println!("{case:<38} {preset:<6} {figure:<36}{cells}");
}
