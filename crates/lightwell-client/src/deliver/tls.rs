//! Whom we trust: the system's certificates (also those of `SSL_CERT_FILE` and `SSL_CERT_DIR`) and Mozilla's, so that both a
//! company's own authority and a container without certificates work, as they did with the packages that we stand in for.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The trusted roots. The system's are only read when asked for: that takes milliseconds.
pub(crate) fn roots(with_system: bool) -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if with_system {
        // Unreadable certificates are left out: a connection that needed one fails and says so.
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
    }
    roots
}

/// A client configuration on the ring provider, without touching the process-wide default.
pub(crate) fn client_config(with_system: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots(with_system)).with_no_client_auth())
}
