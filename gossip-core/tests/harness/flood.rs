//! Damaged datagrams without end, for those who count them.
use super::{
    datagram::{Edit, Sender, Step, play},
    world::World,
};
use core::time::Duration;
use rand_core::Rng;
use rand_pcg::Pcg32;

/// So many datagrams come within ten milliseconds.
const BURST: u64 = 32;

/// Pours `count` datagrams over a settled cluster, and has `look` look at it now and then.
pub(crate) fn pour(world: &mut World, count: u64, mut look: impl FnMut(u64)) {
    let mut rng = Pcg32::new(count, 7);
    for number in 0..count {
        play(world, any_step(&mut rng));
        if number % BURST == 0 {
            world.pass(Duration::from_millis(10));
            world.forget_delivered();
            look(number);
        }
    }
}

fn any_step(rng: &mut Pcg32) -> Step {
    let [to, pick, kind, from, ..] = rng.next_u64().to_le_bytes();
    let from = if from < 192 { Sender::Member(from) } else { Sender::Stranger(from) };
    match kind {
        0..32 => Step::Raw { to, from, bytes: any_bytes(rng, 1600) },
        32..80 => Step::Framed { to, from, pick, frames: any_bytes(rng, 72) },
        _ => Step::Changed { to, from, pick, edits: (0..rng.next_u32() % 4).map(|_| any_edit(rng)).collect() },
    }
}

fn any_bytes(rng: &mut Pcg32, len_max: u32) -> Vec<u8> {
    let mut bytes = vec![0; (rng.next_u32() % len_max) as usize];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn any_edit(rng: &mut Pcg32) -> Edit {
    let [kind, byte, low, high, ..] = rng.next_u64().to_le_bytes();
    let at = u16::from_le_bytes([low, high]);
    match kind % 6 {
        0 => Edit::Set { at, to: byte },
        1 => Edit::Flip { bit: at },
        2 => Edit::Cut { len: at },
        3 => Edit::Insert { at, byte },
        4 => Edit::Remove { at },
        _ => Edit::Repeat { from: at, len: byte },
    }
}
