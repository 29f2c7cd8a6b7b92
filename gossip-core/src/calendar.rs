//! The date: what our wall clock shows, and how far it is from the peers'.
//!
//! Timers run by [`Instant`], which knows no date. The calendar is what lies between the two; it may be missing, years off,
//! and set at any moment. No more than the order of concurrent writes hangs on it: nothing is refused for its date.
use crate::{
    config::calendar::{PEERS_ENOUGH, PEERS_MAX, SKEW_MAX, STEP, TELL_INTERVAL},
    id::NodeId,
    io::{ClockStanding, Event},
    stamp::Stamp,
    time::Instant,
    wire::{Clock, Frame, Writer},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Our calendar, and what is known of the peers'.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Calendar {
    /// What makes a date of the milliseconds of our time: added, modulo 2^64.
    origin: u64,
    next_told_at: Instant,
    /// By how many milliseconds ours is ahead of each peer's.
    skews: [i32; PEERS_MAX],
    /// Their median, when it was last judged.
    median: i32,
    /// Whose each is: the low bits of their names.
    peers: [u16; PEERS_MAX],
    heard: u8,
    /// Which of them makes room next.
    oldest: u8,
    standing: ClockStanding,
    /// What the application knows of that.
    told: ClockStanding,
}

/// How far our calendar is from the peers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSkew {
    /// By how many milliseconds ours is ahead of the median of theirs; below zero, behind. Up to 24 days either way.
    pub millis: i32,
    /// Of how many peers that is the median: eight at most. With one, nobody can tell whose clock is wrong.
    pub peers: u8,
}

impl Calendar {
    const MISSING: u64 = 1 << 63;

    pub(crate) const fn new() -> Self {
        Self {
            origin: Self::MISSING,
            next_told_at: Instant::ZERO,
            skews: [0; PEERS_MAX],
            median: 0,
            peers: [0; PEERS_MAX],
            heard: 0,
            oldest: 0,
            standing: ClockStanding::Right,
            told: ClockStanding::Right,
        }
    }

    /// The wall clock shows `unix_millis` now.
    pub(crate) fn set(&mut self, now: Instant, unix_millis: u64) {
        let origin = unix_millis.min(DATE_MAX).wrapping_sub(now.as_millis());
        let moved = origin.wrapping_sub(self.origin).cast_signed();
        if moved.unsigned_abs() > STEP {
            (self.heard, self.next_told_at) = (0, now);
        }
        let moved = narrow(moved);
        self.skews.iter_mut().for_each(|skew| *skew = skew.saturating_add(moved));
        self.origin = origin;
    }

    /// The date at a moment of our time, in milliseconds since the Unix epoch; `None` while we have no calendar.
    #[inline(never)] // it divides: one copy will do
    pub(crate) fn date(&self, at: Instant) -> Option<u64> {
        let date = self.origin.wrapping_add(at.as_millis()).cast_signed();
        // Before 1970, there is no date.
        (self.origin != Self::MISSING).then(|| date.max(0).cast_unsigned())
    }

    /// The first stamp of this moment; the first of all, while we have no calendar.
    pub(crate) fn stamp(&self, now: Instant) -> Stamp {
        self.date(now).map_or_else(Stamp::default, Stamp::from_millis)
    }

    /// Whether our stamps are to go on from this one of another's. Where it is too far ahead of our date, one of the two
    /// clocks is wrong, and if it is not ours, our writes would be as wrong. Without a calendar, we have no opinion.
    pub(crate) fn follows(&self, now: Instant, stamp: Stamp) -> bool {
        let ahead = |date| stamp.as_millis().saturating_sub(date);
        let bound = u64::from(SKEW_MAX.unsigned_abs());
        stamp <= Stamp::FOLLOWED_MAX && self.date(now).is_none_or(|date| ahead(date) <= bound)
    }

    /// Adds the date to a datagram, now and then.
    #[inline(never)] // seldom needed, and long where all is written
    pub(crate) fn piggyback(&mut self, now: Instant, writer: &mut Writer<'_>) {
        if now >= self.next_told_at
            && let Some(unix_millis) = self.date(now)
            && writer.put(&Frame::Clock(Clock { unix_millis }))
        {
            self.next_told_at = now + TELL_INTERVAL;
        }
    }

    /// A peer's wall clock showed `unix_millis` so long ago.
    #[inline(never)] // seldom needed, and long where all is read
    pub(crate) fn on_clock(&mut self, now: Instant, peer: NodeId, unix_millis: u64, ago: Duration) {
        let Some(ours) = self.date(now) else { return };
        let theirs = unix_millis.min(DATE_MAX) + u64::from(ago.subsec_millis());
        let place = self.place_for(peer);
        if let (Some(skew), Some(name)) = (self.skews.get_mut(place), self.peers.get_mut(place)) {
            (*skew, *name) = (narrow(ours.wrapping_sub(theirs).cast_signed()), short(peer));
        }
        self.judge();
    }

