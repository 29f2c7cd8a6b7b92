//! A name that two living nodes go by.
//!
//! There is one row for each name, and it can hold one of the two at a time. Left to themselves, each would outdo what the other
//! says of the name, for ever; everybody would take each turn for a restart, and count as agreed whoever spoke last. So there is
//! a list of such names:
//!
//! - **Who finds it.** Whoever hears of another life under its own name asks at that life's address, in a datagram that nobody
//!   but a rival could answer under that name: a life that ended never does. From then on both know.
//! - **Who is told.** The two tell it as news, with where both are, and whoever lacks it is told in answer to a pull: in the
//!   digest, a name that two bear counts as just that, whichever of them the row holds. So it changes nothing when they take
//!   turns, and they stop taking them: neither contradicts the other while both live.
//! - **What follows.** Nobody claims agreement: of two nodes that look like one, nobody knows which of them agrees. What is sent
//!   to the name goes to both in turn, and answers go to whoever asked.
//! - **How it ends.** It is known for as long as both are known to live: they ask each other now and then, and tell that both are
//!   there still; whoever hears both by itself need not be told, and whoever was not told for long asks them. What is told has an
//!   age, elapsed time added up hop by hop, so that it ends everywhere at nearly the same moment, and nobody can bring it back who
//!   heard of it late. Then whoever is left says so of itself once more.
use super::{
    Membership,
    list::{MemberList, Row},
};
use crate::{
    config::namesakes::{ASKED_AGAIN, ASKED_FROM, ASKED_WITHIN, ASKERS, LATELY, LEASE, RENEWED_EVERY, TOLD_FOR},
    context::Context,
    id::{Addr, Generation, Incarnation, NodeId},
    io::Event,
    records::{Intent, NameConflict, NameStanding, Namesake, Retransmits},
    stats::Counter,
    storage::{Snapshot, Storage},
    table::Table,
    time::{Instant, Span},
    wire::{Bearer, Frame, Header, NameConflictFrame, Ping, Read, Reader, Writer},
};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The names that two bear, as far as is known.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Snapshot")]
pub(super) struct Namesakes<S: Storage> {
    conflicts: S::NameConflicts,
}

impl<S: Storage> Membership<S> {
    /// A datagram came under our own name: a rival that lives, seen directly. We are one to it: where it asked, it hears so by our
    /// answer, and an answer is no question.
    pub(crate) fn on_namesake(&mut self, cx: &mut Context<S>, from: Addr, header: &Header, frames: &[u8]) {
        if header.generation == cx.me.generation || from == cx.me.addr {
            return;
        }
        cx.count(Counter::NameConflicts);
        let me = Bearer { generation: cx.me.generation, addr: cx.me.addr };
        let rival = Bearer { generation: header.generation, addr: from };
        self.on_conflict(cx, cx.me.id, [me, rival], cx.now);
        if let Some(Ok(Read::Frame(Frame::Ping(_)))) = Reader::new(frames).next() {
            cx.send_bare(from, None, Intent::Ack(Ping::ANNOUNCE));
        }
    }

    /// Somebody tells of a name that two bear.
    pub(crate) fn on_name_conflict(&mut self, cx: &mut Context<S>, frame: &NameConflictFrame) {
        let NameConflictFrame { id, age_millis, bearers: [one, other] } = *frame;
        let age = Duration::from_millis(age_millis.into());
        let [of_one, of_other] = [one, other].map(|bearer| bearer.addr.as_bytes().is_empty());
        if one.generation == other.generation || one.addr == other.addr || of_one || of_other {
            cx.count(Counter::ClaimsRefused);
            return;
        }
        if age > cx.config.probe_interval.times(TOLD_FOR) {
            return;
        }
        let is_ours = id == cx.me.id;
        if is_ours && ![one.generation, other.generation].contains(&cx.me.generation) {
            // It is about a life of ours that ended, or about two others: they tell us if they are there.
            self.rival.ask(cx, one.addr);
            return self.rival.ask(cx, other.addr);
        }
        self.on_conflict(cx, id, [one, other], cx.now.saturating_sub(age));
    }

    /// Asks those that bear a name with another whether they are there, and ends what was not renewed.
    pub(super) fn on_namesake_timer(&mut self, cx: &mut Context<S>) {
        if cx.now < self.names.next_deadline(cx) {
            return;
        }
        self.names.ask_bearers(cx);
        while let Some(id) = self.names.next_over(cx) {
            self.end_conflict(cx, id);
        }
    }

