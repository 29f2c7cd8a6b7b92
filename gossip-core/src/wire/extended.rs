//! What a later version adds to a member, an entry or a rumor, passed on unchanged by those who do not know it.
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeTuple};

/// A byte string that ends a frame, and what follows it there: the extension, which means nothing to this version.
///
/// Both lie in one run of bytes, as they do in the datagram and in a row: whoever keeps the run keeps the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extended<'a> {
    bytes: &'a [u8],
    extension_len: usize,
}

impl<'a> Extended<'a> {
    /// The longest extension that is passed on, in bytes. What has a longer one is not taken in.
    pub const EXTENSION_LEN_MAX: usize = u8::MAX as usize;

    /// `bytes`, the last `extension_len` of which are the extension: no more than there are.
    #[must_use]
    pub const fn new(bytes: &'a [u8], extension_len: usize) -> Self {
        let extension_len = if extension_len < bytes.len() { extension_len } else { bytes.len() };
        Self { bytes, extension_len }
    }

    /// What this version knows.
    #[must_use]
    pub fn known(&self) -> &'a [u8] {
        self.parts().0
    }

    /// What it does not.
    #[must_use]
    pub fn extension(&self) -> &'a [u8] {
        self.parts().1
    }

    /// Both, one after the other.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How long the extension is; `None` where it is too long to be passed on.
    pub(crate) fn extension_len(&self) -> Option<u8> {
        u8::try_from(self.extension_len).ok()
    }

    /// The same with all that follows it in `frame`, of which the last `rest` bytes were not read.
    pub(super) fn extended(self, frame: &'a [u8], rest: usize) -> Self {
        let len = self.bytes.len() + rest;
        frame.len().checked_sub(len).and_then(|start| frame.get(start..)).map_or(self, |bytes| Self::new(bytes, rest))
    }

    fn parts(&self) -> (&'a [u8], &'a [u8]) {
        self.bytes.split_at_checked(self.bytes.len() - self.extension_len).unwrap_or_default()
    }
}

impl<'a> From<&'a [u8]> for Extended<'a> {
    fn from(known: &'a [u8]) -> Self {
        Self::new(known, 0)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Extended<'a> {
    fn from(known: &'a [u8; N]) -> Self {
        Self::new(known, 0)
    }
}

/// What is known, with its length; then the extension, up to the end of the frame.
impl Serialize for Extended<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (known, extension) = self.parts();
        let mut tuple = serializer.serialize_tuple(1 + extension.len())?;
        tuple.serialize_element(known)?;
        for byte in extension {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

/// What is known alone: where the frame ends, only [`Reader`](super::Reader) knows.
impl<'de: 'a, 'a> Deserialize<'de> for Extended<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a [u8]>::deserialize(deserializer).map(Self::from)
    }
}
