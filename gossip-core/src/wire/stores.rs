//! What is kept in step, and the questions and answers by which it is.
use crate::{
    digest::Digest,
    id::{Generation, Life, NodeId},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::SerializeSeq,
};

/// What is kept in step, in the order in which it is pulled. The order of the variants is the wire contract.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Store {
    /// Who is there.
    Members,
    /// Rumors.
    Rumors,
    /// Replicated entries.
    Entries,
}

impl Store {
    /// All of them, in that order.
    pub const ALL: [Self; Self::COUNT] = [Self::Members, Self::Rumors, Self::Entries];
    /// How many there are.
    pub const COUNT: usize = 3;

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A few stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores(u8);

impl Stores {
    /// None.
    pub const NONE: Self = Self(0);
    /// All that this version knows.
    pub const ALL: Self = Self((1 << Store::COUNT) - 1);

    /// These and `store`.
    #[must_use]
    pub const fn with(self, store: Store) -> Self {
        Self(self.0 | store.bit())
    }

    /// These but `store`.
    #[must_use]
    pub const fn without(self, store: Store) -> Self {
        Self(self.0 & !store.bit())
    }

    /// Those in both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether `store` is one of them.
    #[must_use]
    pub const fn contains(self, store: Store) -> bool {
        self.0 & store.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `others` are among them.
    #[must_use]
    pub const fn contains_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Those of them that this version knows, in the order in which they are pulled.
    pub fn iter(self) -> impl Iterator<Item = Store> {
        Store::ALL.into_iter().filter(move |&store| self.contains(store))
    }

    /// The first of these.
    #[must_use]
    pub fn first(self) -> Option<Store> {
        self.iter().next()
    }

    /// How many stores there are up to the last of these.
    pub(crate) const fn reach(self) -> usize {
        (u8::BITS - self.0.leading_zeros()) as usize
    }

    /// One bit for each.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }
}

/// What a member can be asked, as it says itself: a bit for each, of which the first say what stores it keeps. Those that this
/// version does not know are passed on unchanged; and should eight not be enough, there is the extension.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities(u8);

impl Capabilities {
    /// A member that keeps these stores, and can be asked nothing else.
    #[must_use]
    pub const fn keeping(stores: Stores) -> Self {
        Self(stores.0)
    }

    /// The same, of a member that was heard to keep these stores, of those that this version knows.
    #[must_use]
    pub const fn with_stores(self, stores: Stores) -> Self {
        Self(self.0 & !Stores::ALL.0 | stores.0 & Stores::ALL.0)
    }

    /// Which stores it keeps, of those that this version knows: members in any case, for who keeps none is no member.
    #[must_use]
    pub const fn stores(self) -> Stores {
        Stores(self.0).and(Stores::ALL).with(Store::Members)
    }
}

/// A list of stores with a digest of each: those that the sender keeps. Stores that this version does not know are passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreDigests {
    stores: Stores,
    digests: [Digest; Store::COUNT],
}

impl StoreDigests {
    /// An empty list.
    pub const NONE: Self = Self { stores: Stores::NONE, digests: [Digest(0); Store::COUNT] };

    /// The same list with this one in it.
    #[must_use]
    pub fn with(mut self, store: Store, digest: Digest) -> Self {
        if let Some(known) = self.digests.get_mut(store as usize) {
            *known = digest;
            self.stores = self.stores.with(store);
        }
        self
    }

    /// Which stores are in the list.
    #[must_use]
    pub const fn stores(&self) -> Stores {
        self.stores
    }

    /// The digest of a store; `None` where it is not in the list.
    #[must_use]
    pub fn get(&self, store: Store) -> Option<Digest> {
        if self.stores.contains(store) { self.digests.get(store as usize).copied() } else { None }
    }

    /// The list without all but `stores`.
    #[must_use]
    pub const fn of(mut self, stores: Stores) -> Self {
        self.stores = self.stores.and(stores);
        self
    }

