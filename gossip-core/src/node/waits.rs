//! What the application waits for: that others have a write of ours, or that all agree.
//!
//! Who is to have a write is asked directly, and the write goes along; all waits share what the answers say. A round of questions goes
//! to as many as are lacking, with some to spare, and to no more at a time than the limits allow; the next one comes after as long as
//! an answer takes, and after twice as long each time that nothing new was heard. While nobody waits, nothing is sent, looked at or
//! remembered.
//!
//! *Reached* is told only of what was shown: by a member in its present life, or by all that agree. Members that live are counted anew
//! whenever they change; in between, the counts go along with the answers.
use super::{
    Node,
    confirmations::{is_other, keeps_entries},
};
use crate::{
    context::Context,
    digest::Digest,
    error::AwaitError,
    id::{Dot, NodeId, WaitId},
    io::Event,
    records::{Awaited, Member, Namesake, Wait, WaitStanding},
    replicated::Replicated,
    storage::{Snapshot, Storage},
    table::Table,
    time::Instant,
    waiting::{NotReached, Quorum},
    wire::Store,
};
use serde::{Deserialize, Serialize};

/// What is waited for, and what the others have shown to have of our writes.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct Waits<S: Storage> {
    pub(super) rows: S::Waits,
    /// Which the questions and answers change; here, they are read.
    pub(super) confirmations: S::Confirmations,
    /// How many waits there have been.
    issued: u32,
    /// How long to wait after the next round, in microseconds.
    pub(super) pause: u32,
    /// Nobody is asked before; never, while there is nobody to ask.
    pub(super) ask_at: Instant,
    /// As of which members holders were counted.
    pub(super) counted: Digest,
}

impl<S: Storage> Waits<S> {
    pub(super) fn new(cx: &Context<S>) -> Self {
        let limits = &cx.config.limits;
        Self {
            rows: Table::with_limit(limits.waits),
            confirmations: Table::with_limit(if limits.waits == 0 { 0 } else { limits.members }),
            issued: 0,
            pause: 0,
            ask_at: Instant::ZERO,
            counted: Digest::default(),
        }
    }

    pub(super) fn next_deadline(&self) -> Instant {
        let mut next = Instant::NEVER;
        for (_, wait) in self.rows.as_slice().iter().filter(|(_, wait)| wait.standing == WaitStanding::Pending) {
            let ask_at = if matches!(wait.awaited, Awaited::Write { .. }) { self.ask_at } else { Instant::NEVER };
            next = next.min(wait.until).min(ask_at);
        }
        next
    }

    /// Lets go of what the application was told of.
    pub(super) fn forget_told(&mut self) {
        while let Some((id, _)) = self.rows.as_slice().iter().find(|(_, wait)| wait.standing == WaitStanding::Told) {
            let id = *id;
            self.rows.swap_remove(&id);
        }
    }

    /// Somebody turned out to keep more, or less, than we had heard: who has what is counted anew.
    pub(super) fn on_stores_heard(&mut self) {
        self.counted = Digest::default();
    }

    pub(super) fn usage(&self) -> (&'static str, usize, usize) {
        ("waits", self.rows.len(), self.rows.limit())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.as_slice().is_empty()
    }

    /// Whether a member has shown, in its present life, that it has all of ours up to `sequence`. Of two that go by one name, nobody
    /// knows which of them has it.
    pub(super) fn has(&self, id: NodeId, member: &Member<S::Blob>, sequence: u32) -> bool {
        let shown = self.confirmations.get(&id).filter(|shown| shown.generation == member.generation);
        member.namesake != Namesake::Known && shown.is_some_and(|shown| shown.written >= sequence)
    }

