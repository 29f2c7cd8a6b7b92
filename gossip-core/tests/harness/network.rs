//! The network between the nodes: late, forgetful, repetitive and divided, as told.
use super::world::{self, SIZE};
use core::time::Duration;
use gossip_core::{Addr, Instant};
use rand_core::Rng;
use rand_pcg::Pcg32;
use std::collections::{BTreeMap, VecDeque};

/// So many datagrams are remembered, to be mutated or sent again.
const RECENT_MAX: usize = 256;
const LATENCY_MIN: Duration = Duration::from_micros(100);
const LATENCY_SPREAD_MICROS: u64 = 50_000;

/// How datagrams travel.
#[derive(Debug)]
pub(crate) struct Network {
    /// How many are lost, in percent.
    pub(crate) loss: u8,
    /// How many arrive twice, in percent.
    pub(crate) duplication: u8,
    /// The side of each place: datagrams pass only between places of one side.
    pub(crate) sides: [u8; SIZE],
    chance: Pcg32,
    in_flight: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
    recent: VecDeque<Datagram>,
}

/// A datagram on its way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Network {
    /// One that loses nothing.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            loss: 0,
            duplication: 0,
            sides: [0; SIZE],
            chance: Pcg32::new(seed, 3),
            in_flight: BTreeMap::new(),
            sent: 0,
            recent: VecDeque::with_capacity(RECENT_MAX),
        }
    }

    /// No fault any more.
    pub(crate) fn heal(&mut self) {
        (self.loss, self.duplication, self.sides) = (0, 0, [0; SIZE]);
    }

    /// Takes a datagram to wherever `to` is; beyond the four places is nobody.
    pub(crate) fn send(&mut self, now: Instant, from: usize, to: Addr, bytes: &[u8]) {
        let Some(to) = world::place(to) else { return };
        let datagram = Datagram { from, to, bytes: bytes.to_vec() };
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(datagram.clone());
        if self.sides[from] != self.sides[to] || self.percent() < self.loss {
            return;
        }
        if self.percent() < self.duplication {
            self.fly(now, datagram.clone());
        }
        self.fly(now, datagram);
    }

    /// Sends one of the last datagrams again, as a network may.
    pub(crate) fn replay(&mut self, now: Instant, pick: usize) {
        if let Some(datagram) = self.recent(pick).cloned() {
            self.fly(now, datagram);
        }
    }

    /// One of the last datagrams.
    pub(crate) fn recent(&self, pick: usize) -> Option<&Datagram> {
        self.recent.get(pick.checked_rem(self.recent.len())?)
    }

    /// When the next datagram arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the datagram that arrives next off the network.
    pub(crate) fn arrive(&mut self) -> Option<Datagram> {
        self.in_flight.pop_first().map(|(_, datagram)| datagram)
    }

    fn fly(&mut self, now: Instant, datagram: Datagram) {
        let spread = Duration::from_micros(self.chance.next_u64() % LATENCY_SPREAD_MICROS);
        self.sent += 1;
        self.in_flight.insert((now + LATENCY_MIN + spread, self.sent), datagram);
    }

    fn percent(&mut self) -> u8 {
        (self.chance.next_u32() % 100) as u8
    }
}