    /// Which of the stores in both lists differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Stores {
        let both = self.stores.and(other.stores);
        let differ = |store: &Store| both.contains(*store) && self.get(*store) != other.get(*store);
        Store::ALL.into_iter().filter(differ).fold(Stores::NONE, Stores::with)
    }
}

impl Serialize for StoreDigests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let listed = Store::ALL.into_iter().filter_map(|store| Some((store as u8, self.get(store)?)));
        let mut list = serializer.serialize_seq(Some(listed.clone().count()))?;
        for item in listed {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for StoreDigests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = StoreDigests;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a list of stores with their digests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<StoreDigests, A::Error> {
        let mut digests = StoreDigests::NONE;
        while let Some((number, digest)) = list.next_element::<(u8, Digest)>()? {
            if let Some(&store) = Store::ALL.get(usize::from(number)) {
                digests = digests.with(store, digest);
            }
        }
        Ok(digests)
    }
}

/// A place in the order of a store: what order that is, the store alone knows. Most go by [`Life`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Position {
    /// Before all of it.
    #[default]
    First,
    /// Behind one of its pieces.
    Behind {
        /// What it goes by first,
        #[serde(with = "postcard::fixint::le")]
        high: u64,
        /// and what among those that have that in common.
        #[serde(with = "postcard::fixint::le")]
        low: u32,
    },
    /// Behind all of it.
    Last,
}

impl Position {
    /// Behind a life, in a store that goes by lives.
    #[must_use]
    pub const fn behind(life: Life) -> Self {
        Self::Behind { high: life.origin.0, low: life.generation.0 }
    }

    /// Before a life, and behind all that come before it.
    #[must_use]
    pub fn before(life: Life) -> Self {
        if life == Life::FIRST { Self::First } else { Self::behind(life.predecessor()) }
    }

    /// The life behind which this is; `None` where it is before all of them.
    #[must_use]
    pub const fn life(self) -> Option<Life> {
        match self {
            Self::First => None,
            Self::Behind { high, low } => Some(Life { origin: NodeId(high), generation: Generation(low) }),
            Self::Last => Some(Life::LAST),
        }
    }

    /// Before a number, and behind all lower ones, in a store that goes by numbers.
    #[must_use]
    pub const fn before_number(number: u64) -> Self {
        match number.checked_sub(1) {
            Some(before) => Self::behind_number(before),
            None => Self::First,
        }
    }

    /// Behind a number.
    #[must_use]
    pub const fn behind_number(number: u64) -> Self {
        Self::Behind { high: number, low: u32::MAX }
    }

    /// The number behind which this is; `None` where it is before all of them.
    #[must_use]
    pub const fn number(self) -> Option<u64> {
        match self {
            Self::First => None,
            Self::Behind { high, .. } => Some(high),
            Self::Last => Some(u64::MAX),
        }
    }
}

/// Asks for [`StoreDigests`], and tells ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// The asker's digests.
    pub digests: StoreDigests,
    /// How long the answer may be, in bytes.
    pub len_max: u16,
}

/// Asks for what the asker lacks of one store, within a range of its order.
///
/// It carries all that is needed to answer: who answers keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull<'a> {
    /// Ties the answer to the question.
    pub token: u8,
    /// Which store.
    pub store: Store,
    /// From where on: the end of the range before, or [`Position::First`].
    pub from: Position,
    /// Up to where.
    pub until: Position,
    /// How long the answer may be, in bytes.
    pub len_max: u16,
    /// What the asker has of the range, in its order: four bytes for each member, or a run of `postcard` items of the store's
    /// own.
    pub summary: &'a [u8],
}

/// Ends the answer to a [`Pull`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullEnd {
    /// The question's number.
    pub token: u8,
    /// What is left of the range.
    pub remainder: Remainder,
}

/// What an answer leaves for the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remainder {
    /// Nothing: that was everything.
    Nothing,
    /// More, for which the same is to be asked again: there was no room to say where it begins.
    Some,
    /// What comes after this place.
    After(Position),
    /// What no answer of the length that was asked for can hold. All else was told.
    TooLong,
}
