//! `lib.rs` lists the modules floor by floor; this holds us to it.
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Machines stand on one floor, and are strangers to each other.
const MACHINES: [&str; 5] = ["membership", "dissemination", "replica", "reconcile", "convergence"];
/// Longer than this, a file is more than one idea.
const LINES_MAX: usize = 450;

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
    for module in modules() {
        for file in files_of(&module) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            assert!(code.lines().count() <= LINES_MAX, "{} has {} lines", file.display(), code.lines().count());
        }
    }
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
