//! What is wrong with the network, the hosts and their clocks in a drawn world.
use super::{
    draw::{Drawing, names},
    surroundings,
};
use crate::sim::{
    Ailment, Calendar, Leap, Memory,
    story::{Act, Names},
};
use alloc::vec::Vec;
use core::time::Duration;

impl Drawing<'_> {
    pub(super) fn partition(&mut self) {
        if self.choices.one_in(2) {
            return self.act(Act::Heal);
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for index in 0..self.hosts.len() {
            let name = self.hosts[index].name.clone();
            if self.choices.one_in(2) { left.push(name) } else { right.push(name) }
        }
        let groups: Vec<Names> = [left, right].into_iter().filter(|group| !group.is_empty()).map(Names).collect();
        self.act(Act::Partition(groups));
    }

    pub(super) fn cut(&mut self) {
        if self.choices.one_in(2) {
            return self.act(Act::Heal);
        }
        if let Some((from, to)) = self.two() {
            self.act(Act::Cut { from: names([&from]), to: names([&to]) });
        }
    }

    pub(super) fn impair(&mut self) {
        let Some((from, to)) = self.two() else { return };
        let (from, to) = (names([&from]), names([&to]));
        if self.choices.one_in(4) {
            return self.act(Act::Mend { from, to });
        }
        let delay = self.time(800);
        let impairment = surroundings::impairment(&mut self.choices, delay);
        self.act(Act::Impair { from, to, impairment });
    }

    pub(super) fn silence(&mut self) {
        let Some(host) = self.any_name() else { return };
        let hosts = names([&host]);
        match self.choices.below(3) {
            0 => self.act(Act::Cure(hosts)),
            1 => self.act(Act::Afflict { hosts, ailment: Ailment::Deaf }),
            _ => self.act(Act::Afflict { hosts, ailment: Ailment::Mute }),
        }
    }

    pub(super) fn slow(&mut self) {
        let Some(host) = self.any_name() else { return };
        let hosts = names([&host]);
        if self.choices.one_in(2) {
            return self.act(Act::Cure(hosts));
        }
        let ailment = Ailment::Slow { awake: self.time(2_000), paused: self.time(8_000) };
        self.act(Act::Afflict { hosts, ailment });
    }

    pub(super) fn set_clock(&mut self) {
        let Some(host) = self.any_name() else { return };
        let hosts = names([&host]);
        match self.choices.below(3) {
            0 => {
                let drift = i32::from(self.choices.small(200)) * 1_000 - 100_000;
                self.act(Act::Drift { hosts, drift });
            }
            1 => {
                let leap = Leap::Ahead(self.time(600_000));
                self.act(Act::Leap { hosts, leap });
            }
            _ => {
                let leap = Leap::Back(self.time(10_000));
                self.act(Act::Leap { hosts, leap });
            }
        }
    }

    /// A calendar is wrong, or put right: while its node runs, or while it was off and boots with what it kept.
    pub(super) fn misdate(&mut self) {
        let Some(index) = self.any() else { return };
        let hosts = names([&self.hosts[index].name]);
        let hour = Duration::from_secs(3_600);
        let mut hours = |most| hour * u32::try_from(self.choices.between(1, most)).unwrap_or(1);
        let wrong = [Calendar::Ahead(hours(96)), Calendar::Back(hours(3 * 8_766)), Calendar::Epoch, Calendar::Missing];
        let calendar = match self.choices.below(6) {
            drawn @ 0..4 => wrong[drawn],
            _ => Calendar::Right,
        };
        if self.choices.one_in(2) {
            return self.act(Act::Date { hosts, calendar });
        }
        self.hosts[index].lives = true;
        self.act(Act::Keep(hosts.clone()));
        self.act(Act::Crash(hosts.clone()));
        self.act(Act::Date { hosts: hosts.clone(), calendar });
        self.act(Act::Restart { hosts, memory: Memory::Kept });
    }
}
