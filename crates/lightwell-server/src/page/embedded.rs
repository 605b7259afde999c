//! The page's files, inside the binary. A path that is no file is the page itself, which reads the path.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{Method, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Files whose name changes with their content.
const IMMUTABLE: &str = "_app/immutable/";
const INDEX: &str = "index.html";

#[derive(RustEmbed)]
#[folder = "../../ui/build"]
struct Files;

/// The file that a request asks for; none for what belongs to the API.
pub(super) fn file(request: &Request) -> Option<Response> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || path.starts_with("/api/") {
        return None;
    }
    let name = path.trim_start_matches('/');
    let (name, file) = match Files::get(name) {
        Some(file) => (name, file),
        // A missing file of the build is missing; anything else is a place in the page. The ids in its places may hold
        // dots, so a dot tells a file only at the top.
        None if name.starts_with("_app/") || (name.contains('.') && !name.contains('/')) => return None,
        None => (INDEX, Files::get(INDEX)?),
    };
    Some(answer(request, name, file))
}

fn answer(request: &Request, name: &str, file: EmbeddedFile) -> Response {
    let hash = file.metadata.sha256_hash();
    let etag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{etag}\"");
    let cache = if name.starts_with(IMMUTABLE) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let response = Response::builder()
        .header(CONTENT_TYPE, content_type(name))
        .header(CACHE_CONTROL, cache)
        .header(ETAG, etag);
    let response = if known {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        response.body(Body::from(file.data))
    };
    response.expect("the tag is hex digits, the other headers are written here")
}

/// The media types of what the build writes.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
