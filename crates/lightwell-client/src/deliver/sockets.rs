//! Which connections this process has opened, so that a forked child can close its copies of them.
//!
//! A child inherits the parent's sockets and must never use them; while it holds them open, the server does not see when the
//! parent closes. Closing a copy is nothing that safe code can do, so the host does it: see [`connections`].

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, TryLockError};
use std::task::{Context, Poll};

use http::Extensions;
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower::{Layer, Service};

/// More than a process has open to its servers; older ones are forgotten first.
const KEPT: usize = 64;

static OPENED: Mutex<Vec<(SocketAddr, SocketAddr)>> = Mutex::new(Vec::new());

/// Local and remote address of the connections that the pipelines of this process have opened lately; some may be closed.
/// Meant for a forked child, which closes what it inherited of them; a second call there finds none.
#[must_use]
pub fn take_inherited_connections() -> Vec<(SocketAddr, SocketAddr)> {
    match OPENED.try_lock() {
        Ok(mut opened) => std::mem::take(&mut *opened),
        Err(TryLockError::Poisoned(poisoned)) => std::mem::take(&mut *poisoned.into_inner()),
        // Forked while the delivery thread was adding to it: nobody here will ever release the lock.
        Err(TryLockError::WouldBlock) => Vec::new(),
    }
}

/// Notes the connections that a connector opens.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoteConnections;

impl<S> Layer<S> for NoteConnections {
    type Service = Noting<S>;

    fn layer(&self, inner: S) -> Noting<S> {
        Noting { inner }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Noting<S> {
    inner: S,
}

impl<S, Request> Service<Request> for Noting<S>
where
    S: Service<Request>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let connection = connecting.await?;
            note(&connection);
            Ok(connection)
        })
    }
}

fn note(connection: &impl Connection) {
    let mut extras = Extensions::new();
    connection.connected().get_extras(&mut extras);
    let Some(info) = extras.get::<HttpInfo>() else { return };
    // In a child of a fork the lock may be held for ever; its connections are then not noted.
    let Ok(mut opened) = OPENED.try_lock() else { return };
    if opened.len() == KEPT {
        opened.remove(0);
    }
    opened.push((info.local_addr(), info.remote_addr()));
}
