//! What a story demands of its hosts, whatever the timing.
use super::{Names, log::in_words, print::Bytes, words::Words};
use crate::{
    id::NodeId,
    node::Liveness,
    sim::{HostId, World},
    stats::Stats,
    storage::Storage,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

/// What a story demands of each of some hosts. Texts are what a log would say; `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Its application was told so in this chapter.
    Told(String),
    /// Just once.
    ToldOnce(String),
    /// The one before the other, each for the first time.
    ToldBefore(String, String),
    /// Never in this chapter.
    Untold(String),
    /// It holds this entry.
    Holds {
        /// What was written to.
        key: Vec<u8>,
        /// What was written.
        value: Vec<u8>,
    },
    /// It holds no entry of that key.
    Lacks(Vec<u8>),
    /// It takes a member for this, or has not heard of it.
    Sees {
        /// Whose name.
        member: String,
        /// For what.
        liveness: Option<Liveness>,
    },
    /// It sent so many datagrams at most in this chapter.
    SentAtMost(u64),
    /// Its [counter](Stats) of that name stands there at least.
    CountedAtLeast(String, u64),
    /// At most.
    CountedAtMost(String, u64),
}

/// What there was before the present chapter.
#[derive(Debug, Default)]
pub(super) struct Chapter {
    told: Vec<usize>,
    sent: Vec<u64>,
}

const LIVENESSES: [(&str, Option<Liveness>); 5] = [
    ("alive", Some(Liveness::Alive)),
    ("suspect", Some(Liveness::Suspect)),
    ("down", Some(Liveness::Down)),
    ("left", Some(Liveness::Left)),
    ("unknown", None),
];

const VERBS: [&str; 7] = ["told", "untold", "holds", "lacks", "sees", "sent", "counted"];

impl Expected {
    /// Reads of whom what is demanded, and within what time it must come to be so.
    pub(super) fn parse(words: &mut Words<'_>) -> Result<(Names, Self, Duration), String> {
        let hosts = words.names_until(&VERBS)?;
        let expected = Self::parse_verb(words)?;
        let within = if !words.is_empty() && expected.may_come() {
            words.keyword("within")?;
            words.time()?
        } else {
            Duration::ZERO
        };
        Ok((hosts, expected, within))
    }

    fn parse_verb(words: &mut Words<'_>) -> Result<Self, String> {
        Ok(match words.text("what is expected")? {
            "told" if words.peek() == Some("once") => {
                words.keyword("once")?;
                Self::ToldOnce(pattern(words)?)
            }
            "told" => {
                let first = pattern(words)?;
                if words.peek() == Some("before") {
                    words.keyword("before")?;
                    Self::ToldBefore(first, pattern(words)?)
                } else {
                    Self::Told(first)
                }
            }
            "untold" => Self::Untold(pattern(words)?),
            "holds" => Self::Holds { key: words.bytes("a key")?, value: words.bytes("a value")? },
            "lacks" => Self::Lacks(words.bytes("a key")?),
            "sees" => Self::Sees { member: words.name()?, liveness: words.one_of(&LIVENESSES)? },
            "sent" => {
                words.keyword("at")?;
                words.keyword("most")?;
                Self::SentAtMost(words.number("a number of datagrams")?)
            }
            "counted" => Self::parse_count(words)?,
            word => return Err(format!("`{word}` is none of `{}`", VERBS.join("`, `"))),
        })
    }

    fn parse_count(words: &mut Words<'_>) -> Result<Self, String> {
        let counter = words.text("a counter")?.to_string();
        if Stats::default().rows().all(|(known, _)| known != counter) {
            let known: Vec<&str> = Stats::default().rows().map(|(known, _)| known).collect();
            return Err(format!("`{counter}` is no counter: there are {}", known.join(", ")));
        }
        words.keyword("at")?;
        let is_least = words.one_of(&[("least", true), ("most", false)])?;
        let bound = words.number("a number")?;
        Ok(if is_least { Self::CountedAtLeast(counter, bound) } else { Self::CountedAtMost(counter, bound) })
    }

    /// Whether it can come true by waiting.
    const fn may_come(&self) -> bool {
        !matches!(self, Self::Untold(_) | Self::SentAtMost(_) | Self::CountedAtMost(..))
    }
}

impl Chapter {
    /// Begins a chapter now.
    pub(super) fn begin<S: Storage>(world: &World<S>) -> Self {
        Self {
            told: world.hosts().map(|host| world.told(host).len()).collect(),
            sent: world.hosts().map(|host| world.traffic(host).sent.datagrams).collect(),
        }
    }

