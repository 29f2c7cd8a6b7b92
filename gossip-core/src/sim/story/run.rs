//! A story, told: its acts done to a world, one after another.
use super::{
    Act, Detail, Ended, Expected, Failed, Goal, Kept, Names, Outcome, Sample, Story, expect::Chapter, log::Log,
};
use crate::{
    node::{Liveness, Node},
    rng::Rng,
    sim::{HostId, Network, World, stream},
    storage::{Heap, Sensor, Storage},
    time::Instant,
};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, ops::ControlFlow, time::Duration};

/// How often a story looks whether what it waits for has come.
const LOOK: Duration = Duration::from_millis(5);

impl Story {
    /// Tells the story.
    pub fn run(&self) -> Outcome {
        self.run_watched(|_| ControlFlow::Continue(Duration::MAX))
    }

    /// Tells the story, and to `watch` how things stand: when time first passes, then again after as long as it asked for,
    /// and in the end. It may break off. Watching changes nothing of what is watched.
    pub fn run_watched(&self, watch: impl FnMut(&Sample) -> ControlFlow<(), Duration>) -> Outcome {
        match self.storage {
            Kept::Heap => tell::<Heap, _>(self, watch),
            Kept::Sensor => tell::<Sensor, _>(self, watch),
        }
    }
}

/// A story that is being told.
pub(super) struct Teller<S: Storage, W> {
    pub(super) world: World<S>,
    hosts: BTreeMap<String, HostId>,
    pub(super) settings: super::Settings,
    began: Instant,
    pub(super) chance: Rng,
    pub(super) log: Log,
    chapter: Chapter,
    /// When each act began.
    acts: Vec<Duration>,
    next_sample: Instant,
    watch: W,
}

/// Why a story is not told any further.
pub(super) enum Broken {
    Off,
    By(Failed),
}

impl<S: Storage, W: FnMut(&Sample) -> ControlFlow<(), Duration>> Teller<S, W> {
    fn act(&mut self, act: &Act) -> Result<(), Broken> {
        self.acts.push(self.elapsed());
        self.log.act(self.world.now(), act);
        self.perform(act)?;
        self.log.take(&mut self.world);
        self.world.check().map_err(Failed::Violated)?;
        Ok(())
    }

    fn perform(&mut self, act: &Act) -> Result<(), Broken> {
        match act {
            Act::Network(network) => self.world.set_network(network.clone()),
            Act::Config(settings) => self.settings = settings.clone(),
            Act::Spawn(names) => names.iter().try_for_each(|name| self.spawn(name))?,
            Act::Join { hosts, via } => self.join(hosts, via)?,
            Act::Leave(hosts) => self.each(hosts, World::leave)?,
            Act::Crash(hosts) => self.each(hosts, World::crash)?,
            Act::Keep(hosts) => self.each(hosts, World::keep)?,
            Act::Restart { hosts, memory } => self.each(hosts, |world, host| world.restart(host, *memory))?,
            Act::Readdress(hosts) => self.each(hosts, World::readdress)?,
            Act::Put { host, key, value } => {
                let answer = self.world.put(self.host(host)?, key, value);
                self.refused(answer);
            }
            Act::Delete { host, key } => {
                let answer = self.world.delete(self.host(host)?, key);
                self.refused(answer);
            }
            Act::Publish { host, urgency, payload } => {
                let answer = self.world.publish(self.host(host)?, *urgency, payload);
                self.refused(answer);
            }
            Act::Presence { host, presence } => {
                let host = self.host(host)?;
                let answer = self.world.command(host, |node, now| node.set_presence(now, presence));
                self.refused(answer);
            }
            Act::Await { host, what, within } => self.begin_wait(host, *what, *within)?,
            Act::Repeat { times, act } => (1..=*times).try_for_each(|number| self.perform(&act.numbered(number)))?,
            Act::Partition(groups) => self.partition(groups)?,
            Act::Cut { from, to } => {
                let (from, to) = (self.hosts_of(from)?, self.hosts_of(to)?);
                self.world.cut(&from, &to);
            }
            Act::Heal => self.world.heal(),
            Act::Impair { from, to, impairment } => {
                self.pairs(from, to, |world, from, to| world.impair(from, to, *impairment))?;
            }
            Act::Mend { from, to } => self.pairs(from, to, World::mend)?,
            Act::Afflict { hosts, ailment } => self.each(hosts, |world, host| world.afflict(host, *ailment))?,
            Act::Cure(hosts) => self.each(hosts, World::cure)?,
            Act::Drift { hosts, drift } => self.each(hosts, |world, host| world.regulate(host, *drift))?,
            Act::Leap { hosts, leap } => self.each(hosts, |world, host| world.leap(host, *leap))?,
            Act::Date { hosts, calendar } => self.each(hosts, |world, host| world.date(host, *calendar))?,
            Act::Place { hosts, place } => self.each(hosts, |world, host| world.place(host, *place))?,
            Act::Churn { hosts, lifetime, downtime, time } => self.churn(hosts, *lifetime, *downtime, *time)?,
            Act::Run(time) => self.pass(*time)?,
            Act::Until { goal, within } => self.wait(goal, *within)?,
            Act::Settle(time) => self.settle(*time)?,
            Act::Chapter(_) => self.chapter = Chapter::begin(&self.world),
            Act::Expect { hosts, what, within } => self.expect(hosts, what, *within)?,
            Act::Show(names) => self.show(names)?,
            Act::Log(detail) => self.set_detail(*detail),
        }
        Ok(())
    }

