//! Colour, where a person looks at it: never in a pipe, never with NO_COLOR set.

use std::fmt::Display;
use std::io::IsTerminal;

use crate::env;

/// Paints text, or leaves it plain.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// Never any colour.
    #[cfg(test)]
    pub const PLAIN: Self = Self { colour: false };

    /// Colour when stdout is a terminal.
    pub fn for_stdout() -> Self {
        Self { colour: std::io::stdout().is_terminal() && env::get(env::NO_COLOR).is_none() }
    }

    /// Something to look at first.
    pub fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// Something to look at last.
    pub fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    /// A failure.
    pub fn red(self, text: impl Display) -> String {
        self.with("31", text)
    }

    /// What the model said.
    pub fn green(self, text: impl Display) -> String {
        self.with("32", text)
    }

    /// A tool.
    pub fn yellow(self, text: impl Display) -> String {
        self.with("33", text)
    }

    /// What a person said.
    pub fn cyan(self, text: impl Display) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// Text from elsewhere, fit for a terminal: control characters cannot move the cursor or change colours.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
