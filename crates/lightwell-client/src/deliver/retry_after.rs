//! The pause that a server asks for: `Retry-After` in seconds or as a date, and gRPC's `RetryInfo`.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use prost::Message;

/// Reads a `Retry-After` value. A date in the past means no pause; what cannot be read means nothing was asked.
pub(crate) fn from_header(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// Reads the `Retry-After` header, if there is one.
pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    from_header(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

/// Reads the `RetryInfo` out of a gRPC status' details.
pub(crate) fn from_status_details(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let info = status.details.iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&info.value[..]).ok()?.retry_delay?;
    Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?))
}

/// The part of `google.rpc.Status` that matters here.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<AnyMessage>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct AnyMessage {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let cases = [
            ("5", Some(5.0)),
            (" 0 ", Some(0.0)),
            ("0.5", Some(0.5)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0.0)),
            ("-1", None),
            ("soon", None),
            ("", None),
            ("NaN", None),
        ];
        for (value, expected) in cases {
            assert_eq!(from_header(value, now), expected.map(Duration::from_secs_f64), "{value:?}");
        }
    }

    #[test]
    fn retry_info() {
        let info = RetryInfo { retry_delay: Some(Delay { seconds: 2, nanos: 500_000_000 }) };
        let any = AnyMessage {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: info.encode_to_vec(),
        };
        let details = RpcStatus { details: vec![any] }.encode_to_vec();
        assert_eq!(from_status_details(&details), Some(Duration::from_millis(2500)));
        assert_eq!(from_status_details(b""), None);
        assert_eq!(from_status_details(b"\xff\xff"), None);
    }
}
