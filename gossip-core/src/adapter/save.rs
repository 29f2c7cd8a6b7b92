//! What is to be written, where blocking hurts nobody.
use crate::adapter::{FileSave, flight::TapeWrite};
use std::sync::{Arc, Weak};

/// One writing of the data file, of the recording, or of both. It blocks on the disk: a driver that must not block runs it
/// elsewhere.
#[derive(Debug)]
pub struct Save {
    file: Option<FileSave>,
    tape: Option<TapeWrite>,
    _in_flight: Option<Arc<()>>,
}

impl Save {
    /// Writes it. What goes wrong is counted, and told to the subscribers.
    pub fn write(self) {
        // The recording first: it is short, and says what came before.
        if let Some(tape) = self.tape {
            tape.write();
        }
        if let Some(file) = self.file {
            file.write();
        }
    }

    /// What there is to be written; `None` when there is nothing.
    pub(super) fn of(file: Option<FileSave>, tape: Option<TapeWrite>) -> Option<Self> {
        (file.is_some() || tape.is_some()).then_some(Self { file, tape, _in_flight: None })
    }

    /// From now on it can be seen whether it is done.
    pub(super) fn watched(self) -> (Self, Weak<()>) {
        let token = Arc::new(());
        let watch = Arc::downgrade(&token);
        (Self { _in_flight: Some(token), ..self }, watch)
    }
}
