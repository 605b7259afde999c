//! Every environment variable of the binary. A flag always wins over its variable.

/// Folder of the data: `--data`.
pub const DATA: &str = "LIGHTWELL_DATA";
/// Addresses to listen on, separated by commas: `--listen`.
pub const LISTEN: &str = "LIGHTWELL_LISTEN";
/// Size of a request body, at most: `--body-limit`.
pub const BODY_LIMIT: &str = "LIGHTWELL_BODY_LIMIT";
/// What to log: a level (`info`), or a level for each part (`info,lightwell_server=debug`): `--log`.
pub const LOG: &str = "LIGHTWELL_LOG";
/// Address of the server to ask: `--server`.
pub const SERVER: &str = "LIGHTWELL_SERVER";
/// API key to ask with: `--key`.
pub const KEY: &str = "LIGHTWELL_KEY";
/// Tenant to ask for, where the server runs without keys: `--tenant`.
pub const TENANT: &str = "LIGHTWELL_TENANT";
/// Set and not empty: never use colour (see no-color.org).
pub const NO_COLOR: &str = "NO_COLOR";
/// Where programs keep the user's data, by the XDG convention.
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";
/// The user's folder.
pub const HOME: &str = "HOME";

/// A variable that is set and not empty.
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
