//! Name lookup on the calling thread. The runtimes' own resolvers start helper threads, and we promise to have one thread.

use std::future::{Ready, ready};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Looks names up with the system's resolver, in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InPlaceResolver;

impl reqwest::dns::Resolve for InPlaceResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found = look_up(name.as_str());
        Box::pin(ready(match found {
            Ok(addresses) => Ok(Box::new(addresses) as reqwest::dns::Addrs),
            Err(error) => Err(error.into()),
        }))
    }
}

impl Service<Name> for InPlaceResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        ready(look_up(name.as_str()))
    }
}

fn look_up(host: &str) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    (host, 0).to_socket_addrs()
}