    /// One of the names is not borne by anybody any more, as far as we know; or by one again.
    pub(super) fn end_conflict(&mut self, cx: &mut Context<S>, id: NodeId) {
        if self.names.end(cx, &mut self.list, id) && id == cx.me.id && self.is_running() {
            // Others may have the rival in the row.
            cx.me.incarnation = cx.me.incarnation.max(self.rival.heard()).next();
            self.restate(cx);
        }
    }

    /// Whether two live that go by a name, as far as is known.
    pub(crate) fn has_name_conflict(&self, id: NodeId) -> bool {
        self.names.has_name_conflict(id)
    }

    /// Where the other one of a name is, of the two that bear it.
    pub(crate) fn rival_of(&self, id: NodeId, generation: Generation) -> Option<Addr> {
        self.names.rival_of(id, generation)
    }

    /// Whether one of the two that bear a name spoke to us before from this address.
    #[cfg(feature = "sim")]
    pub(crate) fn is_heard_bearer(&self, id: NodeId, addr: Addr) -> bool {
        self.names.is_heard_bearer(id, addr)
    }

    /// Where a life of a member is: most often, there is but one.
    pub(crate) fn addr_of(&self, id: NodeId, generation: Generation) -> Option<&Addr> {
        let member = self.list.get(id)?;
        if member.namesake != Namesake::Known || member.generation == generation {
            return Some(&member.addr);
        }
        self.names.addr_of(id, generation)
    }

    fn on_conflict(&mut self, cx: &mut Context<S>, id: NodeId, bearers: [Bearer; 2], seen_at: Instant) {
        let retransmits = if id == cx.me.id { cx.retransmit_limit() } else { self.relay_retransmits(cx) };
        self.names.on_conflict(cx, &mut self.list, id, bearers, seen_at, retransmits);
    }
}

