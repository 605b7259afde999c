//! What a browser sees: the embedded page (feature `ui`), and the answer to every path that is no route.

#[cfg(feature = "ui")]
mod embedded;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};

use crate::error::Refusal;
use crate::receive::{is_grpc, refuse_grpc};

/// Serves the page, or says that there is nothing.
pub(crate) async fn page_or_nothing(request: Request) -> Response {
    let nothing = Refusal::NoRoute { path: request.uri().path().to_owned() };
    if is_grpc(request.headers()) {
        return refuse_grpc(&nothing);
    }
    #[cfg(feature = "ui")]
    if let Some(file) = embedded::file(&request) {
        return file;
    }
    nothing.into_response()
}
