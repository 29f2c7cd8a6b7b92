//! Any bytes, from anyone, into nodes that are members of a cluster.
//!
//! Nothing may panic, no table outgrow its limit, no datagram be longer than the cluster's, and no stranger be
//! answered with more than it sent.
use super::{
    tell,
    world::{self, SIZE, World},
};
use arbitrary::{Arbitrary, Unstructured};
use core::{net::SocketAddr, time::Duration};
use gossip_core::{
    Addr,
    wire::{ClusterLabel, Header},
};

const STEPS_MAX: usize = 64;

/// One thing that the world does to a node.
#[derive(Debug, Arbitrary)]
pub(crate) enum Step {
    /// A datagram that nobody wrote.
    Raw { to: u8, from: Sender, bytes: Vec<u8> },
    /// A datagram that was sent in the cluster, changed on its way.
    Changed { to: u8, from: Sender, pick: u8, edits: Vec<Edit> },
    /// A header that was sent in the cluster, with anything behind it.
    Framed { to: u8, from: Sender, pick: u8, frames: Vec<u8> },
    /// Time passes.
    Pass { centiseconds: u8 },
}

/// Where a datagram claims to come from.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Sender {
    Member(u8),
    Stranger(u8),
}

/// A change to a datagram.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Edit {
    Set { at: u16, to: u8 },
    Flip { bit: u16 },
    Cut { len: u16 },
    Insert { at: u16, byte: u8 },
    Remove { at: u16 },
    Repeat { from: u16, len: u8 },
}

/// Does to a settled cluster what `bytes` tell.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn datagram(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let mut world = World::settled(1);
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        let Ok(step) = bytes.arbitrary() else { break };
        play(&mut world, step);
    }
    // Whatever it was told, it must go on living with it.
    world.pass(Duration::from_secs(5));
}

/// Takes one step, and judges it.
pub(crate) fn play(world: &mut World, step: Step) {
    tell(world, &step);
    let (to, from, mut bytes) = match step {
        Step::Raw { to, from, bytes } => (to, from, bytes),
        Step::Changed { to, from, pick, edits } => {
            let mut bytes = sent(world, pick);
            edits.into_iter().for_each(|edit| edit.apply(&mut bytes));
            (to, from, bytes)
        }
        Step::Framed { to, from, pick, frames } => {
            let mut bytes = sent(world, pick);
            let body = Header::open(&bytes, ClusterLabel::default()).map_or(0, |(_, frames)| frames.len());
            bytes.truncate(bytes.len() - body);
            bytes.extend(frames);
            (to, from, bytes)
        }
        Step::Pass { centiseconds } => {
            return world.pass(Duration::from_millis(10) * u32::from(centiseconds));
        }
    };
    receive(world, usize::from(to) % SIZE, from, &mut bytes);
}

/// Hands the node in `place` a datagram, and judges what it answers.
fn receive(world: &mut World, place: usize, from: Sender, bytes: &mut [u8]) {
    let from = from.addr();
    let Some(node) = &world.hosts[place].node else { return };
    let is_stranger = world::place(from).is_none() && !node.members().iter().any(|member| member.addr == from);
    // What is due is done first: it is no answer.
    world.fire(place);
    let answer = world.receive(place, from, bytes);
    assert!(
        !is_stranger || answer.bytes <= bytes.len(),
        "a stranger asked with {} bytes and was answered with {}",
        bytes.len(),
        answer.bytes
    );
}

/// A datagram that was sent in the cluster.
fn sent(world: &World, pick: u8) -> Vec<u8> {
    world.network.recent(pick.into()).map_or(Vec::new(), |datagram| datagram.bytes.clone())
}

impl Sender {
    fn addr(self) -> Addr {
        match self {
            Self::Member(place) => world::addr(usize::from(place) % SIZE),
            Self::Stranger(number) => SocketAddr::from(([10, 0, 1, number], 7946)).into(),
        }
    }
}

impl Edit {
    /// Changes `bytes`; a place beyond their end is taken round.
    pub(crate) fn apply(self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        let around = |at: u16| usize::from(at).checked_rem(len);
        match self {
            Self::Set { at, to } => {
                if let Some(at) = around(at) {
                    bytes[at] = to;
                }
            }
            Self::Flip { bit } => {
                if let Some(at) = around(bit / 8) {
                    bytes[at] ^= 1 << (bit % 8);
                }
            }
            Self::Cut { len } => bytes.truncate(around(len).unwrap_or(0)),
            Self::Insert { at, byte } => bytes.insert(around(at).unwrap_or(0), byte),
            Self::Remove { at } => {
                if let Some(at) = around(at) {
                    bytes.remove(at);
                }
            }
            Self::Repeat { from, len } => {
                let from = around(from).unwrap_or(0);
                let end = bytes.len().min(from + usize::from(len));
                bytes.extend_from_within(from..end);
            }
        }
    }
}
