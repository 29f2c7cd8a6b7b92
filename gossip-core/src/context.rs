//! What every machine may touch besides its own state.
use crate::{
    calendar::Calendar,
    config::Config,
    digest::Digester,
    id::{Addr, Generation, Incarnation, Life, NodeId},
    observer::Observer,
    records::{Intent, Outgoing, Retransmits},
    rng::Rng,
    round_trip::RoundTrip,
    stats::{Counter, Stats},
    storage::{Snapshot, Storage},
    table::Queue,
    time::{Instant, micros},
    wire::{Capabilities, Stores, len},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The node's surroundings, lent to each machine for the length of one call.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Context<S: Storage> {
    /// The moment of the current input.
    pub(crate) now: Instant,
    pub(crate) calendar: Calendar,
    pub(crate) me: Identity,
    pub(crate) config: Config,
    pub(crate) rng: Rng,
    pub(crate) digester: Digester,
    pub(crate) stats: Stats,
    #[serde(skip)]
    pub(crate) observer: S::Observer,
    /// The datagram being taken in.
    pub(crate) received: Received,
    /// Whether we have just come, and have yet to ask what we lack.
    pub(crate) newcomer: bool,
    /// Of all members' answers to pings: how long to wait for one of whom nothing is known yet.
    pub(crate) round_trip: RoundTrip,
    /// Of how many names is known that two living nodes go by them.
    pub(crate) name_conflicts: usize,
    /// How many members live, ourselves included: what counts in logarithms of the cluster's size needs it.
    pub(crate) live: usize,
    outbox: S::Outbox,
}

/// What belongs to the datagram being taken in: spent while it is read, and gone with it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Received {
    /// How long it is.
    pub(crate) len: u16,
    /// How what it says came here.
    pub(crate) source: Source,
    /// How long the answer to it may be.
    pub(crate) credit: Credit,
    /// Whether it may still ask something.
    pub(crate) may_ask: bool,
    /// Whether it may still tell who agrees: to take that in is a look at all members.
    pub(crate) may_agree: bool,
    /// Whether it may make us announce ourselves. The answer to an announce may not: where it fails to tell what we sent that for,
    /// we would go on at the speed of the network.
    pub(crate) may_announce: bool,
}

impl Received {
    /// None: what is due by the clock, or told to do, answers nobody.
    pub(crate) const NOTHING: Self = Self {
        len: 0,
        source: Source::Told,
        credit: Credit::Full,
        may_ask: false,
        may_agree: false,
        may_announce: false,
    };

    /// One of so many bytes, from a sender with so much credit.
    pub(crate) const fn new(len: u16, credit: Credit) -> Self {
        Self { len, source: Source::Told, credit, may_ask: true, may_agree: true, may_announce: true }
    }
}

/// How news came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// Unasked: it is going round.
    Told,
    /// In answer to a question of ours, or from what we kept.
    AskedFor,
}

/// How long an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Credit {
    /// As long as any datagram.
    Full,
    /// So many bytes: to strangers, no answer is longer than its question. We are no amplifier.
    Upto(u16),
}

/// Who we are. Only we change it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: NodeId,
    pub(crate) generation: Generation,
    pub(crate) incarnation: Incarnation,
    pub(crate) addr: Addr,
}

impl Identity {
    /// The name under which we number writes and rumors.
    pub(crate) const fn writer(&self) -> Life {
        Life { origin: self.id, generation: self.generation }
    }
}

/// What becomes of a datagram that is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    /// It leaves, where there is anything to say, and credit to say it.
    Soon,
    /// There is no room for it.
    Shed,
}

impl<S: Storage> Context<S> {
    pub(crate) fn new(id: NodeId, addr: Addr, config: Config, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let generation = generation_from(&mut rng);
        Self {
            now: Instant::ZERO,
            calendar: Calendar::new(),
            me: Identity { id, generation, incarnation: Incarnation(0), addr },
            rng,
            digester: Digester::keyed(config.cluster.key()),
            stats: Stats::default(),
            observer: S::Observer::default(),
            received: Received::NOTHING,
            newcomer: false,
            round_trip: RoundTrip::UNKNOWN,
            name_conflicts: 0,
            live: 1,
            outbox: Queue::with_limit(config.limits.outbox),
            config,
        }
    }

    /// Counts one of something, and tells the observer.
    #[inline(always)] // as for `count_by`
    pub(crate) fn count(&mut self, counter: Counter) {
        self.count_by(counter, 1);
    }