impl<S: Storage> Namesakes<S> {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { conflicts: Table::with_limit(limit) }
    }

    pub(super) fn next_deadline(&self, cx: &Context<S>) -> Instant {
        let lease = cx.config.probe_interval.times(LEASE);
        let lasting = self.conflicts.as_slice().iter().filter(|(_, it)| it.standing != NameStanding::OverUntold);
        lasting.map(|(_, it)| it.ask_at.min(it.seen_at + lease)).min().unwrap_or(Instant::NEVER)
    }

    /// The first that nobody renewed.
    fn next_over(&self, cx: &Context<S>) -> Option<NodeId> {
        self.conflicts.as_slice().iter().find(|(_, it)| is_over(cx, it)).map(|(id, _)| *id)
    }

    /// Ends a conflict, if there is one: says so.
    fn end(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, id: NodeId) -> bool {
        let Some(conflict) = self.conflicts.get_mut(&id) else { return false };
        match conflict.standing {
            NameStanding::Untold => drop(self.conflicts.swap_remove(&id)),
            NameStanding::Told | NameStanding::OverUntold => conflict.standing = NameStanding::OverUntold,
        }
        cx.name_conflicts = self.lasting();
        if let Some(slot) = list.slot(id) {
            list.update(cx, slot, |member| member.namesake = Namesake::None);
        }
        true
    }

    /// Where the other one of a name is, of the two that bear it.
    pub(super) fn rival_of(&self, id: NodeId, generation: Generation) -> Option<Addr> {
        let conflict = self.lasting_conflict(id)?;
        conflict.bearers.iter().find(|bearer| bearer.generation != generation).map(|bearer| bearer.addr)
    }

    /// Where one of the two is that bear a name.
    fn addr_of(&self, id: NodeId, generation: Generation) -> Option<&Addr> {
        let bearers = &self.lasting_conflict(id)?.bearers;
        bearers.iter().find(|bearer| bearer.generation == generation).map(|bearer| &bearer.addr)
    }

    /// Whether one of the two that bear a name spoke to us before from this address.
    pub(super) fn is_heard_bearer(&self, id: NodeId, addr: Addr) -> bool {
        let Some(conflict) = self.lasting_conflict(id) else { return false };
        conflict.bearers.iter().zip(conflict.heard_at).any(|(bearer, at)| at.is_some() && bearer.addr == addr)
    }

    /// Asks whether somebody is there; that tells it what is said of it, too. Of two that bear its name, either may say so.
    pub(super) fn send_digest_probe(&self, cx: &mut Context<S>, (id, member): &Row<S>) {
        cx.send(member.addr, Some(*id), Intent::Ping(Ping::DIGEST_PROBE));
        if let Some(rival) = self.rival_of(*id, member.generation) {
            cx.send(rival, Some(*id), Intent::Ping(Ping::DIGEST_PROBE));
        }
    }

    /// Somebody spoke under a name that two bear. Whoever heard both knows that both live.
    pub(super) fn on_bearer_heard(&mut self, cx: &mut Context<S>, from: Addr, header: &Header, known: Incarnation) {
        let Some(conflict) = self.conflicts.get_mut(&header.sender) else { return };
        let mut bearers = conflict.bearers.iter().zip(&mut conflict.heard_at);
        let Some((_, heard_at)) = bearers.find(|(bearer, _)| is_borne(bearer, &from, header)) else {
            if !conflict.retransmits.is_pending() {
                // A third one. Nothing reaches it but answers, for it is neither: by them, it hears so, and asks the two.
                conflict.retransmits = cx.retransmit_limit();
            }
            return;
        };
        let is_due = *heard_at < Some(cx.now.saturating_sub(cx.config.gossip_interval));
        *heard_at = Some(cx.now);
        if is_due && cx.received.may_announce && header.incarnation > known {
            // What it says of itself shows in no digest, for the name counts as borne by two.
            cx.answer(from, header.sender, Intent::Ping(Ping::ANNOUNCE));
        }
        if let [Some(one), Some(other)] = conflict.heard_at
            && one.min(other) > conflict.seen_at
        {
            conflict.seen_at = one.min(other);
            conflict.ask_at = ask_at(cx, header.sender, conflict.seen_at);
        }
    }

    /// Asks those that were not heard of for long whether they are there: our rival, and those that bear another's name.
    fn ask_bearers(&mut self, cx: &mut Context<S>) {
        let interval = cx.config.probe_interval;
        for slot in 0..self.conflicts.len() {
            let Some((id, conflict)) = self.conflicts.at_mut(slot) else { return };
            if cx.now < conflict.ask_at || conflict.standing == NameStanding::OverUntold {
                continue;
            }
            conflict.ask_at = cx.now + interval.times(ASKED_AGAIN);
            let (id, lately) = (*id, conflict.seen_at + interval.times(RENEWED_EVERY));
            for (bearer, heard_at) in conflict.bearers.iter().zip(conflict.heard_at) {
                if heard_at.is_none_or(|at| at < lately) && bearer.addr != cx.me.addr {
                    cx.send_bare(bearer.addr, Some(id), Intent::Ping(Ping::ANNOUNCE));
                }
            }
        }
    }

    /// Puts what is news of such names.
    pub(super) fn piggyback(&mut self, cx: &Context<S>, writer: &mut Writer<'_>) {
        for slot in 0..self.conflicts.len() {
            let Some((id, conflict)) = self.conflicts.at_mut(slot) else { return };
            if conflict.retransmits.is_pending() && writer.put(&frame_of(cx, *id, conflict)) {
                conflict.retransmits = conflict.retransmits.after_one();
            }
        }
    }

    /// Puts what there is to say of a name that two bear.
    pub(super) fn put(&self, cx: &Context<S>, id: NodeId, writer: &mut Writer<'_>) -> bool {
        self.lasting_conflict(id).is_some_and(|conflict| writer.put(&frame_of(cx, id, conflict)))
    }

    pub(super) fn has_news(&self) -> bool {
        self.conflicts.as_slice().iter().any(|(_, conflict)| conflict.retransmits.is_pending())
    }

    pub(super) fn next_event(&mut self, list: &MemberList<S>) -> Option<Event<'static>> {
        let untold = |conflict: &NameConflict| conflict.standing != NameStanding::Told;
        let id = self.conflicts.as_slice().iter().find(|(_, conflict)| untold(conflict)).map(|(id, _)| *id)?;
        let conflict = self.conflicts.get_mut(&id)?;
        if conflict.standing == NameStanding::OverUntold {
            self.conflicts.swap_remove(&id);
            return Some(Event::NameConflictOver(id));
        }
        conflict.standing = NameStanding::Told;
        let mut addrs = conflict.bearers.map(|bearer| bearer.addr);
        // The one in the row first.
        if list.get(id).is_some_and(|member| member.generation == conflict.bearers[1].generation) {
            addrs.swap(0, 1);
        }
        Some(Event::NameConflict { id, addrs })
    }

    /// How many there are, and how many there may be.
    pub(super) fn usage(&self) -> (usize, usize) {
        (self.conflicts.len(), self.conflicts.limit())
    }

    /// Whether two live that go by a name, as far as is known.
    pub(super) fn has_name_conflict(&self, id: NodeId) -> bool {
        self.lasting_conflict(id).is_some()
    }

    /// Two bear a name, and were both there at `seen_at`.
    fn on_conflict(
        &mut self,
        cx: &mut Context<S>,
        list: &mut MemberList<S>,
        id: NodeId,
        bearers: [Bearer; 2],
        seen_at: Instant,
        retransmits: Retransmits,
    ) {
        let Some(slot) = list.slot(id).filter(|_| list.is_live(id)) else { return };
        let fresh = NameConflict {
            bearers,
            heard_at: [None; 2],
            seen_at,
            ask_at: ask_at(cx, id, seen_at),
            retransmits,
            standing: NameStanding::Untold,
        };
        let renewed = seen_at.saturating_sub(cx.config.probe_interval.times(RENEWED_EVERY / 2));
        match self.conflicts.get_mut(&id) {
            Some(known) if known.standing == NameStanding::OverUntold => {
                *known = NameConflict { standing: NameStanding::Told, ..fresh };
            }
            Some(known) if renewed > known.seen_at => {
                let heard_at = if known.bearers == bearers { known.heard_at } else { [None; 2] };
                *known = NameConflict { standing: known.standing, heard_at, ..fresh };
            }
            Some(_) => return,
            None => {
                self.make_room_for(cx, list, id);
                if self.conflicts.insert(id, fresh).is_err() {
                    cx.count(Counter::NameConflictsRefused);
                    return;
                }
            }
        }
        cx.name_conflicts = self.lasting();
        list.update(cx, slot, |member| member.namesake = Namesake::Known);
    }

    /// Our own name goes before those of others.
    fn make_room_for(&mut self, cx: &mut Context<S>, list: &mut MemberList<S>, id: NodeId) {
        if id == cx.me.id && self.conflicts.is_full() {
            let other = self.conflicts.as_slice().first().map(|(id, _)| *id);
            if let Some(other) = other {
                let _ = self.end(cx, list, other);
                self.conflicts.swap_remove(&other);
                cx.count(Counter::NameConflictsRefused);
            }
        }
    }

    fn lasting_conflict(&self, id: NodeId) -> Option<&NameConflict> {
        self.conflicts.get(&id).filter(|conflict| conflict.standing != NameStanding::OverUntold)
    }

    fn lasting(&self) -> usize {
        self.conflicts.as_slice().iter().filter(|(_, it)| it.standing != NameStanding::OverUntold).count()
    }
}

