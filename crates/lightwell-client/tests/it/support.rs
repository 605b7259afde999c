//! What the tests share: records, settings with short times, and checks of the ledger.

use std::time::Duration;

use lightwell_client::insidellm::{InsideLlmBuilder, InsideLlmClient};
use lightwell_client::sigil::{Protocol, SigilBuilder, SigilClient};
use lightwell_client::{RetryPolicy, Settings, Stats};
use lightwell_wire::sigil::messages::{Generation, WorkflowStep};

/// Longer than anything may take; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn settings() -> Settings {
    Settings {
        flush_interval: Duration::from_secs(3600),
        request_timeout: Duration::from_secs(10),
        retry: RetryPolicy {
            max_retries: 3,
            initial_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(2),
            ..RetryPolicy::default()
        },
        ..Settings::default()
    }
}

pub(crate) fn http_client(endpoint: &str, settings: Settings) -> SigilClient {
    SigilBuilder::new(Protocol::Http, endpoint).settings(settings).build().unwrap()
}

pub(crate) fn grpc_client(endpoint: &str, settings: Settings) -> SigilClient {
    SigilBuilder::new(Protocol::Grpc, endpoint).settings(settings).build().unwrap()
}

pub(crate) fn event_client(base_url: &str, settings: Settings) -> InsideLlmClient {
    InsideLlmBuilder::new(base_url, "secret").user_agent("tests/1").settings(settings).build().unwrap()
}

pub(crate) fn generation(id: &str) -> Generation {
    Generation { id: id.to_owned(), ..Generation::default() }
}

pub(crate) fn big_generation(id: &str, bytes: usize) -> Generation {
    Generation { system_prompt: "x".repeat(bytes), ..generation(id) }
}

/// More than 2000 bytes, and nothing in it that could be cut.
pub(crate) fn uncuttable_generation(id: &str) -> Generation {
    Generation { parent_generation_ids: vec!["generation-of-before".to_owned(); 200], ..generation(id) }
}

pub(crate) fn step(id: &str) -> WorkflowStep {
    WorkflowStep { id: id.to_owned(), ..WorkflowStep::default() }
}

pub(crate) fn record(client: &SigilClient, ids: std::ops::Range<usize>) {
    for id in ids {
        client.record_generation(&generation(&format!("g{id}"))).unwrap();
    }
}

/// Delivered, dropped, pending; the ledger balances.
pub(crate) fn account(stats: &Stats) -> (u64, u64, u64) {
    assert!(stats.balances(), "{stats:?}");
    (stats.delivered, stats.dropped(), stats.pending)
}
