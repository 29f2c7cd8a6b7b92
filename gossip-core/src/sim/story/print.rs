//! A story's text, from its data; and the words for times, shares and bytes.
use super::{Act, Awaited, Detail, Goal, Kept, Story};
use crate::{
    sim::{Ailment, Impairment, Latency, Leap, Loss, Memory, Network, Place, Scrutiny},
    wire::Urgency,
};
use alloc::{format, string::String};
use core::{fmt, str::FromStr, time::Duration};

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        if self.storage == Kept::Sensor {
            writeln!(f, "storage sensor")?;
        }
        if self.scrutiny == Scrutiny::Loose {
            writeln!(f, "scrutiny loose")?;
        }
        self.acts.iter().try_for_each(|act| writeln!(f, "{act}"))
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(f, "network lan{}", Changes(network)),
            Self::Config(settings) => write!(f, "config {settings}"),
            Self::Spawn(hosts) => write!(f, "spawn {hosts}"),
            Self::Join { hosts, via } => write!(f, "join {hosts} via {via}"),
            Self::Leave(hosts) => write!(f, "leave {hosts}"),
            Self::Crash(hosts) => write!(f, "crash {hosts}"),
            Self::Keep(hosts) => write!(f, "keep {hosts}"),
            Self::Restart { hosts, memory: Memory::Lost } => write!(f, "restart {hosts}"),
            Self::Restart { hosts, memory: Memory::Kept } => write!(f, "restart {hosts} kept"),
            Self::Readdress(hosts) => write!(f, "readdress {hosts}"),
            Self::Put { host, key, value } => write!(f, "put {host} {} {}", Bytes(key), Bytes(value)),
            Self::Delete { host, key } => write!(f, "delete {host} {}", Bytes(key)),
            Self::Publish { host, urgency: Urgency::Normal, payload } => write!(f, "publish {host} {}", Bytes(payload)),
            Self::Publish { host, payload, .. } => write!(f, "publish {host} critical {}", Bytes(payload)),
            Self::Presence { host, presence } => write!(f, "presence {host} {}", Bytes(presence)),
            Self::Await { host, what: Awaited::Write(quorum), within } => {
                write!(f, "await {host} {quorum} within {}", Time(*within))
            }
            Self::Await { host, what: Awaited::Agreement, within } => {
                write!(f, "await {host} agreement within {}", Time(*within))
            }
            Self::Repeat { times, act } => write!(f, "repeat {times} {act}"),
            Self::Partition(groups) => {
                f.write_str("partition ")?;
                groups.iter().enumerate().try_for_each(|(index, group)| {
                    if index > 0 { write!(f, " / {group}") } else { write!(f, "{group}") }
                })
            }
            Self::Cut { from, to } => write!(f, "cut {from} > {to}"),
            Self::Heal => f.write_str("heal"),
            Self::Impair { from, to, impairment } => write!(f, "impair {from} > {to} {impairment}"),
            Self::Mend { from, to } => write!(f, "mend {from} > {to}"),
            Self::Afflict { hosts, ailment: Ailment::Deaf } => write!(f, "deaf {hosts}"),
            Self::Afflict { hosts, ailment: Ailment::Mute } => write!(f, "mute {hosts}"),
            Self::Afflict { hosts, ailment: Ailment::Slow { awake, paused } } => {
                write!(f, "slow {hosts} awake {} paused {}", Time(*awake), Time(*paused))
            }
            Self::Afflict { hosts, ailment: Ailment::Blocked { open, shut } } => {
                write!(f, "blocked {hosts} open {} shut {}", Time(*open), Time(*shut))
            }
            Self::Cure(hosts) => write!(f, "cure {hosts}"),
            Self::Drift { hosts, drift } => write!(f, "clock {hosts} drift {drift}"),
            Self::Leap { hosts, leap: Leap::Ahead(time) } => write!(f, "clock {hosts} ahead {}", Time(*time)),
            Self::Leap { hosts, leap: Leap::Back(time) } => write!(f, "clock {hosts} back {}", Time(*time)),
            Self::Date { hosts, calendar } => write!(f, "clock {hosts} calendar {calendar}"),
            Self::Place { hosts, place: Place { zone, x, y, height } } => {
                write!(f, "place {hosts} zone {zone} at {x} {y} height {height}")
            }
            Self::Churn { hosts, lifetime, downtime, time } => {
                let (lifetime, downtime, time) = (Time(*lifetime), Time(*downtime), Time(*time));
                write!(f, "churn {hosts} lifetime {lifetime} downtime {downtime} for {time}")
            }
            Self::Run(time) => write!(f, "run {}", Time(*time)),
            Self::Until { goal: Goal::Converged, within } => write!(f, "until converged within {}", Time(*within)),
            Self::Until { goal: Goal::Full, within } => write!(f, "until full within {}", Time(*within)),
            Self::Until { goal: Goal::Known(host), within } => write!(f, "until known {host} within {}", Time(*within)),
            Self::Settle(time) => write!(f, "settle {}", Time(*time)),
            Self::Chapter(heading) => write!(f, "chapter {}", Bytes(heading.as_bytes())),
            Self::Expect { hosts, what, within } => write!(f, "expect {hosts} {what}{}", Within(*within)),
            Self::Show(hosts) => write!(f, "show {hosts}"),
            Self::Log(Detail::Nothing) => f.write_str("log nothing"),
            Self::Log(Detail::Events) => f.write_str("log events"),
            Self::Log(Detail::Datagrams) => f.write_str("log datagrams"),
        }
    }
}

