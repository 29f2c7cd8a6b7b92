//! An agent's answers, as its clients read them.
use core::{fmt, marker::PhantomData, time::Duration};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use std::{collections::BTreeMap, path::PathBuf, time::SystemTime};

/// A member, as an agent knows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) addr: String,
    pub(crate) liveness: String,
    pub(crate) incarnation: u32,
    pub(crate) generation: String,
    pub(crate) since_ms: u64,
    pub(crate) last_heard_ms: Option<u64>,
    pub(crate) round_trip_us: Option<u64>,
    pub(crate) path: Option<ShortPath>,
    pub(crate) rival: Option<String>,
    pub(crate) why: Option<Why>,
    pub(crate) is_self: bool,
}

impl Member {
    /// Whether it may still answer: alive, or suspected not to be.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.liveness.as_str(), "alive" | "suspect")
    }

    pub(crate) fn tags_text(&self) -> String {
        let tags = self.tags.iter().map(|(key, value)| format!("{key}={value}"));
        tags.collect::<Vec<_>>().join(",")
    }
}

/// A path that carries only short datagrams.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShortPath {
    pub(crate) len: u16,
    pub(crate) blocks: bool,
}

impl ShortPath {
    /// For a narrow column: `528 B`, or `528 B, blocks` where something is too long for it.
    pub(crate) fn brief(&self) -> String {
        format!("{} B{}", self.len, if self.blocks { ", blocks" } else { "" })
    }
}

/// On what grounds a member is suspected, or counted as gone.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Why {
    pub(crate) by_name: String,
    pub(crate) cause: String,
    pub(crate) observers: u64,
}

impl Why {
    /// The same for a narrow column: `silent, web-3 +3`.
    pub(crate) fn brief(&self) -> String {
        match self.observers {
            _ if self.cause == "own_word" => self.sentence(),
            0 | 1 => format!("{}, {}", self.adjective(), self.by_name),
            observers => format!("{}, {} +{}", self.adjective(), self.by_name, observers - 1),
        }
    }

    /// What was found, and who says so: `silent, says web-3 and 3 more`.
    pub(crate) fn sentence(&self) -> String {
        let cause = self.adjective();
        match self.observers {
            _ if self.cause == "own_word" => cause.to_owned(),
            0 | 1 => format!("{cause}, says {}", self.by_name),
            observers => format!("{cause}, says {} and {} more", self.by_name, observers - 1),
        }
    }

    fn adjective(&self) -> &str {
        match self.cause.as_str() {
            "silence" => "silent",
            "loss" => "lossy",
            "own_word" => "as it said itself",
            other => other,
        }
    }
}

/// An entry of the replicated map.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) value: Text,
    pub(crate) dot: String,
}

/// How far the cluster agrees with an agent.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Agreement {
    pub(crate) agreeing: usize,
    pub(crate) live: usize,
    pub(crate) since_ms: Option<u64>,
    pub(crate) behind: u64,
}

impl Agreement {
    pub(crate) fn is_converged(&self) -> bool {
        self.since_ms.is_some()
    }
}

/// All that an agent tells about itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Info {
    #[serde(flatten)]
    pub(crate) me: Member,
    pub(crate) cluster: String,
    pub(crate) cluster_name: String,
    pub(crate) uptime_ms: u64,
    pub(crate) agreement: Agreement,
    pub(crate) is_quarantined: bool,
    pub(crate) is_partial: bool,
    pub(crate) name_conflicts: usize,
    pub(crate) other_versions: Vec<OtherVersion>,
    pub(crate) short_paths: usize,
    pub(crate) blocking_paths: usize,
    pub(crate) clock_skew: Option<ClockSkew>,
    pub(crate) lengths: Rows<u64>,
    pub(crate) seeds: Vec<Seed>,
    pub(crate) data_file: DataFile,
    pub(crate) recording: Recording,
    pub(crate) io: Io,
    pub(crate) usage: Rows<Fill>,
    pub(crate) stats: Rows<u64>,
}

/// One that speaks another version of the wire.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OtherVersion {
    pub(crate) name: String,
    pub(crate) addr: String,
    pub(crate) version: u8,
}

/// How far an agent's wall clock is from the peers'.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ClockSkew {
    pub(crate) skew_ms: i64,
    pub(crate) peers: u64,
}

/// One whom an agent asks for the cluster.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Seed {
    pub(crate) seed: String,
    pub(crate) addrs: Vec<String>,
    pub(crate) answered_name: Option<String>,
    pub(crate) trouble: Option<String>,
    pub(crate) is_self: bool,
}

impl Seed {
    /// Whether nobody but the agent itself is there.
    pub(crate) fn is_self_alone(&self) -> bool {
        self.is_self && self.addrs.len() == 1
    }
}

/// What became of an agent's data file when it started.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum DataFile {
    None,
    Fresh { path: PathBuf },
    Restored { path: PathBuf, entries: usize, torn: usize },
    Partial { path: PathBuf, entries: usize, left: usize, kept_as: PathBuf },
    Damaged { kept_as: PathBuf, reason: String, entries: usize },
}

/// What becomes of an agent's recording.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Recording {
    None,
    Running { path: PathBuf },
    Stopped { reason: String },
}

/// What went wrong at an agent's socket and files, and how often they were written.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Io {
    pub(crate) send_errors: u64,
    pub(crate) receive_errors: u64,
    pub(crate) saves: u64,
    pub(crate) saved_bytes: u64,
    pub(crate) save_errors: u64,
    pub(crate) recorded_bytes: u64,
    pub(crate) recording_gaps: u64,
    pub(crate) seeds_refused: u64,
    pub(crate) last_error: Option<String>,
}

/// How full a region of memory is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Fill {
    pub(crate) used: u64,
    pub(crate) limit: u64,
}

/// Bytes, written as text where they are text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Text(String),
    Hex { hex: String },
}

impl Text {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex { hex } => {
                let pairs = hex.as_bytes().chunks(2);
                let pairs =
                    pairs.map(|pair| str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
                pairs.flatten().collect()
            }
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Hex { hex } => write!(f, "0x{hex}"),
        }
    }
}

/// A JSON object whose order is the agent's.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T>(pub(crate) Vec<(String, T)>);

impl<T> Rows<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Rows<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows<T>, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = map.next_entry()? {
                    rows.push(row);
                }
                Ok(Rows(rows))
            }
        }

        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

/// How long ago a moment was, in milliseconds since the Unix epoch.
pub(crate) fn since(at_ms: u64) -> Duration {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(at_ms);
    SystemTime::now().duration_since(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_either_form() {
        let text: Text = serde_json::from_str("\"grüezi\"").unwrap();
        assert_eq!(text.bytes(), "grüezi".as_bytes());
        let hex: Text = serde_json::from_str(r#"{"hex":"00ff"}"#).unwrap();
        assert_eq!((hex.bytes(), hex.to_string()), (vec![0, 0xff], "0x00ff".to_owned()));
    }

    #[test]
    fn rows_keep_their_order() {
        let rows: Rows<u64> = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
        assert_eq!(rows.0, [("b".to_owned(), 1), ("a".to_owned(), 2)]);
        assert_eq!(rows.get("a"), Some(&2));
    }
}
