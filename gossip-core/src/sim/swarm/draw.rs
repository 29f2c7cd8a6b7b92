//! A world, drawn from a seed.
use super::{
    choices::Choices,
    features::{FEATURES, Feature},
    surroundings::{self, Reach},
};
use crate::{
    sim::{
        Memory, Place,
        story::{Act, Awaited, Kept, Names, Preset, Settings, Story},
        stream,
    },
    waiting::Quorum,
    wire::Urgency,
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

/// Draws a world from a seed: who lives in it, on what network, and what befalls them. It ends with time to settle.
#[must_use]
pub fn draw(seed: u64) -> Story {
    Drawing::new(seed, Choices::Seed(stream(&[seed, 4]))).finish()
}

/// Draws a world from bytes, of which each decides one thing: for a fuzzer, that changes them to see what then happens.
#[must_use]
pub fn draw_from(bytes: &[u8]) -> Story {
    Drawing::new(0, Choices::Bytes(bytes)).finish()
}

/// The most hosts of a world: enough for helpers, sides of a partition and a crowd; few enough for a thousand worlds a minute.
const HOSTS_MAX: usize = 12;
/// How long a world may take to settle, in probe intervals. It settles within a tenth of that, or there is not room for all.
const SETTLE: u32 = 400;

pub(super) struct Drawing<'a> {
    pub(super) choices: Choices<'a>,
    features: Vec<Feature>,
    sensors: bool,
    reach: Reach,
    settings: Settings,
    pub(super) hosts: Vec<Host>,
    story: Story,
    writes: u32,
}

/// What the drawing knows of a host.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) lives: bool,
    has_twin: bool,
}

impl<'a> Drawing<'a> {
    fn new(seed: u64, mut choices: Choices<'a>) -> Self {
        let features = FEATURES.into_iter().filter(|_| choices.below(2) == 0).collect();
        let sensors = choices.below(5) == 0;
        let reach = if choices.below(6) == 5 { Reach::Far } else { Reach::Near };
        let settings = Settings::new(if sensors { Preset::Sensor } else { Preset::Lan });
        Self { choices, features, sensors, reach, settings, hosts: Vec::new(), story: Story::new(seed), writes: 0 }
    }

    fn finish(mut self) -> Story {
        self.begin();
        for _ in 0..self.choices.between(3, 30) {
            self.step();
        }
        self.end()
    }

    /// The network, the configuration and the first nodes.
    fn begin(&mut self) {
        let network = surroundings::network(&mut self.choices, self.reach);
        self.act(Act::Network(network));
        self.settings = surroundings::settings(&mut self.choices, self.settings.clone(), self.reach);
        let settings = self.settings.clone();
        self.act(Act::Config(settings));
        if self.sensors {
            self.story.storage = Kept::Sensor;
        }
        // Mostly few: small worlds find most, and sooner.
        let count =
            if self.choices.one_in(4) { self.choices.between(1, HOSTS_MAX) } else { self.choices.between(2, 5) };
        (0..count).for_each(|_| self.spawn());
    }

    fn step(&mut self) {
        // Sometimes two things happen at once.
        if !self.choices.one_in(4) {
            // Many faults need time to show, most news little.
            let most = if self.choices.one_in(3) { 20_000 } else { 3_000 };
            let time = self.time(most);
            self.act(Act::Run(time));
        }
        let Some(&feature) = self.choices.pick(&self.features.clone()) else { return };
        match feature {
            Feature::Crashes => self.crash_or_restart(),
            Feature::Memories => self.remember(),
            Feature::Moves => self.move_away(),
            Feature::Leaves => self.leave(),
            Feature::Latecomers => self.come_late(),
            Feature::Writes => self.write(),
            Feature::Deletes => self.delete(),
            Feature::Rumors => self.publish(),
            Feature::Presences => self.present(),
            Feature::Partitions => self.partition(),
            Feature::OneWayCuts => self.cut(),
            Feature::Impairments => self.impair(),
            Feature::Silences => self.silence(),
            Feature::Slowness => self.slow(),
            Feature::Clocks => self.set_clock(),
            Feature::Storms => {
                let network = surroundings::network(&mut self.choices, self.reach);
                self.act(Act::Network(network));
            }
            Feature::Churn => self.churn(),
            Feature::Dates => self.misdate(),
            Feature::LastWords => self.say_last_words(),
            Feature::Bursts => self.burst(),
            Feature::Namesakes => self.duplicate(),
            Feature::PartialStores => self.come_late(),
            Feature::Waits => self.wait(),
        }
    }

