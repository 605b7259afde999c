//! Recognising a client that speaks TLS to a port without: the commonest mistake, since some SDKs do so by default.

use std::sync::Once;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A TLS handshake record begins with its type and the major version.
const HANDSHAKE: [u8; 2] = [0x16, 0x03];
/// What the client finds in place of its handshake. Most TLS libraries report it as "wrong version number", which people
/// recognise as a port without TLS; those that show the text help even more.
const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This port speaks without TLS, and the client spoke TLS. Use an http:// address, or insecure=true for gRPC.\n";
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a connection begins as TLS does.
pub(super) fn is_tls_hello(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(&HANDSHAKE)
}

/// Says once what to change in the client.
pub(super) struct Hint(Once);

impl Hint {
    pub const fn new() -> Self {
        Self(Once::new())
    }

    /// Turns the client away.
    pub async fn refuse(&self, mut stream: TcpStream) {
        self.0.call_once(|| {
            let peer = stream.peer_addr().map_or_else(|_| "unknown".to_owned(), |peer| peer.to_string());
            let port = stream.local_addr().map_or(0, |local| local.port());
            tracing::warn!(
                peer,
                port,
                "a client spoke TLS to a port without; set insecure=True (sigil_sdk and agento11y: \
                 GenerationExportConfig(insecure=True)), or use an http:// endpoint; \
                 said once, see lightwell_tls_hellos_total"
            );
        });
        // The client may be gone already; then there is nobody to tell.
        let told = timeout(WRITE_TIMEOUT, async {
            stream.write_all(ANSWER).await?;
            stream.shutdown().await
        });
        if let Ok(Err(error)) = told.await {
            tracing::debug!(%error, "a TLS client left before it was told");
        }
    }
}
