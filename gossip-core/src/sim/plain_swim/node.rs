//! One node of plain SWIM, without a socket and a clock: what came in and what time it is in, what is to be sent and told out.
use super::{
    Settings,
    members::{Change, Members},
    message::{Letter, Standing, Update, Word, read},
    news::News,
};
use crate::{
    id::{Addr, NodeId},
    rng::Rng,
    time::{Instant, micros},
};
use alloc::{collections::VecDeque, vec::Vec};

/// A node. After each call, its [output](Self::poll_output) is to be taken, and its timer set to its [deadline](Self::deadline).
#[derive(Debug)]
pub struct Node {
    id: NodeId,
    addr: Addr,
    incarnation: u32,
    settings: Settings,
    rng: Rng,
    members: Members,
    news: News,
    probe: Option<Probe>,
    /// The number of the last ping.
    number: u16,
    /// When the next period begins.
    period_at: Instant,
    /// When news is pushed.
    push_at: Instant,
    /// What others have us ask.
    errands: Vec<Errand>,
    /// Through whom to join.
    seed: Option<Addr>,
    outputs: VecDeque<Output>,
    suspicions_raised: u64,
    refutations: u64,
}

/// What a node wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A datagram is to be sent.
    Send {
        /// To whom.
        to: Addr,
        /// What.
        bytes: Vec<u8>,
    },
    /// Its view of a member has changed.
    Told(Told),
}

/// A change of what a node believes of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is there.
    Up(NodeId),
    /// It may be gone.
    Suspect(NodeId),
    /// It is gone.
    Down(NodeId),
}

/// This period's probe, until it is answered.
#[derive(Debug)]
struct Probe {
    number: u16,
    target: NodeId,
    /// When helpers are asked; never, once they were.
    help_at: Instant,
}

/// A ping on behalf of another.
#[derive(Debug)]
struct Errand {
    number: u16,
    asker: Addr,
    askers_number: u16,
    until: Instant,
}

impl Node {
    /// A node that knows nobody. Its chance comes from `seed`.
    #[must_use]
    pub fn new(now: Instant, id: NodeId, addr: Addr, settings: Settings, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        // Periods are of one length, and begin at no common moment (SWIM §3.1).
        let wait = rng.part_of(micros(settings.probe_interval));
        Self {
            id,
            addr,
            incarnation: 0,
            settings,
            rng,
            members: Members::default(),
            news: News::default(),
            probe: None,
            number: 0,
            period_at: now + core::time::Duration::from_micros(wait),
            push_at: Instant::NEVER,
            errands: Vec::new(),
            seed: None,
            outputs: VecDeque::new(),
            suspicions_raised: 0,
            refutations: 0,
        }
    }

    /// Tells it of a member, which is then no news to anybody.
    pub fn introduce(&mut self, now: Instant, id: NodeId, addr: Addr) {
        self.take_in(now, &Update { id, addr, incarnation: 0, standing: Standing::Alive });
    }

    /// Has it join through another one (SWIM §3.2), which it asks each period until it knows somebody.
    pub fn join(&mut self, addr: Addr) {
        self.seed = Some(addr);
        self.send(addr, Word::Join, None);
    }

    /// A datagram has come. What is none of this program is dropped.
    pub fn handle_datagram(&mut self, now: Instant, from: Addr, bytes: &[u8]) {
        let Some((sender, word, updates)) = read(bytes).filter(|(sender, ..)| *sender != self.id) else { return };
        if !self.members.is_known(sender) {
            self.hear(now, &Update { id: sender, addr: from, incarnation: 0, standing: Standing::Alive });
        }
        for update in &updates {
            if word == Word::Table && update.id != self.id {
                self.take_in(now, update);
            } else {
                self.hear(now, update);
            }
        }
        match word {
            Word::Ping(number) => self.send(from, Word::Ack(number), Some(sender)),
            Word::PingReq { number, target, addr } => self.run_errand(now, (from, number), (target, addr)),
            Word::Ack(number) => self.on_ack(number),
            Word::Join => self.send_table(from, sender),
            Word::Table | Word::News => {}
        }
    }

