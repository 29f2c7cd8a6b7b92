//! What a contestant is: one node of some protocol, driven from outside, in time that does not pass by itself.
use core::time::Duration;

/// A node's number. All join through the first one, which is 0.
pub(crate) type Index = usize;
/// Virtual time since the start of the run.
pub(crate) type Moment = Duration;

/// One node of a protocol without sockets and clocks. Whoever implements this can be measured; a peer that exists as tasks
/// only implements [`Cluster`](crate::cluster::Cluster).
pub(crate) trait Contestant: Sized {
    /// What the node wants to be reminded of.
    type Timer;
    /// How its nodes are set up, all alike.
    type Settings;
    /// How a cluster comes about in which all know all.
    const ACQUAINTANCE: Acquaintance;

    /// Node `me`, whose chance comes from `seed`.
    fn new(settings: &Self::Settings, me: Index, seed: u64) -> Self;
    /// Starts with nothing but an address to join through; the first node has none.
    fn join(&mut self, wants: &mut Wants<Self::Timer>, through: Option<Index>);
    /// Starts with the list of all nodes, of which there are `size`. For [`Acquaintance::Listed`] alone.
    fn know_all(&mut self, _wants: &mut Wants<Self::Timer>, _size: usize) {}
    /// A datagram has come.
    fn on_datagram(&mut self, wants: &mut Wants<Self::Timer>, from: Index, bytes: Vec<u8>);
    /// A timer is due.
    fn on_timer(&mut self, wants: &mut Wants<Self::Timer>, timer: Self::Timer);
}

/// How a cluster comes about in which all know all, when it is not the joining that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acquaintance {
    /// Each node is handed the list of all.
    Listed,
    /// They join, and the clock starts when the last two have met.
    Joined,
}

/// What a node wants done, as it says while it handles one input.
#[derive(Debug)]
pub(crate) struct Wants<T> {
    /// When that is.
    pub(crate) now: Moment,
    pub(crate) sends: Vec<(Index, Vec<u8>)>,
    pub(crate) timers: Vec<(Moment, T)>,
    pub(crate) beliefs: Vec<Belief>,
}

/// A change of what a node believes of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belief {
    /// It is there.
    Up(Index),
    /// It is gone.
    Down(Index),
}

impl<T> Wants<T> {
    /// Nothing yet.
    pub(crate) fn at(now: Moment) -> Self {
        Self { now, sends: Vec::new(), timers: Vec::new(), beliefs: Vec::new() }
    }

    /// Send a datagram.
    pub(crate) fn send(&mut self, to: Index, bytes: &[u8]) {
        self.sends.push((to, bytes.to_vec()));
    }

    /// Remind me then.
    pub(crate) fn remind(&mut self, at: Moment, timer: T) {
        self.timers.push((at.max(self.now), timer));
    }
}
