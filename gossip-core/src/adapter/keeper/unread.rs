//! Why a file was not taken in.
use crate::error::RestoreError;

#[derive(Debug)]
pub(super) enum Unread {
    /// Something happened to it.
    Damaged(&'static str),
    /// Nothing happened to it, but it is not for us.
    Refused(RestoreError),
}

impl Unread {
    pub(super) const FOREIGN: Self = Self::Damaged("it does not start like a data file");
    pub(super) const CUT_OFF: Self = Self::Damaged("it is cut off");
    pub(super) const CHECKSUM: Self = Self::Damaged("its checksum differs");
}
