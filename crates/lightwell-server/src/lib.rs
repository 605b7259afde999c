//! The server half: it receives what programs tell, keeps what it acknowledged, and answers questions about it.
//!
//! ```text
//!   listen ─► routes ─► receive ─► admit ─► commit ─► Store          query ◄─ Store        live ◄─ commit
//! ```
//!
//! | room | job |
//! |---|---|
//! | `listen` | sockets: every listener speaks everything; draining when the server stops |
//! | `routes` | every route |
//! | `receive` | bodies, compression, gRPC frames, decoding item by item |
//! | `admit` | keys, tenants, limits, defaults |
//! | `commit` | one append a batch, one verdict an item |
//! | `query` | answers in the API's shapes |
//! | `evaluate` | what is said about records: ratings, scores, experiments |
//! | `forget` | what is old |
//! | `live` | telling what was committed |
//! | `page` | the embedded page |
//!
//! Invariants: only what the store has made durable is acknowledged; a refused item is refused by itself; memory under way
//! is bounded; nothing here reads the environment or the system's clock; the engine arrives as `Arc<dyn Store>`.

mod admit;
mod app;
mod clock;
mod commit;
mod error;
mod evaluate;
mod forget;
mod health;
pub mod limits;
mod listen;
mod live;
pub mod metrics;
mod openapi;
mod page;
mod query;
mod receive;
mod routes;

pub use admit::KeySecret;
pub use app::Settings;
pub use clock::Clock;
pub use error::ErrorBody;
pub use limits::Limits;
pub use live::{LiveKind, LiveSummary};
pub use query::{
    ConversationItem, ConversationPage, DeletedBody, DeliveryBody, DeliveryTotals, ProcessDelivery,
    TotalsBody,
};
pub use receive::{IngestResult, IngestResults};
pub use routes::openapi;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use lightwell_store::{Store, StoreError};
use tokio::net::TcpListener;

use app::App;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Others could reach it, and anybody of them could read and write everything.
    #[error(
        "refusing to listen on {address}: others can reach it and no API key is configured; make one with \"lightwell keys create --tenant <tenant>\", or start with --open to let everybody in"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The store cannot be asked for keys.
    #[error("cannot read the API keys")]
    Keys(#[from] StoreError),
    /// A socket failed.
    #[error("cannot serve")]
    Io(#[from] io::Error),
}

/// A server, ready to serve.
pub struct Server {
    app: Arc<App>,
    listeners: Vec<TcpListener>,
}

impl Server {
    /// Checks that the listeners may be served: without keys only those that nobody else can reach, unless
    /// [`Settings::open`] says otherwise.
    pub async fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        settings: Settings,
        listeners: Vec<TcpListener>,
    ) -> Result<Self, StartError> {
        let app = App::new(store, clock, settings);
        let guarded = app.settings.open || app.keyring.any().await?;
        for listener in &listeners {
            let address = listener.local_addr()?;
            if !guarded && !address.ip().is_loopback() {
                return Err(StartError::Open { address });
            }
        }
        Ok(Self { app, listeners })
    }

    /// Serves until `stop` completes, then finishes what is under way and closes the store.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
        listen::serve(self.app, self.listeners, stop).await
    }
}
