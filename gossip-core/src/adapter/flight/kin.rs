//! What tells one build from another: what it does.
//!
//! Two nodes live a short life together, always the same one. Whatever they say in it, and all that they know at its end,
//! makes a fingerprint; a build that thinks otherwise, or writes down its thoughts otherwise, has another. It is no proof that two
//! builds are alike in everything, and it spares whoever forgets to raise a number.
use super::tally::Tally;
use crate::{
    config::Config,
    digest::Digester,
    id::{Addr, NodeId},
    io::{Input, Output},
    node::Node,
    storage::Heap,
    time::Instant,
    wire::Urgency,
};
use core::{convert::Infallible, net::SocketAddr, time::Duration};
use std::{vec, vec::Vec};

/// Turns of the two lives, a twentieth of a second each.
const TURNS: u32 = 80;
const TURN: Duration = Duration::from_millis(50);

/// The fingerprint of this build.
pub(super) fn kin() -> u64 {
    let mut nodes: Vec<Node<Heap>> = (0..2).filter_map(node).collect();
    let mut mail = Vec::new();
    let mut tally = Tally::default();
    for turn in 0..TURNS {
        let now = Instant::ZERO + TURN * turn;
        for (place, node) in nodes.iter_mut().enumerate() {
            live(node, place, turn, now);
            for (from, mut bytes) in take(&mut mail, place) {
                node.handle_input(now, Input::Received { from, bytes: &mut bytes });
            }
            node.handle_input(now, Input::TimerFired);
            drain(node, place, &mut tally, &mut mail);
        }
    }
    let digester = Digester::unkeyed();
    let parts: Vec<u64> = nodes.iter().map(|node| digester.of_bytes(&node.snapshot()).0).collect();
    digester.of_words(&[u64::from(tally.digest()), parts.iter().fold(0, |all, part| all ^ part)]).0
}

fn node(place: usize) -> Option<Node<Heap>> {
    let id = NodeId(u64::try_from(place).ok()?);
    Node::new(id, addr(place), Config::lan(), &mut Fixed(id.0)).ok()
}

fn addr(place: usize) -> Addr {
    let port = u16::try_from(place + 1).unwrap_or(u16::MAX);
    Addr::from(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// A little of everything; what is refused is refused in every life.
fn live(node: &mut Node<Heap>, place: usize, turn: u32, now: Instant) {
    match (place, turn) {
        (1, 0) => drop(node.join(now, addr(0))),
        (0, 5) => node.set_wall_clock(now, 1 << 40),
        (0, 20..30) => drop(node.put(now, &[0; 3], &turn.to_le_bytes())),
        (1, 25) => drop(node.publish(now, Urgency::Normal, b"hear")),
        (0, 40) => drop(node.delete(now, &[0; 3])),
        (1, 45) => drop(node.set_presence(now, b"see")),
        (1, 60) => node.leave(now),
        _ => {}
    }
}

fn take(mail: &mut Vec<(usize, Vec<u8>)>, to: usize) -> Vec<(Addr, Vec<u8>)> {
    let (mine, others) = core::mem::take(mail).into_iter().partition(|(place, _)| *place == to);
    *mail = others;
    let mine: Vec<(usize, Vec<u8>)> = mine;
    mine.into_iter().map(|(place, bytes)| (addr(1 - place), bytes)).collect()
}

fn drain(node: &mut Node<Heap>, place: usize, tally: &mut Tally, mail: &mut Vec<(usize, Vec<u8>)>) {
    let mut buffer = vec![0; usize::from(node.config().datagram_len_max)];
    loop {
        let output = node.poll_output(&mut buffer);
        tally.polled(&output);
        match output {
            Output::Send { bytes, .. } => mail.push((1 - place, bytes.to_vec())),
            Output::Event(_) => {}
            Output::Schedule(_) => return,
        }
    }
}

/// Chance that leaves nothing to chance.
struct Fixed(u64);

impl rand_core::TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_life_is_full_and_always_the_same() {
        assert_eq!(kin(), kin());
        assert_ne!(kin(), 0);
    }
}
