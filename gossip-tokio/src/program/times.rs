//! Times as people write them, in UTC.
use core::{fmt, str::FromStr, time::Duration};
use gossip_core::{Heap, Instant, Node};

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// A moment of a node's time as microseconds since the Unix epoch, by its wall clock as it is then; by that of its start, while
/// it knows none.
pub(crate) fn on_calendar(node: &Node<Heap>, at: Instant) -> Instant {
    let millis = node.date(at).unwrap_or_else(|| at.as_millis());
    Instant::from_micros(millis.saturating_mul(1_000).saturating_add(at.as_micros() % 1_000))
}

/// A moment as somebody names it: a time of day, or a date as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Days since the epoch, where a date was given.
    day: Option<u64>,
    /// Microseconds since midnight.
    time: u64,
}

impl Moment {
    /// The moment meant, in a recording that begins at `beginning`: of times of day, the first one not before that.
    pub(crate) fn after(self, beginning: Instant) -> Instant {
        if let Some(day) = self.day {
            return Instant::from_micros(day * DAY + self.time);
        }
        let beginning = beginning.as_micros();
        let midnight = beginning - beginning % DAY;
        let today = midnight.saturating_add(self.time);
        Instant::from_micros(if today < beginning { today.saturating_add(DAY) } else { today })
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (date, time) = text.split_once('T').map_or((None, text), |(date, time)| (Some(date), time));
        let time = time_of(time.strip_suffix('Z').unwrap_or(time));
        let day = date.map(day_of);
        match (day, time) {
            (None, Some(time)) => Ok(Self { day: None, time }),
            (Some(Some(day)), Some(time)) => Ok(Self { day: Some(day), time }),
            _ => Err(format!("{text:?} is neither HH:MM:SS nor YYYY-MM-DDTHH:MM:SSZ")),
        }
    }
}

/// A time of day, to the microsecond.
pub(crate) struct Clock(pub(crate) Instant);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros() % DAY;
        let seconds = micros / 1_000_000;
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}.{:06}", seconds % 60, micros % 1_000_000)
    }
}

/// A date and a time of day, to the microsecond.
pub(crate) struct Calendar(pub(crate) Instant);

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0.as_micros() / DAY);
        write!(f, "{year:04}-{month:02}-{day:02}T{}Z", Clock(self.0))
    }
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`, in microseconds.
fn time_of(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes) = (number(parts.next()?, 23)?, number(parts.next()?, 59)?);
    let (seconds, fraction) = parts.next().map_or(("0", None), |rest| {
        rest.split_once('.').map_or((rest, None), |(seconds, fraction)| (seconds, Some(fraction)))
    });
    let seconds = hours * 3_600 + minutes * 60 + number(seconds, 59)?;
    let micros = fraction.map_or(Some(0), micros_of)?;
    let time = Duration::from_secs(seconds) + Duration::from_micros(micros);
    parts.next().is_none().then(|| u64::try_from(time.as_micros()).unwrap_or(0))
}

fn micros_of(fraction: &str) -> Option<u64> {
    let digits = fraction.len();
    let scale = 10_u64.pow(6_u32.checked_sub(u32::try_from(digits).ok()?)?);
    (digits > 0).then(|| number(fraction, 999_999)).flatten().map(|number| number * scale)
}

fn number(text: &str, max: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= max)
}

/// `YYYY-MM-DD`, in days since the epoch.
fn day_of(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?, 9_999)?, number(parts.next()?, 12)?, number(parts.next()?, 31)?);
    if year < 1970 || month == 0 || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    let years: u64 = (1970..year).map(days_of_year).sum();
    let months: u64 = (1..month).map(|month| days_of_month(year, month)).sum();
    Some(years + months + day - 1)
}

/// Year, month and day. Beyond the year 9999, nobody looks.
fn date_of(mut day: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    while year < 9_999 && day >= days_of_year(year) {
        day -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while month < 12 && day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_back() {
        for text in ["1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z", "2100-03-01T12:30:00.000001Z"] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(Calendar(moment.after(Instant::ZERO)).to_string(), text);
        }
        // Known from elsewhere: `date -u -d @1900000000`.
        let at = Instant::from_micros(1_900_000_000_000_000);
        assert_eq!(Calendar(at).to_string(), "2030-03-17T17:46:40.000000Z");
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let beginning: Moment = "2030-01-31T14:00:00Z".parse().unwrap();
        let beginning = beginning.after(Instant::ZERO);
        for (time, meant) in [
            ("14:00", "2030-01-31T14:00:00.000000Z"),
            ("14:00:00.5", "2030-01-31T14:00:00.500000Z"),
            ("13:59:59", "2030-02-01T13:59:59.000000Z"),
        ] {
            let moment: Moment = time.parse().unwrap();
            assert_eq!(Calendar(moment.after(beginning)).to_string(), meant);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "noon", "24:00", "12", "12:60", "12:00:00.1234567", "12:00:00.", "12:00:00:00", "+1:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
        for text in ["2030-02-29T12:00", "2030-13-01T12:00", "2030-00-01T12:00", "1969-12-31T12:00", "2030-01-01"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
