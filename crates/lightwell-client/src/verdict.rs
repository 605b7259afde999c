//! What an answer means, and what happens to the batch: two pure functions, the only place that decides.
//!
//! [`judge`] turns a [`Reply`] into a [`Verdict`]; [`decide`] turns the verdict, the attempt number and the retry policy
//! into an [`Action`]. Neither reads a clock or rolls a die: the caller passes the random number.

use std::time::Duration;

use crate::encoding::ItemResult;
use crate::ledger::DropReason;
use crate::settings::RetryPolicy;

/// What came back from one attempt.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An HTTP response.
    Http {
        /// Status code after redirects.
        status: u16,
        /// Pause that `Retry-After` asks for.
        retry_after: Option<Duration>,
        /// Results per item, when the body could be read as such.
        results: Option<Vec<ItemResult>>,
        /// Beginning of the body of a refusal, for people.
        detail: String,
    },
    /// A gRPC response.
    Grpc {
        /// Status code, 0 = OK.
        code: i32,
        /// Status message.
        message: String,
        /// Pause that `RetryInfo` asks for.
        retry_after: Option<Duration>,
        /// Results per item, when the message could be read.
        results: Option<Vec<ItemResult>>,
    },
    /// No answer: name lookup, connection, TLS, time-out, reset.
    Network {
        /// What failed, for people.
        why: String,
    },
    /// The request could not be made at all and never can.
    Unusable {
        /// What is wrong, for people.
        why: String,
    },
}

/// What an answer means for the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has the batch, apart from items that it names as refused.
    Delivered {
        /// Results per item; empty when the server gave none that can be read.
        results: Vec<ItemResult>,
    },
    /// Try the same again, after the pause that the server asks for if it does.
    Retry {
        /// The pause.
        after: Option<Duration>,
        /// For people.
        why: String,
    },
    /// Too many bytes in one request.
    TooLarge {
        /// For people.
        why: String,
    },
    /// Some item is bad.
    BadItem {
        /// For people.
        why: String,
        /// Results per item, when the refusal names any; empty when it does not say which item is bad.
        results: Vec<ItemResult>,
    },
    /// Refused for good, whatever is in it.
    Refused {
        /// For people.
        why: String,
    },
}

impl Verdict {
    /// How long the server wants to be left alone, by every request.
    #[must_use]
    pub fn pause_for_all(&self, policy: &RetryPolicy) -> Option<Duration> {
        match self {
            Self::Retry { after, .. } => after.map(|asked| asked.min(policy.max_server_delay)),
            _ => None,
        }
    }
}

/// What happens to the batch now.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Account for each item by its result.
    Settle {
        /// Results per item; empty when the server gave none that can be read.
        results: Vec<ItemResult>,
    },
    /// Send the same again after the pause.
    Wait {
        /// The pause.
        pause: Duration,
    },
    /// Send both halves by themselves, so that the bad item comes to stand alone.
    Bisect,
    /// Send it in two requests of about the same size.
    SplitBytes,
    /// Cut the longest parts of the only item and send it again; drop it as too large when it has none.
    Shrink {
        /// For people.
        why: String,
    },
    /// Drop all items.
    Drop {
        /// How they are counted.
        reason: DropReason,
        /// For people.
        why: String,
    },
}

/// Reads an answer.
#[must_use]
pub fn judge(reply: Reply) -> Verdict {
    match reply {
        Reply::Http { status, retry_after, results, detail } => {
            judge_http(status, retry_after, results, &detail)
        }
        Reply::Grpc { code, message, retry_after, results } => {
            judge_grpc(code, &message, retry_after, results)
        }
        Reply::Network { why } => Verdict::Retry { after: None, why },
        Reply::Unusable { why } => Verdict::Refused { why },
    }
}

/// Decides. `attempt` counts from 0, `items` is the size of the batch, `random` lies in `[0, 1)`.
#[must_use]
pub fn decide(verdict: Verdict, attempt: u32, items: usize, policy: &RetryPolicy, random: f64) -> Action {
    match verdict {
        Verdict::Delivered { results } => Action::Settle { results },
        Verdict::Retry { why, .. } if attempt >= policy.max_retries => {
            Action::Drop { reason: DropReason::GaveUp, why }
        }
        Verdict::Retry { after: Some(asked), .. } => {
            Action::Wait { pause: asked.min(policy.max_server_delay) }
        }
        Verdict::Retry { after: None, .. } => Action::Wait { pause: policy.backoff(attempt, random) },
        Verdict::BadItem { results, .. } if names_the_bad_ones(&results, items) => Action::Settle { results },
        Verdict::TooLarge { .. } if items > 1 => Action::SplitBytes,
        Verdict::BadItem { .. } if items > 1 => Action::Bisect,
        Verdict::TooLarge { why } => Action::Shrink { why },
        Verdict::BadItem { why, .. } => Action::Drop { reason: DropReason::Rejected, why },
        Verdict::Refused { why } => Action::Drop { reason: DropReason::GaveUp, why },
    }
}

/// A refusal of the request is only believed item by item when it says something of each and refuses at least one.
fn names_the_bad_ones(results: &[ItemResult], items: usize) -> bool {
    results.len() == items && results.iter().any(|result| !result.accepted)
}

fn judge_http(
    status: u16,
    retry_after: Option<Duration>,
    results: Option<Vec<ItemResult>>,
    detail: &str,
) -> Verdict {
    if (200..300).contains(&status) {
        // A success that cannot be read is still a success: repeating it would deliver everything twice.
        return Verdict::Delivered { results: results.unwrap_or_default() };
    }
    let why = describe_http(status, detail);
    match status {
        408 | 425 | 429 | 500..=599 => Verdict::Retry { after: retry_after, why },
        413 => Verdict::TooLarge { why },
        400 | 422 => Verdict::BadItem { why, results: results.unwrap_or_default() },
        _ => Verdict::Refused { why },
    }
}

fn judge_grpc(
    code: i32,
    message: &str,
    retry_after: Option<Duration>,
    results: Option<Vec<ItemResult>>,
) -> Verdict {
    if code == 0 {
        return Verdict::Delivered { results: results.unwrap_or_default() };
    }
    let name = grpc_code_name(code);
    let why = if message.is_empty() { format!("gRPC {name}") } else { format!("gRPC {name}: {message}") };
    // A proxy that does not speak gRPC answers 413 by HTTP alone; that becomes UNKNOWN with the status in its text.
    let is_413 = code == 2 && message.ends_with("HTTP status code 413");
    if is_413 || matches!(code, 8 | 11) && speaks_of_message_size(message) {
        return Verdict::TooLarge { why };
    }
    match code {
        // CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS
        1 | 2 | 4 | 8 | 10 | 13 | 14 | 15 => Verdict::Retry { after: retry_after, why },
        // INVALID_ARGUMENT
        3 => Verdict::BadItem { why, results: Vec::new() },
        _ => Verdict::Refused { why },
    }
}

/// gRPC has no status of its own for "too large"; these are the phrases of its C core, Go and Rust servers.
fn speaks_of_message_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("larger than max") || message.contains("message length too large")
}

fn describe_http(status: u16, detail: &str) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    let head = match reason {
        Some(reason) => format!("HTTP {status} {reason}"),
        None => format!("HTTP {status}"),
    };
    if detail.is_empty() { head } else { format!("{head}: {detail}") }
}

fn grpc_code_name(code: i32) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    usize::try_from(code).ok().and_then(|index| NAMES.get(index)).unwrap_or(&"UNKNOWN")
}

#[cfg(test)]
mod tests;
