//! How the binary ends: exit codes, and failures as sentences.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// What `--help` says of exit codes.
pub const HELP: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 5 server not reachable.";

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Anything else.
    Failed(anyhow::Error),
    /// The server does not understand what was asked for.
    Usage(String),
    /// What was asked for does not exist.
    NotFound(String),
    /// The key is missing or wrong.
    NotAllowed(String),
    /// Nobody answers.
    Unreachable(String),
}

impl Failure {
    /// Says why on stderr, and gives the code to exit with.
    pub fn report(self) -> ExitCode {
        let (sentence, code) = match self {
            // Whoever read our output has enough: that is no failure.
            Self::Failed(error) if is_closed_pipe(&error) => return ExitCode::SUCCESS,
            Self::Failed(error) => (format!("{error:#}"), 1),
            Self::Usage(sentence) => (sentence, 2),
            Self::NotFound(sentence) => (sentence, 3),
            Self::NotAllowed(sentence) => (sentence, 4),
            Self::Unreachable(sentence) => (sentence, 5),
        };
        // With stderr closed there is nobody left to tell.
        drop(writeln!(std::io::stderr(), "lightwell: {sentence}"));
        ExitCode::from(code)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
