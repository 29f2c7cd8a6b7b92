//! Writing for people and for pipes: aligned columns, text that cannot drive a terminal, and a
//! closed pipe that ends a command quietly instead of with a panic.
use super::failure::Failure;
use core::{fmt, time::Duration};
use std::{
    borrow::Cow,
    io::{self, BufWriter, Write},
};
#[cfg(unix)]
use {
    std::os::fd::AsFd,
    tokio::{io::Interest, net::unix::pipe},
};

/// How much of a text fits a line of a list.
const EXCERPT_CHARS_MAX: usize = 60;

/// One line on stdout.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(write_failure)
}

/// Many lines on stdout, with fewer writes than lines.
#[derive(Debug)]
pub(crate) struct Lines(BufWriter<io::StdoutLock<'static>>);

impl Lines {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        writeln!(self.0, "{text}").map_err(write_failure)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(write_failure)
    }
}

/// Bytes on stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(write_failure)
}

/// Waits until whoever reads our stdout has stopped; forever, where that cannot be seen before writing.
pub(crate) async fn reader_gone() {
    #[cfg(unix)]
    // Unchecked: that stdout blocks is as it should be, we only listen there. What is no pipe or socket is refused.
    if let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned().and_then(pipe::Sender::from_owned_fd_unchecked)
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    core::future::pending().await
}

/// One line on stderr; there is nobody to tell if that fails.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says on stderr why a command did not succeed, if there is anything to say.
pub(crate) fn report(failure: &Failure) {
    if let Some(reason) = failure.reason() {
        note(format_args!("gossip: {}", one_line(reason)));
    }
}

/// A reason may quote what somebody else wrote; it stays one line all the same.
fn one_line(reason: &str) -> String {
    plain(&reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What others wrote (names, tags, values) with control characters escaped, so that no member of
/// the cluster can move our user's cursor.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|char| {
            let escaped = char.is_control().then(|| char.escape_default());
            let verbatim = escaped.is_none().then_some(char);
            escaped.into_iter().flatten().chain(verbatim)
        })
        .collect()
}

/// The beginning of a text, as much as fits a line of a list.
pub(crate) fn excerpt(text: impl fmt::Display) -> String {
    let text = plain(&text.to_string());
    if text.chars().count() <= EXCERPT_CHARS_MAX {
        return seen(text);
    }
    text.chars().take(EXCERPT_CHARS_MAX - 1).chain(['…']).collect()
}

/// What is empty as something to look at.
pub(crate) fn seen(text: String) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { text }
}

/// A duration as people say it, in at most two units: `850ms`, `12s`, `3m05s`, `2h10m`, `4d01h`.
pub(crate) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0 => format!("{}ms", age.as_millis()),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A short duration in one unit, with one decimal where there is but one digit before it: `412us`, `1.2ms`, `35ms`, `2.0s`.
pub(crate) fn short(time: Duration) -> String {
    let us = time.as_micros();
    let in_units = |unit: u128, name: &str| match us / unit {
        whole @ 0..10 => format!("{whole}.{}{name}", us % unit * 10 / unit),
        whole => format!("{whole}{name}"),
    };
    match us {
        0..1_000 => format!("{us}us"),
        1_000..1_000_000 => in_units(1_000, "ms"),
        _ => in_units(1_000_000, "s"),
    }
}

/// How far a clock is from others, by so many milliseconds ahead: `12ms ahead of`, `2d behind`. No more is told than 24 days.
pub(crate) fn apart(millis: i64) -> String {
    let time = Duration::from_millis(millis.unsigned_abs());
    let by = match time.as_secs() {
        0..60 => short(time),
        seconds if seconds / 86_400 >= 24 => "24d or more".to_owned(),
        _ => age(time),
    };
    format!("{by} {}", if millis < 0 { "behind" } else { "ahead of" })
}

/// Names and values, the names right-aligned as a block.
pub(crate) fn rows<N: AsRef<str>>(rows: &[(N, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, value)| format!("  {:>width$}  {}", name.as_ref(), plain(value)));
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Aligned columns, two spaces apart, no trailing blanks.
pub(crate) struct Table {
    rows: Vec<Vec<Cow<'static, str>>>,
}

impl Table {
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self { rows: vec![header.iter().map(|&title| Cow::Borrowed(title)).collect()] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| Cow::Owned(plain(&cell))).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths);
            let padded = cells.map(|(cell, &width)| format!("{cell:width$}"));
            let text = padded.collect::<Vec<_>>().join("  ");
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", text.trim_end())?;
        }
        Ok(())
    }
}

fn write_failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::PipeClosed,
        _ => Failure::refused(format!("cannot write to stdout: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("web\u{1b}[2J\n"), "web\\u{1b}[2J\\n");
        assert_eq!(plain("größe"), "größe");
    }

    #[test]
    fn a_reason_of_many_lines_becomes_one() {
        assert_eq!(one_line("bad\n  value\t'x'\n"), "bad value 'x'");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(excerpt("ö".repeat(100)).chars().count(), EXCERPT_CHARS_MAX);
        assert_eq!(excerpt("a\nb"), "a\\nb");
        assert_eq!(excerpt(""), "\"\"", "it is there, and it is empty");
    }

    #[test]
    fn ages_have_two_units_at_most() {
        assert_eq!(age(Duration::from_millis(850)), "850ms");
        assert_eq!(age(Duration::from_secs(185)), "3m05s");
        assert_eq!(age(Duration::from_secs(7_800)), "2h10m");
        assert_eq!(age(Duration::from_secs(349_200)), "4d01h");
    }

    #[test]
    fn short_times_have_two_digits_or_three() {
        let short = |us| short(Duration::from_micros(us));
        assert_eq!([short(412), short(1_299), short(35_800), short(2_000_000)], ["412us", "1.2ms", "35ms", "2.0s"]);
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let mut table = Table::new(&["NAME", "STATUS"]);
        table.row(["größe-1".to_owned(), "alive".to_owned()]);
        table.row(["b".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "NAME     STATUS\ngröße-1  alive\nb");
    }
}