    /// Counts so many, which may be none.
    #[inline(always)] // where the counter is known: it is a field, then
    pub(crate) fn count_by(&mut self, counter: Counter, by: u64) {
        *self.stats.of(counter) += by;
        if by > 0 {
            self.observer.on_counted(self.now, counter, by);
        }
    }

    /// How long an answer takes at most, as far as is known.
    pub(crate) fn answer_takes(&self) -> Duration {
        self.round_trip.timeout().unwrap_or_default()
    }

    /// What we keep in step.
    pub(crate) fn stores(&self) -> Stores {
        self.config.limits.stores()
    }

    /// Which stores both we keep and somebody that can be asked so much.
    pub(crate) fn shared_with(&self, capabilities: Capabilities) -> Stores {
        self.stores().and(capabilities.stores())
    }

    /// What we can be asked.
    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities::keeping(self.stores())
    }

    /// What is left of a datagram for `parts` byte strings, beside `fixed` bytes.
    pub(crate) fn room(&self, fixed: usize, parts: usize) -> usize {
        len::room(usize::from(self.config.datagram_len_max), fixed, parts)
    }

    /// Begins a new life.
    pub(crate) fn draw_generation(&mut self) {
        self.me.generation = generation_from(&mut self.rng);
    }

    /// Owes a datagram. Gossip survives its loss, so that a full outbox only counts it.
    pub(crate) fn send(&mut self, to: Addr, peer: Option<NodeId>, intent: Intent) {
        let len_max = self.config.datagram_len_max;
        self.owe(Outgoing { to, peer, intent, len_max });
    }

    /// Owes an answer to the datagram being taken in, where there is room for it. All that an unproven asker gets is no longer
    /// than what it sent.
    pub(crate) fn answer(&mut self, to: Addr, peer: NodeId, intent: Intent) -> Owed {
        let len_max = self.spend_credit(self.config.datagram_len_max);
        self.owe(Outgoing { to, peer: Some(peer), intent, len_max })
    }

    /// How long what the datagram being taken in makes us send may be, and at most `len_max`. What an unproven sender has is
    /// spent at once.
    pub(crate) fn spend_credit(&mut self, len_max: u16) -> u16 {
        match self.received.credit {
            Credit::Full => len_max,
            Credit::Upto(len) => {
                self.received.credit = Credit::Upto(0);
                len.min(len_max)
            }
        }
    }

    /// Sends a stranger no more than a header and a ping, or its acknowledgement, which is as long: no longer than whatever it sent.
    pub(crate) fn send_bare(&mut self, to: Addr, peer: Option<NodeId>, intent: Intent) {
        let bare = u16::try_from(len::HEADER + len::PING).unwrap_or(u16::MAX);
        let len_max = self.spend_credit(bare);
        self.owe(Outgoing { to, peer, intent, len_max });
    }

    pub(crate) fn owe(&mut self, outgoing: Outgoing) -> Owed {
        if self.outbox.push_back(outgoing).is_err() {
            self.count(Counter::OutboxShed);
            return Owed::Shed;
        }
        Owed::Soon
    }

    pub(crate) fn next_outgoing(&mut self) -> Option<Outgoing> {
        self.outbox.pop_front()
    }

    pub(crate) fn owed(&self) -> usize {
        self.outbox.len()
    }

    /// A random part of a time span, so that nodes which do the same do not do it in step.
    pub(crate) fn random_part(&mut self, span: Duration) -> Duration {
        Duration::from_micros(self.rng.part_of(micros(span)))
    }

    /// How often our own news is transmitted.
    pub(crate) fn retransmit_limit(&self) -> Retransmits {
        Retransmits(self.config.retransmit_limit(self.live))
    }

    /// How often what others said is transmitted again. What we asked for is news to us alone: whoever comes late and catches
    /// up with thousands of writes does not tell them to all others again. A newcomer is about to ask, and cannot tell yet
    /// what is news to others.
    pub(crate) fn relay_retransmits(&self) -> Retransmits {
        match self.received.source {
            Source::Told if !self.newcomer => self.retransmit_limit(),
            Source::Told | Source::AskedFor => Retransmits::NONE,
        }
    }
}

fn generation_from(rng: &mut Rng) -> Generation {
    Generation(u32::try_from(rng.next_u64() >> 32).unwrap_or(0))
}
