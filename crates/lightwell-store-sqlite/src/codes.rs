//! Numbers that stand for things in a day file, and the ways to and from them. They are stored: never change one.

use jiff::Timestamp;
use lightwell_model::{Day, RecordKind, TenantId};

/// `record.kind` of generations, the one kind that totals look at.
pub const GENERATION: i64 = 0;

/// `record.kind`.
pub fn kind(kind: RecordKind) -> i64 {
    match kind {
        RecordKind::Generation => GENERATION,
        RecordKind::Step => 1,
        RecordKind::Event => 2,
    }
}

/// `facet.kind`: what the value is.
pub mod facet {
    /// Symbol of an agent's name.
    pub const AGENT: i64 = 0;
    /// Symbol of a model's name.
    pub const MODEL: i64 = 1;
    /// Symbol of a provider.
    pub const PROVIDER: i64 = 2;
    /// Symbol of a user id.
    pub const USER: i64 = 3;
    /// Symbol of a tag.
    pub const TAG: i64 = 4;
    /// 1: it failed.
    pub const ERROR: i64 = 5;
}

/// `orphan.kind`: which table the row is in.
pub mod orphan {
    /// A node.
    pub const NODE: i64 = 0;
    /// A content.
    pub const CONTENT: i64 = 1;
    /// A symbol.
    pub const SYMBOL: i64 = 2;
}

/// Nanoseconds since 1970; moments before 1678 or after 2261 are kept at those ends.
pub fn nanoseconds(moment: Timestamp) -> i64 {
    moment.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The way back from [`nanoseconds`].
pub fn moment(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}

/// A day as the number `yyyymmdd`.
pub fn day_number(day: Day) -> i64 {
    let date = day.date();
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

/// The way back from [`day_number`], in the form of a folder's name.
pub fn day_of_number(number: i64) -> Option<Day> {
    format!("{:04}-{:02}-{:02}", number / 10_000, number / 100 % 100, number % 100).parse().ok()
}

/// Hash of what names a record within the whole store.
pub fn record_key(tenant: &TenantId, record_kind: RecordKind, id: &str) -> i64 {
    key(&[b'r', kind(record_kind) as u8], tenant, id)
}

/// Hash of what names a conversation within the whole store.
pub fn conversation_key(tenant: &TenantId, id: &str) -> i64 {
    key(b"c", tenant, id)
}

/// The text of a tag's symbol. Neither part contains the separator.
pub fn tag(key: &str, value: &str) -> String {
    format!("{key}\0{value}")
}

fn key(what: &[u8], tenant: &TenantId, id: &str) -> i64 {
    // 8 bytes name a record among billions well enough to find it; whoever finds one compares the id itself.
    let mut hasher = blake3::Hasher::new();
    hasher.update(what).update(tenant.as_str().as_bytes()).update(b"\0").update(id.as_bytes());
    let hash = hasher.finalize();
    i64::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i]))
}

/// Appends a number in 7-bit groups, low ones first.
pub fn put_varint(mut number: i64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Reads numbers that [`put_varint`] wrote.
pub fn varints(mut bytes: &[u8]) -> impl Iterator<Item = i64> {
    std::iter::from_fn(move || {
        let mut number = 0;
        for (i, byte) in bytes.iter().enumerate().take(9) {
            number |= i64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                bytes = &bytes[i + 1..];
                return Some(number);
            }
        }
        None
    })
}
