//! What `gossip sim` can be told on the command line.
use clap::{Args, ValueEnum};
use core::{fmt, num::NonZeroU32, str::FromStr, time::Duration};
use gossip_core::sim::{
    Latency, Scrutiny,
    story::{self, Share, Time},
};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SimArgs {
    /// A story to run, `-` for stdin [default: one made of the flags under "Without FILE"]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// What chance is drawn from [default: 1, or what FILE says]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Whether oracles watch, all the time, for what must never happen; that takes time and memory
    /// [default: close, for more than 256 nodes loose; or what FILE says]
    #[arg(long, value_enum, verbatim_doc_comment)]
    pub(super) scrutiny: Option<Closeness>,
    /// Write a page with plots: one file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    pub(super) report: Option<PathBuf>,
    /// Print one JSON document: the same bytes whenever and wherever the same story runs
    #[arg(long)]
    pub(super) json: bool,
    /// Print also what happened, a line each
    #[arg(long)]
    pub(super) log: bool,
    /// Print the story instead of running it, to go on from there
    #[arg(long, conflicts_with_all = ["report", "json", "log"])]
    pub(super) print: bool,
    #[command(flatten)]
    pub(super) plan: Plan,
}

/// What a story is made of. All of it conflicts with a file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Without FILE")]
pub(super) struct Plan {
    /// How many nodes there are
    #[arg(long, value_name = "N", default_value_t = 32, conflicts_with = "file",
          value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(super) nodes: u32,
    /// How the nodes are configured; with `wan`, the network is one between regions, too
    #[arg(long, value_enum, default_value_t = Preset::Lan, conflicts_with = "file")]
    pub(super) preset: Preset,
    /// How long the nodes are watched once all have joined
    #[arg(long, value_name = "TIME", default_value = "60s", conflicts_with = "file")]
    pub(super) time: Time,
    /// How long datagrams take: `constant:TIME`, `uniform:MIN:MAX`, or `exponential:MIN:MEAN`, where the mean comes on top
    /// of the least [default: uniform:500us:2ms; wan: uniform:20ms:120ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency, conflicts_with = "file", verbatim_doc_comment)]
    pub(super) latency: Option<Latency>,
    /// The share of datagrams that is lost: 10% or 0.1 [default: 0%; wan: 1%]
    #[arg(long, value_name = "SHARE", value_parser = loss, conflicts_with = "file")]
    pub(super) loss: Option<f64>,
    /// How many rumors are published, over two thirds of the time
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "file")]
    pub(super) rumors: u32,
    /// How many entries are written, over two thirds of the time
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "file")]
    pub(super) puts: u32,
    /// Cut so many off from the others, and for how long: 50%:25s or 3:25s
    #[arg(long, value_name = "SHARE:TIME", conflicts_with = "file")]
    pub(super) partition: Option<Partition>,
    /// Kill so many at once: 10% or 3
    #[arg(long, value_name = "SHARE", conflicts_with = "file")]
    pub(super) kill: Option<Amount>,
    /// In the second half of the time, let nodes crash after such a time in the mean, and come back 10s later
    #[arg(long, value_name = "TIME", conflicts_with = "file")]
    pub(super) churn: Option<Time>,
}

const EXAMPLES: &str = "\
Times are written 20ms, 1.5s, 10m or 1h; shares 10% or 0.1.

  gossip sim --nodes 64 --loss 10% --kill 10% --rumors 10
  gossip sim --nodes 32 --partition 50%:25s --puts 10 --report cut.html
  gossip sim --nodes 32 --partition 50%:25s --print > cut.txt    # … change it, and then:
  gossip sim cut.txt --seed 8 --log

Without FILE, the last act is `settle`: in it nothing is lost or cut off any more, and all have to agree.

The language of stories is described at gossip_core::sim::story. A story fails, with exit code 1, when an
oracle sees what must never happen, when something is not reached in time, or when an act makes no sense.";

/// How closely a world is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Closeness {
    Close,
    Loose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    Lan,
    Wan,
    Sensor,
}

/// So many of something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    Share(f64),
    Count(NonZeroU32),
}

/// How many are cut off, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Partition {
    pub(super) amount: Amount,
    pub(super) time: Duration,
}

