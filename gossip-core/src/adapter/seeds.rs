//! Seeds given by name: looked up for ever.
//!
//! What a name stands for changes, and whoever knows may not be up yet when a node starts: a machine that boots, a seed that
//! comes back under another address. So no name keeps a node from starting, and none is looked up once and for all: while somebody
//! lives where it led before, it may lead others elsewhere by now, and of two islands neither would hear of the other.
//!
//! This is a machine without a clock, a resolver and a network. It says which name is to be looked up ([`Seeds::due`]), as a
//! [`LookUp`] that a driver answers whenever it can, and then what was found ([`Seeds::found`]); an [`Endpoint`] stands around it.
//! A name is looked up at once, and then every [`WAIT_MIN`], twice as long after each time, up to [`WAIT_MAX`].
//!
//! [`Endpoint`]: crate::adapter::Endpoint
use crate::time::Instant;
use core::{net::SocketAddr, time::Duration};
use std::{
    io,
    string::{String, ToString},
    sync::{Arc, Mutex, PoisonError},
    vec::Vec,
};

/// How long a name is left alone after it was looked up for the first time.
const WAIT_MIN: Duration = Duration::from_secs(2);
/// How long at most.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// While a name is being looked up, it is seen so often whether that is done.
const PATIENCE: Duration = Duration::from_millis(100);

/// A name to be looked up, where waiting hurts nobody.
///
/// Dropping it unanswered is an answer, too: that it could not be looked up.
#[derive(Debug)]
pub struct LookUp {
    name: String,
    answer: Answer,
}

impl LookUp {
    /// What to look up: a host's name and a port, `seed.example:7946`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it stands for, or what the operating system said.
    pub fn answer(self, found: io::Result<impl IntoIterator<Item = SocketAddr>>) {
        let found = found.map(Vec::from_iter).map_err(|error| error.to_string());
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }
}

/// All seeds that were given by name; and of those that were given as addresses, the ones that nobody needs to ask.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    names: Vec<Name>,
    /// Addresses of the node itself: two at most.
    own: Vec<SocketAddr>,
}

/// A seed that was given by name.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) name: String,
    /// What it stood for when that was last known, in order.
    pub(super) addrs: Vec<SocketAddr>,
    /// Why that is not known now.
    pub(super) trouble: Option<String>,
    due: Instant,
    wait: Duration,
    under_way: Option<Answer>,
}

/// What has become of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It stands for other addresses than before.
    Changed { name: String, addrs: Vec<SocketAddr> },
    /// It stands for the same as before.
    Same { addrs: Vec<SocketAddr> },
    /// It stands for nothing any more, or not yet.
    Lost { name: String, reason: String },
}

type Answer = Arc<Mutex<Option<Result<Vec<SocketAddr>, String>>>>;

impl Seeds {
    /// Those there are, in the order in which they were given.
    pub(super) fn names(&self) -> &[Name] {
        &self.names
    }

    /// One more, unless it is known. Where there are `limit` already, the first that stands for nothing makes room.
    ///
    /// # Errors
    /// There was no room for all: the name that is not looked up any more.
    pub(super) fn add(&mut self, name: &str, now: Instant, limit: usize) -> Result<(), String> {
        if self.names.iter().any(|known| known.name == name) {
            return Ok(());
        }
        let place = self.names.iter().position(|known| known.addrs.is_empty() && known.trouble.is_some());
        let dropped = match place {
            _ if self.names.len() < limit => None,
            Some(place) => Some(self.names.remove(place).name),
            None => return Err(name.to_string()),
        };
        let (addrs, name) = (Vec::new(), name.to_string());
        self.names.push(Name { name, addrs, trouble: None, due: now, wait: WAIT_MIN, under_way: None });
        dropped.map_or(Ok(()), Err)
    }

    /// The node's own address was given as a seed.
    pub(super) fn add_own(&mut self, addr: SocketAddr) {
        if !self.own.contains(&addr) {
            self.own.push(addr);
        }
    }

    /// The node's own addresses among the seeds.
    pub(super) fn own(&self) -> &[SocketAddr] {
        &self.own
    }

