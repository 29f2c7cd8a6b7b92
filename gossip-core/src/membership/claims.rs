//! What is said of members: a lattice of claims, joined from whatever source, in whatever order.
use super::{
    Membership, namesakes,
    probe::Failed,
    suspicion::{Surroundings, false_alarms},
    update::{Changes, MemberChange, Update},
};
use crate::{
    config::detector::CONFIRMATIONS_MAX,
    context::{Context, Credit},
    id::{Addr, Incarnation, NodeId},
    lattice::{Joined, Lattice},
    path::Path,
    records::{Claim, Intent, Member, Namesake, Retransmits, Untold},
    stats::Counter,
    storage::Storage,
    table::{Blob, Table},
    wire::{Accusation, Accusers, Cause, Header, MemberFrame, Standing},
};

impl<S: Storage> Membership<S> {
    /// A member in its own words, from itself or passed on.
    pub(crate) fn on_member(&mut self, cx: &mut Context<S>, by: NodeId, frame: &MemberFrame<'_>) -> Changes {
        let claim = Claim { incarnation: frame.incarnation, standing: frame.standing, generation: frame.generation };
        if claim.incarnation > Incarnation::MAX || claim.standing > Standing::Suspect {
            cx.count(Counter::ClaimsRefused);
            return [None; 2];
        }
        if frame.id == cx.me.id {
            self.on_claim_about_us(cx, claim, Some(frame.addr));
            return [None; 2];
        }
        let Some(slot) = self.list.slot(frame.id) else { return self.admit(cx, frame, claim, by) };
        // Of itself, a member may say what it likes.
        let itself = by == frame.id;
        let step = if itself { Incarnation::MAX.0 } else { Incarnation::RELAYED_STEP };
        if !self.believes(cx, slot, claim, step) || !itself && claim.incarnation > Incarnation::RELAYED_MAX {
            return [None; 2];
        }
        let moved = self.take_words(cx, slot, frame);
        [moved, self.join_update(cx, slot, Update::of(frame, claim, by))]
    }

    /// Something said against a member, or its farewell.
    pub(crate) fn on_accusation(
        &mut self,
        cx: &mut Context<S>,
        from: Addr,
        header: &Header,
        accusation: &Accusation,
    ) -> Option<MemberChange> {
        let claim = Claim {
            incarnation: accusation.incarnation,
            standing: accusation.standing,
            generation: accusation.generation,
        };
        if claim.incarnation > Incarnation::ACCUSED_MAX {
            cx.count(Counter::ClaimsRefused);
            return None;
        }
        if accusation.id == cx.me.id {
            self.on_claim_about_us(cx, claim, None);
            return None;
        }
        // Who was never heard of cannot be missed.
        let slot = self.list.slot(accusation.id)?;
        if claim.standing == Standing::Left && self.list.has_name_conflict(slot) {
            // The other one of this name is still there, and says so before this conflict is over.
            return None;
        }
        if claim.standing == Standing::Alive || !self.believes(cx, slot, claim, Incarnation::ACCUSED_STEP) {
            return None;
        }
        self.correct(cx, from, header.sender, slot, claim);
        let Accusation { by, cause, accusers, .. } = *accusation;
        self.join_update(cx, slot, Update { claim, by, cause, accusers })
    }

    /// Tells a member that counts another as down what that one said itself: that it left. As an answer, which there is one of to
    /// a datagram.
    fn correct(&self, cx: &mut Context<S>, from: Addr, teller: NodeId, slot: usize, claim: Claim) {
        let Some((id, member)) = self.list.row(slot) else { return };
        let outdone = claim.standing == Standing::Down && member.standing == Standing::Left && claim < member.claim();
        if outdone && self.is_live(teller) && core::mem::take(&mut cx.received.may_ask) {
            cx.answer(from, teller, Intent::Verdict(*id));
        }
    }

