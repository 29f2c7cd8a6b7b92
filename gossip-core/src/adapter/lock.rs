//! Locks that are held for a moment, and that a panic does not close.
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere leaves no half-made queue behind: every change under these locks is a single step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
