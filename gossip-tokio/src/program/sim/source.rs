//! Where a story comes from: a file, stdin, or flags.
use super::{flags::SimArgs, plan};
use crate::program::failure::Failure;
use gossip_core::sim::story::Story;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A longer text is none that anybody wrote; an endless source cannot fill our memory.
const TEXT_MAX: u64 = 64 << 20;

/// The story that is asked for.
pub(super) fn story(args: &SimArgs) -> Result<Story, Failure> {
    let mut story = match &args.file {
        None => plan::story(&args.plan, 1)?,
        Some(path) => {
            let (name, text) = read(path)?;
            Story::parse(story_of(&text))
                .map_err(|error| Failure::usage(format!("{name}:{}: {}", error.line, error.what)))?
        }
    };
    if let Some(seed) = args.seed {
        story.seed = seed;
    }
    if let Some(closeness) = args.scrutiny {
        story.scrutiny = closeness.into();
    }
    Ok(story)
}

/// The name that a source goes by, and its text.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
    let text = if is_stdin { beginning(io::stdin().lock()) } else { File::open(path).and_then(beginning) };
    let text = text.map_err(|error| Failure::usage(format!("cannot read the story {name}: {error}")))?;
    Ok((name, text))
}

fn beginning(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(TEXT_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A scenario's file goes on, after a line of dashes, with the log that is expected of it.
fn story_of(text: &str) -> &str {
    text.split_once("\n---\n").map_or(text, |(story, _)| story)
}
