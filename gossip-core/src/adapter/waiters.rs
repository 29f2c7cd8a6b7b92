//! Who waits for others, and how that ends.
use crate::{
    adapter::{Closed, info, reply::Reply},
    error::{AwaitError, PutError},
    id::{Dot, NodeId, WaitId},
    io::Event,
    node::Node,
    storage::Heap,
    waiting::NotReached,
};
use core::{error::Error, fmt};
use std::{collections::BTreeMap, string::String, vec::Vec};

/// What was waited for has come true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// How many members have the write, or agree, this node included.
    pub holders: usize,
    /// Out of how many: the live members that keep entries; or all that live, where agreement was waited for.
    pub of: usize,
}

/// Why what was waited for has not come true. The message says who is missing, and what to do.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitError {
    /// The node has stopped.
    Closed,
    /// The write was refused: there is nothing to wait for.
    Put(PutError),
    /// The node does not wait for it. A write that was made for it stands all the same.
    Refused {
        /// That write.
        write: Option<Dot>,
        /// Why.
        reason: AwaitError,
    },
    /// It has not come true. A write stands all the same, and spreads on.
    InVain(InVain),
}

/// How a wait ended in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InVain {
    /// The write that was waited for; `None`, where it was agreement.
    pub write: Option<Dot>,
    /// Why it ended.
    pub why: NotReached,
    /// How many members are known to have it, or to agree, this node included.
    pub holders: usize,
    /// Out of how many.
    pub of: usize,
    /// The others, sorted by name and then by id. One that is missing may have it, and not have shown it in time.
    pub missing: Vec<Missing>,
}

/// A member that is not known to have a write, or to agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What it is called; its id while the name is not known.
    pub name: String,
    /// Its id.
    pub id: NodeId,
}

/// How a wait ended.
pub(super) type End = Result<Reached, InVain>;

/// Who waits for what. Whoever is gone, waits no longer.
#[derive(Default)]
pub(super) struct Waiters(BTreeMap<WaitId, (Option<Dot>, Reply<End>)>);

impl Waiters {
    /// Answers whoever waits for what an event tells of; whether it is about a wait at all.
    pub(super) fn on_event(&mut self, event: &Event<'_>, node: &Node<Heap>) -> bool {
        let (wait, why, holders, of) = match *event {
            Event::WaitReached { wait, holders, of } => (wait, None, holders, of),
            Event::WaitFailed { wait, why, holders, of } => (wait, Some(why), holders, of),
            _ => return false,
        };
        if let Some((write, reply)) = self.0.remove(&wait) {
            reply.give(match why {
                None => Ok(Reached { holders, of }),
                Some(why) => {
                    let name = |id| Missing { name: info::name_of(node, id), id };
                    let mut missing: Vec<_> = node.missing(wait).map(name).collect();
                    missing.sort();
                    Err(InVain { write, why, holders, of, missing })
                }
            });
        }
        true
    }

    /// Has somebody told how a wait ends.
    pub(super) fn add(&mut self, wait: WaitId, write: Option<Dot>, reply: Reply<End>) {
        self.0.insert(wait, (write, reply));
    }

    /// Takes out a wait for which nobody waits any more.
    pub(super) fn take_deserted(&mut self) -> Option<WaitId> {
        let wait = self.deserted()?;
        self.0.remove(&wait);
        Some(wait)
    }

    fn deserted(&self) -> Option<WaitId> {
        self.0.iter().find(|(_, (_, reply))| !reply.is_awaited()).map(|(wait, _)| *wait)
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// So many are named in a message.
const NAMED_MAX: usize = 8;

impl fmt::Display for InVain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { write, why, holders, of, missing } = self;
        let what = if write.is_some() { "have the write" } else { "agree" };
        write!(f, "{why}: {holders} of {of} {what}")?;
        if *of == 1 && write.is_none() {
            return f.write_str("; no other member is there");
        }
        for (number, Missing { name, .. }) in missing.iter().take(NAMED_MAX).enumerate() {
            write!(f, "{} {name}", if number == 0 { "; missing:" } else { "," })?;
        }
        if missing.len() > NAMED_MAX {
            write!(f, " and {} more", missing.len() - NAMED_MAX)?;
        }
        if write.is_some() { f.write_str("; the write stands, and spreads on") } else { Ok(()) }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => Closed.fmt(f),
            Self::Put(reason) => reason.fmt(f),
            Self::Refused { write: None, reason } => reason.fmt(f),
            Self::Refused { write: Some(_), reason } => write!(f, "{reason}; the write stands, and spreads on"),
            Self::InVain(in_vain) => in_vain.fmt(f),
        }
    }
}

impl Error for InVain {}

impl Error for WaitError {}

impl From<Closed> for WaitError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, string::ToString};

    #[test]
    fn a_message_says_who_is_missing_and_what_became_of_the_write() {
        let missing = |count: u64| (0..count).map(|n| Missing { name: format!("n{n}"), id: NodeId(n) }).collect();
        let in_vain = |write, holders, of, count| {
            let why = NotReached::TimedOut;
            WaitError::InVain(InVain { write, why, holders, of, missing: missing(count) }).to_string()
        };
        let write = Some(Dot { origin: NodeId(1), generation: crate::Generation(1), sequence: 1 });
        assert_eq!(
            in_vain(write, 1, 3, 2),
            "not in time: 1 of 3 have the write; missing: n0, n1; the write stands, and spreads on"
        );
        assert_eq!(in_vain(None, 2, 3, 1), "not in time: 2 of 3 agree; missing: n0");
        assert_eq!(in_vain(None, 1, 1, 0), "not in time: 1 of 1 agree; no other member is there");
        assert!(in_vain(None, 1, 13, 12).ends_with("n6, n7 and 4 more"));
    }
}
