//! Every route of the server. What is not here does not exist.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::Uri;
use http::header::CONTENT_TYPE;
use lightwell_wire::{insidellm, sigil};
use percent_encoding::percent_decode_str;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::Refusal;
use crate::openapi::Document;
use crate::{evaluate, health, live, page, query, receive};

/// What clients may call under any prefix, because their endpoint may be a proxy's path.
const UNDER_ANY_PREFIX: [&str; 4] = [
    insidellm::paths::INGEST,
    insidellm::paths::HEALTH,
    sigil::paths::HTTP_GENERATIONS,
    sigil::paths::HTTP_WORKFLOW_STEPS,
];

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, document) = described().split_for_parts();
    let document = Bytes::from(document.to_json().expect("the document has string keys only"));
    let mut router = router.route(
        "/openapi.json",
        get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], document.clone()))),
    );
    for (path, _) in sigil::paths::GRPC_METHODS {
        router = router.route(path, post(receive::grpc_export));
    }
    router
        .fallback(page::page_or_nothing.layer(compression()))
        .method_not_allowed_fallback(|| std::future::ready(Refusal::Method))
        .layer(middleware::from_fn(text_only))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(CatchPanicLayer::custom(|_| Refusal::Internal.into_response()))
        .with_state(app)
}

/// The OpenAPI document of all routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Arc<App>> {
    let answers = OpenApiRouter::new()
        .routes(routes!(query::conversations))
        .routes(routes!(query::conversation, query::delete_conversation))
        .routes(routes!(query::conversation_alias))
        .routes(routes!(query::generation))
        .routes(routes!(query::totals))
        .routes(routes!(query::delete_records))
        .routes(routes!(query::delete_tenant))
        .routes(routes!(query::delivery))
        .layer(compression());
    let ingest = OpenApiRouter::new()
        .routes(routes!(receive::ingest))
        .routes(routes!(receive::export_generations))
        .routes(routes!(receive::export_workflow_steps))
        .layer(middleware::map_response(receive::offer_encodings));
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(ingest)
        .merge(answers)
        .merge(evaluations())
        .routes(routes!(live::live))
        .routes(routes!(health::health))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

fn evaluations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(evaluate::ratings, evaluate::rate_conversation))
        .routes(routes!(evaluate::export_scores))
        .routes(routes!(evaluate::generation_scores))
        .routes(routes!(evaluate::conversation_scores))
        .routes(routes!(evaluate::evaluate_hook))
        .routes(routes!(evaluate::collection_members))
        .routes(routes!(evaluate::upsert_experiment))
        .routes(routes!(evaluate::finalize_experiment))
        .routes(routes!(evaluate::create_trial))
        .routes(routes!(evaluate::update_trial))
        .routes(routes!(evaluate::upload_artifact))
        .routes(routes!(evaluate::artifact))
        .routes(routes!(evaluate::experiments))
        .routes(routes!(evaluate::experiment))
        .routes(routes!(evaluate::experiment_scores))
        .routes(routes!(evaluate::experiment_report))
        .routes(routes!(evaluate::experiment_link))
        .layer(compression())
}

fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// Takes a proxy's prefix off the paths that clients call under any, and the percent-encoding off their colon.
pub(crate) fn strip_prefix<B>(request: &mut http::Request<B>) {
    let path = request.uri().path();
    let ours = path.starts_with("/api/");
    if ours && !path.contains('%') {
        return;
    }
    let Some(route) = UNDER_ANY_PREFIX.iter().find(|route| {
        path.len() > route.len() && before(path, route).is_some_and(|prefix| prefix.is_empty() || !ours)
    }) else {
        return;
    };
    let stripped = match request.uri().query() {
        Some(query) => format!("{route}?{query}").parse(),
        None => Ok(Uri::from_static(route)),
    };
    if let Ok(uri) = stripped {
        *request.uri_mut() = uri;
    }
}

/// What stands before the route in a path that ends with it, with `:` or with `%3A`.
fn before<'a>(path: &'a str, route: &str) -> Option<&'a str> {
    if let Some(prefix) = path.strip_suffix(route) {
        return Some(prefix);
    }
    let (noun, verb) = route.split_once(':')?;
    let path = path.strip_suffix(verb)?;
    path.strip_suffix("%3A").or_else(|| path.strip_suffix("%3a"))?.strip_suffix(noun)
}

/// Ids are text: a path that is none is refused here, once, as every other request is.
async fn text_only(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.contains('%') && percent_decode_str(path).decode_utf8().is_err() {
        let why = format!("the path {path:?} is not UTF-8 after percent-decoding; encode ids as UTF-8");
        return Refusal::Malformed(why).into_response();
    }
    next.run(request).await
}

async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    app.metrics.request(route.as_ref().map_or("other", MatchedPath::as_str), response.status().as_u16());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(path: &str) -> String {
        let mut request = http::Request::builder().uri(path).body(()).unwrap();
        strip_prefix(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn a_prefix_is_taken_off_what_clients_call() {
        assert_eq!(stripped("/sigil/api/v1/generations:export?x=1"), "/api/v1/generations:export?x=1");
        assert_eq!(stripped("/a/b/health"), "/health");
        for path in ["/api/v1/conversations/health", "/health", "/api/v1/ingest", "/x/api/v1/ingestion"] {
            assert_eq!(stripped(path), path);
        }
    }

    #[test]
    fn a_colon_may_be_percent_encoded() {
        assert_eq!(stripped("/api/v1/generations%3Aexport?x=1"), "/api/v1/generations:export?x=1");
        assert_eq!(stripped("/sigil/api/v1/workflow-steps%3aexport"), "/api/v1/workflow-steps:export");
        let an_id = "/api/v1/conversations/api/v1/generations%3Aexport";
        assert_eq!(stripped(an_id), an_id);
    }
}
