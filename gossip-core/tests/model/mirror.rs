//! What an application knows that listens to events alone: it must be what the node shows.
use crate::reference::{Reference, Row};
use gossip_core::{Arrival, Dot, Event, Heap, Liveness, Node, NodeId, path::Path};
use std::collections::{BTreeMap, BTreeSet};

/// What one life of a node has told its application.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    lives: u64,
    entries: BTreeMap<Vec<u8>, Row>,
    /// The live ones, and how they present themselves.
    members: BTreeMap<NodeId, (Liveness, Vec<u8>)>,
    known: BTreeSet<NodeId>,
    converged: Option<usize>,
    /// The rumors that must not be told again; a life that remembers begins with those of its former life.
    pub(crate) told: BTreeSet<Dot>,
}

impl Mirror {
    /// Knows nothing yet, but which of a node's lives this is, and which rumors the last one told.
    pub(crate) fn new(lives: u64, told: BTreeSet<Dot>) -> Self {
        Self { lives, told, ..Self::default() }
    }

    /// Takes in an event, and judges it.
    pub(crate) fn hear(&mut self, event: Event<'_>, node: &Node<Heap>, reference: &Reference) {
        match event {
            Event::MemberUp { id, arrival } => {
                let known = !self.known.insert(id);
                assert!(arrival != Arrival::Joined || !known, "{id} was known before");
                assert!(arrival != Arrival::Returned || !self.members.contains_key(&id), "{id} was never gone");
                assert!(self.look(id, node), "{id} is up, and not there");
            }
            Event::MemberUpdated(id) => {
                let before = self.members.get(&id).map(|(liveness, _)| *liveness);
                assert!(self.look(id, node) && before == self.liveness(id), "{event:?}");
            }
            Event::MemberSuspect(id) => self.turn(id, Liveness::Alive, Liveness::Suspect, node),
            Event::MemberRefuted(id) => self.turn(id, Liveness::Suspect, Liveness::Alive, node),
            Event::MemberDown { id, .. } => {
                assert!(self.known.contains(&id), "{id} went, and never came");
                assert!(!self.look(id, node), "{id} is down, and still there");
            }
            // What its former life said last may come in, piece by piece, like the answers of a rival.
            Event::NameConflict { id, .. } => assert!(self.lives > 1, "{id} is the only one of its name"),
            Event::Alone => assert_eq!(node.live(), 1),
            Event::Delivered { dot, urgency, payload, .. } => {
                let rumor = reference.rumors.get(&dot).expect("somebody published it");
                assert_eq!((urgency, payload), (rumor.urgency, &rumor.payload[..]), "{dot} changed on its way");
                assert!(self.told.insert(dot), "{dot} is told twice");
            }
            Event::Changed { key, value, dot } => {
                let write = reference.writes.get(&dot).expect("somebody wrote it");
                assert_eq!((key, value), (&write.key[..], write.row.value.as_deref()), "{dot} changed on its way");
                let before = self.entries.insert(key.to_vec(), write.row.clone());
                assert!(before.is_none_or(|before| before < write.row), "{key:?} grew older");
            }
            Event::Converged { live } => {
                assert!(node.is_converged() && node.live() == live, "{event:?}");
                self.converged = Some(live);
            }
            Event::Diverged { agreeing, live } => {
                assert!(!node.is_converged() && agreeing <= live && live == node.live(), "{event:?}");
                assert!(self.converged.take().is_some(), "nothing to take back");
            }
            // Of whom nobody had heard, or before all could be handed over.
            Event::RumorsMissed { count, .. } => assert!(count > 0),
            Event::NotHandedOver { writes, rumors } => assert!(writes > 0 || rumors > 0),
            // Datagrams may get lost here, and the longest ones that were sent may all be among them.
            Event::PathLen { id, len } => assert!(self.known.contains(&id) && len >= Path::FLOOR, "{event:?}"),
            event => panic!("{event:?} is news to this model"),
        }
    }

    /// Compares what was told with what the node shows.
    pub(crate) fn compare(&mut self, node: &Node<Heap>) {
        let shown: BTreeMap<_, _> = node.entries(b"").map(|entry| (entry.key, (entry.value, entry.dot))).collect();
        let told = self.entries.iter().filter_map(|(key, row)| Some((&key[..], (row.value.as_deref()?, row.dot))));
        assert_eq!(shown, told.collect());
        let is_live = |liveness| matches!(liveness, Liveness::Alive | Liveness::Suspect);
        let shown: BTreeMap<_, _> = node
            .members()
            .filter(|member| is_live(member.liveness))
            .map(|member| (member.id, (member.liveness, member.presence.to_vec())))
            .collect();
        assert_eq!(shown, self.members);
        assert_eq!(node.live(), shown.len() + 1);
        if node.live() == 1 {
            self.converged = None;
        }
        assert_eq!(node.is_converged() && node.live() > 1, self.converged.is_some());
        let agreement = node.agreement();
        assert_eq!((agreement.is_converged(), agreement.live), (node.is_converged(), node.live()));
        assert!(!node.is_converged() || agreement.agreeing == agreement.live, "{agreement:?}");
    }

    /// Looks a member up, as an application does that is told of it; whether it lives.
    fn look(&mut self, id: NodeId, node: &Node<Heap>) -> bool {
        let member = node.member(id).expect("who is spoken of is known");
        if matches!(member.liveness, Liveness::Alive | Liveness::Suspect) {
            self.members.insert(id, (member.liveness, member.presence.to_vec()));
            return true;
        }
        self.members.remove(&id);
        false
    }

    /// A member that we know stands otherwise; of its presence, nothing was said.
    fn turn(&mut self, id: NodeId, from: Liveness, to: Liveness, node: &Node<Heap>) {
        let (liveness, _) = self.members.get_mut(&id).expect("only who is there is suspected");
        assert_eq!((*liveness, node.member(id).map(|member| member.liveness)), (from, Some(to)), "{id}");
        *liveness = to;
    }

    fn liveness(&self, id: NodeId) -> Option<Liveness> {
        self.members.get(&id).map(|(liveness, _)| *liveness)
    }
}
