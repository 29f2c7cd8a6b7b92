//! The words of a line of a story, taken one by one.
use super::{
    Names,
    print::{parse_share, parse_time},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{str, time::Duration};

/// A word of a line.
#[derive(Debug)]
pub(super) struct Word {
    bytes: Vec<u8>,
    quoted: bool,
}

/// What is left of a line.
pub(super) struct Words<'a> {
    pub(super) words: &'a [Word],
}

impl<'a> Words<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn finish(&self) -> Result<(), String> {
        match self.peek() {
            None if self.is_empty() => Ok(()),
            word => Err(format!("`{}` is one word too many", word.unwrap_or("…"))),
        }
    }

    /// The next word, if it is not in quotes.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let word = self.words.first()?;
        if word.quoted { None } else { str::from_utf8(&word.bytes).ok() }
    }

    pub(super) fn bytes(&mut self, what: &str) -> Result<Vec<u8>, String> {
        let (word, rest) = self.words.split_first().ok_or_else(|| format!("{what} is missing"))?;
        self.words = rest;
        Ok(word.bytes.clone())
    }

    pub(super) fn text(&mut self, what: &str) -> Result<&'a str, String> {
        let word = self.peek().ok_or_else(|| format!("{what} is missing"))?;
        self.words = &self.words[1..];
        Ok(word)
    }

    pub(super) fn number<N: str::FromStr>(&mut self, what: &str) -> Result<N, String> {
        let word = self.text(what)?;
        word.parse().map_err(|_| format!("`{word}` is not {what}"))
    }

    pub(super) fn time(&mut self) -> Result<Duration, String> {
        parse_time(self.text("a time")?)
    }

    pub(super) fn share(&mut self) -> Result<f64, String> {
        parse_share(self.text("a share")?)
    }

    pub(super) fn chance(&mut self) -> Result<f64, String> {
        let chance: f64 = self.number("a chance")?;
        if (0.0..=1.0).contains(&chance) { Ok(chance) } else { Err(format!("`{chance}` is no chance: write 0 to 1")) }
    }

    pub(super) fn name(&mut self) -> Result<String, String> {
        let Names(names) = Names::parse([self.text("a name")?])?;
        let [name] = names.as_slice() else { return Err("one name is wanted here, not a range".to_string()) };
        Ok(name.clone())
    }

    pub(super) fn names(&mut self) -> Result<Names, String> {
        self.names_until(&[])
    }

    /// The names up to one of these words, or the end.
    pub(super) fn names_until(&mut self, ends: &[&str]) -> Result<Names, String> {
        let len =
            self.words.iter().position(|word| !word.quoted && ends.iter().any(|end| end.as_bytes() == word.bytes));
        let mut names = Words { words: &self.words[..len.unwrap_or(self.words.len())] };
        self.words = &self.words[names.words.len()..];
        let mut texts = Vec::new();
        while !names.is_empty() {
            texts.push(names.text("a name")?);
        }
        Names::parse(texts)
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        match self.peek() {
            Some(word) if word == keyword => self.text(keyword).map(|_| ()),
            _ => Err(format!("`{keyword}` is missing")),
        }
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Result<T, String> {
        let known = || choices.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let word = self.text("one word more").map_err(|_| format!("one of {} is missing", known()))?;
        let found = choices.iter().find(|(name, _)| *name == word);
        found.map(|(_, choice)| *choice).ok_or_else(|| format!("`{word}` is none of {}", known()))
    }
}

/// The words of a line, without its remark.
pub(super) fn split(line: &str) -> Result<Vec<Word>, String> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') { unquote(quoted)? } else { plain(rest) };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn plain(text: &str) -> (Word, &str) {
    let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    (Word { bytes: word.into(), quoted: false }, rest)
}

/// What stands before the closing quotation mark, and what comes after it.
fn unquote(text: &str) -> Result<(Word, &str), String> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or_else(|| "a closing `\"` is missing".to_string())? {
            '"' => return Ok((Word { bytes, quoted: true }, chars.as_str())),
            '\\' => bytes.push(escaped(&mut chars)?),
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn escaped(chars: &mut str::Chars<'_>) -> Result<u8, String> {
    match chars.next() {
        Some('"') => Ok(b'"'),
        Some('\\') => Ok(b'\\'),
        Some('x') => {
            let digits = chars.as_str().get(..2).ok_or_else(|| "two digits must follow `\\x`".to_string())?;
            *chars = chars.as_str()[2..].chars();
            u8::from_str_radix(digits, 16).map_err(|_| format!("`\\x{digits}` is no byte"))
        }
        _ => Err("only `\\\"`, `\\\\` and `\\x1f` may follow a backslash".to_string()),
    }
}
