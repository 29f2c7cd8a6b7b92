//! A few nodes, and a bag of datagrams between them.
use crate::{
    place::{Disk, Memory, Place, rows, saved},
    reference::{Reference, Row},
};
use core::time::Duration;
use gossip_core::{Addr, Event, Input, Instant, Liveness, Output, Urgency};
use std::collections::BTreeSet;

/// Noon of some day in 2026.
const NOON: Instant = Instant::from_micros(1_780_000_000_000_000);
/// How long a datagram takes, where they all arrive.
const LATENCY: Duration = Duration::from_millis(1);
/// More datagrams than these do not wait; the oldest are lost.
const BAG_MAX: usize = 500;

pub(crate) struct Cluster {
    now: Instant,
    seed: u64,
    places: Vec<Place>,
    bag: Vec<Datagram>,
    reference: Reference,
}

#[derive(Debug, Clone)]
struct Datagram {
    from: Addr,
    to: Addr,
    bytes: Vec<u8>,
}

impl Cluster {
    pub(crate) fn new(seed: u64, clocks_ahead: &[u64]) -> Self {
        let place = |(number, millis): (usize, &u64)| Place::new(number, Duration::from_millis(*millis));
        let places: Vec<_> = clocks_ahead.iter().enumerate().map(place).collect();
        let count = places.len();
        let mut cluster = Self { now: NOON, seed, places, bag: Vec::new(), reference: Reference::default() };
        (0..count).for_each(|place| cluster.start(place, Memory::Lost));
        cluster
    }

    /// Makes everybody known to everybody.
    pub(crate) fn acquaint(&mut self) {
        (1..self.places.len()).for_each(|place| self.join(place, 0));
        self.flow(Duration::from_secs(5));
    }

    pub(crate) fn put(&mut self, place: usize, key: &[u8], value: &[u8]) {
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        let Ok(dot) = node.put(now, key, value) else { return place.check_left() };
        let entry = node.entry(key).expect("who wrote reads it at once");
        assert_eq!((entry.value, entry.dot), (value, dot));
        let row = Row { stamp: entry.stamp, dot, value: Some(value.to_vec()) };
        place.wrote(dot);
        let number = place.number;
        self.reference.wrote(number, key, row);
        self.drain(number);
    }

    pub(crate) fn delete(&mut self, place: usize, key: &[u8]) {
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        let present = node.get(key).is_some();
        let Ok(dot) = node.delete(now, key) else {
            assert!(!present || place.left, "what is there can be deleted");
            return;
        };
        assert!(present && node.get(key).is_none(), "who deleted misses it at once");
        let row = rows(&saved(node)).remove(key).expect("a deletion is remembered");
        assert_eq!((row.dot, &row.value), (dot, &None));
        place.wrote(dot);
        let number = place.number;
        self.reference.wrote(number, key, row);
        self.drain(number);
    }

    pub(crate) fn publish(&mut self, place: usize, urgency: Urgency) {
        let payload = format!("rumor {}", self.reference.rumors.len()).into_bytes();
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        let Ok(dot) = node.publish(now, urgency, &payload) else { return place.check_left() };
        place.published += 1;
        place.check_number(dot, place.published);
        // Told to its publisher, it would be told twice.
        place.mirror.told.insert(dot);
        let number = place.number;
        self.reference.published(number, dot, urgency, payload);
        self.drain(number);
    }

    pub(crate) fn present(&mut self, place: usize, presence: &[u8]) {
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        let Ok(()) = node.set_presence(now, presence) else { return place.check_left() };
        place.presence = presence.to_vec();
        let number = place.number;
        self.drain(number);
    }

    pub(crate) fn join(&mut self, place: usize, other: usize) {
        let Some(seed) = self.places.get(other).map(Place::addr) else { return };
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        let joined = node.join(now, seed);
        assert!(joined.is_ok() || place.left || place.number == other, "{joined:?}");
        let number = place.number;
        self.drain(number);
    }

    pub(crate) fn leave(&mut self, place: usize) {
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        node.leave(now);
        place.left = true;
        let number = place.number;
        // A farewell takes a few datagrams at most: what only this one knew may go with it.
        self.reference.forgot(number);
        self.drain(number);
    }

    pub(crate) fn save(&mut self, place: usize) {
        let Some((place, _)) = self.at(place) else { return };
        let Some(node) = &place.node else { return };
        place.disk = Disk { chunks: saved(node), told: place.mirror.told.clone() };
        if !place.left {
            let number = place.number;
            self.reference.saved(number);
        }
    }

    pub(crate) fn crash(&mut self, place: usize) {
        let Some((place, _)) = self.at(place) else { return };
        place.node = None;
        let number = place.number;
        self.reference.ended(number);
    }

    /// The next life in a place has another address.
    pub(crate) fn move_house(&mut self, place: usize) {
        if let Some((place, _)) = self.at(place)
            && place.node.is_none()
        {
            place.house += 1;
        }
    }

    /// Begins the next life in a place, unless it goes on with one.
    pub(crate) fn start(&mut self, place: usize, memory: Memory) {
        let seed = self.seed;
        let Some((place, now)) = self.at(place) else { return };
        if place.node.is_some() {
            return;
        }
        place.live(now, seed, memory);
        let number = place.number;
        if memory == Memory::Lost {
            self.reference.forgot(number);
        }
        self.drain(number);
    }

    /// Hands over one datagram.
    pub(crate) fn deliver(&mut self, pick: impl Fn(usize) -> usize) {
        if !self.bag.is_empty() {
            let datagram = self.bag.remove(pick(self.bag.len()));
            self.hand_over(datagram);
        }
    }

