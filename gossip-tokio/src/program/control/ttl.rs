//! How long a notice lives. The core takes what is out of range for the nearest that is not; whoever types it wants to be told.
use core::{ops::RangeInclusive, str::FromStr, time::Duration};
use gossip_core::sim::story::Time;

/// In hours.
const DAY: u32 = 24;
/// What the core lets a notice live.
const RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24 * 24);

/// A time to live that the core takes as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ttl(Duration);

impl Ttl {
    pub(crate) fn of(time: Duration) -> Result<Self, String> {
        if RANGE.contains(&time) { Ok(Self(time)) } else { Err(format!("a notice lives {LIFETIMES}")) }
    }

    pub(crate) const fn get(self) -> Duration {
        self.0
    }
}

/// The range in words, for whoever has missed it.
const LIFETIMES: &str = "from 1s to 24d: write 90s, 10m, 24h or 7d";

impl FromStr for Ttl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = match text.strip_suffix('d') {
            // Stories have no days, and need none.
            Some(days) => format!("{days}h").parse().map(|Time(time)| time.saturating_mul(DAY)),
            None => text.parse().map(|Time(time)| time),
        };
        time.map_err(|_: String| format!("{text:?} is no time; a notice lives {LIFETIMES}")).and_then(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gossip_core::wire::RumorFrame;

    #[test]
    fn what_a_notice_may_live_is_told_to_whoever_asks_for_something_else() {
        for (text, seconds) in
            [("1s", 1), ("1000ms", 1), ("1.5m", 90), ("24h", 86_400), ("0.5d", 43_200), ("24d", 2_073_600)]
        {
            assert_eq!(Ttl::from_str(text).map(Ttl::get), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "soon", "3", "-1s", "0s", "999ms", "24.1d", "577h", "1hd", "9999999999999d"] {
            let said = Ttl::from_str(text).unwrap_err();
            assert!(said.contains("from 1s to 24d"), "{text}: {said}");
        }
        assert!(RANGE.end().as_secs() <= RumorFrame::TTL_SECS_MAX.into(), "the core does not shorten it");
    }
}
