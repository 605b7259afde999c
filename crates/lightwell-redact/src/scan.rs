//! The pass over a text.
//!
//! An automaton of the literals of all rules, in any case, gives candidates from left to right; for each, the rules that begin
//! there are tried. What is found never overlaps and comes in order. Behind a secret everything is as behind its marker, so that
//! a second pass meets what the first one met.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use crate::address::Authority;
use crate::class::Class;
use crate::named::{self, Candidate};
use crate::shape::{self, Piece, Runs};
use crate::table::{RULES, Rule, Shape};
use crate::{block, escape};

/// A secret in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rule: &'static str,
    /// The marker is to stand in quotes with so many backslashes before each: a number becomes a string.
    pub(crate) quoted: Option<usize>,
}

impl Found {
    pub(crate) fn new(start: usize, end: usize, rule: &'static str) -> Self {
        Self { start, end, rule, quoted: None }
    }

    /// Writes what stands in its place.
    pub(crate) fn write_marker(&self, mut write: impl FnMut(&str)) {
        let quotes = self.quoted.map(|backslashes| "\\".repeat(backslashes) + "\"").unwrap_or_default();
        for piece in [quotes.as_str(), MARKER, self.rule, "]", quotes.as_str()] {
            write(piece);
        }
    }
}

/// How every marker begins.
pub(crate) const MARKER: &str = "[REDACTED:";

/// The literals, and what each may be the beginning of.
pub(crate) struct Automaton {
    literals: AhoCorasick,
    /// For each literal, the rules with their own spelling of it.
    rules: Vec<Vec<(&'static Rule, &'static str)>>,
    /// The literals from here on are names of secrets.
    first_name: usize,
}

/// Made once.
pub(crate) fn automaton() -> &'static Automaton {
    static AUTOMATON: OnceLock<Automaton> = OnceLock::new();
    AUTOMATON.get_or_init(Automaton::new)
}

impl Automaton {
    fn new() -> Self {
        let mut spelled: Vec<_> = RULES.iter().flat_map(beginnings).collect();
        // Where one literal begins with another, only the shorter one is looked for.
        spelled.sort_by_key(String::len);
        let mut literals: Vec<String> = Vec::new();
        for literal in spelled {
            if !literals.iter().any(|shorter| literal.starts_with(shorter)) {
                literals.push(literal);
            }
        }
        let first_name = literals.len();
        let rules = literals.iter().map(|literal| rules_of(literal)).collect();
        literals.extend(named::WORDS.iter().map(|word| (*word).to_owned()));
        let literals = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostFirst)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .expect("a hundred short literals make a small automaton");
        Self { literals, rules, first_name }
    }
}

/// What is looked for to find the rule, in lower case. Two letters are found in every sentence: the next one belongs to them.
fn beginnings(rule: &'static Rule) -> Vec<String> {
    let lower = |literal: &&str| literal.to_ascii_lowercase();
    match (rule.literals, rule.shape) {
        ([short], Shape::Token([Piece::Run(class, ..), ..])) if short.len() < 3 => {
            let next = (b'!'..=b'~').filter(|byte| class.has(*byte));
            next.map(|byte| lower(short) + &char::from(byte.to_ascii_lowercase()).to_string()).collect()
        }
        _ => rule.literals.iter().map(lower).collect(),
    }
}

/// The rules that the literal may be the beginning of, in the order of the table.
fn rules_of(literal: &str) -> Vec<(&'static Rule, &'static str)> {
    let of_rule = |rule: &'static Rule| {
        let mine = |spelling: &&'static str| {
            let spelling = spelling.to_ascii_lowercase();
            spelling.starts_with(literal) || (spelling.len() < 3 && literal.starts_with(&spelling))
        };
        rule.literals.iter().copied().filter(mine).map(move |spelling| (rule, spelling))
    };
    RULES.iter().flat_map(of_rule).collect()
}

/// One text, scanned.
pub(crate) struct Scan<'t> {
    pub(crate) bytes: &'t [u8],
    pub(crate) emails: bool,
    pub(crate) runs: Runs,
    /// Where the last secret ended.
    pub(crate) floor: usize,
    pub(crate) found: Vec<Found>,
    /// Of the last URL.
    pub(crate) authority: Authority,
    /// No private key ends from here on.
    pub(crate) no_block_end_from: usize,
    candidates: Vec<Candidate>,
}

impl<'t> Scan<'t> {
    pub(crate) fn new(bytes: &'t [u8], emails: bool) -> Self {
        Self {
            bytes,
            emails,
            runs: Runs::default(),
            floor: 0,
            found: Vec::new(),
            authority: Authority::default(),
            no_block_end_from: usize::MAX,
            candidates: Vec::new(),
        }
    }

    /// All secrets, in order. `named`: also what is only named like one.
    pub(crate) fn run(mut self, named: bool) -> Vec<Found> {
        let automaton = automaton();
        let mut at = 0;
        while let Some(hit) = automaton.literals.find(Input::new(self.bytes).range(at..)) {
            let literal = hit.pattern().as_usize();
            at = hit.start() + 1;
            if literal >= automaton.first_name {
                if named {
                    let candidate = named::candidate(self.bytes, hit.start(), hit.end(), self.floor);
                    self.candidates.extend(candidate);
                }
            } else if automaton.rules[literal]
                .iter()
                .any(|(rule, spelling)| self.attempt(rule, spelling, hit.start()))
            {
                at = at.max(self.floor);
            }
        }
        if self.candidates.is_empty() {
            return self.found;
        }
        named::resolve(self.bytes, &self.candidates, &self.found)
    }

