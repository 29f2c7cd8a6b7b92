//! What a node remembers of what its application waits for.
use crate::{
    id::Generation,
    time::Instant,
    waiting::{NotReached, Quorum},
};
use serde::{Deserialize, Serialize};

/// What the application waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Until when.
    pub until: Instant,
    /// What for.
    pub awaited: Awaited,
    /// How far it has come.
    pub standing: WaitStanding,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Awaited {
    /// That others have a write of our present life.
    Write {
        /// Its number.
        sequence: u32,
        /// How many.
        quorum: Quorum,
        /// How many counted when the wait began.
        at_first: u32,
        /// How many are known to have it, ourselves included.
        holders: u32,
    },
    /// That all agree.
    Agreement,
}

/// How far a wait has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitStanding {
    /// It goes on.
    Pending,
    /// It has come true, which the application has yet to be told: so many, out of so many.
    Reached(u32, u32),
    /// It ended in vain, which the application has yet to be told.
    Vain(NotReached),
    /// The application was told that it ended. It is kept until the next input, for those who ask who is missing.
    Told,
}

/// What a member has shown to have of our writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// In which of its lives: another one may have lost it.
    pub generation: Generation,
    /// All of this life of ours up to here.
    pub written: u32,
    /// Whether it said, when it was asked last, that it had not all: it is told on from there. Else it is taken to have what others
    /// were last seen to have.
    pub lags: bool,
}
