//! Sets of ASCII bytes.

/// A set of bytes: a bit of [`Class::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Class {
    /// Letters and digits.
    Alnum = 1,
    /// Letters, digits, `_`: what a word is made of.
    Word = 1 << 1,
    /// A word and `-`.
    Dash = 1 << 2,
    /// `a-f`, digits.
    LowerHex = 1 << 3,
    /// `A-Z`, `2-7`.
    Base32 = 1 << 4,
    /// Letters, digits, `+/`.
    Base64 = 1 << 5,
    /// What a bearer token is made of: letters, digits, `_.-~+/`.
    Bearer = 1 << 6,
    /// The part of an e-mail address before the `@`: letters, digits, `._%+-`.
    Local = 1 << 7,
    /// Letters, digits, `.-`.
    Host = 1 << 8,
    /// Letters, digits, `+.-`.
    Scheme = 1 << 9,
    /// A word and `.-~`.
    Tilde = 1 << 10,
    /// A word and `.-=`: tokens with padding or dots.
    Dotted = 1 << 11,
    /// Base64 and percent escapes.
    Percent = 1 << 12,
}

/// All classes, for their caches.
pub(crate) const CLASSES: usize = 13;

impl Class {
    /// Whether the byte is in it.
    pub(crate) fn has(self, byte: u8) -> bool {
        TABLE[usize::from(byte)] & self as u16 != 0
    }

    /// Its place among all classes.
    pub(crate) fn index(self) -> usize {
        (self as u16).trailing_zeros() as usize
    }

    /// As a regular expression spells it.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Alnum => "[A-Za-z0-9]",
            Self::Word => "[A-Za-z0-9_]",
            Self::Dash => "[A-Za-z0-9_-]",
            Self::LowerHex => "[a-f0-9]",
            Self::Base32 => "[A-Z2-7]",
            Self::Base64 => "[A-Za-z0-9+/]",
            Self::Bearer => "[A-Za-z0-9_.~+/-]",
            Self::Local => "[A-Za-z0-9._%+-]",
            Self::Host => "[A-Za-z0-9.-]",
            Self::Scheme => "[A-Za-z0-9+.-]",
            Self::Tilde => "[A-Za-z0-9_.~-]",
            Self::Dotted => "[A-Za-z0-9_.=-]",
            Self::Percent => "[A-Za-z0-9+/%=]",
        }
    }
}

static TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = classes_of(byte as u8);
        byte += 1;
    }
    table
}

const fn classes_of(byte: u8) -> u16 {
    use Class::{
        Alnum, Base32, Base64, Bearer, Dash, Dotted, Host, Local, LowerHex, Percent, Scheme, Tilde, Word,
    };
    let mut classes = match byte {
        b'_' => Word as u16 | Dash as u16 | Bearer as u16 | Local as u16 | Tilde as u16 | Dotted as u16,
        b'-' => {
            Dash as u16
                | Bearer as u16
                | Local as u16
                | Host as u16
                | Scheme as u16
                | Tilde as u16
                | Dotted as u16
        }
        b'.' => Bearer as u16 | Local as u16 | Host as u16 | Scheme as u16 | Tilde as u16 | Dotted as u16,
        b'~' => Bearer as u16 | Tilde as u16,
        b'+' => Base64 as u16 | Bearer as u16 | Local as u16 | Scheme as u16 | Percent as u16,
        b'/' => Base64 as u16 | Bearer as u16 | Percent as u16,
        b'%' => Local as u16 | Percent as u16,
        b'=' => Dotted as u16 | Percent as u16,
        _ => 0,
    };
    if byte.is_ascii_alphanumeric() {
        classes |= Alnum as u16 | Word as u16 | Dash as u16 | Base64 as u16 | Bearer as u16 | Local as u16;
        classes |= Host as u16 | Scheme as u16 | Tilde as u16 | Dotted as u16 | Percent as u16;
    }
    if byte.is_ascii_digit() || matches!(byte, b'a'..=b'f') {
        classes |= LowerHex as u16;
    }
    if matches!(byte, b'A'..=b'Z' | b'2'..=b'7') {
        classes |= Base32 as u16;
    }
    classes
}