    /// Time has passed.
    pub fn handle_timer(&mut self, now: Instant) {
        if self.probe.as_ref().is_some_and(|probe| probe.help_at <= now) {
            self.ask_helpers();
        }
        if self.period_at <= now {
            self.end_period(now);
            self.begin_period(now);
        }
        if self.push_at <= now {
            self.push(now);
        }
        // Whoever did not contradict in time is faulty, and all are told (SWIM §4.2).
        for id in self.members.overdue(now) {
            self.claim(now, id, Standing::Faulty);
        }
    }

    /// What it wants done next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When time is to be told to it again.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        let help_at = self.probe.as_ref().map_or(Instant::NEVER, |probe| probe.help_at);
        self.period_at.min(self.push_at).min(help_at).min(self.members.next_verdict())
    }

    /// Whether it counts a member as living: whoever is suspected still does (SWIM §4.2).
    #[must_use]
    pub fn counts(&self, id: NodeId) -> bool {
        id == self.id || self.members.counts(id)
    }

    /// How many it counts as living, itself included.
    #[must_use]
    pub fn live(&self) -> usize {
        self.members.live()
    }

    /// How many suspicions it raised itself.
    #[must_use]
    pub fn suspicions_raised(&self) -> u64 {
        self.suspicions_raised
    }

    /// How often it contradicted what was said of it.
    #[must_use]
    pub fn refutations(&self) -> u64 {
        self.refutations
    }

    /// Pings the member whose turn it is (SWIM §3.1).
    fn begin_period(&mut self, now: Instant) {
        let (next, interval) = (self.period_at + self.settings.probe_interval, self.settings.probe_interval);
        // Periods that were slept through are not made up for.
        self.period_at = if next > now { next } else { now + interval };
        self.errands.retain(|errand| errand.until > now);
        let Some(target) = self.members.next_turn(&mut self.rng) else {
            if let Some(seed) = self.seed {
                self.send(seed, Word::Join, None);
            }
            return;
        };
        let number = self.next_number();
        self.probe = Some(Probe { number, target, help_at: now + self.settings.probe_timeout });
        if let Some(addr) = self.members.addr(target) {
            self.send(addr, Word::Ping(number), None);
        }
    }

    /// No answer came in time: others are asked to ask (SWIM §3.1, *ping-req*).
    fn ask_helpers(&mut self) {
        let Some(probe) = &mut self.probe else { return };
        probe.help_at = Instant::NEVER;
        let (number, target) = (probe.number, probe.target);
        let helpers = self.members.some(self.settings.indirect_probes, Some(target), &mut self.rng);
        let Some(addr) = self.members.addr(target) else { return };
        for (_, helper) in helpers {
            self.send(helper, Word::PingReq { number, target, addr }, None);
        }
    }

    /// Whoever did not answer within the period, neither directly nor through a helper, is suspected (SWIM §4.2; declared faulty at
    /// once, in §3.1).
    fn end_period(&mut self, now: Instant) {
        if let Some(probe) = self.probe.take()
            && self.claim(now, probe.target, Standing::Suspect)
        {
            self.suspicions_raised += 1;
        }
    }

    fn run_errand(&mut self, now: Instant, (asker, askers_number): (Addr, u16), (target, addr): (NodeId, Addr)) {
        let number = self.next_number();
        let until = now + self.settings.probe_interval;
        self.errands.push(Errand { number, asker, askers_number, until });
        self.send(addr, Word::Ping(number), Some(target));
    }

    /// An answer, directly or through a helper; or one that somebody else waits for.
    fn on_ack(&mut self, number: u16) {
        if self.probe.as_ref().is_some_and(|probe| probe.number == number) {
            self.probe = None;
        } else if let Some(at) = self.errands.iter().position(|errand| errand.number == number) {
            let errand = self.errands.remove(at);
            self.send(errand.asker, Word::Ack(errand.askers_number), None);
        }
    }

    /// Says of a member what it says of nobody else's accord; whether that was new.
    fn claim(&mut self, now: Instant, id: NodeId, standing: Standing) -> bool {
        let known = self.members.claim(id);
        known.is_some_and(|known| self.hear(now, &Update { standing, ..known }))
    }

    /// Takes in what is said, and tells it on if it was new: whether it was.
    fn hear(&mut self, now: Instant, update: &Update) -> bool {
        if update.id == self.id {
            self.answer_accusation(now, update);
            return false;
        }
        let is_new = self.take_in(now, update);
        if is_new {
            self.announce(now, update.id);
        }
        is_new
    }

    /// Takes in what is said of another, and tells whoever asks for it; whether it was new.
    fn take_in(&mut self, now: Instant, update: &Update) -> bool {
        if update.id == self.id {
            return false;
        }
        let until = now + self.settings.suspicion(self.members.live());
        let Some(Change { before, now }) = self.members.join(update, until, &mut self.rng) else { return false };
        let was_down = before.is_none_or(|before| before == Standing::Faulty);
        if was_down {
            self.outputs.push_back(Output::Told(Told::Up(update.id)));
        }
        match now {
            Standing::Suspect if before != Some(now) => self.outputs.push_back(Output::Told(Told::Suspect(update.id))),
            Standing::Faulty => self.outputs.push_back(Output::Told(Told::Down(update.id))),
            Standing::Alive | Standing::Suspect => {}
        }
        true
    }

    /// Contradicts what is said of us, with an incarnation that outdoes it (SWIM §4.2).
    fn answer_accusation(&mut self, now: Instant, update: &Update) {
        if update.standing == Standing::Alive {
            return;
        }
        if update.incarnation >= self.incarnation {
            self.incarnation = update.incarnation + 1;
            self.refutations += 1;
            self.announce(now, self.id);
        } else if update.standing == Standing::Faulty && !self.news.is_pending(self.id) {
            // Somebody has missed it.
            self.announce(now, self.id);
        }
    }

    /// There is news of a member.
    fn announce(&mut self, now: Instant, id: NodeId) {
        self.news.put(id);
        if self.settings.fanout > 0 && self.push_at == Instant::NEVER {
            self.push_at = now + self.settings.gossip_interval;
        }
    }

    /// Tells a few members what is new (Lifeguard's baseline: SWIM has none of it).
    fn push(&mut self, now: Instant) {
        for (_, addr) in self.members.some(self.settings.fanout, None, &mut self.rng) {
            if !self.news.is_empty() {
                self.send(addr, Word::News, None);
            }
        }
        self.push_at = if self.news.is_empty() { Instant::NEVER } else { now + self.settings.gossip_interval };
    }

    /// Tells a newcomer who is there.
    fn send_table(&mut self, to: Addr, newcomer: NodeId) {
        let verdict = self.members.claim(newcomer).filter(|claim| claim.standing == Standing::Faulty);
        let all = verdict.into_iter().chain([self.own_claim()]).chain(self.members.claims());
        let begin = || Letter::new(self.id, Word::Table, self.settings.datagram_len_max);
        let (mut letters, mut letter) = (Vec::new(), begin());
        for claim in all {
            if !letter.add(&claim) {
                letters.push(core::mem::replace(&mut letter, begin()));
                letter.add(&claim);
            }
        }
        letters.push(letter);
        let sends = letters.into_iter().map(|letter| Output::Send { to, bytes: letter.into_bytes() });
        self.outputs.extend(sends);
    }

    /// Sends a word, with the news that fits beside it (SWIM §4.1, *piggybacking*); to one that is held to be faulty, that first.
    fn send(&mut self, to: Addr, word: Word, receiver: Option<NodeId>) {
        let mut letter = Letter::new(self.id, word, self.settings.datagram_len_max);
        let receiver = receiver.and_then(|id| self.members.claim(id));
        if let Some(verdict) = receiver.filter(|claim| claim.standing == Standing::Faulty) {
            letter.add(&verdict);
        }
        let (own, members) = (self.own_claim(), &self.members);
        let limit = self.settings.retransmits(members.live());
        self.news.tell(limit, |id| {
            let claim = if id == own.id { Some(own) } else { members.claim(id) };
            claim.is_none_or(|claim| letter.add(&claim))
        });
        self.outputs.push_back(Output::Send { to, bytes: letter.into_bytes() });
    }

    fn own_claim(&self) -> Update {
        Update { id: self.id, addr: self.addr, incarnation: self.incarnation, standing: Standing::Alive }
    }

    fn next_number(&mut self) -> u16 {
        self.number = self.number.wrapping_add(1);
        self.number
    }
}
