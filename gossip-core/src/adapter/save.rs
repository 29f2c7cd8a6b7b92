//! What is to be written, where blocking hurts nobody.
use crate::adapter::{FileSave, flight::TapeWrite};
use core::fmt;
use std::sync::{Arc, Weak};

/// One writing of the data, of the recording, or of both. It blocks on the disk: a driver that must not block runs it
/// elsewhere.
#[derive(Debug)]
pub struct Save {
    file: Option<FileSave>,
    tape: Option<TapeWrite>,
    in_flight: Option<Arc<()>>,
    rouse: Option<Rouse>,
}

/// Has the driver look again.
#[derive(Clone)]
pub(super) struct Rouse(Arc<dyn Fn() + Send + Sync>);

impl Save {
    /// Writes it. What goes wrong is counted, and told to the subscribers. Then the driver is roused: there may be more.
    pub fn write(self) {
        let Self { file, tape, in_flight, rouse } = self;
        // The recording first: it is short, and says what came before.
        if let Some(tape) = tape {
            tape.write();
        }
        if let Some(file) = file {
            file.write();
        }
        drop(in_flight);
        if let Some(Rouse(rouse)) = rouse {
            rouse();
        }
    }

    /// What there is to be written; `None` when there is nothing.
    pub(super) fn of(file: Option<FileSave>, tape: Option<TapeWrite>) -> Option<Self> {
        (file.is_some() || tape.is_some()).then_some(Self { file, tape, in_flight: None, rouse: None })
    }

    /// From now on it can be seen whether it is done, and the driver is roused by that.
    pub(super) fn watched(self, rouse: Option<&Rouse>) -> (Self, Weak<()>) {
        let token = Arc::new(());
        let watch = Arc::downgrade(&token);
        (Self { in_flight: Some(token), rouse: rouse.cloned(), ..self }, watch)
    }
}

impl Rouse {
    pub(super) fn new(rouse: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(rouse))
    }
}

impl fmt::Debug for Rouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rouse").finish_non_exhaustive()
    }
}
