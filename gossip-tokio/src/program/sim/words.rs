//! Figures as people say them, and the finding in a sentence.
use super::findings::{Findings, Standing};

/// A time, with as many digits as tell something: `0.62 s`, `12.3 s`, `2m05s`, `3h20m`.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        _ if seconds < 0.000_999_5 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 0.009_995 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 0.099_95 => format!("{:.0} ms", seconds * 1e3),
        _ if seconds < 9.995 => format!("{seconds:.2} s"),
        _ if seconds < 99.95 => format!("{seconds:.1} s"),
        _ => crate::program::console::age(core::time::Duration::from_secs_f64(seconds.round().min(1e15))),
    }
}

/// A number with thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate: `0.12`, `1.98`, `67.3`, `1,240`.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        _ if rate < 9.995 => format!("{rate:.2}"),
        _ if rate < 99.95 => format!("{rate:.1}"),
        // Rounded and not negative; beyond 2^53 it is no rate.
        _ => count(rate.round() as u64),
    }
}

/// A share in percent, which is only then 0 or 100 when it is nothing or all.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent <= 0.0 => "0 %".to_owned(),
        _ if percent < 0.1 => "under 0.1 %".to_owned(),
        _ if percent >= 100.0 => "100 %".to_owned(),
        _ if percent > 99.9 => "over 99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// So many of something: `1 rumor`, `2 rumors`.
pub(super) fn some(number: usize, of: &str) -> String {
    let number_said = count(u64::try_from(number).unwrap_or(u64::MAX));
    match (number, of) {
        (1, _) => format!("{number_said} {of}"),
        (_, "crash") => format!("{number_said} crashes"),
        _ => format!("{number_said} {of}s"),
    }
}

/// What the story has shown, in a sentence.
pub(super) fn headline(findings: &Findings) -> String {
    let end = time(findings.time);
    if let Some(wrong) = &findings.failed {
        return format!("Failed after {end}: {}", wrong.what);
    }
    let mut said = vec![standing(findings.at_the_end)];
    if findings.ended == "stopped" {
        said = vec![format!("Stopped after {end}: {}", said.concat().to_lowercase())];
    }
    for (what, telling) in [("rumor", &findings.rumors), ("write", &findings.writes)] {
        let late = telling.told.map(|told| time(told.max)).unwrap_or_default();
        match telling.count {
            0 => {}
            count if telling.reached_all == count => said.push(format!("every {what} was everywhere within {late}")),
            count => said.push(format!("{} of {} reached all", telling.reached_all, some(count, what))),
        }
    }
    let known = findings.crashes.iter().filter(|crash| crash.all.is_some()).count();
    let latest = findings.crashes.iter().filter_map(|crash| crash.all).fold(0.0, f64::max);
    match findings.crashes.len() {
        0 => {}
        1 if known == 1 => said.push(format!("the crash was known to all after {}", time(latest))),
        crashes if known == crashes => said.push(format!("every crash was known to all within {}", time(latest))),
        crashes => said.push(format!("{known} of {} were known to all", some(crashes, "crash"))),
    }
    if findings.false_deaths > 0 {
        said.push(format!("nodes were wrongly given up {} times", count(findings.false_deaths)));
    }
    said.join("; ")
}

fn standing(end: Standing) -> String {
    let Standing { live, see_all, know_the_same, .. } = end;
    let live_said = some(live, "node");
    match () {
        () if live == 0 => "Nobody lives in the end".to_owned(),
        () if end.is_at_one() => format!("All {live_said} agree in the end, and say so"),
        () if see_all == live && know_the_same == live => format!("All {live_said} agree in the end"),
        () if see_all == live => format!("All {live_said} see each other in the end; {know_the_same} know the same"),
        () => format!("Of {live_said}, {see_all} see all others in the end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_as_many_digits_as_tell_something() {
        let said = [0.0005, 0.0042, 0.0999, 0.62, 9.994, 12.34, 125.2, 12_000.0].map(time);
        assert_eq!(said, ["500 µs", "4.2 ms", "100 ms", "0.62 s", "9.99 s", "12.3 s", "2m05s", "3h20m"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1.984, 67.25, 1_240.4].map(rate), ["1.98", "67.2", "1,240"]);
        assert_eq!(
            [0.0, 0.00001, 0.1, 0.9999, 1.0].map(percent),
            ["0 %", "under 0.1 %", "10.0 %", "over 99.9 %", "100 %"]
        );
        assert_eq!([some(1, "crash"), some(2, "crash"), some(0, "rumor")], ["1 crash", "2 crashes", "0 rumors"]);
    }
}
