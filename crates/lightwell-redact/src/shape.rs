//! The shape of a token that begins with a literal: pieces that follow one another. No piece needs to look back, so matching is
//! one walk.

use std::fmt::Write as _;

use crate::class::{CLASSES, Class};

/// What follows the literal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece {
    /// At least and at most so many bytes of a class.
    Run(Class, usize, usize),
    /// At least so many bytes of a class, letters and digits among them: what people write has seldom both.
    Mixed(Class, usize),
    /// Exactly this.
    Text(&'static str),
    /// This, or nothing.
    Maybe(&'static str),
    /// Any number of times: a dot and bytes of a class.
    Dots(Class),
    /// No part of a word may follow.
    End,
}

/// Runs of classes, each measured once, so that many candidates in one long run cost no more than one.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    last: [(usize, usize); CLASSES],
}

impl Runs {
    /// Where the run of `class` ends that `from` is in.
    pub(crate) fn end(&mut self, bytes: &[u8], class: Class, from: usize) -> usize {
        let (start, end) = self.last[class.index()];
        if (start..end).contains(&from) {
            return end;
        }
        let length = bytes[from..].iter().take_while(|byte| class.has(**byte)).count();
        self.last[class.index()] = (from, from + length);
        from + length
    }
}

/// Where the pieces end that begin at `from`, if they are there.
pub(crate) fn end(pieces: &[Piece], bytes: &[u8], from: usize, runs: &mut Runs) -> Option<usize> {
    let mut at = from;
    for piece in pieces {
        at = match *piece {
            Piece::Run(class, least, most) => {
                let end = runs.end(bytes, class, at).min(at.saturating_add(most));
                (end - at >= least).then_some(end)?
            }
            Piece::Mixed(class, least) => {
                let end = runs.end(bytes, class, at);
                let run = &bytes[at..end];
                let mixed = run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic);
                (run.len() >= least && mixed).then_some(end)?
            }
            Piece::Text(text) => bytes[at..].starts_with(text.as_bytes()).then_some(at + text.len())?,
            Piece::Maybe(text) if bytes[at..].starts_with(text.as_bytes()) => at + text.len(),
            Piece::Maybe(_) => at,
            Piece::Dots(class) => dots(class, bytes, at, runs),
            Piece::End => bytes.get(at).is_none_or(|byte| !Class::Word.has(*byte)).then_some(at)?,
        };
    }
    Some(at)
}

fn dots(class: Class, bytes: &[u8], from: usize, runs: &mut Runs) -> usize {
    let mut at = from;
    while bytes.get(at) == Some(&b'.') {
        let end = runs.end(bytes, class, at + 1);
        if end == at + 1 {
            break;
        }
        at = end;
    }
    at
}

/// The pieces as a regular expression, for people and for tests.
pub(crate) fn pattern(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        let written = match *piece {
            Piece::Run(class, least, most) if least == most => write!(text, "{}{{{least}}}", class.pattern()),
            Piece::Run(class, least, usize::MAX) => write!(text, "{}{{{least},}}", class.pattern()),
            Piece::Run(class, least, most) => write!(text, "{}{{{least},{most}}}", class.pattern()),
            Piece::Mixed(class, least) => write!(text, "{}{{{least},}}", class.pattern()),
            Piece::Text(literal) => write!(text, "{}", escaped(literal)),
            Piece::Maybe(literal) => write!(text, "(?:{})?", escaped(literal)),
            Piece::Dots(class) => write!(text, r"(?:\.{}+)*", class.pattern()),
            Piece::End => write!(text, r"\b"),
        };
        written.expect("a String takes every text");
    }
    text
}

/// A literal as a regular expression.
pub(crate) fn escaped(literal: &str) -> String {
    literal.replace('.', r"\.")
}

#[cfg(test)]
mod tests;
