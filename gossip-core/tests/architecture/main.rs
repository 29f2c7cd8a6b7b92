//! `lib.rs` lists the modules floor by floor; this holds us to it.
mod circles;
mod paths;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Machines stand on one floor, and are strangers to each other.
const MACHINES: [&str; 5] = ["membership", "dissemination", "replica", "reconcile", "convergence"];
/// Longer than this, a file is more than one idea.
const LINES_MAX: usize = 400;
/// But for these, which are tables: one row an argument.
const LONG_FILES: [&str; 1] = ["gossip-tokio/src/program/args.rs"];
/// Longer than this, a function does more than one thing.
const FUNCTION_LINES_MAX: usize = 40;
/// But for these: of the core none that a node runs.
const LONG_FUNCTIONS: [(&str, &str); 16] = [
    // One row for each act, frame or event.
    ("gossip-core/src/sim/story/log.rs", "frame_in_words"),
    ("gossip-core/src/sim/story/parse.rs", "act"),
    ("gossip-core/src/sim/story/print.rs", "fmt"),
    ("gossip-core/src/sim/story/run.rs", "perform"),
    ("gossip-core/src/sim/swarm/shrink.rs", "without"),
    ("gossip-tokio/src/program/readers/events.rs", "sentence"),
    ("gossip-tokio/src/program/replay/frames.rs", "say"),
    // One row for each setting, fact or step, in the order in which they are drawn, shown or taken.
    ("gossip-core/src/sim/swarm/surroundings.rs", "settings"),
    ("gossip-tokio/src/program/demo/steps/mod.rs", "run"),
    ("gossip-tokio/src/program/readers/info.rs", "notable"),
    ("gossip-tokio/src/program/sim/findings.rs", "new"),
    ("gossip-tokio/src/program/sim/plan.rs", "new"),
    ("gossip-tokio/src/program/sim/report/spread.rs", "detection"),
    ("gossip-tokio/src/program/sim/table.rs", "facts"),
    ("gossip-tokio/src/program/swarm.rs", "many"),
    // What a node may say of itself, all of it at once.
    ("gossip-core/src/sim/oracle/conduct.rs", "hold_truth"),
];

#[test]
fn a_module_uses_only_modules_listed_above_it() {
    let order = modules();
    assert!(
        order.len() > 20 && MACHINES.iter().all(|machine| order.iter().any(|module| module == machine)),
        "{order:?}"
    );
    for (floor, module) in order.iter().enumerate() {
        for file in files_of(module) {
            let code = code_of(&file);
            for above in &order[floor + 1..] {
                assert!(!uses(&code, above), "{} uses `{above}`, which is listed below `{module}`", file.display());
            }
        }
    }
}

#[test]
fn machines_are_strangers() {
    for machine in MACHINES {
        for file in files_of(machine) {
            let code = code_of(&file);
            for other in MACHINES.iter().filter(|&&other| other != machine) {
                assert!(!uses(&code, other), "{} knows `{other}`", file.display());
            }
        }
    }
}

#[test]
fn a_file_is_one_idea_long() {
    for (name, lines) in all_files() {
        let is_long = lines.len() > LINES_MAX;
        assert_eq!(is_long, LONG_FILES.contains(&&name[..]), "{name} has {} lines", lines.len());
    }
}

#[test]
fn a_function_does_one_thing() {
    let mut long = Vec::new();
    for (name, lines) in all_files() {
        let functions = functions(&lines).into_iter().filter(|(_, len)| *len > FUNCTION_LINES_MAX);
        long.extend(functions.map(|(function, _)| (name.clone(), function)));
    }
    let named = |(file, function): &(&str, &str)| ((*file).to_owned(), (*function).to_owned());
    let mut known: Vec<_> = LONG_FUNCTIONS.iter().map(named).collect();
    known.sort();
    long.sort();
    assert_eq!(long, known, "of more than {FUNCTION_LINES_MAX} lines (left), and named so (right)");
}