    fn end(mut self) -> Story {
        let interval = self.settings.config().probe_interval;
        self.act(Act::Settle(interval * SETTLE));
        self.story
    }

    fn spawn(&mut self) {
        let name = format!("n{}", self.hosts.len());
        let names = names([&name]);
        self.settle_for_less();
        self.act(Act::Spawn(names.clone()));
        let place = Place {
            zone: self.choices.below(2),
            x: i32::from(self.choices.small(200)) * 100,
            y: i32::from(self.choices.small(200)) * 100,
            height: u32::from(self.choices.small(50)) * 100,
        };
        self.act(Act::Place { hosts: names, place });
        self.join(&name);
        self.hosts.push(Host { name, lives: true, has_twin: false });
    }

    /// Where not all keep all stores, or as much of them, the next to come keeps what is drawn for it.
    fn settle_for_less(&mut self) {
        if !self.features.contains(&Feature::PartialStores) {
            return;
        }
        let mut settings = self.settings.clone();
        for store in ["rumors", "entries"] {
            let limit = match self.choices.below(8) {
                0 | 1 => 0,
                2 | 3 => self.choices.between(1, 8),
                _ => continue,
            };
            settings = settings.with(store, &limit.to_string()).unwrap_or_else(|error| unreachable!("{error}"));
        }
        self.act(Act::Config(settings));
    }

    fn join(&mut self, name: &str) {
        if let Some(via) = self.other(name) {
            self.act(Act::Join { hosts: names([name]), via });
        }
    }

    fn crash_or_restart(&mut self) {
        let Some(index) = self.any() else { return };
        let (name, lived) = (self.hosts[index].name.clone(), self.hosts[index].lives);
        if lived && !self.choices.one_in(3) {
            self.hosts[index].lives = false;
            return self.act(Act::Crash(names([&name])));
        }
        let memory = if self.choices.one_in(2) { Memory::Kept } else { Memory::Lost };
        self.hosts[index].lives = true;
        self.act(Act::Restart { hosts: names([&name]), memory });
        // A node that kept its memory knows whom to ask.
        if memory == Memory::Lost || self.choices.one_in(2) {
            self.join(&name);
        }
    }

    fn remember(&mut self) {
        let Some(index) = self.any() else { return };
        let hosts = names([&self.hosts[index].name]);
        self.act(Act::Keep(hosts));
    }

    fn move_away(&mut self) {
        let Some(index) = self.any() else { return };
        let name = self.hosts[index].name.clone();
        self.hosts[index].lives = true;
        self.act(Act::Readdress(names([&name])));
        if self.choices.one_in(2) {
            let time = self.time(20_000);
            self.act(Act::Run(time));
        }
        let memory = if self.choices.one_in(2) { Memory::Kept } else { Memory::Lost };
        self.act(Act::Restart { hosts: names([&name]), memory });
        self.join(&name);
    }

    fn leave(&mut self) {
        let Some(index) = self.any() else { return };
        self.hosts[index].lives = false;
        let hosts = names([&self.hosts[index].name]);
        self.act(Act::Leave(hosts));
    }

    /// Writes, publishes and leaves, in one breath or nearly so.
    fn say_last_words(&mut self) {
        let Some(index) = self.any() else { return };
        let host = self.hosts[index].name.clone();
        self.hosts[index].lives = false;
        self.writes += 1;
        let (key, text) = (format!("k{}", self.choices.below(6)), format!("last{}", self.writes));
        self.act(Act::Put { host: host.clone(), key: key.clone().into(), value: text.clone().into() });
        self.act(Act::Publish { host: host.clone(), urgency: Urgency::Normal, payload: text.into() });
        if self.choices.one_in(2) {
            self.act(Act::Delete { host: host.clone(), key: key.into() });
        }
        if self.choices.one_in(2) {
            let time = self.time(100);
            self.act(Act::Run(time));
        }
        self.act(Act::Leave(names([&host])));
    }

    /// Publishes more than there is room for; and now and then dies of it, so that nobody can tell what was lost on the way.
    fn burst(&mut self) {
        let Some(index) = self.any() else { return };
        let host = self.hosts[index].name.clone();
        self.writes += 1;
        let times = u32::from(self.choices.small(100)) + 1;
        let payload = format!("b{}-%", self.writes).into();
        let publish = Act::Publish { host: host.clone(), urgency: Urgency::Normal, payload };
        self.act(Act::Repeat { times, act: Box::new(publish) });
        if self.choices.one_in(4) {
            let time = self.time(300);
            self.act(Act::Run(time));
            self.hosts[index].lives = false;
            self.act(Act::Crash(names([&host])));
        }
    }

