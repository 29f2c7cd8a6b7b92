//! The network and the configuration of a drawn world.
use super::choices::Choices;
use crate::sim::{
    Bandwidth, Impairment, Latency, Loss, Network,
    story::{Preset, Settings},
};
use alloc::{
    format,
    string::{String, ToString},
};
use core::time::Duration;

/// How far apart nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// As far as the presets are made for.
    Near,
    /// Any round trip: of less than any interval, or of several.
    Far,
}

/// How long a datagram takes at most, in tenths of a millisecond: up to two seconds.
const FAR: [u64; 9] = [1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000];
/// Answers from there take four seconds.
const SETTINGS_OF_FAR: [(&str, &str); 3] =
    [("probe_interval", "10s"), ("probe_timeout", "6s"), ("reconnect_interval", "15s")];

/// A network: mostly a good one, with one or two faults.
pub(super) fn network(choices: &mut Choices<'_>, reach: Reach) -> Network {
    let ms = Duration::from_millis;
    let latency = match choices.below(6) {
        _ if reach == Reach::Far => {
            let max = Duration::from_micros(100 * choices.pick(&FAR).copied().unwrap_or(1));
            Latency::Uniform { min: max / 2, max }
        }
        0 => Latency::Constant(ms(1)),
        1 => Latency::Exponential { min: ms(1), mean: ms(10) },
        2 => Latency::Uniform { min: ms(1), max: ms(150) },
        3 => Latency::Positions,
        4 => Latency::Zones([[ms(1), ms(60)].into(), [ms(90), ms(1)].into()].into()),
        _ => Network::lan().latency,
    };
    let loss = match choices.below(6) {
        0 => Loss::Independent(choices.percent(40)),
        1 => Loss::Independent(choices.percent(10)),
        2 => Loss::bursts(1.0 + f64::from(choices.small(20)), choices.percent(25)),
        _ => Loss::Independent(0.0),
    };
    let mut network = Network { latency, loss, ..Network::lan() };
    if choices.one_in(4) {
        network.duplication = choices.percent(30);
    }
    if choices.one_in(4) {
        network.reordering = choices.percent(30);
    }
    if choices.one_in(12) {
        network.bandwidth = Some(Bandwidth { bytes_per_second: 4_000, queue: 8_000 });
    }
    if choices.one_in(40) {
        network.corruption = choices.percent(5);
    }
    if choices.one_in(8) {
        network.mtu = mtu(choices);
    }
    network
}

/// What is wrong with one way of one link.
pub(super) fn impairment(choices: &mut Choices<'_>, delay: Duration) -> Impairment {
    match choices.below(4) {
        0 => Impairment::Delay(delay),
        1 => Impairment::Loss(Loss::bursts(8.0, choices.percent(60))),
        2 => Impairment::Mtu(mtu(choices)),
        _ => Impairment::Loss(Loss::Independent(choices.percent(90))),
    }
}

/// What makes a value longer: mostly by little, now and then so that paths are too short for it.
pub(super) fn padding(choices: &mut Choices<'_>) -> String {
    let len = if choices.one_in(6) { choices.between(100, 1_300) } else { usize::from(choices.small(12)) };
    "x".repeat(len)
}

/// Whatever is carried at all carries the shortest of these.
fn mtu(choices: &mut Choices<'_>) -> usize {
    choices.between(520, 1_400)
}

/// A preset, with a few settings changed, and with small limits now and then.
pub(super) fn settings(choices: &mut Choices<'_>, mut settings: Settings, reach: Reach) -> Settings {
    let is_sensor = settings.preset == Preset::Sensor;
    let mut set = |name: &str, value: String| {
        settings = settings.clone().with(name, &value).unwrap_or_else(|error| unreachable!("{error}"));
    };
    if reach == Reach::Far {
        SETTINGS_OF_FAR.iter().for_each(|(name, value)| set(name, (*value).to_string()));
        if !is_sensor {
            set("gossip_interval", format!("{}ms", choices.pick(&[20, 50, 100, 200, 500]).copied().unwrap_or(200)));
        }
    }
    if choices.one_in(3) {
        set("fanout", choices.between(1, 4).to_string());
    }
    if choices.one_in(4) {
        set("suspicion_mult", choices.between(1, 6).to_string());
    }
    if choices.one_in(4) {
        set("news_mult", choices.between(1, 4).to_string());
    }
    if choices.one_in(4) {
        set("rumor_ttl", alloc::format!("{}s", choices.between(1, 60)));
    }
    if choices.one_in(4) {
        set("indirect_probes", choices.between(1, 4).to_string());
    }
    if choices.one_in(4) && !is_sensor {
        set("datagram_len_max", choices.between(100, 1_400).to_string());
    }
    if choices.one_in(3) {
        // Shorter than many a cut.
        set("remember_gone", alloc::format!("{}s", choices.between(1, 60)));
    }
    if choices.one_in(4) {
        for (limit, max) in
            [("members", 12), ("rumors", 8), ("entries", 12), ("writers", 12), ("outbox", 7), ("seeds", 3)]
        {
            if choices.one_in(3) {
                set(limit, choices.between(1, max).to_string());
            }
        }
    }
    settings
}