#[test]
fn the_check_sees_where_a_function_ends() {
    let code =
        ["    fn short() {}", "    pub(crate) const fn long(", "        a: u8,", "    ) -> u8 {", "        a", "    }"];
    let code: Vec<String> = code.map(str::to_owned).into();
    assert_eq!(functions(&code), [("short".to_owned(), 1), ("long".to_owned(), 5)]);
}

#[test]
fn every_path_on_the_map_leads_somewhere() {
    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    let rows: Vec<&str> = lib.lines().filter(|line| line.starts_with("//! | ")).collect();
    assert!(rows.len() > 25);
    for row in rows {
        let mut text = String::new();
        for word in row.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                let file = src().join(word);
                // A file that each of several folders has stands without one.
                let of_stores = ["membership", "dissemination", "replica"].map(|store| src().join(store).join(word));
                let found = [file].into_iter().chain(of_stores).find(|file| file.is_file());
                text =
                    fs::read_to_string(found.unwrap_or_else(|| panic!("there is no {word}, of which it says: {row}")))
                        .unwrap();
            } else if !text.is_empty() && !word.contains("::") {
                assert!(text.contains(word) || in_config(word), "{word} is not where it says: {row}");
            }
        }
    }
}

fn in_config(word: &str) -> bool {
    files_of("config").iter().any(|file| fs::read_to_string(file).unwrap().contains(word))
}

#[test]
fn the_check_sees_every_way_to_import() {
    for code in [
        "use crate::node::Node;",
        "use crate::{id::Addr, node::Node};",
        "use crate::{node::{A, B}};",
        "crate::node::f()",
    ] {
        assert!(uses(&code.split_whitespace().collect::<String>(), "node"), "{code}");
    }
    assert!(!uses("usecrate::{id::node,nodes::X};", "node"));
}

/// The modules of `lib.rs`, from the lowest floor up.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    let names = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let folder = src().join(module);
    if !folder.is_dir() {
        return vec![src().join(format!("{module}.rs"))];
    }
    let mut folders = vec![folder];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// The files of all crates, by their path in the workspace, and their lines without those of their tests. Of files that are tests,
/// none.
fn all_files() -> Vec<(String, Vec<String>)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<_> = ["gossip-core", "gossip-tokio", "gossip-async-std", "gossip-udp-std"]
        .map(|name| workspace.join(name).join("src"))
        .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let name = path.strip_prefix(workspace).unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                files.push((name, code.lines().map(str::to_owned).collect()));
            }
        }
    }
    assert!(files.len() > 150);
    files.sort();
    files
}

/// The functions of a file that is formatted: each ends where a brace stands below its beginning.
fn functions(lines: &[String]) -> Vec<(String, usize)> {
    let name_of = |line: &str| {
        let code = line.trim_start();
        let (before, after) = code.split_once("fn ")?;
        let is_function = before.split_whitespace().all(|word| {
            word.starts_with("pub") || ["const", "async", "super)", "crate)", "crate::sim)"].contains(&word)
        });
        let name: String = after.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        (is_function && !name.is_empty()).then(|| (line.len() - code.len(), name))
    };
    let mut functions = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((indent, name)) = name_of(&lines[at]) {
            let end = format!("{}}}", " ".repeat(indent));
            let is_end =
                |line: &String| *line == end || line.ends_with(';') && line.len() - line.trim_start().len() <= indent;
            let is_one_line = lines[at].ends_with('}') || lines[at].ends_with(';');
            let len = if is_one_line { 0 } else { lines[at..].iter().position(is_end).unwrap_or(0) };
            functions.push((name, len + 1));
            at += len;
        }
        at += 1;
    }
    functions
}

/// A file without its comments and spaces.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.split_whitespace().collect()
}

/// Whether code without spaces names a module of this crate, in a path or in a list of imports.
fn uses(code: &str, module: &str) -> bool {
    let path = format!("{module}::");
    let listed = code.split("usecrate::{").skip(1).any(|list| {
        let list = &list[..list.find("};").unwrap_or(list.len())];
        let mut depth = 0;
        let mut starts = vec![0];
        for (at, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => starts.push(at + 1),
                _ => {}
            }
        }
        starts.into_iter().any(|start| list[start..].starts_with(&path))
    });
    listed || code.contains(&format!("crate::{path}"))
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
