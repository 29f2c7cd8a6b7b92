//! The table of members, lent to a machine that keeps a column of its own in it.
//!
//! There is one table, for it may have as many rows as there are nodes, at each of them; and each column has one owner. Whoever is
//! lent the table reads all of it, and can change nothing but its own.
use crate::{
    digest::Digest,
    id::NodeId,
    path::Path,
    records::Member,
    storage::Storage,
    table::{Flag, Table},
};
use core::{marker::PhantomData, ops::Deref};

/// The table, and which column of it may be changed.
pub(crate) struct Lent<'m, S: Storage, C> {
    members: &'m mut S::Members,
    column: PhantomData<C>,
}

/// What agreement is known by, which convergence keeps.
pub(crate) type Knowledge<'m, S> = Lent<'m, S, Known>;
/// How long a datagram may be, which the search for that keeps.
pub(crate) type Paths<'m, S> = Lent<'m, S, PathColumn>;

/// One or more values of a row that change together.
pub(crate) trait Column {
    /// These, in one row.
    type In<'r>;

    fn of<B>(row: &mut Member<B>) -> Self::In<'_>;
}

/// The column of [`Knowledge`].
pub(crate) enum Known {}

/// What a member was last known to know.
pub(crate) struct KnownIn<'r> {
    pub(crate) knows: &'r mut Digest,
    pub(crate) behind: &'r mut u16,
}

impl Column for Known {
    type In<'r> = KnownIn<'r>;

    fn of<B>(row: &mut Member<B>) -> KnownIn<'_> {
        KnownIn { knows: &mut row.knows, behind: &mut row.behind }
    }
}

/// The column of [`Paths`].
pub(crate) enum PathColumn {}

impl Column for PathColumn {
    type In<'r> = &'r mut Path;

    fn of<B>(row: &mut Member<B>) -> &mut Path {
        &mut row.path
    }
}

impl<'m, S: Storage, C: Column> Lent<'m, S, C> {
    pub(crate) fn new(members: &'m mut S::Members) -> Self {
        Self { members, column: PhantomData }
    }

    /// What is kept of the member in `slot`.
    pub(crate) fn at(&mut self, slot: usize) -> Option<C::In<'_>> {
        self.members.at_mut(slot).map(|(_, row)| C::of(row))
    }

    /// What is kept of a member.
    pub(crate) fn of(&mut self, id: NodeId) -> Option<C::In<'_>> {
        self.members.get_mut(&id).map(C::of)
    }
}

impl<S: Storage> Knowledge<'_, S> {
    /// Marks a member that is not known to know what we know.
    pub(crate) fn set_unlike(&mut self, slot: usize, is_unlike: bool) {
        self.members.set_flag(slot, Flag::Unlike, is_unlike);
    }
}

impl<S: Storage, C> Deref for Lent<'_, S, C> {
    type Target = S::Members;

    fn deref(&self) -> &S::Members {
        self.members
    }
}
