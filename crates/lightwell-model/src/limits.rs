//! Every limit on a record, in one place. Sizes are bytes of UTF-8 unless the name says otherwise.

/// Length of a tenant id.
pub const TENANT_BYTES: usize = 150;
/// Length of a record, conversation, parent, trace, span or response id.
pub const ID_BYTES: usize = 255;
/// Length of a name: agent, version, model, provider, operation, user, tool, step, stop reason.
pub const NAME_BYTES: usize = 1024;
/// Length of a conversation title.
pub const TITLE_BYTES: usize = 1024;
/// Number of tags on a record.
pub const TAG_COUNT: usize = 128;
/// Length of one tag's key.
pub const TAG_KEY_BYTES: usize = 255;
/// Length of one tag's value.
pub const TAG_VALUE_BYTES: usize = 4096;
/// Number of messages in a record's input or output.
pub const MESSAGE_COUNT: usize = 100_000;
/// Number of tool definitions of a generation.
pub const TOOL_COUNT: usize = 10_000;
/// Number of parent or linked ids of a record.
pub const LINK_COUNT: usize = 10_000;
/// Nesting depth of JSON inside a record (metadata, payloads, unknown fields).
pub const JSON_DEPTH: usize = 128;
/// A canonical message longer than this is stored apart from the short ones.
pub const LARGE_CONTENT_BYTES: usize = 64 * 1024;
