//! `gossip get` and `gossip list`.
use super::views::{Entry, Text};
use crate::program::{
    args::{GetArgs, ListArgs},
    console::{self, Table},
    control::{client::Client, key_path, percent},
    failure::Failure,
};
use std::io::{self, IsTerminal};

/// How much of a value fits a line of a list.
const VALUE_CHARS_MAX: usize = 60;

/// Prints the value of an entry, byte for byte.
pub(crate) async fn get(args: GetArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let answer = client.get(&key_path(args.key.key.as_bytes())).await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    let entry: Entry = client.read(&answer)?;
    let mut value = entry.value.bytes();
    // A person wants the prompt on a line of its own; a pipe wants what was written.
    if io::stdout().is_terminal() && value.last() != Some(&b'\n') {
        value.push(b'\n');
    }
    console::bytes(&value)
}

/// Lists entries, by key.
pub(crate) async fn list(args: ListArgs) -> Result<(), Failure> {
    let client = Client::new(args.agent.addr);
    let answer = client.get(&format!("/v1/kv?prefix={}", percent(args.prefix.as_bytes()))).await?;
    if args.format.json {
        return console::line(String::from_utf8_lossy(&answer));
    }
    let entries: Vec<Entry> = client.read(&answer)?;
    let mut table = Table::new(&["KEY", "BYTES", "WRITTEN-AS", "VALUE"]);
    for entry in entries {
        let len = entry.value.bytes().len().to_string();
        table.row([seen(entry.key.to_string()), len, entry.dot, excerpt(&entry.value)]);
    }
    console::line(table)
}

/// The beginning of a value.
pub(super) fn excerpt(value: &Text) -> String {
    shortened(&console::plain(&value.to_string()))
}

/// `1 entry`, `2 entries`.
pub(crate) fn entry_count(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// What is empty as something to look at.
fn seen(text: String) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { text }
}

/// As much of a text as fits a line.
pub(crate) fn shortened(text: &str) -> String {
    if text.chars().count() <= VALUE_CHARS_MAX {
        return seen(text.to_owned());
    }
    text.chars().take(VALUE_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_between_characters() {
        let text = Text::Text("ö".repeat(100));
        assert_eq!(excerpt(&text).chars().count(), VALUE_CHARS_MAX);
        assert_eq!(excerpt(&Text::Text("a\nb".to_owned())), "a\\nb");
        assert_eq!([0, 1, 2].map(entry_count), ["0 entries", "1 entry", "2 entries"]);
        assert_eq!(excerpt(&Text::Text(String::new())), "\"\"", "it is there, and it is empty");
    }
}
