//! `gossip get` and `gossip list`.
use super::views::Entry;
use crate::program::{
    args::{GetArgs, ListArgs},
    console::{self, Table},
    control::{client::Client, key_path, percent},
    failure::Failure,
};
use std::io::{self, IsTerminal};

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
        table.row([console::seen(entry.key.to_string()), len, entry.dot, console::excerpt(&entry.value)]);
    }
    console::line(table)
}

/// `1 entry`, `2 entries`.
pub(crate) fn entry_count(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// What is said where the last writing was cut off; nothing, where it was not.
pub(crate) fn torn_off(bytes: usize) -> String {
    if bytes == 0 { String::new() } else { format!("; the last {bytes} bytes were not written to their end") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_is_not_many() {
        assert_eq!([0, 1, 2].map(entry_count), ["0 entries", "1 entry", "2 entries"]);
    }
}