impl Amount {
    /// How many that is: at least one.
    pub(super) fn of(self, whole: u32) -> u32 {
        match self {
            Self::Count(count) => count.get(),
            // Between 0 and `whole`, by the way in which shares are read.
            Self::Share(share) => ((f64::from(whole) * share).round() as u32).max(1),
        }
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Ok(count) = word.parse() {
            return Ok(Self::Count(count));
        }
        share(word).map(Self::Share).map_err(|_| format!("`{word}` is neither a share such as 10% nor a count"))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => Share(*share).fmt(f),
            Self::Count(count) => count.fmt(f),
        }
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (amount, time) = word.split_once(':').ok_or_else(|| format!("`{word}` lacks a time: write 50%:25s"))?;
        let (amount, Time(time)) = (amount.parse()?, time.parse()?);
        if time.is_zero() {
            return Err("a partition takes some time".to_owned());
        }
        Ok(Self { amount, time })
    }
}

impl From<Closeness> for Scrutiny {
    fn from(closeness: Closeness) -> Self {
        match closeness {
            Closeness::Close => Self::Close,
            Closeness::Loose => Self::Loose,
        }
    }
}

impl From<Preset> for story::Preset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Lan => Self::Lan,
            Preset::Wan => Self::Wan,
            Preset::Sensor => Self::Sensor,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        story::Preset::from(*self).fmt(f)
    }
}

/// A share above nothing, as a percentage or a fraction of one.
fn share(word: &str) -> Result<f64, String> {
    let share = match word.parse::<f64>() {
        Ok(fraction) if (0.0..=1.0).contains(&fraction) => fraction,
        Ok(_) => return Err(format!("`{word}` is more than all: write 10% or 0.1")),
        Err(_) => word.parse::<Share>().map_err(|_| format!("`{word}` is no share: write 10% or 0.1"))?.0,
    };
    if share > 0.0 { Ok(share) } else { Err(format!("`{word}` is nothing")) }
}

fn loss(word: &str) -> Result<f64, String> {
    if matches!(word, "0" | "0%") {
        return Ok(0.0);
    }
    match share(word)? {
        // Not a limit of ours: with more than that, what one would see is chance alone.
        most if most > 0.9 => Err(format!("`{word}` is too much: hardly anything would arrive")),
        share => Ok(share),
    }
}

fn latency(word: &str) -> Result<Latency, String> {
    let time = |word: &str| word.parse().map(|Time(time)| time);
    match *word.split(':').collect::<Vec<_>>() {
        ["constant", constant] => Ok(Latency::Constant(time(constant)?)),
        ["uniform", min, max] => {
            let (min, max) = (time(min)?, time(max)?);
            if min > max {
                return Err(format!("in `{word}`, the least is more than the most"));
            }
            Ok(Latency::Uniform { min, max })
        }
        ["exponential", min, mean] => Ok(Latency::Exponential { min: time(min)?, mean: time(mean)? }),
        _ => Err(format!("`{word}` is none of constant:TIME, uniform:MIN:MAX, exponential:MIN:MEAN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shares_or_counts() {
        let of = |word: &str, whole| word.parse::<Amount>().map(|amount| amount.of(whole));
        assert_eq!((of("10%", 32), of("0.1", 32), of("3", 32), of("1%", 32)), (Ok(3), Ok(3), Ok(3), Ok(1)));
        for wrong in ["0", "0%", "-1", "101%", "1.5", "some", ""] {
            assert!(of(wrong, 32).is_err(), "{wrong}");
        }
        let partition = Partition { amount: Amount::Share(0.5), time: Duration::from_secs(25) };
        assert_eq!("50%:25s".parse(), Ok(partition));
        for wrong in ["50%", "50%:", "50%:0s", "0:25s", ":25s"] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn losses_and_latencies_are_read() {
        assert_eq!((loss("10%"), loss("0.1"), loss("0")), (Ok(0.1), Ok(0.1), Ok(0.0)));
        assert!(loss("10").is_err() && loss("95%").is_err() && loss("NaN").is_err());
        let ms = Duration::from_millis;
        assert_eq!(latency("uniform:1ms:5ms"), Ok(Latency::Uniform { min: ms(1), max: ms(5) }));
        assert_eq!(latency("constant:3ms"), Ok(Latency::Constant(ms(3))));
        assert!(latency("uniform:5ms:1ms").is_err() && latency("uniform:1ms").is_err() && latency("5ms").is_err());
    }
}