    /// The last write that is waited for, and how many more are to have one, at most.
    pub(super) fn wanted(&self, living: u32) -> Option<(u32, u32)> {
        let pending = self.rows.as_slice().iter().filter(|(_, wait)| wait.standing == WaitStanding::Pending);
        let writes = pending.filter_map(|(_, wait)| match wait.awaited {
            Awaited::Write { sequence, quorum, at_first, holders } => {
                Some((sequence, quorum.needed(living, at_first).saturating_sub(holders)))
            }
            Awaited::Agreement => None,
        });
        writes.reduce(|(last, most), (sequence, lacking)| (last.max(sequence), most.max(lacking)))
    }

    /// Counts one more holder of what lies beyond `before` and up to `upto`.
    pub(super) fn count_holder(&mut self, before: u32, upto: u32) {
        for slot in 0..self.rows.len() {
            if let Some((_, Wait { awaited: Awaited::Write { sequence, holders, .. }, .. })) = self.rows.at_mut(slot)
                && before < *sequence
                && *sequence <= upto
            {
                *holders += 1;
            }
        }
    }
}

impl<S: Storage> Node<S> {
    /// Waits until so many members have a write of ours, `dot`, and names the wait. It ends with one event, at the `deadline` at the
    /// latest: [`Event::WaitReached`], or [`Event::WaitFailed`]. What we wrote before `dot` they have by then too, or what
    /// superseded it.
    ///
    /// *To have* means in memory, of a member that has shown it in its present life; one that crashes may lose it again. Who counts
    /// and when, [`Quorum`] says. Members are asked directly, and told the write along with it; about as many as are to have it, 64 at
    /// a time at most. Where most datagrams arrive, a majority is known after one round trip.
    ///
    /// # Errors
    /// When `dot` is no write of our present life, as many waits as may be go on, or we have left.
    pub fn await_write(
        &mut self,
        now: Instant,
        dot: Dot,
        quorum: Quorum,
        deadline: Instant,
    ) -> Result<WaitId, AwaitError> {
        self.set_now(now);
        let is_ours = dot.writer() == self.cx.me.writer() && dot.sequence > 0;
        if !is_ours || dot.sequence > self.extent().written {
            return Err(AwaitError::Foreign);
        }
        let at_first = self.living();
        let awaited = Awaited::Write { sequence: dot.sequence, quorum, at_first, holders: 1 };
        let id = self.begin_wait(deadline, awaited)?;
        self.note_agreeing();
        self.count_holders();
        self.settle();
        if self.cx.now >= self.waits.ask_at {
            self.ask_holders();
        }
        Ok(id)
    }

    /// Waits until every live member is known to hold the same state as we do, and names the wait. It ends with one event, at the
    /// `deadline` at the latest; [`Event::WaitReached`] comes after [`Event::Converged`], and speaks of the moment in which it is told:
    /// at once, where all agree already. Alone, nobody agrees with us.
    ///
    /// # Errors
    /// When as many waits as may be go on, or we have left.
    pub fn await_converged(&mut self, now: Instant, deadline: Instant) -> Result<WaitId, AwaitError> {
        self.set_now(now);
        let id = self.begin_wait(deadline, Awaited::Agreement)?;
        self.settle();
        Ok(id)
    }

    /// Waits for this no longer: no event tells of it. A wait that has ended is none.
    pub fn cancel_wait(&mut self, now: Instant, wait: WaitId) {
        self.set_now(now);
        self.waits.rows.swap_remove(&wait);
    }

    /// Who is missing yet: the live members that are not known to have what this wait is for, or to agree, in no particular order. It
    /// can be asked while the wait goes on, and once its end is told until the next input; nobody is missing from any other.
    pub fn missing(&self, wait: WaitId) -> impl Iterator<Item = NodeId> {
        let awaited = self.waits.rows.get(&wait).map(|wait| wait.awaited);
        let digest = self.digest();
        let is_missing = move |(id, member): &&(NodeId, Member<S::Blob>)| match awaited {
            Some(Awaited::Write { sequence, .. }) => {
                keeps_entries(&self.cx, *id, member) && !self.waits.has(*id, member, sequence)
            }
            Some(Awaited::Agreement) => is_other(&self.cx, *id, member) && member.knows != digest,
            None => false,
        };
        self.membership.rows().iter().filter(is_missing).map(|(id, _)| *id)
    }

