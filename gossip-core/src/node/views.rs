//! What the application may look at.
use super::{Node, stores::ask_store};
use crate::{
    calendar::ClockSkew,
    config::Config,
    convergence::Agreement,
    id::{Addr, Dot, Generation, Incarnation, NodeId},
    path::Path,
    records::{Entry, Member, Precedence, Provenance},
    replicated::Replicated,
    stamp::Stamp,
    stats::{Stats, Usage},
    storage::Storage,
    table::Queue,
    time::Instant,
    wire::{Cause, Standing, Store},
};
use core::{fmt, time::Duration};

impl<S: Storage> Node<S> {
    /// Ourselves, as others see us.
    #[must_use]
    pub fn me(&self) -> MemberView<'_> {
        let me = &self.cx.me;
        let row = self.membership.get(me.id);
        MemberView {
            id: me.id,
            addr: me.addr,
            incarnation: me.incarnation,
            generation: me.generation,
            liveness: row.map_or(Liveness::Alive, |row| row.standing.into()),
            since: row.map_or(Instant::ZERO, |row| row.since),
            heard_at: None,
            round_trip: None,
            path: Path::untried(self.cx.config.datagram_len_max),
            rival: self.membership.rival_of(me.id, me.generation),
            why: row.and_then(why),
            presence: row.map_or(&[], |row| row.extended().known()),
        }
    }

    /// Everyone else that is remembered, those gone included, in no particular order.
    pub fn members(&self) -> impl Iterator<Item = MemberView<'_>> {
        self.membership.rows().iter().filter(|(id, _)| *id != self.cx.me.id).map(|(id, row)| self.view_of(*id, row))
    }

    /// One member, ourselves included.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<MemberView<'_>> {
        self.membership.get(id).map(|row| self.view_of(id, row))
    }

    /// The addresses that this node was named to join through, in no particular order, and who answered from there last.
    ///
    /// It asks at others, too: where members were that it lost and forgot, and where its former life knew some.
    pub fn seeds(&self) -> impl Iterator<Item = (Addr, Option<NodeId>)> {
        let named = self.membership.addresses().filter(|(_, seed)| seed.provenance == Provenance::Named);
        named.map(|(addr, seed)| (addr, seed.answered))
    }

    /// Whether there is any address to ask at, beside those of members.
    #[cfg(feature = "std")]
    pub(crate) fn knows_addresses(&self) -> bool {
        self.membership.addresses().next().is_some()
    }

    /// The value of an entry.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.stores.entries.get(key).map(|(_, value)| value)
    }

    /// An entry, with the write that made it.
    #[must_use]
    pub fn entry<'a>(&'a self, key: &'a [u8]) -> Option<EntryView<'a>> {
        self.stores.entries.get(key).map(|(entry, value)| EntryView { key, value, dot: entry.dot, stamp: entry.stamp })
    }

    /// The entries whose keys begin with `prefix`, in no particular order.
    pub fn entries<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = EntryView<'a>> {
        let rows = self.stores.entries.rows().iter().filter(move |(key, _)| key.as_ref().starts_with(prefix));
        rows.filter_map(|(key, entry)| {
            let value = entry.written()?;
            Some(EntryView { key: key.as_ref(), value, dot: entry.dot, stamp: entry.stamp })
        })
    }

    /// What another write of `key` would have to outdo: the write that prevails, a deletion too.
    #[must_use]
    pub fn precedence(&self, key: &[u8]) -> Option<Precedence> {
        self.stores.entries.row(key).map(Entry::precedence)
    }

    /// Every key that was ever written, with the write that prevails: deletions too, in no particular order.
    pub fn writes(&self) -> impl Iterator<Item = (&[u8], Precedence)> {
        self.stores.entries.rows().iter().map(|(key, entry)| (key.as_ref(), entry.precedence()))
    }

    /// Whoever is told of each thing that is counted.
    #[must_use]
    pub const fn observer(&self) -> &S::Observer {
        &self.cx.observer
    }

    /// The same, to be changed: on a heap, [`attach`](crate::observer::Attached::attach) one.
    pub const fn observer_mut(&mut self) -> &mut S::Observer {
        &mut self.cx.observer
    }

    /// How far the live members are from agreement, as far as we know.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        self.convergence.agreement(&self.cx, self.membership.table())
    }

    /// The date at a moment of the node's time, in milliseconds since the Unix epoch, by the wall clock as it is now; `None`
    /// while the node was not [told](Self::set_wall_clock) any.
    #[must_use]
    pub fn date(&self, at: Instant) -> Option<u64> {
        self.cx.calendar.date(at)
    }

    /// How far our wall clock is from the peers'; `None` while that is not known.
    #[must_use]
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.cx.calendar.skew()
    }

    /// How many names two living nodes go by, as far as is known: while there are any, nobody claims agreement.
    #[must_use]
    pub fn name_conflicts(&self) -> usize {
        self.cx.name_conflicts
    }

    /// Whether a rumor is still there to be told to whoever asks for it.
    #[cfg(feature = "sim")]
    pub(crate) fn can_tell(&self, rumor: Dot) -> bool {
        self.stores.rumors.can_tell(self.cx.now, rumor)
    }

    /// Whether there is a window for the rumors of a publisher.
    #[cfg(feature = "sim")]
    pub(crate) fn hears(&self, rumor: Dot) -> bool {
        self.stores.rumors.hears(rumor)
    }

    #[cfg(feature = "sim")]
    pub(crate) fn is_heard_bearer(&self, id: NodeId, addr: Addr) -> bool {
        self.membership.is_heard_bearer(id, addr)
    }

    /// How many members live, ourselves included.
    #[must_use]
    pub fn live(&self) -> usize {
        self.cx.live
    }

    /// Whether every live member is known to agree with us: [`agreement`](Self::agreement), without the counting.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        self.convergence.is_unanimous()
    }

    /// Whether there are members that we do not remember, because all whom we do are there and the table is full of them. We are
    /// a member all the same: probed, heard, and told rumors; but whom we know is a part.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.membership.is_partial(&self.cx)
    }

    /// Whether we are in self-quarantine, because our own links are bad: others count us as gone until they are good again.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.membership.is_quarantined()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.cx.stats
    }

    /// How full each region of memory is.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let of_stores = Store::ALL.into_iter().flat_map(|number| ask_store!(self, number, store => store.usage()));
        let outbox = ("outbox", self.cx.owed(), self.cx.config.limits.outbox);
        let questions = ("questions", self.questions.len(), self.questions.limit());
        Usage { rows: of_stores.chain([outbox, questions, self.waits.usage()]).collect() }
    }

    /// What was chosen.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.cx.config
    }

    fn view_of<'a>(&self, id: NodeId, row: &'a Member<S::Blob>) -> MemberView<'a> {
        MemberView {
            id,
            addr: row.addr,
            incarnation: row.incarnation,
            generation: row.generation,
            liveness: row.standing.into(),
            since: row.since,
            heard_at: row.heard_at,
            round_trip: row.round_trip.mean(),
            path: row.path,
            rival: self.membership.rival_of(id, row.generation),
            why: why(row),
            presence: row.extended().known(),
        }
    }
}

