//! Where InsideLLM programs send to.

/// `POST`: one event, or a list of events.
pub const INGEST: &str = "/api/v1/ingest";

/// `GET`: the program takes exactly status 200 as healthy.
pub const HEALTH: &str = "/health";
