//! The acceptance of the failure detector: what it costs, how soon it finds a crash, and whom it wrongs, each held
//! against a bound.
//!
//! `cargo membership` runs everything at length. To run less:
//! `cargo membership idle crash --seeds 30 --nodes 16,64 --loss 0,10,25 --preset lan,plain`
//!
//! `cargo membership --help` lists workloads and flags. It ends with an error when a preset that is held to bounds breaks one. No harness of the usual kind: all that is measured is
//! virtual, and the same each time.
mod arguments;
mod table;
mod workloads;

use arguments::Arguments;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::{
    io::{Write, stdout},
    process::ExitCode,
    sync::Mutex,
    thread,
};
use table::{print_case, print_judged, print_notes};
use workloads::{
    Case, Held, Outcome, Preset, Scope, Trial, Workload,
    figures::{Findings, Pool},
    workloads,
};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{}", arguments::help());
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let chosen = workloads().into_iter().filter(|workload| arguments.wants(workload.name));
    let broken: usize = chosen.map(|workload| run(&workload, &arguments)).sum();
    println!("{broken} bounds broken");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a workload, and says how many bounds were broken.
fn run(workload: &Workload, arguments: &Arguments) -> usize {
    let scope = arguments.scope(workload.seeds);
    println!("\n{}, seeds {:?}", workload.name, scope.seeds);
    table::print_head();
    let (mut broken, mut outcomes) = (0, Vec::new());
    for case in (workload.cases)(&scope) {
        if !case.name.contains(&arguments.only) {
            continue;
        }
        for preset in workload.presets().filter(|preset| arguments.wants_preset(preset.name)) {
            let runs = play_all(&case, &preset, &scope, arguments);
            let pool = Pool::of(runs.iter().map(|(_, findings)| findings));
            let judged: Vec<_> = case.bounds.iter().map(|bound| bound.judge(&pool)).collect();
            print_case(&case.name, &preset, &pool);
            if preset.held == Held::ToBounds {
                broken += judged.iter().filter(|judged| !judged.is_kept()).count();
                print_judged(&judged);
                print_notes(&runs);
            }
            let _ = stdout().flush();
            let (case, nodes, loss) = (case.name.clone(), case.nodes, case.loss);
            outcomes.push(Outcome { case, preset: preset.name, nodes, loss, pool });
        }
    }
    let judged = (workload.across)(&outcomes);
    print_judged(&judged);
    broken + judged.iter().filter(|judged| !judged.is_kept()).count()
}

/// Plays a case with every seed, several at a time; what they found, in the order of seeds.
fn play_all(case: &Case, preset: &Preset, scope: &Scope, arguments: &Arguments) -> Vec<(u64, Findings)> {
    let count = usize::try_from(case.seeds_max).unwrap_or(usize::MAX);
    let seeds: Vec<u64> = scope.seeds.clone().take(count).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|threads| {
        for _ in 0..arguments.jobs {
            threads.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let trial = Trial { detector: (preset.detector)(), seed, scrutiny: arguments.scrutiny };
                    let findings = (case.play)(&trial);
                    found.lock().expect("nobody panicked with it").push((seed, findings));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("nobody panicked with it");
    found.sort_by_key(|(seed, _)| *seed);
    found
}
