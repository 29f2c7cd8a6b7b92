//! What is said of clocks and calendars, read and printed.
use super::{Act, Time, words::Words};
use crate::sim::{Calendar, Leap};
use alloc::{format, string::String};
use core::fmt;

/// What follows `clock`.
pub(super) fn parse(words: &mut Words<'_>) -> Result<Act, String> {
    let hosts = words.names_until(&["drift", "ahead", "back", "calendar"])?;
    Ok(match words.text("`drift`, `ahead`, `back` or `calendar`")? {
        "drift" => Act::Drift { hosts, drift: words.number("a number of parts in a million")? },
        "ahead" => Act::Leap { hosts, leap: Leap::Ahead(words.time()?) },
        "back" => Act::Leap { hosts, leap: Leap::Back(words.time()?) },
        _ => Act::Date { hosts, calendar: calendar(words)? },
    })
}

fn calendar(words: &mut Words<'_>) -> Result<Calendar, String> {
    Ok(match words.text("a date")? {
        "right" => Calendar::Right,
        "ahead" => Calendar::Ahead(words.time()?),
        "back" => Calendar::Back(words.time()?),
        "1970" => Calendar::Epoch,
        "missing" => Calendar::Missing,
        word => return Err(format!("`{word}` is none of `right`, `ahead`, `back`, `1970`, `missing`")),
    })
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => f.write_str("right"),
            Self::Ahead(time) => write!(f, "ahead {}", Time(*time)),
            Self::Back(time) => write!(f, "back {}", Time(*time)),
            Self::Epoch => f.write_str("1970"),
            Self::Missing => f.write_str("missing"),
        }
    }
}