    /// A probe of ours failed.
    pub(super) fn suspect(&mut self, cx: &mut Context<S>, failed: &Failed) -> Option<MemberChange> {
        let Failed { target, cause, accusers, retransmits } = *failed;
        let slot = self.list.slot(target)?;
        let (_, member) = self.list.row(slot)?;
        let claim = Claim { standing: Standing::Suspect, ..member.claim() };
        if member.standing == Standing::Alive {
            cx.count(Counter::SuspicionsRaised);
            cx.count_by(Counter::SuspicionsRaisedOfLoss, u64::from(cause == Cause::Loss));
            cx.count_by(Counter::SuspicionsUnshared, u64::from(!retransmits.is_pending()));
        }
        let change = self.adopt(cx, slot, Update { claim, by: cx.me.id, cause, accusers });
        self.list.update(cx, slot, |member| member.retransmits = retransmits);
        if let Some(row) = self.list.row(slot) {
            // The suspect is told first: it can refute at once (Lifeguard §IV-C, "buddy").
            self.names.send_digest_probe(cx, row);
        }
        change
    }

    /// Joins what others say into a row.
    ///
    /// Nobody is declared down here by hearsay alone: it may come from the other side of a partition that healed. We probe for
    /// ourselves: at once, where we suspected the same, else when there was time to contradict. Only what a
    /// member says of itself needs no second look.
    fn join_update(&mut self, cx: &mut Context<S>, slot: usize, update: Update) -> Option<MemberChange> {
        let (id, member) = self.list.row(slot)?;
        let own_word = update.by == *id && update.cause == Cause::OwnWord;
        let hearsay = update.claim.standing == Standing::Down && member.is_live() && !own_word;
        if !hearsay {
            return self.adopt(cx, slot, update);
        }
        if update.claim.incarnation < member.incarnation {
            return None;
        }
        if member.standing == Standing::Alive {
            self.suspicions.doubt(cx, &mut self.list, slot);
            return None;
        }
        let claim = Claim { standing: Standing::Suspect, ..update.claim };
        let change = self.adopt(cx, slot, Update { claim, ..update });
        if cx.received.credit == Credit::Full {
            // At the word of somebody unproven, nobody else is asked either: it may be a bystander.
            let Self { list, names, health, suspicions, .. } = self;
            suspicions.probe_unless_probing(cx, &mut Surroundings { list, names, health }, slot);
        }
        change
    }

    /// Takes a claim over, if it is the stronger one, with everything that follows from it.
    pub(super) fn adopt(&mut self, cx: &mut Context<S>, slot: usize, update: Update) -> Option<MemberChange> {
        let (id, member) = self.list.row(slot)?;
        let (id, known) = (*id, member.claim());
        let mut joined = known;
        if joined.join(&update.claim) == Joined::Same {
            if update.claim == known {
                self.join_accusers(cx, slot, update.accusers);
            }
            return None;
        }
        self.count_verdict(cx, slot, joined, update.by);
        let false_alarms = false_alarms(member, joined);
        let suspicion = self.suspicions.open(cx, joined.standing, update.accusers, false_alarms);
        let (now, retransmits) = (cx.now, self.relay_retransmits(cx));
        self.list.update(cx, slot, |member| {
            member.since = if known.standing == joined.standing { member.since } else { now };
            member.set_claim(joined);
            (member.by, member.cause, member.accusers) = (update.by, update.cause, update.accusers);
            member.false_alarms = false_alarms;
            (member.suspicion, member.until) = suspicion;
            member.retransmits = retransmits;
            if member.namesake == Namesake::Heard {
                member.namesake = Namesake::None;
            }
            member.mark_untold();
        });
        if joined.standing > Standing::Suspect && self.list.has_name_conflict(slot) {
            self.end_conflict(cx, id);
        }
        self.update_isolation(cx);
        MemberChange::of(id, known.standing, joined.standing)
    }

    /// More observers found the same. The first few of them are news, for others wait for them (Lifeguard §IV-B).
    fn join_accusers(&mut self, cx: &mut Context<S>, slot: usize, accusers: Accusers) {
        let Some((_, member)) = self.list.row(slot) else { return };
        let (known, joined) = (member.accusers, member.accusers.and(accusers));
        if joined == known || member.standing != Standing::Suspect {
            return;
        }
        let is_news = known.count() <= CONFIRMATIONS_MAX;
        let retransmits = if is_news { self.relay_retransmits(cx) } else { Retransmits::NONE };
        self.list.update(cx, slot, |member| {
            member.accusers = joined;
            member.retransmits = member.retransmits.max(retransmits);
        });
        self.suspicions.shorten(cx, &mut self.list, slot);
    }