    /// Hands over one datagram, and keeps a copy.
    pub(crate) fn repeat(&mut self, pick: impl Fn(usize) -> usize) {
        if !self.bag.is_empty() {
            let datagram = self.bag[pick(self.bag.len())].clone();
            self.hand_over(datagram);
        }
    }

    /// Throws one datagram away.
    pub(crate) fn lose(&mut self, pick: impl Fn(usize) -> usize) {
        if !self.bag.is_empty() {
            self.bag.remove(pick(self.bag.len()));
        }
    }

    /// Lets time pass for the nodes, and keeps what they send.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some((at, place)) = self.next_deadline().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.fire(place);
        }
        self.now = end;
    }

    /// Lets time pass, and everything arrive.
    pub(crate) fn flow(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            for datagram in core::mem::take(&mut self.bag) {
                self.hand_over(datagram);
            }
            let next = self.next_deadline().map_or(end, |(at, _)| at.min(end));
            let next = if self.bag.is_empty() { next } else { next.min(self.now + LATENCY) };
            self.wait(next.max(self.now).saturating_duration_since(self.now).max(Duration::from_micros(1)));
        }
    }

    /// Starts whoever crashed, and makes everybody known to everybody.
    pub(crate) fn bring_back(&mut self) {
        for place in 0..self.places.len() {
            if !self.places[place].left {
                self.start(place, Memory::Kept);
            }
        }
        // Whoever is saying farewell comes to its end first.
        self.flow(Duration::from_secs(10));
        let first = self.live().next().map(|place| place.number);
        if let Some(first) = first {
            (0..self.places.len()).filter(|place| *place != first).for_each(|place| self.join(place, first));
        }
    }

    /// Whether all live nodes see each other, and say that they agree.
    pub(crate) fn is_at_rest(&self) -> bool {
        let count = self.live().count();
        let alive = |place: &Place| {
            self.live().all(|other| place.sees(other.id()).is_none_or(|liveness| liveness == Liveness::Alive))
        };
        self.live().all(|place| {
            place.node.as_ref().is_some_and(|node| node.live() == count && (count == 1 || node.is_converged()))
                && alive(place)
        })
    }

    /// Judges what the live nodes have come to.
    pub(crate) fn judge(&self) {
        assert!(self.is_at_rest(), "no agreement: {:?}", self.live().map(Place::describe).collect::<Vec<_>>());
        let Some(first) = self.live().find_map(|place| place.node.as_ref()) else { return };
        let opinion = rows(&saved(first));
        let keys: BTreeSet<_> = self.reference.writes.values().map(|write| &write.key[..]).collect();
        for key in keys {
            self.reference.judge(key, opinion.get(key));
        }
        for place in self.live() {
            let Some(node) = &place.node else { continue };
            assert_eq!(rows(&saved(node)), opinion, "{} holds something else", place.number);
            for dot in self.reference.certain_rumors() {
                assert!(place.mirror.told.contains(&dot), "{} was never told {dot}", place.number);
            }
            for other in self.live().filter(|other| other.number != place.number) {
                let (seen, itself) = (node.member(other.id()).unwrap(), other.node.as_ref().unwrap().me());
                assert_eq!(
                    (seen.addr, seen.incarnation, seen.generation, seen.presence, seen.liveness),
                    (itself.addr, itself.incarnation, itself.generation, itself.presence, itself.liveness),
                    "as {} sees {}",
                    place.number,
                    other.number
                );
            }
        }
    }

    fn at(&mut self, place: usize) -> Option<(&mut Place, Instant)> {
        let now = self.now;
        let place = self.places.get_mut(place)?;
        let now = now + place.clock_ahead;
        Some((place, now))
    }

    fn live(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.node.is_some())
    }

    fn hand_over(&mut self, mut datagram: Datagram) {
        let to = |place: &Place| place.addr() == datagram.to && place.node.is_some();
        let Some(place) = self.places.iter().position(to) else { return };
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        node.handle_input(now, Input::Received { from: datagram.from, bytes: &mut datagram.bytes });
        let number = place.number;
        self.drain(number);
    }

    fn fire(&mut self, place: usize) {
        let Some((place, now)) = self.at(place) else { return };
        let Some(node) = &mut place.node else { return };
        node.handle_input(now, Input::TimerFired);
        let number = place.number;
        self.drain(number);
        self.places[number].was_called(now);
    }

    /// The next deadline on the common clock, and whose it is.
    fn next_deadline(&self) -> Option<(Instant, usize)> {
        let deadlines = self.live().filter(|place| place.deadline != Instant::NEVER).map(|place| {
            let at = place.deadline.saturating_duration_since(Instant::ZERO + place.clock_ahead);
            (Instant::ZERO + at, place.number)
        });
        deadlines.min()
    }

    /// Does what a node wants done, and holds what it tells against what it shows.
    fn drain(&mut self, place: usize) {
        let Self { places, bag, reference, .. } = self;
        let place = &mut places[place];
        let from = place.addr();
        let Some(node) = &mut place.node else { return };
        let mut buffer = [0; 1400];
        loop {
            // An event borrows the buffer alone, so that the node can be looked at beside it.
            match node.poll_output(&mut buffer) {
                Output::Send { to, bytes } => {
                    assert!(to != from && !bytes.is_empty());
                    bag.push(Datagram { from, to, bytes: bytes.to_vec() });
                    if bag.len() > BAG_MAX {
                        bag.remove(0);
                    }
                }
                Output::Event(Event::Departed) => {
                    place.node = None;
                    return;
                }
                Output::Event(event) => place.mirror.hear(event, node, reference),
                Output::Schedule(at) => {
                    place.deadline = at;
                    break;
                }
            }
        }
        place.mirror.compare(node);
        place.check();
    }
}
