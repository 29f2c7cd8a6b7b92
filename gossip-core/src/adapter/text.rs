//! How values look to people and to JSON: ids and addresses as text, times in milliseconds, bytes as text where they are text.
use core::{fmt, time::Duration};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{path::Path, string::String, time::SystemTime, vec::Vec};

/// Bytes that are mostly text: shown and serialized as text where they are valid UTF-8, else in hexadecimal.
///
/// In JSON: `"motd"`, or `{"hex": "00ff"}`; a reader can tell the two apart. Shown to people: `motd`, or `0x00ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOrHex<'a>(pub &'a [u8]);

impl TextOrHex<'_> {
    fn hex(self) -> String {
        self.0.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for TextOrHex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match core::str::from_utf8(self.0) {
            Ok(text) => f.write_str(text),
            Err(_) => write!(f, "0x{}", self.hex()),
        }
    }
}

impl Serialize for TextOrHex<'_> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        if let Ok(text) = core::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &self.hex())?;
        map.end()
    }
}

pub(super) fn display<T: fmt::Display, W: Serializer>(value: &T, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.collect_str(value)
}

pub(super) fn optional_display<T: fmt::Display, W: Serializer>(
    value: &Option<T>,
    serializer: W,
) -> Result<W::Ok, W::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(super) fn bytes<W: Serializer>(bytes: &impl AsRef<[u8]>, serializer: W) -> Result<W::Ok, W::Error> {
    TextOrHex(bytes.as_ref()).serialize(serializer)
}

pub(super) fn optional_bytes<W: Serializer>(bytes: &Option<Vec<u8>>, serializer: W) -> Result<W::Ok, W::Error> {
    bytes.as_deref().map(TextOrHex).serialize(serializer)
}

/// A path may hold bytes that are no text; those are shown as question marks.
pub(super) fn path<W: Serializer>(path: &Path, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.collect_str(&path.display())
}

pub(super) fn unix_ms<W: Serializer>(at: &SystemTime, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_u64(since_epoch_ms(*at))
}

pub(super) fn optional_unix_ms<W: Serializer>(at: &Option<SystemTime>, serializer: W) -> Result<W::Ok, W::Error> {
    at.map(since_epoch_ms).serialize(serializer)
}

pub(super) fn millis<W: Serializer>(duration: &Duration, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_u64(whole_millis(*duration))
}

pub(super) fn optional_millis<W: Serializer>(duration: &Option<Duration>, serializer: W) -> Result<W::Ok, W::Error> {
    duration.map(whole_millis).serialize(serializer)
}

pub(super) fn optional_micros<W: Serializer>(duration: &Option<Duration>, serializer: W) -> Result<W::Ok, W::Error> {
    let whole_micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    duration.map(whole_micros).serialize(serializer)
}

fn since_epoch_ms(at: SystemTime) -> u64 {
    whole_millis(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn bytes_are_text_where_they_are_text() {
        assert_eq!(serde_json::to_string(&TextOrHex("grüezi".as_bytes())).unwrap(), "\"grüezi\"");
        assert_eq!(serde_json::to_string(&TextOrHex(&[0, 0xff])).unwrap(), r#"{"hex":"00ff"}"#);
        assert_eq!(TextOrHex(&[0, 0xff]).to_string(), "0x00ff");
    }
}
