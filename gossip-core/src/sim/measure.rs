//! What the world knows better than its nodes: who erred, and who knew what when.
use super::HostId;
use crate::{
    id::{Dot, NodeId},
    time::Instant,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

/// What was measured since the world began.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    /// Suspicions that were [false](Truth::False).
    pub false_suspicions: u64,
    /// Deaths that were.
    pub false_deaths: u64,
    deaths: Vec<Death>,
    crashes: Vec<Crash>,
    spreads: BTreeMap<News, Spread>,
}

/// A death that was told of a member that lives.
///
/// It is kept however [loosely](super::Scrutiny::Loose) a world is watched: where all goes well, there is none, and where a
/// cut lasts, there are as many as pairs on its two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// When it was told.
    pub at: Instant,
    /// At which host.
    pub by: HostId,
    /// Of which.
    pub of: HostId,
    /// What excuses it, if anything does.
    pub truth: Truth,
}

/// How true it is that a member is gone, or is to be suspected, by what the world knows when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// That life of it has ended, though a new one may have begun since.
    Gone,
    /// It lives, and something cuts it off from whoever tells, in one direction at least.
    Apart,
    /// It lives, and something ails it.
    OfAiling,
    /// It lives and is well; something ails whoever tells.
    ByAiling,
    /// Both are well, and nothing is between them: it should not have been told.
    False,
}

/// A crash, and who learned of it.
#[derive(Debug, Clone)]
pub struct Crash {
    /// Whose.
    pub host: HostId,
    /// When.
    pub at: Instant,
    /// How many lived on. Some of them may have crashed since, before they were told.
    pub others: usize,
    id: NodeId,
    known: Vec<(HostId, Duration)>,
}

/// Something that spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// A rumor.
    Rumor(Dot),
    /// A write.
    Write(Dot),
}

/// How one piece of news spread.
#[derive(Debug, Clone)]
pub struct Spread {
    /// Who began it.
    pub host: HostId,
    /// When.
    pub at: Instant,
    /// How many lived then, with whoever began it.
    pub live: usize,
    known: Vec<(HostId, Duration)>,
}

impl Measures {
    /// All deaths that were told of members that live, in their order.
    pub fn deaths(&self) -> impl Iterator<Item = &Death> {
        self.deaths.iter()
    }

    /// All crashes, in the order in which they happened, each with who learned of it, and after what time.
    pub fn crashes(&self) -> impl Iterator<Item = &Crash> {
        self.crashes.iter()
    }

    /// All news that was given out by [`World::publish`](super::World::publish), [`put`](super::World::put) and
    /// [`delete`](super::World::delete).
    pub fn spreads(&self) -> impl Iterator<Item = (News, &Spread)> {
        self.spreads.iter().map(|(news, spread)| (*news, spread))
    }

    pub(super) fn on_crash(&mut self, now: Instant, host: HostId, id: NodeId, others: usize) {
        self.crashes.push(Crash { host, at: now, others, id, known: Vec::new() });
    }

    pub(super) fn on_suspicion(&mut self, truth: Truth) {
        self.false_suspicions += u64::from(truth == Truth::False);
    }

    pub(super) fn on_death(&mut self, death: Death) {
        self.false_deaths += u64::from(death.truth == Truth::False);
        self.deaths.push(death);
    }

    /// A node told of the end of a life that has ended.
    pub(super) fn on_verdict(&mut self, now: Instant, observer: HostId, id: NodeId) {
        if let Some(crash) = self.crashes.iter_mut().rev().find(|crash| crash.id == id)
            && !crash.known.iter().any(|(host, _)| *host == observer)
        {
            crash.known.push((observer, now.saturating_duration_since(crash.at)));
        }
    }

    pub(super) fn on_news(&mut self, now: Instant, host: HostId, news: News, live: usize) {
        self.spreads.entry(news).or_insert_with(|| Spread { host, at: now, live, known: Vec::new() });
    }

    pub(super) fn on_knowledge(&mut self, now: Instant, host: HostId, news: News) {
        if let Some(spread) = self.spreads.get_mut(&news) {
            spread.known.push((host, now.saturating_duration_since(spread.at)));
        }
    }
}

impl Crash {
    /// Who told of it first, and after what time; then the others.
    #[must_use]
    pub fn known(&self) -> &[(HostId, Duration)] {
        &self.known
    }
}

impl Spread {
    /// Who knew first, and after what time; then the others. Its origin is among them when it told itself, as it does of a
    /// write and not of a rumor; and whoever learned of it anew in another life is there twice.
    #[must_use]
    pub fn known(&self) -> &[(HostId, Duration)] {
        &self.known
    }
}