    /// A peer is gone.
    pub(crate) fn forget(&mut self, peer: NodeId) {
        let Some(gone) = self.place_of(peer) else { return };
        self.heard -= 1;
        let last = usize::from(self.heard);
        if let (Some(&skew), Some(&name)) = (self.skews.get(last), self.peers.get(last))
            && let (Some(to), Some(named)) = (self.skews.get_mut(gone), self.peers.get_mut(gone))
        {
            (*to, *named) = (skew, name);
        }
    }

    /// How far our calendar is from the peers', as far as that is known.
    pub(crate) fn skew(&self) -> Option<ClockSkew> {
        let peers = usize::from(self.heard);
        let (low, high) = (self.ranked(peers.checked_sub(1)? / 2)?, self.ranked(peers / 2)?);
        // Of an even number, the middle two: where we are between them, we are not to blame.
        Some(ClockSkew { millis: low.max(0).min(high), peers: self.heard })
    }

    /// That our clock turned out to be wrong, or is right again.
    pub(crate) fn next_event(&mut self) -> Option<Event<'static>> {
        if self.told == self.standing {
            return None;
        }
        self.told = self.standing;
        Some(Event::ClockSkew { standing: self.standing, millis: self.median })
    }

    fn judge(&mut self) {
        let Some(ClockSkew { millis, peers }) = self.skew() else { return };
        let (skew, bound) = (millis.unsigned_abs(), SKEW_MAX.unsigned_abs());
        if peers < PEERS_ENOUGH {
            return;
        }
        self.median = millis;
        // Once it is wrong, half the bound makes it right: at its edge, it is not told again and again.
        if skew > bound {
            self.standing = ClockStanding::Wrong;
        } else if skew <= bound / 2 {
            self.standing = ClockStanding::Right;
        }
    }

    /// The skew that so many others are not above.
    fn ranked(&self, rank: usize) -> Option<i32> {
        let known = || self.skews.iter().take(usize::from(self.heard));
        let upto = |skew: i32| known().filter(|other| **other <= skew).count();
        known().copied().filter(|skew| upto(*skew) > rank).min()
    }

    /// Where a peer's skew goes: where it was before, or where there is room, or in place of the oldest.
    fn place_for(&mut self, peer: NodeId) -> usize {
        if let Some(known) = self.place_of(peer) {
            return known;
        }
        let place = if usize::from(self.heard) < PEERS_MAX { &mut self.heard } else { &mut self.oldest };
        let free = usize::from(*place) % PEERS_MAX;
        *place = place.wrapping_add(1);
        free
    }

    fn place_of(&self, peer: NodeId) -> Option<usize> {
        self.peers.iter().take(usize::from(self.heard)).position(|name| *name == short(peer))
    }
}

/// The last date that a stamp can bear, in milliseconds since the Unix epoch.
const DATE_MAX: u64 = Stamp::CREDIBLE_MAX.as_millis();

fn narrow(millis: i64) -> i32 {
    i32::try_from(millis).unwrap_or(if millis < 0 { i32::MIN } else { i32::MAX })
}