    /// Adds what the rule finds at its literal. False when it finds nothing.
    fn attempt(&mut self, rule: &'static Rule, spelling: &str, at: usize) -> bool {
        let behind = at + spelling.len();
        let exact = self.bytes[at..].starts_with(spelling.as_bytes());
        let range = match rule.shape {
            Shape::Token(pieces) if exact && self.begins_word(at) => {
                shape::end(pieces, self.bytes, behind, &mut self.runs).map(|end| (at, end))
            }
            Shape::Keyed(pieces) if exact && self.begins_word(at) => {
                shape::end(pieces, self.bytes, behind, &mut self.runs).map(|end| (behind, end))
            }
            Shape::Inside { offset, length } if exact => self.inside(at, offset, length),
            Shape::PrivateKey if exact => return block::private_key(self, rule.name, at),
            Shape::ConnectionString => self.connection_string(at),
            Shape::UrlPassword => {
                self.note_authority(behind);
                None
            }
            Shape::Email => return self.at_sign(at),
            Shape::BearerHeader => self.bearer(at, behind),
            Shape::BasicHeader if self.begins_word(at) => self.basic(behind),
            Shape::AzureSecret if exact => self.azure_secret(at),
            _ => None,
        };
        range.is_some_and(|(start, end)| self.push(start, end, rule.name))
    }

    /// Takes a secret down. False when nothing is left of it, because what precedes it is an escape that must stay whole.
    pub(crate) fn push(&mut self, start: usize, end: usize, rule: &'static str) -> bool {
        let start = escape::end_of_escape(self.bytes, start).max(self.floor);
        if start >= end {
            return false;
        }
        self.found.push(Found::new(start, end, rule));
        self.floor = end;
        true
    }

    /// Whether a word begins at `at`. What is not ASCII ends a word: scripts without spaces write a key right behind theirs.
    pub(crate) fn begins_word(&self, at: usize) -> bool {
        at == self.floor
            || !Class::Word.has(self.bytes[at - 1])
            || escape::is_after_escape(&self.bytes[self.floor..], at - self.floor)
    }

    fn inside(&mut self, at: usize, offset: usize, length: usize) -> Option<(usize, usize)> {
        let start =
            at.checked_sub(offset).filter(|start| *start >= self.floor && self.begins_word(*start))?;
        let end = self.runs.end(self.bytes, Class::Alnum, at);
        let whole = self.bytes[start..at].iter().all(|byte| Class::Alnum.has(*byte));
        (whole && end - start == length).then_some((start, end))
    }

    /// `Bearer` and a token, unless the token is one that has a rule of its own.
    fn bearer(&mut self, at: usize, behind: usize) -> Option<(usize, usize)> {
        let start = behind + white(&self.bytes[behind..]);
        let mut end = self.runs.end(self.bytes, Class::Bearer, start);
        if start == behind || end - start < 20 {
            return None;
        }
        if self.has_own_rule(start, end) {
            return None;
        }
        end += self.bytes[end..].iter().take(3).take_while(|byte| **byte == b'=').count();
        Some((at, end))
    }

    fn has_own_rule(&mut self, start: usize, end: usize) -> bool {
        let automaton = automaton();
        let Some(hit) = automaton.literals.find(Input::new(self.bytes).range(start..end)) else {
            return false;
        };
        if hit.start() != start {
            return false;
        }
        let Some(rules) = automaton.rules.get(hit.pattern().as_usize()) else { return false };
        rules.iter().any(|(rule, spelling)| match rule.shape {
            Shape::Token(pieces)
                if rule.name != "jwt" && self.bytes[start..].starts_with(spelling.as_bytes()) =>
            {
                shape::end(pieces, self.bytes, start + spelling.len(), &mut self.runs) >= Some(end)
            }
            _ => false,
        })
    }

    fn basic(&mut self, behind: usize) -> Option<(usize, usize)> {
        let start = behind + white(&self.bytes[behind..]);
        let mut end = self.runs.end(self.bytes, Class::Base64, start);
        if start == behind || !is_user_and_password(&self.bytes[start..end]) {
            return None;
        }
        end += self.bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        Some((start, end))
    }

    fn azure_secret(&mut self, at: usize) -> Option<(usize, usize)> {
        let start = at.checked_sub(4).filter(|start| *start >= self.floor)?;
        let before = &self.bytes[start..at];
        if !before[3].is_ascii_digit() || !before.iter().all(|byte| Class::Tilde.has(*byte)) {
            return None;
        }
        let end = self.runs.end(self.bytes, Class::Tilde, at);
        let free = start == self.floor || !Class::Tilde.has(self.bytes[start - 1]);
        (free && (33..=36).contains(&(end - at))).then_some((start, end))
    }
}

/// How much white space is at the front.
pub(crate) fn white(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count()
}

/// Whether base64 without its padding says `user:password`.
fn is_user_and_password(base64: &[u8]) -> bool {
    if base64.len() < 6 || base64.len() > 1024 || base64.len() % 4 == 1 {
        return false;
    }
    let (mut bits, mut held, mut colon) = (0_u32, 0, false);
    for byte in base64 {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            let decoded = (bits >> held & 0xff) as u8;
            if !(b' '..=b'~').contains(&decoded) {
                return false;
            }
            colon |= decoded == b':';
        }
    }
    colon
}
