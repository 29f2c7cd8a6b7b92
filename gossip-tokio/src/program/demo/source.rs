//! The file that the demonstration replicates as configuration.
use crate::program::failure::Failure;
use std::{fs, path::PathBuf};

/// Where a file of a fitting size is found on most systems.
const LIKELY: [&str; 4] =
    ["/etc/services", "/etc/protocols", "/etc/hosts", r"C:\Windows\System32\drivers\etc\services"];
/// More would be a test of patience.
const LEN_MAX: usize = 64 * 1024;

/// A file, read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The file that was asked for, or one that this system has.
pub(super) fn choose(asked: Option<PathBuf>) -> Result<Source, Failure> {
    if let Some(path) = asked {
        let bytes = fs::read(&path)
            .map_err(|error| Failure::usage(format!("--file {}: cannot read it: {error}", path.display())))?;
        if !(1..=LEN_MAX).contains(&bytes.len()) {
            let reason = format!("--file {}: it has {} bytes, not 1 to {LEN_MAX}", path.display(), bytes.len());
            return Err(Failure::usage(reason));
        }
        return Ok(Source { path, bytes });
    }
    let likely = LIKELY.iter().filter_map(|path| Some(Source { path: path.into(), bytes: fs::read(path).ok()? }));
    let mut fitting = likely.filter(|source| (1..=LEN_MAX).contains(&source.bytes.len()));
    fitting.next().ok_or_else(|| Failure::usage("--file: name a file to replicate, this system has none of the usual"))
}

impl Source {
    /// The entries that carry the file: numbered keys, so that their order is the file's.
    pub(super) fn chunks(&self, entry_len_max: usize) -> Vec<(String, Vec<u8>)> {
        let name = self.path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy());
        let key = |number: usize| format!("config/{name}/{number:05}");
        let len = entry_len_max.saturating_sub(key(0).len()).max(1);
        self.bytes.chunks(len).enumerate().map(|(number, chunk)| (key(number), chunk.to_vec())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_to_fit_and_comes_back_in_key_order() {
        let source = Source { path: "/etc/motd".into(), bytes: (0..=255).cycle().take(1_000).collect() };
        let chunks = source.chunks(100);
        assert!(chunks.iter().all(|(key, value)| key.len() + value.len() <= 100));
        assert!(chunks.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(chunks.into_iter().flat_map(|(_, value)| value).collect::<Vec<u8>>(), source.bytes);
    }

    #[test]
    fn this_system_has_a_file_to_show() {
        assert!(choose(None).is_ok());
        assert!(matches!(choose(Some("/no/such/file".into())), Err(Failure::Usage(_))));
    }
}