    /// Nobody is left: every name is worth a look, however long ago the last one was.
    pub(super) fn reset_backoff(&mut self, now: Instant) {
        for name in &mut self.names {
            name.wait = WAIT_MIN;
            name.due = name.due.min(now + WAIT_MIN);
        }
    }

    /// A name that is to be looked up now.
    pub(super) fn due(&mut self, now: Instant) -> Option<LookUp> {
        self.names.iter_mut().find(|name| name.under_way.is_none() && name.due <= now).map(Name::look_up)
    }

    /// What was found out about one of the names; that it still stands for nothing is not told again. Addresses that cannot be sent to are none.
    pub(super) fn found(&mut self, now: Instant, can_send: impl Fn(&SocketAddr) -> bool) -> Option<Found> {
        self.names.iter_mut().find_map(|name| {
            let answer = name.take_answer()?;
            name.due = now + name.wait;
            name.wait = (name.wait * 2).min(WAIT_MAX);
            name.learn(answer, &can_send)
        })
    }

    /// When to ask again.
    pub(super) fn next_deadline(&self, now: Instant) -> Instant {
        let deadline = |name: &Name| if name.under_way.is_some() { now + PATIENCE } else { name.due };
        self.names.iter().map(deadline).min().unwrap_or(Instant::NEVER)
    }
}

impl Name {
    fn look_up(&mut self) -> LookUp {
        let answer = Answer::default();
        self.under_way = Some(Arc::clone(&answer));
        LookUp { name: self.name.clone(), answer }
    }

    fn take_answer(&mut self) -> Option<Result<Vec<SocketAddr>, String>> {
        let under_way = self.under_way.as_mut()?;
        let answer = match Arc::get_mut(under_way) {
            // Nobody else holds it: either it was answered, or it never will be.
            Some(answer) => answer.get_mut().unwrap_or_else(PoisonError::into_inner).take(),
            None => return None,
        };
        self.under_way = None;
        Some(answer.unwrap_or_else(|| Err("nobody looked it up".to_string())))
    }

