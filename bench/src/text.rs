//! Text that is cheap to make and compresses about as well as what agents really exchange: prose, code, JSON and logs
//! out of a made-up vocabulary whose words are as unevenly used as those of a language.

use std::fmt::Write;

use crate::random::Random;

const COMMON: &str = "the of and to a in is that for it with as on be at by this from or an are not have which you we can if was all \
    will one when so no there each use then them these some how up out many time make two more see first way could been call who \
    now find long down day did get come made may part over new after before where most through back much good should any same tell \
    does set three want well also play small end put read hand port large add even here must big high such follow why ask change \
    off need different again try kind point both run test file line error value function return type state list index key";

const SYLLABLES: [&str; 40] = [
    "ba", "con", "de", "ex", "fi", "gra", "ho", "in", "ju", "ka", "la", "mi", "nor", "o", "pre", "qui", "re",
    "sta", "tri", "un", "ver", "wi", "xen", "yo", "zu", "ble", "ction", "der", "er", "fy", "gen", "hal",
    "ing", "ity", "lar", "ment", "ness", "ous", "ter", "ward",
];

const RANKS: usize = 4096;

/// The vocabulary and how often each word is used.
pub struct Text {
    words: Vec<String>,
    phrases: Vec<String>,
    by_use: Vec<u16>,
}

impl Text {
    /// The language of a seed.
    pub fn new(random: &mut Random) -> Self {
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        while words.len() < 6_000 {
            let syllables = random.between(2, 4);
            words.push((0..syllables).map(|_| SYLLABLES[random.below(40) as usize]).collect());
        }
        // Rank r is used in proportion to 1/r: evenly spaced exponents of the vocabulary's size.
        let size = words.len() as f64;
        let by_use = (0..RANKS).map(|i| (size.powf(i as f64 / RANKS as f64) - 1.0) as u16).collect();
        let mut text = Self { words, phrases: Vec::new(), by_use };
        text.phrases = (0..800)
            .map(|_| {
                let mut phrase = String::new();
                (0..random.between(3, 6)).for_each(|_| {
                    phrase.push_str(text.word(random));
                    phrase.push(' ');
                });
                phrase
            })
            .collect();
        text
    }

    /// A word, the frequent ones more often.
    pub fn word(&self, random: &mut Random) -> &str {
        &self.words[self.by_use[random.below(RANKS as u64) as usize] as usize]
    }

    /// Appends sentences until at least `bytes` more are there.
    pub fn prose(&self, random: &mut Random, bytes: usize, to: &mut String) {
        let end = to.len() + bytes;
        let mut words_left = 0;
        while to.len() < end {
            if words_left == 0 {
                if !to.is_empty() {
                    to.push_str(if random.one_in(5) { ".\n\n" } else { ". " });
                }
                words_left = random.between(6, 22);
            }
            if random.one_in(6) {
                to.push_str(&self.phrases[random.below(self.phrases.len() as u64) as usize]);
            } else {
                to.push_str(self.word(random));
                to.push(' ');
            }
            words_left -= 1;
        }
    }

    /// Appends lines of code until at least `bytes` more are there.
    pub fn code(&self, random: &mut Random, bytes: usize, to: &mut String) {
        let end = to.len() + bytes;
        while to.len() < end {
            let (a, b, c) = (self.word(random), self.word(random), self.word(random));
            let n = random.below(1_000);
            // Writing to a string cannot fail.
            let _ = match random.below(7) {
                0 => writeln!(to, "def {a}_{b}(self, {c}: str) -> dict[str, {a}]:"),
                1 => writeln!(to, "    if {a}.{b} is None or len({c}) > {n}:"),
                2 => writeln!(to, "        return self.{a}_{b}({c}, limit={n})"),
                3 => writeln!(to, "    {a} = {b}.get(\"{c}\", {n})"),
                4 => writeln!(to, "    for {a}, {b} in enumerate(self._{c}):"),
                5 => writeln!(to, "    # {a} {b} {c} {}", self.word(random)),
                _ => writeln!(to, "        raise ValueError(f\"{a} {b}: {{{c}!r}}\")"),
            };
        }
    }

    /// Appends a JSON array of search hits until at least `bytes` more are there.
    pub fn json(&self, random: &mut Random, bytes: usize, to: &mut String) {
        let end = to.len() + bytes;
        to.push('[');
        while to.len() < end {
            let (a, b, c) = (self.word(random), self.word(random), self.word(random));
            let (line, hash, score) = (random.below(2_000), random.bits() as u32, random.below(1_000));
            let _ = write!(
                to,
                "{{\"path\":\"src/{a}/{b}.py\",\"line\":{line},\"sha\":\"{hash:08x}\",\"score\":0.{score:03},\"snippet\":\"{c} "
            );
            self.words_of(random, 8, to);
            to.push_str("\"},");
        }
        to.push(']');
    }

    /// Appends log lines until at least `bytes` more are there.
    pub fn log(&self, random: &mut Random, bytes: usize, to: &mut String) {
        let end = to.len() + bytes;
        while to.len() < end {
            let (a, b) = (self.word(random), self.word(random));
            let (minute, millis, request) = (random.below(60), random.below(60_000), random.bits() >> 40);
            let level = ["INFO", "INFO", "DEBUG", "WARN"][random.below(4) as usize];
            let _ = write!(
                to,
                "2026-11-22T10:{minute:02}:{:02}.{:03}Z {level} {a}::{b} req={request:06x} ",
                millis / 1000,
                millis % 1000
            );
            self.words_of(random, 6, to);
            to.push('\n');
        }
    }

    fn words_of(&self, random: &mut Random, count: usize, to: &mut String) {
        for _ in 0..count {
            to.push_str(self.word(random));
            to.push(' ');
        }
    }
}
