//! foca: SWIM with suspicion and infection-style dissemination, without sockets and clocks.
use crate::contest::{Acquaintance, Belief, Contestant, Index, Moment, Wants};
use core::{
    net::{Ipv4Addr, SocketAddrV4},
    num::NonZeroU32,
    time::Duration,
};
use foca::{Config, Identity, Member, NoCustomBroadcast, Notification, PostcardCodec, Runtime, Timer};
use rand::{SeedableRng, rngs::SmallRng};
use serde::{Deserialize, Serialize};

/// One node.
pub(crate) struct Foca {
    node: foca::Foca<Id, PostcardCodec, SmallRng, NoCustomBroadcast>,
}

const PORT: u16 = 7946;
const NETWORK: u32 = 0x0a00_0000;
/// It announces itself when told to, and leaves it to the application to do so again if that, or the answer, was lost.
const ANNOUNCE_AGAIN: Duration = Duration::from_secs(1);

/// Its preset for a cluster of `size`.
pub(crate) fn lan(size: usize) -> Config {
    let size = u32::try_from(size).ok().and_then(NonZeroU32::new);
    Config::new_lan(size.expect("a cluster of some size"))
}

/// An address and a count of restarts, so that a node can come back by itself: the shape that foca's own examples have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Id {
    addr: SocketAddrV4,
    bump: u16,
}

impl Id {
    fn of(node: Index) -> Self {
        let host = NETWORK + u32::try_from(node).expect("fewer than all there are");
        Self { addr: SocketAddrV4::new(Ipv4Addr::from(host), PORT), bump: 0 }
    }

    fn index(&self) -> Index {
        Index::try_from(u32::from(*self.addr.ip()) - NETWORK).expect("an address of ours")
    }
}

impl Identity for Id {
    type Addr = SocketAddrV4;

    fn renew(&self) -> Option<Self> {
        Some(Self { bump: self.bump.wrapping_add(1), ..*self })
    }

    fn addr(&self) -> SocketAddrV4 {
        self.addr
    }

    fn win_addr_conflict(&self, other: &Self) -> bool {
        self.bump > other.bump
    }
}

/// What a node is reminded of.
#[derive(Debug)]
pub(crate) enum Reminder {
    /// Something of its own.
    Own(Timer<Id>),
    /// To announce itself to this one, if it still knows nobody.
    Announce(Id),
}

impl Runtime<Id> for &mut Wants<Reminder> {
    fn notify(&mut self, notification: Notification<'_, Id>) {
        match notification {
            Notification::MemberUp(id) => self.beliefs.push(Belief::Up(id.index())),
            Notification::MemberDown(id) => self.beliefs.push(Belief::Down(id.index())),
            _ => {}
        }
    }

    fn send_to(&mut self, to: Id, bytes: &[u8]) {
        self.send(to.index(), bytes);
    }

    fn submit_after(&mut self, timer: Timer<Id>, after: Duration) {
        let at: Moment = self.now + after;
        self.remind(at, Reminder::Own(timer));
    }
}

impl Foca {
    fn announce(&mut self, wants: &mut Wants<Reminder>, to: Id) {
        self.node.announce(to, &mut *wants).expect("it can be sent");
        wants.remind(wants.now + ANNOUNCE_AGAIN, Reminder::Announce(to));
    }
}

impl Contestant for Foca {
    type Timer = Reminder;
    type Settings = Config;
    /// Joining may leave it with pairs that never meet, so it is told; that makes nothing news.
    const ACQUAINTANCE: Acquaintance = Acquaintance::Listed;

    fn new(config: &Config, me: Index, seed: u64) -> Self {
        let rng = SmallRng::seed_from_u64(seed);
        Self { node: foca::Foca::new(Id::of(me), config.clone(), rng, PostcardCodec) }
    }

    fn join(&mut self, wants: &mut Wants<Reminder>, through: Option<Index>) {
        if let Some(seed) = through {
            self.announce(wants, Id::of(seed));
        }
    }

    fn know_all(&mut self, wants: &mut Wants<Reminder>, size: usize) {
        let me = self.node.identity().index();
        let others = (0..size).filter(|&node| node != me).map(|node| Member::alive(Id::of(node)));
        self.node.apply_many(others, false, wants).expect("they are taken in");
    }

    fn on_datagram(&mut self, wants: &mut Wants<Reminder>, _from: Index, bytes: Vec<u8>) {
        // What it refuses is its own affair.
        let _ = self.node.handle_data(&bytes, wants);
    }

    fn on_timer(&mut self, wants: &mut Wants<Reminder>, timer: Reminder) {
        match timer {
            Reminder::Own(timer) => {
                let _ = self.node.handle_timer(timer, wants);
            }
            Reminder::Announce(to) if self.node.num_members() == 0 => self.announce(wants, to),
            Reminder::Announce(_) => {}
        }
    }
}
