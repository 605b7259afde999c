//! Why a request is refused as a whole: one sentence for the person, one status for the program.
//!
//! Items of a batch are never refused here: they have their own results.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lightwell_model::InvalidTenant;
use lightwell_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits;

/// Why a request is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than the limit.
    #[error(
        "the request body is larger than the limit of {limit} bytes; send fewer items at a time, or start the server with a larger --body-limit"
    )]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The sender went away, or stayed silent too long.
    #[error("the request body ended, or fell silent, before it was complete; send it again")]
    Cut,
    /// A content coding that we cannot undo.
    #[error("the content encoding {encoding:?} is not supported; use gzip, zstd or none")]
    Encoding {
        /// What the header says.
        encoding: String,
    },
    /// The body is not what the encoding promises.
    #[error("the request body is not valid {encoding}: {reason}")]
    Compression {
        /// Which coding.
        encoding: &'static str,
        /// What the decompressor says.
        reason: String,
    },
    /// The body cannot be read at all.
    #[error("{0}")]
    Malformed(String),
    /// A body of a type that we do not read.
    #[error("the content type {content_type:?} is not supported here; use {expected}")]
    MediaType {
        /// What the header says.
        content_type: String,
        /// What would work.
        expected: &'static str,
    },
    /// No credentials, and keys are required.
    #[error(
        "an API key is required; send it as \"Authorization: Bearer <key>\", or make one with \"lightwell keys create --tenant <tenant>\""
    )]
    NoKey,
    /// Credentials of a form that we do not read.
    #[error(
        "the Authorization header is not readable; use \"Bearer <key>\", or Basic with the key as password"
    )]
    Authorization,
    /// A key that is unknown or was revoked.
    #[error("the API key is not valid; it is unknown or was revoked, see \"lightwell keys list\"")]
    UnknownKey,
    /// Another tenant than the key's.
    #[error(
        "X-Scope-OrgID names tenant {asked:?}, the API key belongs to {owner:?}; leave the header out or use a key of that tenant"
    )]
    TenantMismatch {
        /// The header.
        asked: String,
        /// The key's tenant.
        owner: String,
    },
    /// A tenant id that cannot be.
    #[error("X-Scope-OrgID or the Basic user is no tenant id: {0}")]
    Tenant(#[from] InvalidTenant),
    /// A web page of another site, while the server runs without keys.
    #[error(
        "without API keys the server answers only requests for localhost that no other web site makes; make a key with \"lightwell keys create\" to allow others"
    )]
    ForeignPage,
    /// Too much is under way.
    #[error("the server is busy: {in_flight_limit} bytes of requests are under way; try again shortly")]
    Busy {
        /// The bound that was met.
        in_flight_limit: usize,
    },
    /// A query parameter that cannot be.
    #[error("the query parameter {parameter:?} {why}")]
    Query {
        /// Which.
        parameter: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A query parameter that we do not know.
    #[error("the query parameter {parameter:?} is not known here; known are {known}")]
    UnknownQuery {
        /// Which.
        parameter: String,
        /// Those that are.
        known: String,
    },
    /// Nothing of that id.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// "conversation", "generation", "experiment" ...
        what: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// Collections are not kept here.
    #[error(
        "there is no collection {id:?}: this server keeps no collections; GET /api/v1/conversations lists conversations"
    )]
    NoCollections {
        /// The id that was asked for.
        id: String,
    },
    /// What it belongs to was deleted.
    #[error("the {what} {id:?} was deleted, and what comes for it is not stored; use another id")]
    Gone {
        /// "conversation".
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// It contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// Nothing at that path.
    #[error("there is nothing at {path:?}; /openapi.json lists what there is")]
    NoRoute {
        /// The path.
        path: String,
    },
    /// Another method is needed.
    #[error("the method is not allowed here; /openapi.json lists those that are")]
    Method,
    /// The engine could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("the server failed to handle the request; its log says why")]
    Internal,
}

/// The body of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong and what to do about it, as a sentence.
    pub error: String,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut
            | Self::Compression { .. }
            | Self::Malformed(_)
            | Self::Tenant(_)
            | Self::Query { .. }
            | Self::UnknownQuery { .. }
            | Self::Store(StoreError::Cursor(_)) => StatusCode::BAD_REQUEST,
            Self::Encoding { .. } | Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoKey | Self::Authorization | Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::TenantMismatch { .. } | Self::ForeignPage => StatusCode::FORBIDDEN,
            Self::Busy { .. } | Self::Store(StoreError::Unavailable { .. } | StoreError::Closed) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NotFound { .. } | Self::NoRoute { .. } | Self::NoCollections { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::Gone { .. } => StatusCode::GONE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Store(_) | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// When sending the same again may succeed.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(StoreError::Unavailable { retry_after, .. }) => Some(*retry_after),
            Self::Busy { .. } | Self::Store(StoreError::Closed) => Some(limits::BUSY_RETRY),
            _ => None,
        }
    }

    /// The sentence for the person who sent the request.
    pub fn sentence(&self) -> String {
        match self {
            // What went wrong underneath is for the operator, who has the log.
            Self::Store(StoreError::Engine { .. } | StoreError::Damaged { .. }) => Self::Internal.to_string(),
            Self::Store(StoreError::Closed) => "the server is stopping; try again shortly".to_owned(),
            other => other.to_string(),
        }
    }

    /// Writes to the log what the operator must know; what a sender did wrong is not among it.
    pub fn log(&self) {
        match self {
            Self::Store(StoreError::Unavailable { .. }) => {
                tracing::warn!(reason = %Chain(self), "refused requests: storage is unavailable");
            }
            Self::Store(StoreError::Engine { .. } | StoreError::Damaged { .. }) | Self::Internal => {
                tracing::error!(reason = %Chain(self), "a request failed");
            }
            _ => {}
        }
    }
}

/// Seconds for `Retry-After`, rounded up, at least one.
pub fn retry_after_seconds(after: Duration) -> u64 {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    seconds.max(1)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), Json(ErrorBody { error: self.sentence() })).into_response();
        if let Some(after) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_seconds(after).into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An error with all its causes.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
