//! What a member tells of itself: a name, a role and tags, in one blob.
//!
//! The core carries presences as bytes and looks into none. This is the form that the adapters give them.
use core::str;

/// A presence, as it lies in a member's blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence<'a> {
    /// What the node is called; its id is made from it.
    pub name: &'a str,
    /// What it is for.
    pub role: &'a str,
    /// Whatever else it tells.
    pub tags: Tags<'a>,
}

impl<'a> Presence<'a> {
    /// Writes a presence into `out`, and says how long it is; `None` when it does not fit.
    #[must_use]
    pub fn encode<'t>(
        name: &str,
        role: &str,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        out: &mut [u8],
    ) -> Option<usize> {
        let mut len = 0;
        let tags = tags.into_iter().flat_map(|(key, value)| [key, value]);
        for text in [name, role].into_iter().chain(tags) {
            len += postcard::to_slice(text, out.get_mut(len..)?).ok()?.len();
        }
        Some(len)
    }

    /// Reads a presence; `None` when `bytes` are something else.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (name, rest) = postcard::take_from_bytes(bytes).ok()?;
        let (role, rest) = postcard::take_from_bytes(rest).ok()?;
        let tags = Tags(rest);
        let well_formed = tags.iter().map(|(key, value)| encoded_len(key) + encoded_len(value)).sum::<usize>();
        (well_formed == rest.len()).then_some(Self { name, role, tags })
    }
}

/// The tags of a [`Presence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    /// Keys and values, in the order in which they were written.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (key, after) = postcard::take_from_bytes::<&str>(rest).ok()?;
            let (value, after) = postcard::take_from_bytes::<&str>(after).ok()?;
            rest = after;
            Some((key, value))
        })
    }
}

fn encoded_len(text: &str) -> usize {
    let bits = usize::BITS - text.len().leading_zeros();
    text.len() + usize::try_from(bits.div_ceil(7).max(1)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_comes_back() {
        let mut out = [0; 64];
        let len = Presence::encode("web-1", "web", [("zone", "a"), ("v", "")], &mut out).unwrap();
        let presence = Presence::decode(&out[..len]).unwrap();
        assert_eq!((presence.name, presence.role), ("web-1", "web"));
        assert!(presence.tags.iter().eq([("zone", "a"), ("v", "")]));
        assert!((0..len).all(|cut| Presence::decode(&out[..cut]).is_none_or(|p| p.tags.iter().count() < 2)));
        assert_eq!(Presence::encode("web-1", "web", [], &mut [0; 8]), None);
        assert_eq!(Presence::decode(&[1, b'a', 1, b'b', 9]), None);
    }
}
