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

    /// Says it on stderr, if there is anything to say.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Usage(reason) => {
                super::console::note(format_args!("gossip: {}", one_line(&reason)));
                ExitCode::from(2)
            }
            Self::Refused(reason) => {
                super::console::note(format_args!("gossip: {}", one_line(&reason)));
                ExitCode::from(1)
            }
            Self::Told => ExitCode::from(1),
            Self::Interrupted => ExitCode::from(130),
            Self::PipeClosed => ExitCode::SUCCESS,
        }
    }
}

/// A reason may quote what somebody else wrote; it stays one line all the same.
fn one_line(reason: &str) -> String {
    super::console::plain(&reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_many_lines_becomes_one() {
        assert_eq!(one_line("bad\n  value\t'x'\n"), "bad value 'x'");
    }
}
