//! Whether the server lives, whether it can store, and its counters. No key is needed for these.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Chain;
use crate::metrics::Gauges;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// `ok`, or `degraded` when it cannot store.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// What is wrong; empty when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// The server lives. The status is exactly 200, which is what InsideLLM clients ask for.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses((status = 200, description = "It lives.", body = HealthBody))
)]
pub(crate) async fn health(State(app): State<Arc<App>>) -> Json<HealthBody> {
    Json(HealthBody { status: "ok", version: app.settings.version, errors: Vec::new() })
}

/// The server lives: the same as `/health`, under the name that orchestrators use.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, description = "It lives.", body = HealthBody))
)]
pub(crate) async fn healthz(app: State<Arc<App>>) -> Json<HealthBody> {
    health(app).await
}

/// The server can store right now.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "It can store.", body = HealthBody),
        (status = 503, description = "It cannot; `errors` says why.", body = HealthBody),
    )
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let mut errors = Vec::new();
    if let Err(error) = app.store.ready().await {
        errors.push(Chain(&error).to_string());
    }
    if *app.stopping.borrow() {
        errors.push("the server is stopping".to_owned());
    }
    let (code, status) = if errors.is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "degraded")
    };
    (code, Json(HealthBody { status, version: app.settings.version, errors })).into_response()
}

/// The server's counters in the text form of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, description = "The counters.", content_type = "text/plain", body = String))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let gauges = Gauges {
        in_flight_bytes: app.in_flight.bytes(),
        live_subscribers: app.live.listeners(),
        delivery: app.delivery_sums().await,
    };
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, app.metrics.render(&gauges)).into_response()
}
