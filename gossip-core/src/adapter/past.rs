//! How members stood before: so that what becomes of one can be told with what led to it.
//!
//! The core tells how things stand; a person asks for how long they had stood otherwise, and why. One row for each member that
//! is suspected or gone, from when that was told until the contrary was.
use crate::{
    adapter::{MemberInfo, OwnedEvent, WhyInfo},
    id::NodeId,
};
use core::time::Duration;
use std::{boxed::Box, collections::BTreeMap, time::SystemTime};

/// The members that are suspected or gone, as far as that was told.
#[derive(Debug, Default)]
pub(super) struct Past {
    rows: BTreeMap<NodeId, Before>,
}

/// How a member stood.
#[derive(Debug)]
struct Before {
    since: SystemTime,
    why: Option<Box<WhyInfo>>,
}

impl Before {
    fn lasted(&self, member: &MemberInfo) -> Duration {
        member.since.duration_since(self.since).unwrap_or(Duration::ZERO)
    }
}

impl Past {
    /// Adds to an event what was told of its member before, and remembers what is told now.
    pub(super) fn complete(&mut self, event: &mut OwnedEvent) {
        match event {
            OwnedEvent::MemberSuspect { member } => {
                self.note(member);
            }
            OwnedEvent::MemberDown { member, after, .. } => {
                *after = self.note(member).map(|before| before.lasted(member));
            }
            OwnedEvent::MemberRefuted { member, after, why } => {
                if let Some(before) = self.rows.remove(&member.id) {
                    *after = Some(before.lasted(member));
                    *why = before.why;
                }
            }
            OwnedEvent::MemberUp { member, after, .. } => {
                *after = self.rows.remove(&member.id).map(|before| before.lasted(member));
            }
            _ => {}
        }
    }

    /// Forgets those that the node has forgotten.
    pub(super) fn retain(&mut self, is_known: impl Fn(NodeId) -> bool) {
        self.rows.retain(|id, _| is_known(*id));
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn note(&mut self, member: &MemberInfo) -> Option<Before> {
        self.rows.insert(member.id, Before { since: member.since, why: member.why.clone() })
    }
}
