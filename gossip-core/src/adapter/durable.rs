//! Writes that are on the disk before they are answered.
use crate::{
    adapter::{
        Closed, Endpoint,
        error::DurableError,
        reply::{Answer, reply},
    },
    error::{DeleteError, PutError},
    id::Dot,
};
use std::string::String;

/// What comes once a write is on the disk, or cannot be written.
#[derive(Debug)]
pub struct Flushed(Answer<Result<(), String>>);

impl Flushed {
    /// Waits for it. An `Ok` says that the disk has flushed what was written; an error is why it could not.
    ///
    /// # Errors
    /// The node has stopped, and it is not known whether it was written.
    pub async fn done(self) -> Result<Result<(), String>, Closed> {
        self.0.given().await
    }
}

impl Endpoint {
    /// Writes an entry of the replicated map, and says when it is on the disk. All that comes before the disk is free again is flushed
    /// together.
    ///
    /// # Errors
    /// As [`put`](Self::put). Or there is no data directory, or too many wait for the disk: then nothing was written.
    pub fn put_durable(&mut self, key: &[u8], value: &[u8]) -> Result<(Dot, Flushed), DurableError<PutError>> {
        self.durable(|endpoint| endpoint.put(key, value))
    }

    /// Deletes an entry of the replicated map, and says when that is on the disk.
    ///
    /// # Errors
    /// As [`delete`](Self::delete). Or there is no data directory, or too many wait for the disk: then nothing was deleted.
    pub fn delete_durable(&mut self, key: &[u8]) -> Result<(Dot, Flushed), DurableError<DeleteError>> {
        self.durable(|endpoint| endpoint.delete(key))
    }

    fn durable<E>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<Dot, E>,
    ) -> Result<(Dot, Flushed), DurableError<E>> {
        let keeper = self.keeper.as_ref().ok_or(DurableError::NoDataDir)?;
        if keeper.is_crowded() {
            return Err(DurableError::Crowded);
        }
        let dot = write(self).map_err(DurableError::Refused)?;
        let (reply, answer) = reply();
        if let Some(keeper) = &mut self.keeper {
            keeper.wait(dot.writer(), reply);
        }
        Ok((dot, Flushed(answer)))
    }
}