    fn finish(mut self, ended: Ended) -> Outcome {
        // In the end nothing is left to break off.
        let _ = self.show_watcher(if ended == Ended::Well { self.acts.len() } else { self.told() });
        if let Ended::Badly { what, .. } = &ended {
            self.log.line(self.world.now(), &format!("FAILED: {what}"));
        }
        let time = self.elapsed();
        let hosts = self.world.hosts();
        Outcome {
            ended,
            log: self.log.into_lines(),
            began: self.began,
            acts: self.acts,
            trace: self.world.trace(),
            time,
            events: self.world.events(),
            hosts: hosts.map(|host| (self.world.name(host).to_string(), self.world.traffic(host).clone())).collect(),
            measures: self.world.measures().clone(),
        }
    }

    fn spawn(&mut self, name: &str) -> Result<(), Failed> {
        let config = self.settings.config();
        config.check::<S>().map_err(|error| Failed::Senseless(format!("the configuration is refused: {error}")))?;
        let host = self.world.spawn(name, config);
        self.hosts.insert(name.to_string(), host);
        Ok(())
    }

    fn join(&mut self, hosts: &Names, via: &str) -> Result<(), Failed> {
        let seed = self.world.addr(self.host(via)?);
        for host in self.hosts_of(hosts)? {
            let answer = self.world.command(host, |node, now| node.join(now, seed));
            self.refused(answer);
        }
        Ok(())
    }

    fn partition(&mut self, groups: &[Names]) -> Result<(), Failed> {
        let groups = groups.iter().map(|group| self.hosts_of(group)).collect::<Result<Vec<_>, _>>()?;
        let groups: Vec<&[HostId]> = groups.iter().map(Vec::as_slice).collect();
        self.world.partition(&groups);
        Ok(())
    }

    /// Notes that a command was refused, which a story may well want to show.
    pub(super) fn refused<T, E: fmt::Display>(&mut self, answer: Option<Result<T, E>>) {
        match answer {
            None => self.log.line(self.world.now(), "nobody is there"),
            Some(Err(error)) => self.log.line(self.world.now(), &format!("refused: {error}")),
            Some(Ok(_)) => {}
        }
    }

    fn wait(&mut self, goal: &Goal, within: Duration) -> Result<(), Broken> {
        if let Goal::Known(host) = goal {
            self.host(host)?;
        }
        let began = self.world.now();
        if self.pass_while(within, |teller| !teller.is_reached(goal))? {
            self.log_reached(began);
            return Ok(());
        }
        let goal = Act::Until { goal: goal.clone(), within };
        Err(Broken::By(Failed::NotReached(format!("{goal}; {}", self.how_far()))))
    }

    fn expect(&mut self, hosts: &Names, what: &Expected, within: Duration) -> Result<(), Broken> {
        let ids = self.hosts_of(hosts)?;
        let unmet = |teller: &Self| ids.iter().find_map(|&host| teller.chapter.unmet(&teller.world, host, what));
        let began = self.world.now();
        if !self.pass_while(within, |teller| unmet(teller).is_some())? {
            let why = unmet(self).unwrap_or_default();
            let act = Act::Expect { hosts: hosts.clone(), what: what.clone(), within };
            return Err(Broken::By(Failed::Unmet(format!("{act}; {why}"))));
        }
        if within > Duration::ZERO {
            self.log_reached(began);
        }
        Ok(())
    }