/// Another life of a member speaks from elsewhere. Most often the one that we know has ended; if it was heard just now, a few of
/// us ask whether it has: where it lives, it learns so that there is another.
pub(super) fn ask_former_life<S: Storage>(cx: &mut Context<S>, (id, member): &Row<S>) {
    let lately = cx.now.saturating_sub(cx.config.probe_interval.times(LATELY));
    let may_live = member.namesake != Namesake::Known && member.heard_at.is_some_and(|at| at > lately);
    if may_live && cx.received.may_announce && cx.rng.below(cx.live) < ASKERS {
        cx.send_bare(member.addr, Some(*id), Intent::Ping(Ping::ANNOUNCE));
    }
}

/// Whether a datagram with this header, from there, is of one that bears a name.
fn is_borne(bearer: &Bearer, from: &Addr, header: &Header) -> bool {
    bearer.generation == header.generation && bearer.addr == *from
}

fn is_over<S: Storage>(cx: &Context<S>, conflict: &NameConflict) -> bool {
    let lease = cx.config.probe_interval.times(LEASE);
    conflict.standing != NameStanding::OverUntold && cx.now >= conflict.seen_at + lease
}

/// When we ask ourselves whether those live that did at `seen_at`: our rival we ask in any case.
fn ask_at<S: Storage>(cx: &mut Context<S>, id: NodeId, seen_at: Instant) -> Instant {
    let interval = cx.config.probe_interval;
    if id == cx.me.id {
        return seen_at + interval.times(RENEWED_EVERY);
    }
    seen_at + interval.times(ASKED_FROM) + cx.random_part(interval.times(ASKED_WITHIN))
}

fn frame_of<S: Storage>(cx: &Context<S>, id: NodeId, conflict: &NameConflict) -> Frame<'static> {
    let age = cx.now.saturating_duration_since(conflict.seen_at);
    let age_millis = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
    Frame::NameConflict(NameConflictFrame { id, age_millis, bearers: conflict.bearers })
}