    fn learn(
        &mut self,
        answer: Result<Vec<SocketAddr>, String>,
        can_send: impl Fn(&SocketAddr) -> bool,
    ) -> Option<Found> {
        let canonical = |addr: SocketAddr| SocketAddr::new(addr.ip().to_canonical(), addr.port());
        let usable = answer.and_then(|found| {
            let known = found.len();
            let mut addrs: Vec<SocketAddr> = found.into_iter().filter(&can_send).map(canonical).collect();
            addrs.sort_unstable();
            addrs.dedup();
            match (known, addrs.is_empty()) {
                (_, false) => Ok(addrs),
                (0, true) => Err("it has no address".to_string()),
                (_, true) => Err("the socket is of another family than its addresses".to_string()),
            }
        });
        match usable {
            Ok(addrs) => {
                let had_trouble = self.trouble.take().is_some();
                if addrs == self.addrs && !had_trouble {
                    return Some(Found::Same { addrs });
                }
                self.addrs.clone_from(&addrs);
                Some(Found::Changed { name: self.name.clone(), addrs })
            }
            Err(reason) => {
                let news = self.trouble.is_none();
                self.trouble = Some(reason.clone());
                news.then(|| Found::Lost { name: self.name.clone(), reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn one_name() -> Seeds {
        let mut seeds = Seeds::default();
        seeds.add("seed.example:1", at(0), 2).unwrap();
        seeds
    }

    fn anywhere(_: &SocketAddr) -> bool {
        true
    }

    fn failed() -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::other("no such name"))
    }

    /// Looks the name up with this outcome, now, and tells what came of it.
    fn look(seeds: &mut Seeds, now: Instant, found: io::Result<Vec<SocketAddr>>) -> Option<Found> {
        seeds.due(now).expect("a look-up is due").answer(found);
        seeds.found(now, anywhere)
    }

    #[test]
    fn a_name_is_looked_up_ever_more_slowly_and_for_ever() {
        let mut seeds = one_name();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..9 {
            look(&mut seeds, now, failed());
            let next = seeds.next_deadline(now);
            assert!(seeds.due(now).is_none(), "not before its time");
            waits.push(next.saturating_duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn a_change_is_told_once() {
        let mut seeds = one_name();
        let name = || "seed.example:1".to_string();
        let lost = Some(Found::Lost { name: name(), reason: "no such name".to_string() });
        assert_eq!(look(&mut seeds, at(0), failed()), lost);
        assert_eq!(look(&mut seeds, at(100), failed()), None, "as before");
        let changed = |addrs| Some(Found::Changed { name: name(), addrs });
        assert_eq!(look(&mut seeds, at(200), Ok(vec![addr(1)])), changed(vec![addr(1)]));
        let same = |addrs| Some(Found::Same { addrs });
        assert_eq!(look(&mut seeds, at(300), Ok(vec![addr(1)])), same(vec![addr(1)]));
        let both = vec![addr(1), addr(2)];
        assert_eq!(look(&mut seeds, at(400), Ok(vec![addr(2), addr(1), addr(2)])), changed(both.clone()));
        assert_eq!(look(&mut seeds, at(500), Ok(both.clone())), same(both.clone()), "in another order");
        assert!(look(&mut seeds, at(600), Ok(Vec::new())).is_some());
        assert_eq!(look(&mut seeds, at(700), Ok(both.clone())), changed(both), "it is known again");
    }

    #[test]
    fn whoever_is_alone_does_not_wait_long() {
        let mut seeds = one_name();
        let mut now = at(0);
        for _ in 0..6 {
            look(&mut seeds, now, Ok(vec![addr(1)]));
            now = seeds.next_deadline(now);
        }
        seeds.reset_backoff(at(63));
        assert!(seeds.due(at(64)).is_none() && seeds.due(at(65)).is_some());
    }

    #[test]
    fn while_it_is_looked_up_nothing_else_is_due_and_silence_is_an_answer() {
        let mut seeds = one_name();
        let under_way = seeds.due(at(0)).unwrap();
        assert_eq!(under_way.name(), "seed.example:1");
        assert!(seeds.due(at(0)).is_none() && seeds.found(at(0), anywhere).is_none());
        assert_eq!(seeds.next_deadline(at(0)), at(0) + PATIENCE);
        drop(under_way);
        assert!(matches!(seeds.found(at(1), anywhere), Some(Found::Lost { .. })));
    }

    #[test]
    fn addresses_that_cannot_be_sent_to_are_none() {
        let mut seeds = one_name();
        seeds.due(at(0)).unwrap().answer(Ok([addr(1), "[::1]:1".parse().unwrap()]));
        let found = seeds.found(at(0), SocketAddr::is_ipv4);
        assert!(matches!(found, Some(Found::Changed { addrs, .. }) if addrs == [addr(1)]));
        seeds.due(at(2)).unwrap().answer(Ok([addr(1)]));
        assert!(matches!(seeds.found(at(2), SocketAddr::is_ipv6), Some(Found::Lost { .. })));
        assert_eq!(seeds.names()[0].addrs, [addr(1)], "what was known is not forgotten");
    }

    #[test]
    fn a_name_is_one_however_often_it_is_given() {
        let mut seeds = one_name();
        seeds.add("seed.example:1", at(5), 1).unwrap();
        assert_eq!(seeds.names().len(), 1);
    }

    #[test]
    fn a_name_that_stands_for_nothing_makes_room() {
        let mut seeds = one_name();
        assert_eq!(
            seeds.add("late.example:1", at(0), 1),
            Err("late.example:1".to_string()),
            "the first may yet be found"
        );
        look(&mut seeds, at(0), failed());
        assert_eq!(seeds.add("late.example:1", at(1), 1), Err("seed.example:1".to_string()));
        look(&mut seeds, at(1), Ok(vec![addr(1)]));
        assert_eq!(seeds.add("later.example:1", at(2), 1), Err("later.example:1".to_string()));
        assert_eq!(seeds.names()[0].name, "late.example:1");
    }
}
