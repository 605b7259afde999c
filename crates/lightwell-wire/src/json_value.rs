//! Reading JSON that programs of every kind wrote: split without parsing, numbers made alike, broken escapes mended.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

/// A JSON object.
pub type Object = serde_json::Map<String, Value>;

/// How deep an item may be nested. Less than serde_json's own limit of 128, since a record wraps what it holds in some levels of its own,
/// and must be readable again once it is written.
pub const NESTING_LEVELS: usize = 100;
/// Any integral double below this is exact as an integer.
const EXACT_INTEGERS_BELOW: f64 = 9_007_199_254_740_992.0;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD_BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_BASE64: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Parses one value. Halves of surrogate pairs, which Python writes for text that is not Unicode, become U+FFFD.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let value = serde_json::from_str(text).or_else(|error| match mend_surrogates(text) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(mended) => serde_json::from_str(&mended),
    })?;
    if is_deeper_than(NESTING_LEVELS, &value) {
        return Err(serde::de::Error::custom(format!("it is nested deeper than {NESTING_LEVELS} levels")));
    }
    Ok(value)
}

/// Base64 in either alphabet, with or without padding.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    STANDARD_BASE64.decode(text).or_else(|_| URL_BASE64.decode(text)).ok()
}

/// A whole number, however it is spelt: `1`, `1.0`, `"1"`.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => integer_of_number(number),
        Value::String(text) => integer_of_text(text),
        _ => None,
    }
}

/// The whole number that a number is.
pub fn integer_of_number(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| number.as_f64().and_then(exact_integer))
}

/// The whole number that a text spells.
pub fn integer_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse().ok().and_then(exact_integer))
}

/// A double in its plainest spelling; what JSON cannot hold becomes its name.
pub fn plain_number(number: f64) -> Value {
    if let Some(integer) = exact_integer(number) {
        return integer.into();
    }
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None => Value::String(not_finite_name(number).to_owned()),
    }
}

/// How proto-JSON writes a double that is not a number of JSON.
pub fn not_finite_name(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// What a value is, for error texts.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn is_deeper_than(levels: usize, value: &Value) -> bool {
    let inside = |value: &Value| is_deeper_than(levels - 1, value);
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(inside),
        Value::Object(members) => members.values().any(inside),
        _ => false,
    }
}

fn exact_integer(number: f64) -> Option<i64> {
    let exact = number.trunc() == number && number.abs() < EXACT_INTEGERS_BELOW;
    // Minus zero has no integer.
    (exact && !(number == 0.0 && number.is_sign_negative())).then_some(number as i64)
}

/// Replaces `\ud800`-`\udfff` escapes that are not one half of a pair by `\ufffd`.
fn mend_surrogates(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = text[at..].find('\\') {
        let escape = at + offset;
        at = match (surrogate(text, escape), surrogate(text, escape + 6)) {
            (Some(Half::High), Some(Half::Low)) => escape + 12,
            (Some(_), _) => {
                mended.push_str(&text[copied..escape]);
                mended.push_str("\\ufffd");
                copied = escape + 6;
                copied
            }
            // Any other escape: the backslash and the character after it, which may be a backslash too.
            (None, _) => escape + 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

enum Half {
    High,
    Low,
}

/// Which half of a pair the escape at this byte is.
fn surrogate(text: &str, at: usize) -> Option<Half> {
    let escape = text.as_bytes().get(at..at + 6)?;
    if &escape[..2] != b"\\u" {
        return None;
    }
    let digits = std::str::from_utf8(&escape[2..]).ok()?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn halves_of_pairs_are_mended_and_nothing_else() {
        assert_eq!(parse(r#""a\ud83db\\ud83d\ude00""#).unwrap(), json!("a\u{fffd}b\\ud83d\u{fffd}"));
        assert_eq!(parse(r#"["\ud83d\ude00","\udc00\ud83d\ude00"]"#).unwrap(), json!(["😀", "\u{fffd}😀"]));
        assert!(parse(r#""\ud83d"#).is_err());
        assert!(parse("{").is_err());
        assert!(parse("\"\\").is_err());
        assert!(parse("\"\\ü\"").is_err());
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(NESTING_LEVELS)).is_ok());
        let error = parse(&nested(NESTING_LEVELS + 1)).unwrap_err();
        assert_eq!(error.to_string(), "it is nested deeper than 100 levels");
    }

    #[test]
    fn base64_of_every_alphabet() {
        for text in ["+/8=", "-_8=", "-_8", "+/8", " +/8= "] {
            assert_eq!(base64(text).unwrap(), b"\xfb\xff", "{text}");
        }
        assert_eq!(base64("{}"), None);
    }

    #[test]
    fn integers_of_every_spelling() {
        for value in [json!(7), json!(7.0), json!("7"), json!(" 7.0 "), json!("7e0")] {
            assert_eq!(integer(&value), Some(7), "{value}");
        }
        assert_eq!(integer(&json!(i64::MAX.to_string())), Some(i64::MAX));
        for value in [json!(7.5), json!("x"), json!(true), json!(null), json!(1e300)] {
            assert_eq!(integer(&value), None, "{value}");
        }
    }

    #[test]
    fn doubles_have_a_plainest_spelling() {
        assert_eq!(plain_number(-3.0), json!(-3));
        assert_eq!(plain_number(0.5), json!(0.5));
        assert_eq!(plain_number(f64::NAN), json!("NaN"));
        assert_eq!(plain_number(-0.0).to_string(), "-0.0");
    }
}