/// A member, as this node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberView<'a> {
    /// Who.
    pub id: NodeId,
    /// Where it can be reached.
    pub addr: Addr,
    /// How many times it changed its mind, in all lives that it remembers.
    pub incarnation: Incarnation,
    /// Which of its lives this is.
    pub generation: Generation,
    /// How it stands.
    pub liveness: Liveness,
    /// Since when it stands so.
    pub since: Instant,
    /// When we last had a datagram from it.
    pub heard_at: Option<Instant>,
    /// How long its answers take, on the whole; `None` before it was asked.
    pub round_trip: Option<Duration>,
    /// How long a datagram to it, and an answer, may be.
    pub path: Path,
    /// Where another living node is that goes by the same name, if one is known: what is sent to the name goes to both.
    pub rival: Option<Addr>,
    /// Why it is suspected, or counted as gone; `None` while it is neither.
    pub why: Option<Why>,
    /// What it tells of itself.
    pub presence: &'a [u8],
}

/// Why a member is suspected, or counted as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Why {
    /// Who said so first, as far as we heard; the member itself, when it left or quarantined itself.
    pub by: NodeId,
    /// On what grounds.
    pub cause: Cause,
    /// How many observers found the same, at least.
    pub observers: u32,
}

/// How a member stands.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Liveness {
    /// It is there.
    Alive,
    /// It did not answer, and may still contradict.
    Suspect,
    /// It fell silent.
    Down,
    /// It said farewell.
    Left,
}

impl fmt::Display for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Down => "down",
            Self::Left => "left",
        })
    }
}

impl From<Standing> for Liveness {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Alive => Self::Alive,
            Standing::Suspect => Self::Suspect,
            Standing::Down => Self::Down,
            Standing::Left => Self::Left,
        }
    }
}

/// An entry, and the write that made it what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryView<'a> {
    /// Its name.
    pub key: &'a [u8],
    /// What was written last.
    pub value: &'a [u8],
    /// By which write.
    pub dot: Dot,
    /// When.
    pub stamp: Stamp,
}

fn why<B>(row: &Member<B>) -> Option<Why> {
    let observers = row.accusers.count().max(1);
    (row.standing != Standing::Alive).then_some(Why { by: row.by, cause: row.cause, observers })
}