impl fmt::Display for Impairment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(loss) => write!(f, "{loss}"),
            Self::Delay(delay) => write!(f, "delay {}", Time(*delay)),
            Self::Mtu(mtu) => write!(f, "mtu {mtu}"),
            Self::Cut => f.write_str("cut"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Independent(share) => write!(f, "loss {}", Share(*share)),
            Self::Bursts { to_bad, to_good, good, bad } => {
                // To the last bit: it is to be the same world when it is read again.
                write!(f, "elliott {to_bad} {to_good} {good} {bad}")
            }
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(time) => write!(f, "constant {}", Time(*time)),
            Self::Uniform { min, max } => write!(f, "uniform {} {}", Time(*min), Time(*max)),
            Self::Exponential { min, mean } => write!(f, "exponential {} {}", Time(*min), Time(*mean)),
            Self::Positions => f.write_str("positions"),
            Self::Zones(matrix) => {
                f.write_str("zones ")?;
                for (row, times) in matrix.iter().enumerate() {
                    f.write_str(if row > 0 { "/" } else { "" })?;
                    for (column, time) in times.iter().enumerate() {
                        write!(f, "{}{}", if column > 0 { "," } else { "" }, Time(*time))?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// In what a network differs from [`Network::lan`].
struct Changes<'a>(&'a Network);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Network { latency, loss, duplication, reordering, corruption, mtu, bandwidth } = self.0;
        let lan = Network::lan();
        if *latency != lan.latency {
            write!(f, " latency {latency}")?;
        }
        if *loss != lan.loss {
            write!(f, " {loss}")?;
        }
        for (name, share) in [("duplication", duplication), ("reordering", reordering), ("corruption", corruption)] {
            if *share != 0.0 {
                write!(f, " {name} {}", Share(*share))?;
            }
        }
        if *mtu != lan.mtu {
            write!(f, " mtu {mtu}")?;
        }
        bandwidth
            .iter()
            .try_for_each(|bandwidth| write!(f, " bandwidth {} {}", bandwidth.bytes_per_second, bandwidth.queue))
    }
}

/// A time as stories write it: in the largest unit that needs no fraction, such as `90s`; read with fractions, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

/// The units of time, in microseconds.
const UNITS: [(&str, u64); 5] = [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];
/// A century is more than any story takes, and any clock is off.
const TIME_MAX: f64 = 36_525.0 * 24.0 * 3_600e6;

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        let (name, unit) = UNITS.into_iter().find(|(_, unit)| micros != 0 && micros % unit == 0).unwrap_or(("s", 1));
        write!(f, "{}{name}", micros / unit)
    }
}

/// A time within which something must come to be so, if there is any.
struct Within(Duration);

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() { Ok(()) } else { write!(f, " within {}", Time(self.0)) }
    }
}

/// Reads what [`Time`] writes, and fractions.
pub(super) fn parse_time(word: &str) -> Result<Duration, String> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = UNITS.iter().find(|(name, _)| *name == &word[digits.len()..]);
    let micros = digits.parse::<f64>().ok().zip(unit).and_then(|(count, (_, unit))| {
        let micros = count * f64::from(u32::try_from(*unit).unwrap_or(u32::MAX));
        (0.0..=TIME_MAX).contains(&micros).then_some(micros)
    });
    let micros = micros.ok_or_else(|| format!("`{word}` is no time: write 20ms, 1.5s, 10m or 1h"))?;
    let nanos = Duration::from_secs_f64(micros / 1e6).as_nanos();
    Ok(Duration::from_micros(u64::try_from((nanos + 500) / 1_000).unwrap_or(0)))
}

/// A share as stories write it: in percent, such as `12.5%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To a millionth, where that is all of it: a hundred times a seventh of a percent is not what one would write.
        // Else to the last bit, since it is to be the same world when it is read again.
        let percent = self.0 * 100.0;
        let candidates = [(self.0 * 1e6).round() / 1e4, percent, percent.next_up(), percent.next_down()];
        let exact = candidates.into_iter().find(|candidate| candidate / 100.0 == self.0);
        write!(f, "{}%", exact.unwrap_or(percent))
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        parse_time(word).map(Self)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        parse_share(word).map(Self)
    }
}

/// Reads what [`Share`] writes.
pub(super) fn parse_share(word: &str) -> Result<f64, String> {
    let percent = word.strip_suffix('%').and_then(|digits| digits.parse::<f64>().ok());
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| format!("`{word}` is no share: write 0% to 100%"))
}

/// Bytes as one word: as they are where they may be, else in quotes, with what is unprintable as `\x1f`.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'#');
        // `critical` begins an urgent rumor, and `once` a count, unless they are quoted.
        let is_keyword = matches!(self.0, b"critical" | b"once");
        if !self.0.is_empty() && self.0.iter().all(is_plain) && !is_keyword {
            return self.0.iter().try_for_each(|&byte| write!(f, "{}", char::from(byte)));
        }
        f.write_str("\"")?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_str("\"")
    }
}
