//! Do all agree? Known from the digests that ride on every datagram.
//!
//! A digest stands for all that a node knows: who lives, which rumors it saw, which writes it saw. Whoever was heard with
//! our digest agrees with us. To hear that of everyone directly takes as long as probing everyone, so that nodes also
//! pass on whom *they* have heard with that same digest: evidence spreads as rumors do, in a bit for each member.
use crate::{
    context::Context,
    digest::Digest,
    id::NodeId,
    io::Event,
    records::Evidence,
    storage::{Snapshot, Storage},
    table::Table,
    time::Instant,
    wire::{Agreeing, Frame, Header, Writer},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How many of our own former digests we remember, half of each: enough to tell them from a few others.
const PAST: usize = 20;

/// The longest wait between two inquiries while nothing new is learned, in probe intervals.
const WAIT_MAX: u32 = 8;

/// What the others are known to know.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(crate) struct Convergence<S: Storage> {
    evidence: S::Evidence,
    digest: Digest,
    /// What our digest was before: whoever was heard with one of these was behind us, not ahead.
    past: [u32; PAST],
    past_at: usize,
    since: Option<Instant>,
    told: Claimed,
    /// Whether anything happened since we last looked.
    dirty: bool,
    /// When we next ask somebody who is not known to agree, and how long we waited before.
    inquire_at: Instant,
    wait: Duration,
}

/// What the application was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Claimed {
    Nothing,
    Converged,
    Diverged,
}

/// How far a node's cluster is from agreement, as far as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// How many live members are known to agree with us, ourselves included.
    pub agreeing: usize,
    /// How many live members there are, ourselves included.
    pub live: usize,
    /// Since when all of them are known to agree. A node alone has nobody to agree with.
    pub since: Option<Instant>,
    /// How many writes the others were seen to lack, added up. An estimate from below: it is counted when they ask.
    pub behind: u64,
}

impl Agreement {
    /// Whether every live member is known to agree with us.
    #[must_use]
    pub const fn is_converged(&self) -> bool {
        self.since.is_some()
    }
}

impl<S: Storage> Convergence<S> {
    pub(crate) fn new(cx: &Context<S>, digest: Digest) -> Self {
        Self {
            evidence: Table::with_limit(cx.config.limits.members),
            digest,
            past: [half(digest); PAST],
            past_at: 0,
            since: None,
            told: Claimed::Nothing,
            dirty: false,
            inquire_at: Instant::NEVER,
            wait: Duration::ZERO,
        }
    }

    /// Our own digest, which may have changed.
    pub(crate) fn set_digest(&mut self, cx: &Context<S>, digest: Digest) {
        if digest == self.digest {
            return;
        }
        self.past[self.past_at] = half(self.digest);
        self.past_at = (self.past_at + 1) % PAST;
        self.digest = digest;
        self.since = None;
        self.dirty = true;
        // Things have to settle first; under a stream of writes, they never do.
        self.wait = first_wait(cx);
        self.inquire_at = cx.now + self.wait;
    }

    /// A live member spoke: so much it knows.
    pub(crate) fn on_heard(&mut self, cx: &Context<S>, header: &Header) {
        let before = self.evidence.get(&header.sender).map(|evidence| evidence.digest);
        if before == Some(header.digest) {
            return;
        }
        self.on_evidence(cx);
        self.record(header.sender, header.digest);
    }

    /// A member that knows what we know has heard of others that do.
    pub(crate) fn on_agreeing(&mut self, cx: &Context<S>, bits: &[u8], live: impl Iterator<Item = NodeId>) {
        for (rank, id) in live.enumerate() {
            let agrees = bits.get(rank / 8).is_some_and(|byte| byte >> (rank % 8) & 1 == 1);
            if agrees && id != cx.me.id {
                self.on_hearsay(cx, id);
            }
        }
    }

    /// A member that knows what we know has heard that everybody does.
    pub(crate) fn on_unanimous(&mut self, cx: &Context<S>, live: impl Iterator<Item = NodeId>) {
        if self.since.is_none() {
            live.filter(|id| *id != cx.me.id).for_each(|id| self.on_hearsay(cx, id));
        }
    }

    /// `peer` asked for writes, and was seen to lack so many.
    pub(crate) fn on_behind(&mut self, peer: NodeId, behind: u32) {
        if let Some(evidence) = self.evidence.get_mut(&peer) {
            evidence.behind = behind;
        }
    }

    pub(crate) fn forget(&mut self, id: NodeId) {
        self.evidence.swap_remove(&id);
        self.dirty = true;
    }

    /// Looks whether all agree now.
    pub(crate) fn settle(&mut self, cx: &Context<S>, live: impl Iterator<Item = NodeId>) {
        if !core::mem::take(&mut self.dirty) {
            return;
        }
        let all = cx.live > 1 && live.filter(|id| *id != cx.me.id).all(|id| self.agrees(id));
        if all && self.since.is_none() {
            self.since = Some(cx.now);
        } else if !all {
            self.since = None;
        }
    }