fn short(peer: NodeId) -> u16 {
    u16::try_from(peer.0 & 0xffff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(5_000_000);
    const DATE: u64 = 1_767_225_600_000;

    fn dated() -> Calendar {
        let mut calendar = Calendar::new();
        calendar.set(NOW, DATE);
        calendar
    }

    /// Peer number `peer` is so many milliseconds ahead of the right date.
    fn hear(calendar: &mut Calendar, peer: u64, ahead: i64) {
        calendar.on_clock(NOW, NodeId(peer), DATE.checked_add_signed(ahead).unwrap(), Duration::ZERO);
    }

    fn standings(calendar: &mut Calendar) -> Option<(ClockStanding, i32)> {
        match calendar.next_event() {
            Some(Event::ClockSkew { standing, millis }) => Some((standing, millis)),
            _ => None,
        }
    }

    #[test]
    fn the_date_goes_with_the_time_and_there_may_be_none() {
        let mut calendar = Calendar::new();
        assert_eq!((calendar.date(NOW), calendar.stamp(NOW)), (None, Stamp::default()));
        calendar.set(NOW, 0);
        assert_eq!(calendar.date(NOW + Duration::from_secs(3)), Some(3_000));
        assert_eq!(calendar.date(Instant::ZERO), Some(0), "before 1970 there is no date");
        calendar.set(NOW, u64::MAX);
        assert_eq!(calendar.stamp(Instant::NEVER).as_millis(), (1 << 47) - 1);
    }

    #[test]
    fn a_stamp_is_followed_within_ten_seconds_and_by_whoever_has_no_calendar() {
        let bound = Stamp::from_millis(DATE + 10_000);
        assert!(dated().follows(NOW, bound) && !dated().follows(NOW, Stamp::from_millis(DATE + 10_001)));
        let undated = Calendar::new();
        assert!(undated.follows(NOW, Stamp::FOLLOWED_MAX) && !undated.follows(NOW, Stamp::FOLLOWED_MAX.next()));
    }

    #[test]
    fn a_wrong_clock_is_told_once_and_once_when_it_is_right_again() {
        let mut calendar = dated();
        hear(&mut calendar, 1, 60_000);
        assert_eq!(standings(&mut calendar), None, "of two clocks, nobody can tell which is wrong");
        assert_eq!(calendar.skew(), Some(ClockSkew { millis: -60_000, peers: 1 }));
        hear(&mut calendar, 2, 61_000);
        assert_eq!(standings(&mut calendar), Some((ClockStanding::Wrong, -60_000)));
        hear(&mut calendar, 1, 60_500);
        hear(&mut calendar, 3, 9_000);
        hear(&mut calendar, 4, 9_000);
        assert_eq!(standings(&mut calendar), None);
        calendar.set(NOW, DATE + 60_000);
        assert_eq!((standings(&mut calendar), calendar.skew()), (None, None), "what was known is measured again");
        (1..3).for_each(|peer| hear(&mut calendar, peer, 60_000));
        assert_eq!(standings(&mut calendar), Some((ClockStanding::Right, 0)));
    }

    #[test]
    fn at_the_edge_of_the_bound_it_is_not_told_again_and_again() {
        let mut calendar = dated();
        let told: heapless::Vec<_, 8> = [9_999, 10_001, 9_999, 10_001, 5_001, 10_001, 5_000]
            .into_iter()
            .filter_map(|ahead| {
                (1..4).for_each(|peer| hear(&mut calendar, peer, ahead));
                standings(&mut calendar)
            })
            .collect();
        assert_eq!(told.as_slice(), [(ClockStanding::Wrong, -10_001), (ClockStanding::Right, -5_000)]);
    }

    #[test]
    fn no_single_peer_makes_our_clock_wrong() {
        for others in 0..8 {
            let mut calendar = dated();
            (1..=others).for_each(|peer| hear(&mut calendar, peer, 20 * peer.cast_signed()));
            for ahead in [i64::from(i32::MAX) * 9, -60_000] {
                (0..20).for_each(|_| hear(&mut calendar, 99, ahead));
                assert_eq!(standings(&mut calendar), None, "beside {others}");
            }
        }
        // Two that contradict each other are no majority.
        let mut calendar = dated();
        hear(&mut calendar, 1, 60_000);
        hear(&mut calendar, 2, -60_000);
        assert_eq!((standings(&mut calendar), calendar.skew().unwrap().millis), (None, 0));
    }

    #[test]
    fn the_last_eight_count_and_those_who_are_gone_do_not() {
        let mut calendar = dated();
        (1..=20).for_each(|peer| hear(&mut calendar, peer, if peer <= 12 { 60_000 } else { 0 }));
        assert_eq!(calendar.skew(), Some(ClockSkew { millis: 0, peers: 8 }));
        (14..=20).for_each(|peer| calendar.forget(NodeId(peer)));
        calendar.forget(NodeId(99));
        assert_eq!(calendar.skew(), Some(ClockSkew { millis: 0, peers: 1 }));
    }

    #[test]
    fn a_slew_changes_what_is_known_and_half_the_way_is_subtracted() {
        let mut calendar = dated();
        (1..4).for_each(|peer| calendar.on_clock(NOW, NodeId(peer), DATE - 400, Duration::from_millis(150)));
        assert_eq!(calendar.skew().unwrap().millis, 250);
        calendar.set(NOW, DATE - 100);
        assert_eq!(calendar.skew().unwrap().millis, 150);
    }

    #[test]
    fn the_date_is_told_now_and_then_and_at_once_after_a_step() {
        let mut calendar = dated();
        let told = |calendar: &mut Calendar, after: u64| {
            let mut buffer = [0; 16];
            let mut writer = Writer::bare(&mut buffer);
            calendar.piggyback(NOW + Duration::from_secs(after), &mut writer);
            writer.len()
        };
        assert_eq!([0, 1, 14, 15, 16].map(|after| told(&mut calendar, after)), [10, 0, 0, 10, 0]);
        calendar.set(NOW + Duration::from_secs(17), DATE);
        assert_eq!(told(&mut calendar, 17), 10);
        assert_eq!(told(&mut Calendar::new(), 0), 0, "there is nothing to tell");
    }
}
