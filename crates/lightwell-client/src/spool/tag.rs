//! What the client writes down of a record and of a life. Spool files outlive processes and versions: whoever changes this
//! adds a version and goes on reading the old ones.

use std::path::Path;

use lightwell_spool::Owner;
use serde_json::{Value, json};

use crate::account::Life;

/// Version 1: the version, the lane, the record's id.
const VERSION: u8 = 1;

/// What is written down of a record besides its bytes.
pub(super) fn write(lane: usize, id: &str) -> Vec<u8> {
    let mut tag = Vec::with_capacity(2 + id.len());
    tag.push(VERSION);
    tag.push(u8::try_from(lane).unwrap_or(u8::MAX));
    tag.extend_from_slice(id.as_bytes());
    tag
}

/// Reads it; `None` when a later version wrote it.
pub(super) fn read(tag: &[u8]) -> Option<(usize, String)> {
    let [VERSION, lane, id @ ..] = tag else { return None };
    Some((usize::from(*lane), String::from_utf8_lossy(id).into_owned()))
}

/// What is written down of a life. Holds no secret.
pub(super) fn describe(life: &Life, destination: &str) -> Vec<u8> {
    let text = json!({
        "client": life.client,
        "pid": life.pid,
        "started": life.started,
        "host": life.host(),
        "to": destination,
    });
    text.to_string().into_bytes()
}

/// The life that left these records. What cannot be read of it is told from the folder's name.
pub(super) fn left_life(owner: &Owner) -> Life {
    let known: Value = serde_json::from_slice(owner.meta()).unwrap_or_default();
    let text = |key: &str| known.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| known.get(key).and_then(Value::as_i64).unwrap_or_default();
    let name = Path::new(owner.life()).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let client = text("client").unwrap_or_else(|| name.chars().take(32).collect());
    let pid = u32::try_from(number("pid")).unwrap_or_default();
    Life::left(client, pid, number("started"), text("host").unwrap_or_default())
}
