//! A story's data, from its text.
use super::{
    Act, Awaited, Detail, Expected, Goal, Kept, Preset, Settings, Story, StoryError, clocks,
    print::parse_time,
    words::{Words, split},
};
use crate::{
    sim::{Ailment, Bandwidth, Impairment, Latency, Loss, Memory, Network, Place, Scrutiny},
    waiting::Quorum,
    wire::Urgency,
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{str, time::Duration};

/// What an application says.
const REPEATABLE: [&str; 4] = ["put", "delete", "publish", "presence"];
/// More repetitions than this are a slip of the pen: no time passes between them.
const REPEAT_MAX: u32 = 1_000_000;

impl Story {
    /// Reads a story.
    ///
    /// # Errors
    /// The first line that cannot be understood, and why.
    pub fn parse(text: &str) -> Result<Self, StoryError> {
        let mut story = Self::new(0);
        for (index, line) in text.lines().enumerate() {
            let understood = split(line).and_then(|words| {
                let mut words = Words { words: &words };
                if words.is_empty() {
                    return Ok(());
                }
                story.take_line(&mut words)?;
                words.finish()
            });
            understood.map_err(|what| StoryError { line: index + 1, what })?;
        }
        Ok(story)
    }

    fn take_line(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let verb = words.text("an act")?;
        match verb {
            "seed" => self.seed = words.number("a seed")?,
            "storage" => {
                self.storage = words.one_of(&[("heap", Kept::Heap), ("sensor", Kept::Sensor)])?;
            }
            "scrutiny" => {
                self.scrutiny = words.one_of(&[("close", Scrutiny::Close), ("loose", Scrutiny::Loose)])?;
            }
            _ => {
                let act = words.act(verb)?;
                self.acts.push(act);
                return Ok(());
            }
        }
        // These hold for the whole story: a later one would come too late.
        if self.acts.iter().any(|act| matches!(act, Act::Spawn(_))) {
            return Err(format!("`{verb}` must come before the first `spawn`"));
        }
        Ok(())
    }
}

impl Words<'_> {
    fn act(&mut self, verb: &str) -> Result<Act, String> {
        Ok(match verb {
            "network" => Act::Network(self.network()?),
            "config" => Act::Config(self.settings()?),
            "spawn" => Act::Spawn(self.names()?),
            "join" => self.join()?,
            "leave" => Act::Leave(self.names()?),
            "crash" => Act::Crash(self.names()?),
            "keep" => Act::Keep(self.names()?),
            "restart" => self.restart()?,
            "readdress" => Act::Readdress(self.names()?),
            "put" => Act::Put { host: self.name()?, key: self.bytes("a key")?, value: self.bytes("a value")? },
            "delete" => Act::Delete { host: self.name()?, key: self.bytes("a key")? },
            "publish" => self.publish()?,
            "presence" => Act::Presence { host: self.name()?, presence: self.bytes("a presence")? },
            "await" => self.wait()?,
            "repeat" => self.repeat()?,
            "partition" => self.partition()?,
            "heal" => Act::Heal,
            "cut" | "mend" | "impair" => self.link(verb)?,
            "deaf" => Act::Afflict { hosts: self.names()?, ailment: Ailment::Deaf },
            "mute" => Act::Afflict { hosts: self.names()?, ailment: Ailment::Mute },
            "slow" => self.rhythm(["awake", "paused"], |awake, paused| Ailment::Slow { awake, paused })?,
            "blocked" => self.rhythm(["open", "shut"], |open, shut| Ailment::Blocked { open, shut })?,
            "cure" => Act::Cure(self.names()?),
            "clock" => clocks::parse(self)?,
            "place" => self.place()?,
            "churn" => self.churn()?,
            "run" => Act::Run(self.time()?),
            "until" => self.until()?,
            "settle" => Act::Settle(self.time()?),
            "chapter" => Act::Chapter(self.heading()?),
            "expect" => {
                let (hosts, what, within) = Expected::parse(self)?;
                Act::Expect { hosts, what, within }
            }
            "show" => Act::Show(self.names()?),
            "log" => Act::Log(self.one_of(&[
                ("nothing", Detail::Nothing),
                ("events", Detail::Events),
                ("datagrams", Detail::Datagrams),
            ])?),
            _ => return Err(format!("`{verb}` is no act: `gossip_core::sim::story` lists them")),
        })
    }

    fn network(&mut self) -> Result<Network, String> {
        let mut network = match self.one_of(&[("lan", Preset::Lan), ("wan", Preset::Wan)])? {
            Preset::Wan => Network::wan(),
            _ => Network::lan(),
        };
        while let Some(word) = self.peek() {
            match word {
                "loss" | "bursts" | "elliott" => network.loss = self.loss()?,
                _ => {
                    self.text("a word")?;
                    match word {
                        "latency" => network.latency = self.latency()?,
                        "duplication" => network.duplication = self.share()?,
                        "reordering" => network.reordering = self.share()?,
                        "corruption" => network.corruption = self.share()?,
                        "mtu" => network.mtu = self.number("a length in bytes")?,
                        "bandwidth" => {
                            let bytes_per_second = self.number("a number of bytes a second")?;
                            network.bandwidth =
                                Some(Bandwidth { bytes_per_second, queue: self.number("a number of bytes")? });
                        }
                        _ => return Err(format!("`{word}` is nothing that a network has")),
                    }
                }
            }
        }
        Ok(network)
    }

    fn latency(&mut self) -> Result<Latency, String> {
        Ok(match self.text("a kind of latency")? {
            "constant" => Latency::Constant(self.time()?),
            "uniform" => Latency::Uniform { min: self.time()?, max: self.time()? },
            "exponential" => Latency::Exponential { min: self.time()?, mean: self.time()? },
            "positions" => Latency::Positions,
            "zones" => {
                let matrix = self.text("a matrix of times")?;
                let row = |row: &str| row.split(',').map(parse_time).collect();
                Latency::Zones(matrix.split('/').map(row).collect::<Result<_, String>>()?)
            }
            word => {
                return Err(format!("`{word}` is none of `constant`, `uniform`, `exponential`, `positions`, `zones`"));
            }
        })
    }

    fn loss(&mut self) -> Result<Loss, String> {
        match self.text("a kind of loss")? {
            "bursts" => Ok(Loss::bursts(self.number("a mean length in datagrams")?, self.share()?)),
            "elliott" => Ok(Loss::Bursts {
                to_bad: self.chance()?,
                to_good: self.chance()?,
                good: self.chance()?,
                bad: self.chance()?,
            }),
            _ => Ok(Loss::Independent(self.share()?)),
        }
    }

    fn settings(&mut self) -> Result<Settings, String> {
        let presets = [("lan", Preset::Lan), ("wan", Preset::Wan), ("sensor", Preset::Sensor)];
        let mut settings = Settings::new(self.one_of(&presets)?);
        while !self.is_empty() {
            settings = settings.with(self.text("a setting")?, self.text("a value")?)?;
        }
        Ok(settings)
    }

    fn join(&mut self) -> Result<Act, String> {
        let hosts = self.names_until(&["via"])?;
        self.keyword("via")?;
        Ok(Act::Join { hosts, via: self.name()? })
    }

    fn restart(&mut self) -> Result<Act, String> {
        let hosts = self.names_until(&["kept"])?;
        if self.is_empty() {
            return Ok(Act::Restart { hosts, memory: Memory::Lost });
        }
        self.keyword("kept")?;
        Ok(Act::Restart { hosts, memory: Memory::Kept })
    }

    fn heading(&mut self) -> Result<String, String> {
        String::from_utf8(self.bytes("a heading")?).map_err(|_| "a heading must be text".to_string())
    }

    fn publish(&mut self) -> Result<Act, String> {
        let host = self.name()?;
        let urgency = if self.peek() == Some("critical") {
            self.keyword("critical")?;
            Urgency::Critical
        } else {
            Urgency::Normal
        };
        Ok(Act::Publish { host, urgency, payload: self.bytes("a text")? })
    }

    fn wait(&mut self) -> Result<Act, String> {
        let host = self.name()?;
        let what = match self.peek() {
            Some("agreement" | "all" | "majority") => self.one_of(&[
                ("agreement", Awaited::Agreement),
                ("all", Awaited::Write(Quorum::All)),
                ("majority", Awaited::Write(Quorum::Majority)),
            ])?,
            _ => Awaited::Write(Quorum::AtLeast(self.number("`agreement`, `all`, `majority` or a number of members")?)),
        };
        self.keyword("within")?;
        Ok(Act::Await { host, what, within: self.time()? })
    }

    fn repeat(&mut self) -> Result<Act, String> {
        let times = self.number("a number of times")?;
        if times > REPEAT_MAX {
            return Err(format!("`{times}` times is too often: a million times at most"));
        }
        let verb = self.text("an act")?;
        // Looked at before the act is read, so that no depth of repetition uses up the stack.
        if !REPEATABLE.contains(&verb) {
            return Err(format!("`{verb}` cannot be repeated: what an application says can"));
        }
        Ok(Act::Repeat { times, act: Box::new(self.act(verb)?) })
    }

    fn partition(&mut self) -> Result<Act, String> {
        let mut groups = Vec::from([self.names_until(&["/"])?]);
        while !self.is_empty() {
            self.keyword("/")?;
            groups.push(self.names_until(&["/"])?);
        }
        Ok(Act::Partition(groups))
    }

    fn link(&mut self, verb: &str) -> Result<Act, String> {
        let from = self.names_until(&[">"])?;
        self.keyword(">")?;
        let to = self.names_until(&["loss", "bursts", "elliott", "delay", "mtu", "cut"])?;
        Ok(match verb {
            "cut" => Act::Cut { from, to },
            "mend" => Act::Mend { from, to },
            _ => Act::Impair { from, to, impairment: self.impairment()? },
        })
    }

    fn impairment(&mut self) -> Result<Impairment, String> {
        Ok(match self.peek() {
            Some("delay") => {
                self.keyword("delay")?;
                Impairment::Delay(self.time()?)
            }
            Some("mtu") => {
                self.keyword("mtu")?;
                Impairment::Mtu(self.number("a number of bytes")?)
            }
            Some("cut") => {
                self.keyword("cut")?;
                Impairment::Cut
            }
            _ => Impairment::Loss(self.loss()?),
        })
    }

    fn rhythm(&mut self, [on, off]: [&str; 2], of: fn(Duration, Duration) -> Ailment) -> Result<Act, String> {
        let hosts = self.names_until(&[on])?;
        self.keyword(on)?;
        let time = self.time()?;
        self.keyword(off)?;
        Ok(Act::Afflict { hosts, ailment: of(time, self.time()?) })
    }

    fn place(&mut self) -> Result<Act, String> {
        let hosts = self.names_until(&["zone", "at", "height"])?;
        let mut place = Place::default();
        while !self.is_empty() {
            match self.text("`zone`, `at` or `height`")? {
                "zone" => place.zone = self.number("a zone's number")?,
                "at" => (place.x, place.y) = (self.number("a number")?, self.number("a number")?),
                "height" => place.height = self.number("a number of microseconds")?,
                word => return Err(format!("`{word}` is none of `zone`, `at`, `height`")),
            }
        }
        Ok(Act::Place { hosts, place })
    }

    fn churn(&mut self) -> Result<Act, String> {
        let hosts = self.names_until(&["lifetime"])?;
        self.keyword("lifetime")?;
        let lifetime = self.time()?;
        self.keyword("downtime")?;
        let downtime = self.time()?;
        self.keyword("for")?;
        Ok(Act::Churn { hosts, lifetime, downtime, time: self.time()? })
    }

    fn until(&mut self) -> Result<Act, String> {
        let goal = match self.text("`converged`, `full` or `known`")? {
            "converged" => Goal::Converged,
            "full" => Goal::Full,
            "known" => Goal::Known(self.name()?),
            word => return Err(format!("`{word}` is none of `converged`, `full`, `known`")),
        };
        self.keyword("within")?;
        Ok(Act::Until { goal, within: self.time()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: &str = r#"seed 7
storage sensor
scrutiny loose
network lan latency exponential 1ms 5ms elliott 0.01 0.2 0 1 duplication 1% reordering 2% corruption 0.5% mtu 576 bandwidth 125000 64000
network lan latency zones 1ms,20ms/20ms,1ms loss 12.5%
config sensor probe_interval 2s members 4 cluster blue
spawn a n0..7
join n0..7 via a
leave n1
crash n2
keep n3
restart n2
restart n3 kept
readdress n4
put a "motd of day" "\x00\"\\"
delete a k
publish a hello
publish a "critical"
publish a critical "door open"
presence a ""
await a majority within 5s
await a all within 500ms
await a 3 within 1m
await a agreement within 5s
repeat 70 publish a r%
partition a n0..3 / n4..7
cut a > n0 n1
heal
impair a > n0 loss 30%
impair a > n0 delay 50ms
impair a > n0 mtu 1232
impair a > n0 cut
mend a > n0
deaf a
mute a
slow a awake 1s paused 3s
blocked a open 1s shut 3s
cure a
clock a drift -300
clock a ahead 5s
clock a back 1500us
clock a n0 calendar right
clock a calendar ahead 23h
clock a calendar back 17520h
clock a calendar 1970
clock a calendar missing
place a zone 1 at 1000 -500 height 300
churn n0..7 lifetime 1m downtime 10s for 10m
run 0s
until converged within 10s
until full within 1h
until known n2 within 90s
settle 1m
chapter "All is well"
expect a told "n1 is down"
expect a n0..3 told once "rumor *" within 1s
expect a told x before y within 5ms
expect a untold "* is down"
expect a holds k "" within 5s
expect a lacks k
expect a sees n1 unknown
expect a n0 sees n1 suspect within 1m
expect a sent at most 20
expect a counted rumors_evicted at least 1 within 1s
expect a counted rumors_evicted at most 0
show a n0
log datagrams
"#;

    #[test]
    fn what_is_printed_is_what_was_read() {
        let story = Story::parse(EVERYTHING).unwrap();
        assert_eq!(story.to_string(), EVERYTHING);
        let remarked = format!("# A remark.\n\n{}", EVERYTHING.replace("deaf a\n", "  deaf a   # for once\n"));
        assert_eq!(Story::parse(&remarked).unwrap(), story);
    }

    #[test]
    fn what_is_easily_misread_is_printed_so_that_it_is_not() {
        for line in [
            "expect a told \"once\"",
            "expect a told \"once\" before once",
            "expect a told once \"once\"",
            "network lan loss 33.33333333%",
            "network lan duplication 0.00001% corruption 0.1234567891% reordering 99.99999999%",
            "network lan bursts 2 80%",
            "impair a > b bursts 1 100%",
        ] {
            let story = Story::parse(line).unwrap();
            assert_eq!(Story::parse(&story.to_string()).as_ref(), Ok(&story), "{line} is printed as {story}");
        }
    }

    #[test]
    fn however_deep_a_repetition_is_it_is_refused_and_not_followed() {
        let text = format!("{}put a k v", "repeat 1 ".repeat(100_000));
        assert!(Story::parse(&text).unwrap_err().what.contains("cannot be repeated"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, what) in [
            ("fly a", "`fly` is no act: `gossip_core::sim::story` lists them"),
            ("run", "a time is missing"),
            ("run 5", "`5` is no time: write 20ms, 1.5s, 10m or 1h"),
            ("run 5s now", "`now` is one word too many"),
            ("spawn", "a name is missing"),
            ("spawn a/b", "`a/b` is no name: use letters, digits, `-` and `_`"),
            ("network lan loss 120%", "`120%` is no share: write 0% to 100%"),
            ("config moon", "`moon` is none of `lan`, `wan`, `sensor`"),
            ("put a k \"v", "a closing `\"` is missing"),
            ("join a b", "`via` is missing"),
            ("expect a told", "what is told is missing"),
            ("repeat 2 crash a", "`crash` cannot be repeated: what an application says can"),
            ("repeat 2 repeat 2 put a k v", "`repeat` cannot be repeated: what an application says can"),
            ("repeat 4294967295 put a k v", "`4294967295` times is too often: a million times at most"),
            ("expect a", "what is expected is missing"),
            ("expect a untold x within 5s", "`within` is one word too many"),
            ("expect a counted sheep at most 3", "`sheep` is no counter"),
            ("clock a calendar noon", "`noon` is none of `right`, `ahead`, `back`, `1970`, `missing`"),
            ("spawn a\nseed 3", "`seed` must come before the first `spawn`"),
        ] {
            let error = Story::parse(text).unwrap_err();
            assert_eq!(error.line, text.lines().count(), "{error}");
            assert!(error.what.starts_with(what), "{error}");
        }
    }
}
