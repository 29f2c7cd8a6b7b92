//! How a command ends when it did not do what it was asked: one line on stderr and an exit code.
use std::process::ExitCode;

/// Why a command did not succeed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line, the environment or a configuration file is wrong. Exit 2.
    Usage(String),
    /// Nothing was done, for this reason. Exit 1.
    Refused(String),
    /// It failed, and what was printed already says so. Exit 1.
    Told,
    /// A signal ended it early. Exit 130, as a shell would report it.
    Interrupted,
    /// Whoever read our output has stopped reading. Not an error: exit 0, quietly.
    PipeClosed,
}

impl Failure {
    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self::Usage(reason.into())
    }

    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// Why, if there is anything to say that was not said yet.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Usage(reason) | Self::Refused(reason) => Some(reason),
            Self::Told | Self::Interrupted | Self::PipeClosed => None,
        }
    }

    /// The code with which the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Refused(_) | Self::Told => ExitCode::from(1),
            Self::Interrupted => ExitCode::from(130),
            Self::PipeClosed => ExitCode::SUCCESS,
        }
    }
}