    /// Why `host` is not as expected, if it is not.
    pub(super) fn unmet<S: Storage>(&self, world: &World<S>, host: HostId, expected: &Expected) -> Option<String> {
        let told = self.told(world, host);
        let count = |pattern: &str| told.iter().filter(|words| matches(pattern, words)).count();
        let first = |pattern: &str| told.iter().position(|words| matches(pattern, words));
        let is_met = match expected {
            Expected::Told(pattern) => count(pattern) > 0,
            Expected::ToldOnce(pattern) => count(pattern) == 1,
            Expected::ToldBefore(one, other) => first(one).zip(first(other)).is_some_and(|(one, other)| one < other),
            Expected::Untold(pattern) => count(pattern) == 0,
            _ => return self.unmet_now(world, host, expected),
        };
        let all = if told.is_empty() { "nothing in this chapter".to_string() } else { told.join("; ") };
        (!is_met).then(|| format!("{} was told: {all}", world.name(host)))
    }

    fn unmet_now<S: Storage>(&self, world: &World<S>, host: HostId, expected: &Expected) -> Option<String> {
        let name = world.name(host);
        let sent = world.traffic(host).sent.datagrams - self.sent.get(host.index()).copied().unwrap_or(0);
        if let Expected::SentAtMost(most) = expected {
            return (sent > *most).then(|| format!("{name} sent {sent}"));
        }
        let Some(node) = world.node(host) else { return Some(format!("{name} is dead")) };
        let held = |key: &[u8]| match node.get(key) {
            Some(value) => format!("{name} holds {}", Bytes(value)),
            None => format!("{name} holds nothing there"),
        };
        let counted = |counter: &str| node.stats().rows().find(|(name, _)| *name == counter).map_or(0, |(_, n)| n);
        match expected {
            Expected::Holds { key, value } => (node.get(key) != Some(value)).then(|| held(key)),
            Expected::Lacks(key) => node.get(key).is_some().then(|| held(key)),
            Expected::Sees { member, liveness } => {
                let seen = node.member(NodeId::from_name(member)).map(|member| member.liveness);
                (seen != *liveness).then(|| format!("{name} sees it {}", word_of(seen)))
            }
            Expected::CountedAtLeast(counter, least) => {
                (counted(counter) < *least).then(|| format!("{name} counted {}", counted(counter)))
            }
            Expected::CountedAtMost(counter, most) => {
                (counted(counter) > *most).then(|| format!("{name} counted {}", counted(counter)))
            }
            _ => None,
        }
    }

    fn told<S: Storage>(&self, world: &World<S>, host: HostId) -> Vec<String> {
        let before = self.told.get(host.index()).copied().unwrap_or(0);
        world.told(host).iter().skip(before).map(|(_, told)| in_words(world, world.id(host), told)).collect()
    }
}

fn pattern(words: &mut Words<'_>) -> Result<String, String> {
    String::from_utf8(words.bytes("what is told")?).map_err(|_| "what is told must be text".to_string())
}

/// Whether `text` is what `pattern` says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, mut after)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(before) else { return false };
    while let Some((part, further)) = after.split_once('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        after = further;
    }
    rest.ends_with(after)
}

fn word_of(liveness: Option<Liveness>) -> &'static str {
    LIVENESSES.iter().find(|(_, known)| *known == liveness).map_or("otherwise", |(word, _)| word)
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(words) => write!(f, "told {}", text(words)),
            Self::ToldOnce(words) => write!(f, "told once {}", text(words)),
            Self::ToldBefore(one, other) => write!(f, "told {} before {}", text(one), text(other)),
            Self::Untold(words) => write!(f, "untold {}", text(words)),
            Self::Holds { key, value } => write!(f, "holds {} {}", Bytes(key), Bytes(value)),
            Self::Lacks(key) => write!(f, "lacks {}", Bytes(key)),
            Self::Sees { member, liveness } => write!(f, "sees {member} {}", word_of(*liveness)),
            Self::SentAtMost(most) => write!(f, "sent at most {most}"),
            Self::CountedAtLeast(counter, least) => write!(f, "counted {counter} at least {least}"),
            Self::CountedAtMost(counter, most) => write!(f, "counted {counter} at most {most}"),
        }
    }
}

const fn text(text: &str) -> Bytes<'_> {
    Bytes(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in [
            ("b is down", "b is down"),
            ("* is down", "b is down"),
            ("*", ""),
            ("k=* by *", "k=v by a.1"),
            ("a*a", "aa"),
        ] {
            assert!(matches(pattern, text), "{pattern}");
        }
        for (pattern, text) in
            [("b is down", "b is"), ("* is down", "b is down now"), ("a*a", "a"), ("k=* by b*", "k=v")]
        {
            assert!(!matches(pattern, text), "{pattern}");
        }
    }
}