    /// Another node comes under a name that is borne already: an image that was copied. What befalls the name from then on befalls
    /// that one.
    fn duplicate(&mut self) {
        if self.hosts.iter().any(|host| host.has_twin) {
            // Of one name, and of two bearers, is what is promised.
            return;
        }
        let Some(index) = self.any() else { return };
        let name = self.hosts[index].name.clone();
        (self.hosts[index].lives, self.hosts[index].has_twin) = (true, true);
        self.act(Act::Spawn(names([&name])));
        self.join(&name);
    }

    fn come_late(&mut self) {
        if self.hosts.len() < HOSTS_MAX {
            self.spawn();
        }
    }

    fn write(&mut self) {
        let Some(host) = self.any_name() else { return };
        self.writes += 1;
        let padding = surroundings::padding(&mut self.choices);
        let value = format!("{}-{padding}", self.writes);
        let key = format!("k{}", self.choices.below(6));
        self.act(Act::Put { host, key: key.into(), value: value.into() });
    }

    /// Waits for what was written last, most often just now; or for agreement.
    fn wait(&mut self) {
        if !self.choices.one_in(4) {
            self.write();
        }
        let last = self.story.acts.iter().rev().find_map(|act| match act {
            Act::Put { host, .. } => Some(host.clone()),
            _ => None,
        });
        let Some(host) = last.or_else(|| self.any_name()) else { return };
        let what = match self.choices.below(6) {
            0 => Awaited::Agreement,
            1 | 2 => Awaited::Write(Quorum::All),
            3 | 4 => Awaited::Write(Quorum::Majority),
            _ => Awaited::Write(Quorum::AtLeast(u32::from(self.choices.small(6)))),
        };
        let within = self.time(10_000);
        self.act(Act::Await { host, what, within });
    }

    fn delete(&mut self) {
        let Some(host) = self.any_name() else { return };
        let key = format!("k{}", self.choices.below(6));
        self.act(Act::Delete { host, key: key.into() });
    }

    fn publish(&mut self) {
        let Some(host) = self.any_name() else { return };
        self.writes += 1;
        let urgency = if self.choices.one_in(3) { Urgency::Critical } else { Urgency::Normal };
        self.act(Act::Publish { host, urgency, payload: format!("r{}", self.writes).into() });
    }

    fn present(&mut self) {
        let Some(host) = self.any_name() else { return };
        self.writes += 1;
        self.act(Act::Presence { host, presence: format!("p{}", self.writes).into() });
    }

    fn churn(&mut self) {
        if !self.choices.one_in(4) {
            return;
        }
        let hosts = self.hosts.iter().skip(1).map(|host| host.name.clone()).collect::<Names>();
        if hosts.0.is_empty() {
            return;
        }
        self.hosts.iter_mut().skip(1).for_each(|host| host.lives = true);
        let (lifetime, downtime, time) = (self.time(20_000), self.time(10_000), self.time(30_000));
        self.act(Act::Churn { hosts, lifetime, downtime, time });
    }

    pub(super) fn act(&mut self, act: Act) {
        self.story.acts.push(act);
    }

    /// Any host, dead or alive: a command to a dead one is as good a test as any.
    pub(super) fn any(&mut self) -> Option<usize> {
        (!self.hosts.is_empty()).then(|| self.choices.below(self.hosts.len()))
    }

    pub(super) fn any_name(&mut self) -> Option<String> {
        self.any().map(|index| self.hosts[index].name.clone())
    }

    /// A live host but this one.
    fn other(&mut self, name: &str) -> Option<String> {
        let others: Vec<String> =
            self.hosts.iter().filter(|host| host.lives && host.name != name).map(|host| host.name.clone()).collect();
        self.choices.pick(&others).cloned()
    }

    pub(super) fn two(&mut self) -> Option<(String, String)> {
        let from = self.any_name()?;
        let to = self.other(&from)?;
        Some((from, to))
    }

    /// Up to so many milliseconds. On a sensor, everything takes five times as long.
    pub(super) fn time(&mut self, most: usize) -> Duration {
        let factor = if self.sensors { 5 } else { 1 };
        Duration::from_millis(u64::try_from(self.choices.between(1, most) * factor).unwrap_or(0))
    }
}

pub(super) fn names<const N: usize>(names: [&str; N]) -> Names {
    names.into_iter().map(ToString::to_string).collect()
}
