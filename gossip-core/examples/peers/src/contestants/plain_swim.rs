//! SWIM as it was published, as the core's simulator has it to compare with.
use super::gossip::{addr_of, id_of, index_at, index_of, instant};
use crate::contest::{Acquaintance, Belief, Contestant, Index, Moment, Wants};
use core::time::Duration;
use gossip_core::{
    Instant,
    sim::plain_swim::{Node, Output, Settings, Told},
};

/// One node.
pub(crate) struct PlainSwim {
    node: Node,
    /// For when its timer is set: reminders of another moment are outdated.
    wake_at: Option<Moment>,
}

impl PlainSwim {
    fn drain(&mut self, wants: &mut Wants<Moment>) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Send { to, bytes } => wants.send(index_at(to), &bytes),
                Output::Told(Told::Up(id)) => wants.beliefs.push(Belief::Up(index_of(id))),
                Output::Told(Told::Down(id)) => wants.beliefs.push(Belief::Down(index_of(id))),
                Output::Told(Told::Suspect(_)) => {}
            }
        }
        let at = Duration::from_micros(self.node.deadline().as_micros());
        if self.wake_at.is_none_or(|set| at < set) {
            self.wake_at = Some(at);
            wants.remind(at, at);
        }
    }
}

impl Contestant for PlainSwim {
    type Timer = Moment;
    type Settings = Settings;
    /// Joining may leave it with pairs that never meet, so it is told; that makes nothing news.
    const ACQUAINTANCE: Acquaintance = Acquaintance::Listed;

    fn new(settings: &Settings, me: Index, seed: u64) -> Self {
        Self { node: Node::new(Instant::ZERO, id_of(me), addr_of(me), settings.clone(), seed), wake_at: None }
    }

    fn join(&mut self, wants: &mut Wants<Moment>, through: Option<Index>) {
        if let Some(seed) = through {
            self.node.join(addr_of(seed));
        }
        self.drain(wants);
    }

    fn know_all(&mut self, wants: &mut Wants<Moment>, size: usize) {
        (0..size).for_each(|node| self.node.introduce(instant(wants.now), id_of(node), addr_of(node)));
        self.drain(wants);
    }

    fn on_datagram(&mut self, wants: &mut Wants<Moment>, from: Index, bytes: Vec<u8>) {
        self.node.handle_datagram(instant(wants.now), addr_of(from), &bytes);
        self.drain(wants);
    }

    fn on_timer(&mut self, wants: &mut Wants<Moment>, timer: Moment) {
        if self.wake_at == Some(timer) {
            self.wake_at = None;
            self.node.handle_timer(instant(wants.now));
            self.drain(wants);
        }
    }
}