    /// Adds somebody new, making room where that harms nobody.
    fn admit(&mut self, cx: &mut Context<S>, frame: &MemberFrame<'_>, claim: Claim, teller: NodeId) -> Changes {
        let words = S::Blob::copy_of(frame.presence.bytes()).zip(frame.presence.extension_len());
        let Some((presence, extension_len)) = words else {
            cx.count(Counter::MembersRefused);
            return [None; 2];
        };
        let forgotten = if self.list.table().is_full() { self.forget_longest_gone(cx) } else { None };
        let forgotten = forgotten.map(MemberChange::Forgotten);
        let Update { by, cause, accusers, .. } = Update::of(frame, claim, teller);
        let (suspicion, until) = self.suspicions.open(cx, claim.standing, accusers, 0);
        let path = Path::untried(cx.config.datagram_len_max);
        let member = Member {
            by,
            cause,
            accusers,
            capabilities: frame.capabilities,
            extension_len,
            suspicion,
            until,
            retransmits: self.relay_retransmits(cx),
            untold: Untold::Standing,
            ..Member::new(frame.id, claim, frame.addr, presence, path, cx.now)
        };
        if !self.list.add(cx, frame.id, member) {
            return [forgotten, None];
        }
        self.update_isolation(cx);
        [forgotten, MemberChange::of(frame.id, Standing::Left, claim.standing)]
    }

    /// Takes over address and presence, when these words are later than the ones we have.
    fn take_words(&mut self, cx: &mut Context<S>, slot: usize, frame: &MemberFrame<'_>) -> Option<MemberChange> {
        let row = self.list.row(slot)?;
        let (_, member) = row;
        if (frame.incarnation, frame.generation) <= (member.stated, member.stated_in) {
            return None;
        }
        let words = S::Blob::copy_of(frame.presence.bytes()).zip(frame.presence.extension_len());
        let Some((presence, extension_len)) = words else {
            cx.count(Counter::MembersRefused);
            return None;
        };
        if frame.addr != member.addr && frame.generation != member.generation {
            namesakes::ask_former_life(cx, row);
        }
        let moved = (member.addr != frame.addr).then_some(MemberChange::Moved(frame.id));
        let (retransmits, path) = (self.relay_retransmits(cx), Path::untried(cx.config.datagram_len_max));
        self.list.update(cx, slot, |member| {
            if member.addr != frame.addr || member.presence != presence {
                member.mark_updated();
            }
            // It has yet to be heard from there.
            if member.addr != frame.addr {
                (member.heard_at, member.path) = (None, path);
            }
            (member.stated, member.stated_in) = (frame.incarnation, frame.generation);
            member.addr = frame.addr;
            member.capabilities = frame.capabilities;
            (member.presence, member.extension_len) = (presence, extension_len);
            member.retransmits = retransmits;
        });
        moved
    }

    /// Whether a claim does not run too far ahead of what is known; counts it, when it does.
    fn believes(&self, cx: &mut Context<S>, slot: usize, claim: Claim, step: u32) -> bool {
        let known = self.list.row(slot).map_or(Incarnation(0), |(_, member)| member.incarnation);
        let credible = claim.incarnation.0 <= known.0.saturating_add(step);
        cx.count_by(Counter::ClaimsRefused, u64::from(!credible));
        credible
    }

    fn count_verdict(&self, cx: &mut Context<S>, slot: usize, joined: Claim, by: NodeId) {
        let Some((_, member)) = self.list.row(slot) else { return };
        let of_loss = u64::from(member.cause == Cause::Loss);
        match (member.standing, joined.standing) {
            (Standing::Suspect, Standing::Alive) => {
                cx.count(Counter::SuspicionsRefuted);
                cx.count_by(Counter::SuspicionsRefutedOfLoss, of_loss);
            }
            (Standing::Suspect, Standing::Down) => {
                cx.count(Counter::SuspicionsConfirmed);
                cx.count_by(Counter::SuspicionsConfirmedOfLoss, of_loss);
            }
            (Standing::Alive, Standing::Suspect) => cx.count_by(Counter::SuspicionsHeard, u64::from(by != cx.me.id)),
            _ => {}
        }
    }
}