    /// Ends what has come true by now, and what has come to its deadline.
    pub(super) fn settle_waits(&mut self) {
        if self.waits.is_empty() {
            return;
        }
        if self.waits.counted != self.membership.digest() {
            self.count_holders();
        }
        let (living, unanimous) = (self.living(), self.convergence.is_unanimous());
        let live = u32::try_from(self.cx.live).unwrap_or(u32::MAX);
        for slot in 0..self.waits.rows.len() {
            let Some((_, wait)) = self.waits.rows.at_mut(slot) else { break };
            if wait.standing != WaitStanding::Pending {
                continue;
            }
            let reached = match wait.awaited {
                Awaited::Write { quorum, at_first, holders, .. } => {
                    // All that agree with us have all of ours.
                    let holders = if unanimous { living } else { holders };
                    (holders >= quorum.needed(living, at_first)).then_some((holders, living))
                }
                Awaited::Agreement => unanimous.then_some((live, live)),
            };
            if let Some((holders, of)) = reached {
                wait.standing = WaitStanding::Reached(holders, of);
            } else if self.cx.now >= wait.until {
                wait.standing = WaitStanding::Vain(NotReached::TimedOut);
            }
        }
    }

    /// Gives up all waits that `why` puts an end to: a new life of ours makes other writes, and agrees as the old one did.
    pub(super) fn end_waits(&mut self, why: NotReached) {
        for slot in 0..self.waits.rows.len() {
            let Some((_, wait)) = self.waits.rows.at_mut(slot) else { break };
            let goes_on = why == NotReached::Reborn && wait.awaited == Awaited::Agreement;
            if wait.standing == WaitStanding::Pending && !goes_on {
                wait.standing = WaitStanding::Vain(why);
            }
        }
        while let Some((id, _)) = self.waits.confirmations.as_slice().last() {
            let id = *id;
            self.waits.confirmations.swap_remove(&id);
        }
    }

    /// Tells how a wait ended.
    pub(super) fn tell_wait(&mut self) -> Option<Event<'static>> {
        let is_untold = |wait: &Wait| matches!(wait.standing, WaitStanding::Reached(..) | WaitStanding::Vain(_));
        let slot = self.waits.rows.as_slice().iter().position(|(_, wait)| is_untold(wait))?;
        let (&id, row) = self.waits.rows.at_mut(slot)?;
        let ended = *row;
        row.standing = WaitStanding::Told;
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        match ended.standing {
            WaitStanding::Reached(holders, of) => {
                Some(Event::WaitReached { wait: id, holders: count(holders), of: count(of) })
            }
            WaitStanding::Vain(why) => {
                let (holders, of) = match ended.awaited {
                    Awaited::Write { holders, .. } => (count(holders), count(self.living())),
                    Awaited::Agreement => (self.agreement().agreeing, self.agreement().live),
                };
                Some(Event::WaitFailed { wait: id, why, holders, of })
            }
            WaitStanding::Pending | WaitStanding::Told => None,
        }
    }

    fn begin_wait(&mut self, until: Instant, awaited: Awaited) -> Result<WaitId, AwaitError> {
        if !self.is_running() {
            return Err(AwaitError::Left);
        }
        let id = WaitId(self.waits.issued);
        let wait = Wait { until, awaited, standing: WaitStanding::Pending };
        let full = AwaitError::Full { limit: self.waits.rows.limit() };
        self.waits.rows.insert(id, wait).map_err(|_| full)?;
        self.waits.issued = self.waits.issued.wrapping_add(1);
        self.hurry();
        Ok(id)
    }

    /// How many live members keep entries, ourselves included.
    pub(super) fn living(&self) -> u32 {
        self.membership.keepers(Store::Entries).saturating_add(1)
    }
}
