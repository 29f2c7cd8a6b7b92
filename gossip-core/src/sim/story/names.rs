//! The hosts that an act is about.
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Names of hosts, in order; written with ranges: `a n0..7` is `a` and `n0` to `n7`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

/// A range of more names than this is a slip of the pen.
const RANGE_MAX: u32 = 1_000_000;

impl Names {
    /// The names that `words` stand for.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut names = Vec::new();
        for word in words {
            expand(word, &mut names)?;
        }
        if names.is_empty() { Err("a name is missing".to_string()) } else { Ok(Self(names)) }
    }

    /// Each name.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        while let Some(first) = rest.first() {
            let run = run_len(rest);
            if rest.len() < self.0.len() {
                f.write_str(" ")?;
            }
            if run > 2 {
                let (stem, from) = split(first).unwrap_or((first, 0));
                write!(f, "{stem}{from}..{}", u64::from(from) + u64::try_from(run).unwrap_or(0) - 1)?;
                rest = &rest[run..];
            } else {
                f.write_str(first)?;
                rest = &rest[1..];
            }
        }
        Ok(())
    }
}

/// How many of the first names are a range.
fn run_len(names: &[String]) -> usize {
    let Some((stem, from)) = names.first().and_then(|name| split(name)) else { return 1 };
    let follows = |(offset, name): (usize, &String)| {
        u32::try_from(offset).is_ok_and(|offset| split(name) == from.checked_add(offset).map(|number| (stem, number)))
    };
    names.iter().enumerate().take_while(|&pair| follows(pair)).count()
}

/// A name's stem and the number at its end, where it is written as we would write it.
fn split(name: &str) -> Option<(&str, u32)> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u32 = name[stem.len()..].parse().ok()?;
    (format!("{stem}{number}") == name).then_some((stem, number))
}

fn expand(word: &str, names: &mut Vec<String>) -> Result<(), String> {
    let Some((first, last)) = word.split_once("..") else {
        if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
            return Err(format!("`{word}` is no name: use letters, digits, `-` and `_`"));
        }
        names.push(word.to_string());
        return Ok(());
    };
    let range = split(first).zip(last.parse::<u32>().ok());
    let ((stem, first), last) = range.ok_or_else(|| format!("`{word}` is no range: write `n0..7`"))?;
    if first > last || last - first >= RANGE_MAX {
        return Err(format!("`{word}` is no range: the second number must be the greater one, by less than a million"));
    }
    names.extend((first..=last).map(|number| format!("{stem}{number}")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_written() {
        let names = Names::parse(["a", "n0..3", "n7", "n8", "x09"]).unwrap();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "n0", "n1", "n2", "n3", "n7", "n8", "x09"]);
        assert_eq!(names.to_string(), "a n0..3 n7 n8 x09");
        for wrong in ["", "a b", "n3..1", "n..3", "n0..99999999", "n0..x", "n4294967295..4294967296"] {
            assert!(Names::parse([wrong]).is_err(), "{wrong}");
        }
        assert!(Names::parse([]).is_err());
    }
}
