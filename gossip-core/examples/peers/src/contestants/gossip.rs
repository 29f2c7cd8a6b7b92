//! Ours: `Node<Heap>`, as it comes.
use crate::contest::{Acquaintance, Belief, Contestant, Index, Moment, Wants};
use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use gossip_core::{Addr, Config, Event, Heap, Input, Instant, Node, NodeId, Output};
use rand::{SeedableRng, rngs::SmallRng};

/// One node.
pub(crate) struct Gossip {
    node: Node<Heap>,
    buffer: Vec<u8>,
    /// For when its timer is set: reminders of another moment are outdated.
    wake_at: Option<Moment>,
}

const PORT: u16 = 7946;
const NETWORK: u32 = 0x0a00_0000;
/// Spreads numbers over all ids, as a hash of names would; and its inverse modulo 2⁶⁴, which finds them again.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
const GATHER: u64 = 0xf1de_83e1_9937_733d;

impl Gossip {
    fn input(&mut self, wants: &mut Wants<Moment>, input: Input<'_>) {
        self.node.handle_input(instant(wants.now), input);
        self.drain(wants);
    }

    fn drain(&mut self, wants: &mut Wants<Moment>) {
        let at = loop {
            match self.node.poll_output(&mut self.buffer) {
                Output::Send { to, bytes } => wants.send(index_at(to), bytes),
                Output::Event(Event::MemberUp { id, .. }) => wants.beliefs.push(Belief::Up(index_of(id))),
                Output::Event(Event::MemberDown { id, .. }) => wants.beliefs.push(Belief::Down(index_of(id))),
                Output::Event(_) => {}
                Output::Schedule(at) => break Duration::from_micros(at.as_micros()),
            }
        };
        if at < Duration::from_micros(Instant::NEVER.as_micros()) && self.wake_at.is_none_or(|set| at < set) {
            self.wake_at = Some(at);
            wants.remind(at, at);
        }
    }
}

impl Contestant for Gossip {
    type Timer = Moment;
    type Settings = Config;
    /// Nobody can hand it a list of others: it believes what members say, and whom it heard.
    const ACQUAINTANCE: Acquaintance = Acquaintance::Joined;

    fn new(config: &Config, me: Index, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let node = Node::new(id_of(me), addr_of(me), config.clone(), &mut rng);
        Self {
            node: node.expect("a preset is sound"),
            buffer: vec![0; usize::from(config.datagram_len_max)],
            wake_at: None,
        }
    }

    fn join(&mut self, wants: &mut Wants<Moment>, through: Option<Index>) {
        if let Some(seed) = through {
            self.node.join(instant(wants.now), addr_of(seed)).expect("it has room for a seed");
        }
        self.input(wants, Input::TimerFired);
    }

    fn on_datagram(&mut self, wants: &mut Wants<Moment>, from: Index, mut bytes: Vec<u8>) {
        self.input(wants, Input::Received { from: addr_of(from), bytes: &mut bytes });
    }

    fn on_timer(&mut self, wants: &mut Wants<Moment>, timer: Moment) {
        if self.wake_at == Some(timer) {
            self.wake_at = None;
            self.input(wants, Input::TimerFired);
        }
    }
}

pub(super) fn instant(moment: Moment) -> Instant {
    Instant::from_micros(u64::try_from(moment.as_micros()).unwrap_or(u64::MAX))
}

pub(super) fn id_of(node: Index) -> NodeId {
    NodeId(u64::try_from(node).unwrap_or(u64::MAX).wrapping_add(1).wrapping_mul(SPREAD))
}

pub(super) fn index_of(id: NodeId) -> Index {
    Index::try_from(id.0.wrapping_mul(GATHER).wrapping_sub(1)).expect("an id of ours")
}

pub(super) fn addr_of(node: Index) -> Addr {
    let host = NETWORK + u32::try_from(node).expect("fewer than all there are");
    SocketAddr::from((Ipv4Addr::from(host), PORT)).into()
}

pub(super) fn index_at(addr: Addr) -> Index {
    match addr.to_socket_addr() {
        Some(SocketAddr::V4(v4)) => Index::try_from(u32::from(*v4.ip()) - NETWORK).expect("an address of ours"),
        _ => panic!("{addr} is none of ours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_addresses_lead_back() {
        for node in [0, 1, 255, 256, 1023, 4095] {
            assert_eq!((index_of(id_of(node)), index_at(addr_of(node))), (node, node));
        }
    }
}
