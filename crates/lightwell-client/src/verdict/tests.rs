use super::*;

fn http(status: u16, retry_after: Option<u64>) -> Reply {
    let retry_after = retry_after.map(Duration::from_secs);
    Reply::Http { status, retry_after, results: None, detail: String::new() }
}

fn grpc(code: i32, message: &str) -> Reply {
    Reply::Grpc { code, message: message.to_owned(), retry_after: None, results: None }
}

/// The verdict without its texts.
fn kind(reply: Reply) -> &'static str {
    match judge(reply) {
        Verdict::Delivered { .. } => "delivered",
        Verdict::Retry { after: None, .. } => "retry",
        Verdict::Retry { after: Some(_), .. } => "retry after",
        Verdict::TooLarge { .. } => "too large",
        Verdict::BadItem { .. } => "bad item",
        Verdict::Refused { .. } => "refused",
    }
}

#[test]
fn every_http_status_has_its_verdict() {
    for status in 100..600 {
        let expected = match status {
            200..=299 => "delivered",
            408 | 425 | 429 | 500..=599 => "retry",
            413 => "too large",
            400 | 422 => "bad item",
            _ => "refused",
        };
        assert_eq!(kind(http(status, None)), expected, "{status}");
    }
    assert_eq!(kind(http(429, Some(5))), "retry after");
    assert_eq!(kind(http(503, Some(5))), "retry after");
    assert_eq!(kind(http(401, Some(5))), "refused");
}

#[test]
fn every_grpc_code_has_its_verdict() {
    let expected = [
        "delivered",
        "retry",
        "retry",
        "bad item",
        "retry",
        "refused",
        "refused",
        "refused",
        "retry",
        "refused",
        "retry",
        "refused",
        "refused",
        "retry",
        "retry",
        "retry",
        "refused",
        "refused",
    ];
    for (code, expected) in (0..).zip(expected) {
        assert_eq!(kind(grpc(code, "because")), expected, "{code}");
    }
    for message in [
        "Received message larger than max (6291456 vs. 4194304)",
        "grpc: received message larger than max (5 vs. 4)",
        "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
    ] {
        assert_eq!(kind(grpc(8, message)), "too large");
        assert_eq!(kind(grpc(11, message)), "too large");
    }
    let by_a_proxy = "grpc-status header missing, mapped from HTTP status code 413";
    assert_eq!(kind(grpc(2, by_a_proxy)), "too large");
    let asked = Reply::Grpc {
        code: 8,
        message: String::new(),
        retry_after: Some(Duration::from_secs(2)),
        results: None,
    };
    assert_eq!(kind(asked), "retry after");
}

#[test]
fn no_answer_is_retried_and_an_unusable_target_is_not() {
    assert_eq!(kind(Reply::Network { why: "connection refused".to_owned() }), "retry");
    assert_eq!(kind(Reply::Unusable { why: "no TLS".to_owned() }), "refused");
}

#[test]
fn texts_name_the_status() {
    let detailed =
        Reply::Http { status: 400, retry_after: None, results: None, detail: "id is missing".to_owned() };
    assert_eq!(
        judge(detailed),
        Verdict::BadItem { why: "HTTP 400 Bad Request: id is missing".to_owned(), results: Vec::new() }
    );
    let why = "gRPC UNAUTHENTICATED: no key".to_owned();
    assert_eq!(judge(grpc(16, "no key")), Verdict::Refused { why });
}

#[test]
fn what_happens_next() {
    let policy = RetryPolicy { max_retries: 2, ..RetryPolicy::default() };
    let why = || "why".to_owned();
    let said = |accepted: &[bool]| -> Vec<ItemResult> {
        accepted.iter().map(|accepted| ItemResult { accepted: *accepted, ..ItemResult::default() }).collect()
    };
    let bad = |accepted: &[bool]| Verdict::BadItem { why: why(), results: said(accepted) };
    let retry = |after: Option<u64>| Verdict::Retry { after: after.map(Duration::from_secs), why: why() };
    let dropped = |reason| Action::Drop { reason, why: why() };
    let wait = |seconds| Action::Wait { pause: Duration::from_secs_f64(seconds) };
    let cases = [
        (Verdict::Delivered { results: Vec::new() }, 0, 5, Action::Settle { results: Vec::new() }),
        (retry(None), 0, 5, wait(0.05)),
        (retry(None), 1, 5, wait(0.1)),
        (retry(None), 2, 5, dropped(DropReason::GaveUp)),
        (retry(Some(5)), 1, 5, wait(5.0)),
        (retry(Some(3600)), 1, 5, wait(120.0)),
        (retry(Some(5)), 2, 5, dropped(DropReason::GaveUp)),
        (Verdict::TooLarge { why: why() }, 0, 2, Action::SplitBytes),
        (Verdict::TooLarge { why: why() }, 0, 1, Action::Shrink { why: why() }),
        (bad(&[]), 0, 2, Action::Bisect),
        (bad(&[]), 0, 1, dropped(DropReason::Rejected)),
        (bad(&[false, true]), 0, 2, Action::Settle { results: said(&[false, true]) }),
        (bad(&[true, true]), 0, 2, Action::Bisect),
        (bad(&[false]), 0, 2, Action::Bisect),
        (Verdict::Refused { why: why() }, 0, 2, dropped(DropReason::GaveUp)),
    ];
    for (verdict, attempt, items, expected) in cases {
        let seen = format!("{verdict:?}, attempt {attempt}, {items} items");
        assert_eq!(decide(verdict, attempt, items, &policy, 0.5), expected, "{seen}");
    }
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it_from_every_request() {
    let policy = RetryPolicy::default();
    let pause = |reply| judge(reply).pause_for_all(&policy);
    assert_eq!(pause(http(429, Some(5))), Some(Duration::from_secs(5)));
    assert_eq!(pause(http(429, Some(3600))), Some(policy.max_server_delay));
    assert_eq!(pause(http(503, None)), None);
    assert_eq!(pause(http(401, Some(5))), None);
}

#[test]
fn backoff_doubles_up_to_its_cap_and_is_scattered_over_all_of_it() {
    let policy = RetryPolicy::default();
    for (repeat, bound) in [(0, 0.1), (1, 0.2), (5, 3.2), (6, 5.0), (60, 5.0), (4_000_000_000, 5.0)] {
        assert_eq!(policy.backoff(repeat, 1.0), Duration::from_secs_f64(bound), "{repeat}");
        assert_eq!(policy.backoff(repeat, 0.0), Duration::ZERO);
    }
}

#[test]
fn jitter_does_not_make_the_last_attempt_come_earlier_than_regular_pauses_would() {
    let policy = RetryPolicy::default();
    let waited = Duration::from_millis(600);
    for (repeat, least_ms) in [(0, 0), (3, 0), (4, 2_500), (5, 0), (u32::MAX, 0)] {
        assert_eq!(policy.least_pause(repeat, waited), Duration::from_millis(least_ms), "{repeat}");
    }
    assert_eq!(policy.least_pause(4, Duration::from_secs(9)), Duration::ZERO);
    let outlasting = RetryPolicy { max_retries: u32::MAX, ..policy };
    assert_eq!(outlasting.least_pause(4, waited), Duration::ZERO);
}
