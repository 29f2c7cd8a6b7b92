//! No files import each other in a circle: of any two, one can be read, changed and tested without the other.
//!
//! An arrow leads from a file to each other file whose items it names, wherever it takes them from: what the face of a folder,
//! its `mod.rs`, hands on from a file within is that file's. To declare a module is no arrow; to call a method is none either, for
//! it does not say where that is written.
//!
//! Nor is what a file takes from the `mod.rs` of a folder that it lies in. The methods of one type may well live in several
//! files, which the one that declares it, and calls them, takes together: these are one thing, and its folder says so.
use super::{all_files, paths::Source};
use std::collections::{BTreeMap, BTreeSet};

/// Through how many hands anything may go.
const FUEL: usize = 8;

/// A module's path, from its crate on.
type Module = Vec<String>;
/// Which files take from which, and what.
type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let arrows = Tree::of(all_files()).arrows();
    assert!(arrows.values().map(BTreeMap::len).sum::<usize>() > 500, "the check sees what is imported");
    let found = circles(&arrows);
    assert!(found.is_empty(), "circles:\n{}", ties(&arrows, &found));
}

/// All files, each by the module that it is.
struct Tree(BTreeMap<Module, Source>);

impl Tree {
    fn of(files: Vec<(String, Vec<String>)>) -> Self {
        let is_code = |name: &str| !name.contains("/tests/");
        let files = files.into_iter().filter(|(name, _)| is_code(name)).map(|(name, lines)| {
            let module = module_of(&name);
            let source = Source::read(&name, &module, &lines.join("\n"));
            (module, source)
        });
        Self(files.collect())
    }

    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (module, source) in &self.0 {
            let arrows = arrows.entry(source.name.clone()).or_default();
            for path in source.paths.iter().chain(source.imports.iter().map(|(_, path)| path)) {
                let Some((target, item)) = self.whole(module, path, FUEL).and_then(|path| self.home(&path, FUEL))
                else {
                    continue;
                };
                // Its own, or of a folder that it lies in.
                if !module.starts_with(&target) {
                    arrows.entry(self.0[&target].name.clone()).or_default().insert(item);
                }
            }
        }
        arrows
    }

    /// The file in which what a path names is written, and its name there; none for a folder as such: what is used of it is
    /// named elsewhere.
    fn home(&self, path: &[String], fuel: usize) -> Option<(Module, String)> {
        let len = (1..=path.len()).rev().find(|len| self.0.contains_key(&path[..*len]))?;
        let (module, rest) = path.split_at(len);
        let Some((item, rest)) = rest.split_first() else {
            let is_folder = self.0.keys().any(|other| other.len() > len && other.starts_with(module));
            return path.last().filter(|_| !is_folder).map(|name| (module.to_vec(), name.clone()));
        };
        let handed_on =
            self.import(module, item, fuel).and_then(|path| self.home(&[&path[..], rest].concat(), fuel - 1));
        Some(handed_on.unwrap_or_else(|| (module.to_vec(), item.clone())))
    }

    /// A path as a module writes it, from the crate on; none, if it leads to another crate.
    fn whole(&self, module: &[String], path: &[String], fuel: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let child = [module, &path[..1]].concat();
        if self.0.contains_key(&path[..1]) {
            Some(path.to_vec())
        } else if self.0.contains_key(&child) {
            Some([&child[..], rest].concat())
        } else {
            self.import(module, first, fuel).map(|import| [&import[..], rest].concat())
        }
    }

    /// What a module imports under a name, from the crate on.
    fn import(&self, module: &[String], name: &str, fuel: usize) -> Option<Module> {
        let (_, path) = self.0[module].imports.iter().find(|(known, _)| known == name)?;
        self.whole(module, path, fuel.checked_sub(1)?)
    }
}

/// The module that a file is: `it/src/a/b.rs` and `it/src/a/b/mod.rs` are both `b` of `a` of `it`.
fn module_of(name: &str) -> Module {
    let path = name.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("/lib");
    path.split('/').filter(|step| *step != "src").map(str::to_owned).collect()
}

/// The files of each circle.
fn circles(arrows: &Arrows) -> Vec<Vec<&str>> {
    let ways: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (&file[..], reached(arrows, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, ahead) in &ways {
        let circle: Vec<&str> = ahead.iter().copied().filter(|other| ways[other].contains(file)).collect();
        // Each of its files finds the same circle.
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// All files to which arrows lead from this one.
fn reached<'a>(arrows: &'a Arrows, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = arrows[file].keys().map(String::as_str).collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(arrows[next].keys().map(String::as_str));
        }
    }
    reached
}

/// What ties the files of each circle, for whoever is to open it.
fn ties(arrows: &Arrows, circles: &[Vec<&str>]) -> String {
    let mut lines = Vec::new();
    for circle in circles {
        lines.push(format!("{} files:", circle.len()));
        for (from, to, items) in circle.iter().flat_map(|file| arrows[*file].iter().map(move |(to, it)| (file, to, it)))
        {
            if circle.contains(&&to[..]) {
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                lines.push(format!("  {from} -> {to}: {}", items.join(", ")));
            }
        }
    }
    lines.join("\n")
}

fn arrows(files: &[(&str, &str)]) -> Arrows {
    let lines = |code: &str| code.lines().map(str::to_owned).collect();
    Tree::of(files.iter().map(|(name, code)| ((*name).to_owned(), lines(code))).collect()).arrows()
}

#[test]
fn the_check_sees_a_circle_and_what_ties_it() {
    let files = [
        ("it/src/lib.rs", "mod a; mod b;"),
        ("it/src/a/mod.rs", "mod c; pub use c::C;"),
        ("it/src/a/c.rs", "use crate::b; struct C(b::B);"),
        ("it/src/b.rs", "use crate::a::C; struct B(C);"),
    ];
    let arrows = arrows(&files);
    let circles = circles(&arrows);
    assert_eq!(circles, [["it/src/a/c.rs", "it/src/b.rs"]]);
    let ties = ties(&arrows, &circles);
    assert!(ties.contains("it/src/a/c.rs -> it/src/b.rs: B"), "{ties}");
    assert!(ties.contains("it/src/b.rs -> it/src/a/c.rs: C"), "{ties}");
}

#[test]
fn what_a_folder_shares_is_no_circle() {
    let files = [
        ("it/src/lib.rs", "mod a;"),
        ("it/src/a/mod.rs", "mod c; mod d; pub use c::C; struct A; fn f() { d::g() }"),
        ("it/src/a/c.rs", "use super::A; struct C(A);"),
        ("it/src/a/d.rs", "use super::{A, C}; impl A {} fn g() { C }"),
    ];
    let arrows = arrows(&files);
    assert!(arrows["it/src/a/d.rs"]["it/src/a/c.rs"].contains("C"), "{arrows:?}");
    assert!(arrows["it/src/a/mod.rs"]["it/src/a/d.rs"].contains("g"), "{arrows:?}");
    assert_eq!(circles(&arrows), Vec::<Vec<&str>>::new());
}
