//! What the code of a file names: its imports, and the paths in it.

/// A file's code, as far as it names other code. A path begins with its crate, where it says which, else as it is written.
pub(crate) struct Source {
    /// Where the file is, for people.
    pub(crate) name: String,
    /// The names under which it imports, and what.
    pub(crate) imports: Vec<(String, Vec<String>)>,
    /// What else it names.
    pub(crate) paths: Vec<Vec<String>>,
}

impl Source {
    /// Reads the code of the file that is this module.
    pub(crate) fn read(name: &str, module: &[String], code: &str) -> Self {
        let mut source = Self { name: name.to_owned(), imports: Vec::new(), paths: Vec::new() };
        // What `self` is, and within how many braces that began.
        let mut within = vec![(module.to_vec(), 0)];
        let mut depth = 0;
        let tokens = tokens(code);
        let mut rest = &tokens[..];
        while let [token, after @ ..] = rest {
            rest = after;
            let (module, began) = within.last().expect("the file itself has no end");
            match (*token, after) {
                ("use", _) => {
                    let end = after.iter().position(|token| *token == ";").unwrap_or(after.len());
                    let imports = imports(&after[..end]).into_iter();
                    source.imports.extend(imports.map(|(name, path)| (name, whole(path, module))));
                    rest = &after[end..];
                }
                ("mod", [name, "{", ..]) => within.push(([&module[..], &[(*name).to_owned()]].concat(), depth)),
                ("{", _) => depth += 1,
                ("}", _) => {
                    depth -= 1;
                    if depth == *began && within.len() > 1 {
                        within.pop();
                    }
                }
                (first, ["::", ..]) if is_word(first) => {
                    let (path, after) = path(rest, first);
                    source.paths.push(whole(path, module));
                    rest = after;
                }
                _ => {}
            }
        }
        source
    }
}

/// A path of which `first` is taken, and what follows it.
fn path<'a, 'b>(mut rest: &'b [&'a str], first: &str) -> (Vec<String>, &'b [&'a str]) {
    let mut path = vec![first.to_owned()];
    while let ["::", next, after @ ..] = rest {
        if is_word(next) {
            path.push((*next).to_owned());
        }
        rest = after;
    }
    (path, rest)
}

/// The names that a tree of imports brings in, and what each stands for.
fn imports(tree: &[&str]) -> Vec<(String, Vec<String>)> {
    let mut imports = Vec::new();
    let mut path: Vec<String> = Vec::new();
    // How much of the path those within each brace share.
    let mut shared = vec![0];
    let mut tokens = tree.iter();
    let mut alias = None;
    while let Some(token) = tokens.next() {
        match *token {
            "::" => {}
            "as" => alias = tokens.next(),
            "{" => shared.push(path.len()),
            "," | "}" => {
                imports.extend(import(&path[..], *shared.last().unwrap_or(&0), alias.take()));
                if *token == "}" {
                    shared.pop();
                }
                path.truncate(*shared.last().unwrap_or(&0));
            }
            word => path.push(word.to_owned()),
        }
    }
    imports.extend(import(&path, 0, alias));
    imports
}

/// What a path brings in, unless it is but what the next ones share.
fn import(path: &[String], shared: usize, alias: Option<&&str>) -> Option<(String, Vec<String>)> {
    let path = match path {
        [of @ .., last] if last == "self" && !of.is_empty() => of,
        _ if path.len() == shared => return None,
        _ => path,
    };
    let name = alias.map(|alias| (*alias).to_owned()).or_else(|| path.last().cloned())?;
    Some((name, path.to_vec()))
}

/// The path from the crate on, if it is one within this crate that says so.
fn whole(path: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|step| *step == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => [&module[..1], &path[1..]].concat(),
        Some("self") => [module, &path[1..]].concat(),
        Some("super") => [&module[..module.len().saturating_sub(ups)], &path[ups..]].concat(),
        _ => path,
    }
}

/// The words and signs of some code, without its comments and what stands in quotes.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_comment = rest.starts_with("//");
        let len = match first {
            _ if is_comment => rest.find('\n').unwrap_or(rest.len()),
            '"' => quote_len(rest),
            '\'' => char_len(rest),
            ':' if rest.starts_with("::") => 2,
            _ if is_word(rest) => rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(len);
        if !is_comment && !matches!(first, '"' | '\'') {
            tokens.push(token);
        }
        rest = after.trim_start();
    }
    tokens
}

fn quote_len(code: &str) -> usize {
    let mut is_escaped = true;
    let end = code.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(code.len(), |end| end + 1)
}

/// How long a character in quotes is; of a lifetime, the mark alone.
fn char_len(code: &str) -> usize {
    let mut chars = code.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let after = at + escaped.len_utf8();
            code[after..].find('\'').map_or(code.len(), |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(is_of_word)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn read(code: &str) -> Source {
    Source::read("src/a/b.rs", &words(&["it", "a", "b"]), code)
}

#[test]
fn every_way_to_import_is_read() {
    let source = read("use {super::{c::{self, D as E}, *}, crate::f::G, self::h::I}; pub use std::fmt;");
    let expected = [
        ("c", &["it", "a", "c"][..]),
        ("E", &["it", "a", "c", "D"]),
        ("*", &["it", "a", "*"]),
        ("G", &["it", "f", "G"]),
        ("I", &["it", "a", "b", "h", "I"]),
        ("fmt", &["std", "fmt"]),
    ];
    assert_eq!(source.imports, expected.map(|(name, path)| (name.to_owned(), words(path))));
}

#[test]
fn paths_are_read_and_what_is_said_of_them_is_not() {
    let code =
        "fn f<'a>(x: &'a super::X) { // super::not\n c::g::<u8>('\"', \"crate::not\", '\\'', <T as crate::H>::I) }";
    assert_eq!(read(code).paths, [words(&["it", "a", "X"]), words(&["c", "g"]), words(&["it", "H"])]);
}

#[test]
fn a_module_within_a_file_has_its_own_self() {
    let source = read("mod c { use super::D; fn f() { super::g() } } use super::E;");
    let imports = [("D", ["it", "a", "b", "D"].as_slice()), ("E", &["it", "a", "E"])];
    assert_eq!(source.imports, imports.map(|(name, path)| (name.to_owned(), words(path))));
    assert_eq!(source.paths, [words(&["it", "a", "b", "g"])]);
}