    pub(crate) fn is_unanimous(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) fn agreement(&self, cx: &Context<S>, live: impl Iterator<Item = NodeId>) -> Agreement {
        let mut agreement = Agreement { agreeing: 1, live: cx.live, since: self.since, behind: 0 };
        for id in live.filter(|id| *id != cx.me.id) {
            if self.agrees(id) {
                agreement.agreeing += 1;
            } else {
                agreement.behind += self.evidence.get(&id).map_or(0, |evidence| u64::from(evidence.behind));
            }
        }
        agreement
    }

    /// What changed since the application was last told.
    pub(crate) fn next_event(&mut self, cx: &Context<S>, live: impl Iterator<Item = NodeId>) -> Option<Event<'static>> {
        let claim = if self.since.is_some() { Claimed::Converged } else { Claimed::Diverged };
        if cx.live == 1 {
            // Nobody is there to agree or differ: the application is told that we are alone.
            self.told = Claimed::Nothing;
            return None;
        }
        let nothing_to_take_back = claim == Claimed::Diverged && self.told == Claimed::Nothing;
        if claim == self.told || nothing_to_take_back {
            return None;
        }
        self.told = claim;
        let Agreement { agreeing, live, .. } = self.agreement(cx, live);
        Some(match claim {
            Claimed::Converged => Event::Converged { live },
            Claimed::Diverged | Claimed::Nothing => Event::Diverged { agreeing, live },
        })
    }

    /// Whom to ask now for the digest in its answer: at random, one of those who are not known to agree. As long as that
    /// brings nothing new, each next one is asked after half as long again.
    pub(crate) fn on_timer(&mut self, cx: &mut Context<S>, live: impl Iterator<Item = NodeId>) -> Option<NodeId> {
        if cx.now < self.next_deadline() {
            return None;
        }
        self.wait = (self.wait + self.wait / 2).min(cx.config.probe_interval * WAIT_MAX);
        self.inquire_at = cx.now + self.wait;
        let mut doubtful = 0;
        let mut drawn = None;
        for id in live.filter(|id| *id != cx.me.id) {
            if !self.agrees(id) {
                doubtful += 1;
                drawn = if cx.rng.below(doubtful) == 0 { Some(id) } else { drawn };
            }
        }
        if drawn.is_none() {
            // Nobody is in doubt. When somebody comes, the digest changes.
            self.inquire_at = Instant::NEVER;
        }
        drawn
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        if self.is_unanimous() { Instant::NEVER } else { self.inquire_at }
    }

    /// Passes evidence on. That everybody agrees is said by the header alone.
    pub(crate) fn piggyback(&self, cx: &Context<S>, live: impl Iterator<Item = NodeId>, writer: &mut Writer<'_>) {
        if self.is_unanimous() {
            return;
        }
        // If it does not fit, each has to find out for itself.
        let _ = writer.put_tailed(|room| {
            let bits = room.get_mut(..cx.live.div_ceil(8)).unwrap_or_default();
            bits.fill(0);
            for (rank, id) in live.enumerate() {
                if (id == cx.me.id || self.agrees(id))
                    && let Some(byte) = bits.get_mut(rank / 8)
                {
                    *byte |= 1 << (rank % 8);
                }
            }
            (bits.len(), Frame::Agreeing(Agreeing { bits: &[] }))
        });
    }

    pub(crate) fn usage(&self) -> (&'static str, usize, usize) {
        ("evidence", self.evidence.len(), self.evidence.limit())
    }

    /// Something was learned: it is worth asking on.
    fn on_evidence(&mut self, cx: &Context<S>) {
        self.dirty = true;
        self.wait = first_wait(cx);
        self.inquire_at = self.inquire_at.min(cx.now + self.wait);
    }

    fn agrees(&self, id: NodeId) -> bool {
        self.evidence.get(&id).is_some_and(|evidence| evidence.digest == self.digest)
    }

    /// Believes that `id` agrees with us, unless we have heard it say something that we never said: it may be ahead.
    fn on_hearsay(&mut self, cx: &Context<S>, id: NodeId) {
        match self.evidence.get(&id).map(|evidence| evidence.digest) {
            Some(digest) if digest == self.digest || !self.past.contains(&half(digest)) => {}
            _ => {
                self.on_evidence(cx);
                self.record(id, self.digest);
            }
        }
    }

    fn record(&mut self, id: NodeId, digest: Digest) {
        if let Some(evidence) = self.evidence.get_mut(&id) {
            evidence.digest = digest;
            evidence.behind = if digest == self.digest { 0 } else { evidence.behind };
            return;
        }
        // As many rows as members: there is room, but for members forgotten a moment ago.
        let _ = self.evidence.insert(id, Evidence { digest, behind: 0 });
    }
}

fn first_wait<S: Storage>(cx: &Context<S>) -> Duration {
    cx.config.gossip_interval / 4
}

fn half(digest: Digest) -> u32 {
    u32::try_from(digest.0 >> 32).unwrap_or(0)
}
