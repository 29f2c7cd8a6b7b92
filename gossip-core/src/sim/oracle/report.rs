//! What the oracles saw.
use super::{Oracle, Violation};
use crate::{sim::HostId, time::Instant};
use alloc::{string::String, vec::Vec};

/// What the oracles saw, in that order, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Report {
    violations: Vec<Violation>,
    trust: Trust,
}

/// Whether all bytes in this world were written by its nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Trust {
    #[default]
    Honest,
    Forged,
}

/// One fault is seen again and again; nobody reads more of it than this.
const VIOLATIONS_MAX: usize = 16;

impl Report {
    /// Takes note, unless that oracle does not count here, or there was enough.
    pub(super) fn add(&mut self, oracle: Oracle, at: Instant, host: HostId, what: impl FnOnce() -> String) {
        if self.violations.len() < VIOLATIONS_MAX && self.counts(oracle) {
            self.violations.push(Violation { oracle, at, host, what: what() });
        }
    }

    pub(super) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// From now on, bytes may come in that no node wrote.
    pub(super) fn believe_nobody(&mut self) {
        self.trust = Trust::Forged;
    }

    /// Until datagrams are sealed, a node cannot tell a forgery, and comes to believe what nobody said: a member that
    /// there never was, a rumor under another's dot, an incarnation that nobody had. What it knows may then be wrong. What
    /// it does with memory, time and the network is its own, whatever it was told.
    const fn counts(&self, oracle: Oracle) -> bool {
        match self.trust {
            Trust::Honest => true,
            Trust::Forged => {
                matches!(oracle, Oracle::LimitsKept | Oracle::Punctual | Oracle::WithinBudget | Oracle::QuietAtRest)
            }
        }
    }
}
