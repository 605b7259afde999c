//! Whether a request body is compressed: only where it pays, and only for a server that is known to understand it.
//!
//! A server says so in its answers (`Accept-Encoding` as in RFC 7694, `grpc-accept-encoding`), or the setting does. To a server on
//! the same machine bytes cost less than the time to compress them. One that refuses a compressed body gets it as it is, and all
//! later ones.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName};

use crate::settings::Compression;

/// A smaller body fits a network packet or two as it is.
const WORTH_BYTES: usize = 1400;

pub(super) struct Compressor {
    mode: Compression,
    is_local: bool,
    /// The header by which the server says what it understands.
    offer: HeaderName,
    is_offered: AtomicBool,
    is_refused: AtomicBool,
}

impl Compressor {
    pub(super) fn new(mode: Compression, host: Option<&str>, offer: HeaderName) -> Self {
        Self {
            mode,
            is_local: host.is_some_and(is_local),
            offer,
            is_offered: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
        }
    }

    /// Whether a body of this size is to be compressed.
    pub(super) fn wants(&self, bytes: usize) -> bool {
        let is_known = match self.mode {
            Compression::Off => false,
            Compression::Auto => self.is_offered.load(Ordering::Relaxed) && !self.is_local,
            Compression::On => true,
        };
        is_known && bytes >= WORTH_BYTES && !self.is_refused.load(Ordering::Relaxed)
    }

    /// Reads in an answer what the server understands.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        let values = headers.get_all(&self.offer).iter().filter_map(|value| value.to_str().ok());
        let mut codings = values.flat_map(|value| value.split(','));
        if codings.any(|coding| coding.split(';').next().is_some_and(|name| name.trim() == "gzip")) {
            self.is_offered.store(true, Ordering::Relaxed);
        }
    }

    /// The server did not take it compressed.
    pub(super) fn refuse(&self) {
        self.is_refused.store(true, Ordering::Relaxed);
    }
}

/// The body as gzip, unless that is not smaller.
pub(super) fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < body.len()).then(|| packed.into())
}

fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    fn compressor(mode: Compression, host: &str) -> Compressor {
        Compressor::new(mode, Some(host), ACCEPT_ENCODING)
    }

    fn offers(value: &str) -> HeaderMap {
        [(ACCEPT_ENCODING, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_server_must_have_said_that_it_understands_it() {
        let auto = compressor(Compression::Auto, "collector.example");
        assert!(!auto.wants(100_000));
        auto.learn(&offers("br, identity"));
        assert!(!auto.wants(100_000));
        auto.learn(&offers("identity, gzip;q=0.5"));
        assert!(auto.wants(100_000));
        assert!(!auto.wants(1000), "too small to pay");
        auto.refuse();
        assert!(!auto.wants(100_000));
    }

    #[test]
    fn the_setting_has_the_last_word_and_the_own_machine_is_near() {
        for host in ["localhost", "127.0.0.1", "::1", "[::1]"] {
            let near = compressor(Compression::Auto, host);
            near.learn(&offers("gzip"));
            assert!(!near.wants(100_000), "{host}");
            assert!(compressor(Compression::On, host).wants(100_000));
        }
        let off = compressor(Compression::Off, "collector.example");
        off.learn(&offers("gzip"));
        assert!(!off.wants(100_000));
    }

    #[test]
    fn what_does_not_get_smaller_stays_as_it_is() {
        assert!(gzip(&[b'x'; 10_000]).unwrap().len() < 100);
        // A linear congruential generator: nothing that gzip could find a pattern in.
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(4000)
        .collect();
        assert_eq!(gzip(&noise), None);
    }
}