    fn log_reached(&mut self, began: Instant) {
        let took = self.world.now().saturating_duration_since(began);
        self.log.take(&mut self.world);
        self.log.line(self.world.now(), &format!("reached after {} ms", took.as_millis()));
    }

    pub(super) fn is_reached(&self, goal: &Goal) -> bool {
        let live = self.world.live().count();
        let mut nodes = self.world.live().filter_map(|host| self.world.node(host).map(|node| (host, node)));
        match goal {
            Goal::Converged => {
                nodes.all(|(_, node)| node.live() == live && (live == 1 || node.is_converged()))
                    && self.see_each_other()
            }
            Goal::Full => nodes.all(|(_, node)| node.live() == live) && self.see_each_other(),
            Goal::Known(name) => self.hosts.get(name).is_none_or(|&gone| {
                nodes.filter(|(host, _)| *host != gone).all(|(_, node)| knows_gone(node, self.world.id(gone)))
            }),
        }
    }

    /// Whether all live nodes see all others: not just as many.
    fn see_each_other(&self) -> bool {
        let live: Vec<_> = self.world.live().map(|host| self.world.id(host)).collect();
        let sees = |node: &Node<S>, id| node.member(id).is_some_and(|member| member.liveness < Liveness::Down);
        self.world.live().filter_map(|host| self.world.node(host)).all(|node| live.iter().all(|&id| sees(node, id)))
    }

    fn how_far(&self) -> String {
        let Sample { live, full, agreeing, converged, .. } = self.sample(self.told());
        format!("of {live} that live, {full} see all, {agreeing} know the same, {converged} claim agreement")
    }

    pub(super) fn pass(&mut self, time: Duration) -> Result<(), Broken> {
        self.pass_until(self.world.now() + time)
    }

    /// Lets time pass while `wanting`; whether it stopped wanting.
    pub(super) fn pass_while(&mut self, limit: Duration, wanting: impl Fn(&Self) -> bool) -> Result<bool, Broken> {
        let end = self.world.now() + limit;
        while wanting(self) {
            if self.world.now() >= end {
                return Ok(false);
            }
            self.pass_until((self.world.now() + LOOK).min(end))?;
        }
        Ok(true)
    }

    pub(super) fn pass_until(&mut self, end: Instant) -> Result<(), Broken> {
        while self.world.now() < end {
            if self.world.now() >= self.next_sample {
                self.show_watcher(self.told())?;
            }
            let until = end.min(self.next_sample);
            self.world.run_for(until.saturating_duration_since(self.world.now()));
            self.log.take(&mut self.world);
        }
        Ok(())
    }

    /// Tells whoever watches how things stand.
    fn show_watcher(&mut self, act: usize) -> Result<(), Broken> {
        let sample = self.sample(act);
        let ControlFlow::Continue(after) = (self.watch)(&sample) else { return Err(Broken::Off) };
        self.next_sample = self.world.now() + after.max(Duration::from_micros(1));
        Ok(())
    }

    /// The act that is being told.
    fn told(&self) -> usize {
        self.acts.len().saturating_sub(1)
    }

    fn elapsed(&self) -> Duration {
        self.world.now().saturating_duration_since(self.began)
    }

    fn sample(&self, act: usize) -> Sample {
        let nodes: Vec<&Node<S>> = self.world.live().filter_map(|host| self.world.node(host)).collect();
        let mut groups = BTreeMap::<u64, usize>::new();
        nodes.iter().for_each(|node| *groups.entry(node.digest().0).or_default() += 1);
        let sent = || self.world.hosts().map(|host| &self.world.traffic(host).sent);
        Sample {
            at: self.elapsed(),
            act,
            live: nodes.len(),
            full: nodes.iter().filter(|node| node.live() == nodes.len()).count(),
            agreeing: groups.values().copied().max().unwrap_or(0),
            converged: nodes.iter().filter(|node| node.is_converged()).count(),
            datagrams: sent().map(|tally| tally.datagrams).sum(),
            bytes: sent().map(|tally| tally.bytes).sum(),
            false_suspicions: self.world.measures().false_suspicions,
            false_deaths: self.world.measures().false_deaths,
        }
    }

