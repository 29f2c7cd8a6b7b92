//! The settings that a TOML file names.
use super::Layer;
use crate::program::failure::Failure;
use std::{fs, path::Path};

/// Reads a settings file; a key that is not known is an error, since it was meant to do something.
pub(super) fn read(path: &Path) -> Result<Layer, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read the settings file {}: {error}", path.display())))?;
    parse(&text).map_err(|reason| Failure::usage(format!("{}:{reason}", path.display())))
}

/// The reason starts with the number of the line, and quotes it.
fn parse(text: &str) -> Result<Layer, String> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..start).unwrap_or_default();
        let number = before.matches('\n').count();
        let line = text.lines().nth(number).unwrap_or_default().trim();
        format!("{}: `{line}`: {}", number + 1, error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_known() {
        let text = r#"
            name = "alpha"
            bind = "127.0.0.1:7946"
            advertise = "127.0.0.1:7946"
            seeds = ["127.0.0.1:7956", "localhost:7966"]
            role = "web"
            tags = { zone = "a" }
            cluster = "tests"
            preset = "wan"
            data-dir = "/tmp/alpha"
            record = "/tmp/alpha.flight"
            record-max = 16
            control = "127.0.0.1:7947"
            log-level = "debug"
        "#;
        let layer = parse(text).unwrap();
        assert_eq!(layer.seeds.len(), 2);
        assert_eq!(layer.tags.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, named) in [
            ("name = 'a'\nbnd = '127.0.0.1:1'", "2: `bnd = '127.0.0.1:1'`", "bnd"),
            ("bind = 'nowhere'", "1: `bind = 'nowhere'`", "address"),
            ("tags = { '' = 'a' }", "1: `tags = { '' = 'a' }`", "key"),
            ("\n\npreset = 'moon'", "3: `preset = 'moon'`", "moon"),
            ("seeds = ['nowhere']", "1: `seeds = ['nowhere']`", "HOST:PORT"),
        ] {
            let reason = parse(text).unwrap_err();
            assert!(reason.starts_with(line) && reason.contains(named), "{reason}");
        }
    }
}
