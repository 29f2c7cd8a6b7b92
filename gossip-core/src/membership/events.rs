//! What the application is told of members: how things stand now, compared with what it was last told.
use super::{Lifecycle, Membership};
use crate::{
    config::joining::ANNOUNCES_UNTIL_ISOLATED,
    context::Context,
    id::NodeId,
    io::{Arrival, Departure, Event},
    records::{InLife, Member, Namesake, Told, Untold},
    storage::Storage,
    wire::Standing,
};
use serde::{Deserialize, Serialize};

/// Whether we are isolated, and whether the application knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Isolation {
    /// Nobody has answered yet, nor kept silent for long.
    Untried,
    Connected,
    Isolated {
        told: bool,
    },
}

impl<S: Storage> Membership<S> {
    pub(crate) fn next_event(&mut self, cx: &mut Context<S>) -> Option<Event<'static>> {
        if let Some(event) = self.names.next_event(&self.list) {
            return Some(event);
        }
        while let Some(slot) = self.list.first_untold() {
            let event = self.tell(cx, slot);
            if event.is_some() {
                return event;
            }
        }
        if self.isolation == (Isolation::Isolated { told: false }) {
            self.isolation = Isolation::Isolated { told: true };
            return Some(Event::Alone);
        }
        if let Some(event) = self.quarantine.next_event() {
            return Some(event);
        }
        if self.lifecycle == (Lifecycle::Departed { told: false }) {
            self.lifecycle = Lifecycle::Departed { told: true };
            return Some(Event::Departed);
        }
        None
    }

    /// Follows whether anybody else lives.
    pub(super) fn update_isolation(&mut self, cx: &Context<S>) {
        self.isolation = match self.isolation {
            _ if cx.live > 1 => Isolation::Connected,
            Isolation::Connected => Isolation::Isolated { told: false },
            Isolation::Untried if self.discovery.announces_unanswered() >= ANNOUNCES_UNTIL_ISOLATED => {
                Isolation::Isolated { told: false }
            }
            isolation => isolation,
        };
    }

    fn tell(&mut self, cx: &mut Context<S>, slot: usize) -> Option<Event<'static>> {
        let (id, member) = self.list.row(slot)?;
        let id = *id;
        let event = event_of(id, member);
        // A suspicion and its end do not speak of address and presence: if those changed too, that is told next.
        let left_out = matches!(event, Some(Event::MemberSuspect(_) | Event::MemberRefuted(_)));
        self.list.update(cx, slot, |member| {
            member.told = Told::Standing(member.standing, InLife::Present);
            member.untold = if left_out && member.untold == Untold::Update { Untold::Update } else { Untold::Nothing };
        });
        event
    }
}

impl<B> Member<B> {
    /// There may be something to tell of how it stands.
    pub(super) fn mark_untold(&mut self) {
        let same = self.told == Told::Standing(self.standing, InLife::Present);
        if !same && self.untold == Untold::Nothing {
            self.untold = Untold::Standing;
        }
    }

    /// Its own words changed.
    pub(super) fn mark_updated(&mut self) {
        if self.told != Told::Nothing {
            self.untold = Untold::Update;
        }
    }
}

fn event_of<B>(id: NodeId, member: &Member<B>) -> Option<Event<'static>> {
    use Standing::{Alive, Down, Left, Suspect};
    let standing = member.standing;
    let Told::Standing(before, life) = member.told else {
        return (standing <= Suspect).then_some(Event::MemberUp { id, arrival: Arrival::Joined });
    };
    // Where two bear a name, they may take turns in its row.
    let restarted = life == InLife::Former && member.namesake != Namesake::Known;
    match (before, standing) {
        (Alive | Suspect, Alive | Suspect) if restarted => Some(Event::MemberUp { id, arrival: Arrival::Restarted }),
        (Down | Left, Alive | Suspect) if restarted => Some(Event::MemberUp { id, arrival: Arrival::Restarted }),
        (Down | Left, Alive | Suspect) => Some(Event::MemberUp { id, arrival: Arrival::Returned }),
        (Alive, Suspect) => Some(Event::MemberSuspect(id)),
        (Suspect, Alive) => Some(Event::MemberRefuted(id)),
        (Alive | Suspect, Down) => Some(Event::MemberDown { id, departure: Departure::Failed }),
        (Alive | Suspect | Down, Left) => Some(Event::MemberDown { id, departure: Departure::Left }),
        (Alive, Alive) | (Suspect, Suspect) if member.untold == Untold::Update => Some(Event::MemberUpdated(id)),
        _ => None,
    }
}