    fn show(&mut self, names: &Names) -> Result<(), Failed> {
        self.log.take(&mut self.world);
        for host in self.hosts_of(names)? {
            self.log.show(&self.world, host);
        }
        Ok(())
    }

    fn set_detail(&mut self, detail: Detail) {
        self.log.take(&mut self.world);
        self.log.set_detail(detail);
        self.world.set_journal(detail);
    }

    pub(super) fn host(&self, name: &str) -> Result<HostId, Failed> {
        self.hosts.get(name).copied().ok_or_else(|| Failed::Senseless(format!("there is no host called `{name}`")))
    }

    pub(super) fn hosts_of(&self, names: &Names) -> Result<Vec<HostId>, Failed> {
        names.iter().map(|name| self.host(name)).collect()
    }

    fn each(&mut self, names: &Names, mut act: impl FnMut(&mut World<S>, HostId)) -> Result<(), Failed> {
        self.hosts_of(names)?.into_iter().for_each(|host| act(&mut self.world, host));
        Ok(())
    }

    fn pairs(
        &mut self,
        from: &Names,
        to: &Names,
        mut act: impl FnMut(&mut World<S>, HostId, HostId),
    ) -> Result<(), Failed> {
        let to = self.hosts_of(to)?;
        for from in self.hosts_of(from)? {
            to.iter().for_each(|&to| act(&mut self.world, from, to));
        }
        Ok(())
    }
}

fn tell<S: Storage, W: FnMut(&Sample) -> ControlFlow<(), Duration>>(story: &Story, watch: W) -> Outcome {
    let mut world = World::<S>::with_storage(story.seed, Network::lan());
    world.set_scrutiny(story.scrutiny);
    let began = world.now();
    let mut teller = Teller {
        world,
        hosts: BTreeMap::new(),
        settings: super::Settings::default(),
        began,
        chance: stream(&[story.seed, 3]),
        log: Log::new(began),
        chapter: Chapter::default(),
        acts: Vec::new(),
        next_sample: began,
        watch,
    };
    teller.set_detail(Detail::default());
    let mut ended = Ended::Well;
    for (act, what) in story.acts.iter().enumerate() {
        match teller.act(what) {
            Ok(()) => continue,
            Err(Broken::Off) => ended = Ended::Stopped { act },
            Err(Broken::By(what)) => ended = Ended::Badly { act, what },
        }
        break;
    }
    teller.finish(ended)
}

impl From<Failed> for Broken {
    fn from(failed: Failed) -> Self {
        Self::By(failed)
    }
}

fn knows_gone<S: Storage>(node: &Node<S>, id: crate::id::NodeId) -> bool {
    node.member(id).is_none_or(|member| member.liveness >= Liveness::Down)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "seed 5\nspawn n0..3\njoin n1..3 via n0\nuntil full within 9s\ncrash n3\nrun 2s\n";

    #[test]
    fn watching_changes_nothing_and_sees_every_act() {
        let story = Story::parse(STORY).unwrap();
        let mut seen = Vec::new();
        let watched = story.run_watched(|sample| {
            seen.push(sample.clone());
            ControlFlow::Continue(Duration::from_millis(100))
        });
        assert_eq!((&watched.ended, watched.trace), (&Ended::Well, story.run().trace));
        assert_eq!(watched.acts.len(), 5);
        assert!(watched.acts.is_sorted() && seen.is_sorted_by_key(|sample| (sample.at, sample.act)));
        let (first, last) = (&seen[0], seen.last().unwrap());
        assert_eq!((first.at, first.act, first.live, first.full), (Duration::ZERO, 2, 4, 0));
        assert_eq!((last.at, last.act, last.live), (watched.time, 5, 3));
        let crash = watched.measures.crashes().next().unwrap();
        assert_eq!((crash.others, crash.host.index()), (3, 3));
    }

    #[test]
    fn whoever_watches_may_break_off() {
        let story = Story::parse(STORY).unwrap();
        let outcome = story.run_watched(|sample| match sample.act {
            4 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(Duration::from_secs(1)),
        });
        assert_eq!(outcome.ended, Ended::Stopped { act: 4 });
        let into = outcome.time.checked_sub(outcome.acts[4]).unwrap();
        assert!(into <= Duration::from_secs(1), "it goes on for {into:?}");
    }
}
