//! What is said of us, and what we answer: a refutation raises our incarnation (SWIM §4.2).
use super::Membership;
use crate::{
    context::Context,
    id::{Addr, Incarnation},
    records::Claim,
    stats::Counter,
    storage::Storage,
    wire::Standing,
};

impl<S: Storage> Membership<S> {
    /// Contradicts what is said of us, when it is not what we say.
    pub(super) fn on_claim_about_us(&mut self, cx: &mut Context<S>, claim: Claim, addr: Option<Addr>) {
        let ours =
            Claim { incarnation: cx.me.incarnation, standing: self.own_standing(), generation: cx.me.generation };
        let outdated = claim.incarnation < ours.incarnation || claim == ours;
        let settled =
            self.is_quarantined() && claim.incarnation == ours.incarnation && claim.generation == ours.generation;
        if outdated || settled || !self.is_running() {
            return;
        }
        // Whatever others can be made to believe of us, we can contradict.
        if claim.incarnation > Incarnation::RELAYED_MAX.max(ours.incarnation) {
            cx.count(Counter::ClaimsRefused);
            return;
        }
        if claim.generation != ours.generation {
            let is_known = self.has_name_conflict(cx.me.id);
            if !self.rival.answers(cx, claim, addr, is_known) {
                return;
            }
        }
        let accused = matches!(claim.standing, Standing::Suspect | Standing::Down);
        if accused && claim.generation == ours.generation && self.quarantine.accepts_suspicion(cx, &self.health) {
            return self.enter_quarantine(cx, claim.incarnation);
        }
        cx.count(Counter::Refutations);
        cx.me.incarnation = claim.incarnation.next();
        self.restate(cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::MemberChange;
    use crate::{
        config::Config,
        digest::Digest,
        id::{Generation, NodeId},
        records::Member,
        storage::Heap,
        time::{Instant, Span},
        wire::{Accusation, Accusers, Capabilities, Cause, ClusterLabel, Header, MemberFrame, Stores},
    };

    const ME: NodeId = NodeId(1);
    const PEER: NodeId = NodeId(2);
    const OTHER: NodeId = NodeId(3);

    fn addr(id: NodeId) -> Addr {
        Addr::new(&id.0.to_le_bytes()).unwrap()
    }

    /// The machine, in a node that knows two others.
    fn knowing_two() -> (Context<Heap>, Membership<Heap>) {
        let mut cx = Context::<Heap>::new(ME, addr(ME), Config::lan(), 1);
        cx.now = Instant::from_micros(1_000_000);
        let mut membership = Membership::new(&mut cx);
        membership.start(&mut cx);
        for id in [PEER, OTHER] {
            let _ = membership.on_member(&mut cx, id, &words(id, 0));
        }
        (cx, membership)
    }

    fn words(id: NodeId, incarnation: u32) -> MemberFrame<'static> {
        let (generation, incarnation, standing) = (Generation(7), Incarnation(incarnation), Standing::Alive);
        let (capabilities, presence) = (Capabilities::keeping(Stores::ALL), b"".into());
        MemberFrame { id, generation, incarnation, standing, addr: addr(id), capabilities, presence }
    }

    fn accuse(cx: &mut Context<Heap>, membership: &mut Membership<Heap>, id: NodeId, generation: Generation) {
        let header = Header::new(ClusterLabel::default(), OTHER, Generation(7), Incarnation(0), Digest(0));
        let (standing, by, cause, accusers) = (Standing::Suspect, OTHER, Cause::Silence, Accusers::of(OTHER));
        let accusation = Accusation { id, generation, incarnation: Incarnation(0), standing, by, cause, accusers };
        let suspected = (id != ME).then_some(MemberChange::Suspected(id));
        assert_eq!(membership.on_accusation(cx, addr(OTHER), &header, &accusation), suspected);
    }

    fn standing(membership: &Membership<Heap>, id: NodeId) -> Standing {
        membership.get(id).map(|member: &Member<_>| member.standing).unwrap()
    }

    #[test]
    fn who_is_suspected_contradicts_under_a_higher_incarnation() {
        let (mut cx, mut membership) = knowing_two();
        accuse(&mut cx, &mut membership, PEER, Generation(7));
        assert_eq!(standing(&membership, PEER), Standing::Suspect);
        let _ = membership.on_member(&mut cx, PEER, &words(PEER, 0));
        assert_eq!(standing(&membership, PEER), Standing::Suspect, "that is no answer to it");
        let _ = membership.on_member(&mut cx, PEER, &words(PEER, 1));
        assert_eq!((standing(&membership, PEER), cx.stats.suspicions_refuted), (Standing::Alive, 1));
    }

    #[test]
    fn who_says_nothing_is_down_when_its_time_is_over() {
        let (mut cx, mut membership) = knowing_two();
        accuse(&mut cx, &mut membership, PEER, Generation(7));
        let end = cx.now + cx.config.probe_interval.times(20);
        while cx.now < end && standing(&membership, PEER) == Standing::Suspect {
            cx.now = membership.next_deadline(&cx).max(cx.now + core::time::Duration::from_millis(1));
            // Nobody answers what is asked; the other one is heard all along.
            let _ = membership.on_member(&mut cx, OTHER, &words(OTHER, 0));
            while membership.on_timer(&mut cx).is_some() {}
            while cx.next_outgoing().is_some() {}
        }
        assert_eq!(standing(&membership, PEER), Standing::Down);
    }

    #[test]
    fn we_contradict_what_is_said_of_us() {
        let (mut cx, mut membership) = knowing_two();
        let generation = cx.me.generation;
        accuse(&mut cx, &mut membership, ME, generation);
        assert_eq!((cx.me.incarnation, cx.stats.refutations), (Incarnation(1), 1));
        assert_eq!(standing(&membership, ME), Standing::Alive);
    }
}
