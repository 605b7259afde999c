//! Ratings: what a person thought of a conversation.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use http::Uri;
use lightwell_model::TenantId;
use lightwell_store::{Added, Document, DocumentKind, DocumentQuery, DocumentsOf};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Object, invalid, one_of, read_object, required, shown, text};
use super::kept;
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::query::rfc3339;

const GOOD: &str = "CONVERSATION_RATING_VALUE_GOOD";
const BAD: &str = "CONVERSATION_RATING_VALUE_BAD";
const METADATA_BYTES: usize = 16 * 1024;
const MOST: usize = 200;

/// A rating, as it is kept.
#[derive(Serialize, ToSchema)]
pub struct RatingBody {
    /// Its id, unique in the tenant.
    rating_id: String,
    /// What was rated.
    conversation_id: String,
    /// `CONVERSATION_RATING_VALUE_GOOD` or `CONVERSATION_RATING_VALUE_BAD`.
    rating: String,
    /// When the server received it: RFC 3339 in UTC.
    created_at: String,
    /// Why, in the rater's words.
    comment: Option<String>,
    /// Anything else.
    metadata: Option<Value>,
    /// The generation that it is about.
    generation_id: Option<String>,
    /// Who rated.
    rater_id: Option<String>,
    /// Where.
    source: Option<String>,
}

/// The ratings of one conversation, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RatingSummary {
    /// All ratings.
    pub total_count: u64,
    /// Good ones.
    pub good_count: u64,
    /// Bad ones.
    pub bad_count: u64,
    /// The latest; not there while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_rating: Option<String>,
    /// When the latest came: RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_rated_at: Option<String>,
    /// When the latest bad one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_bad_at: Option<String>,
    /// Any is bad.
    pub has_bad_rating: bool,
}

/// The answer to a rating.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatingAnswer {
    /// The rating as it is kept.
    #[schema(value_type = RatingBody)]
    rating: Value,
    /// All ratings of the conversation.
    summary: RatingSummary,
}

/// A page of ratings.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatingPage {
    /// Ratings, newest first.
    items: Vec<RatingBody>,
    /// Where the next page begins; not there on the last.
    next_cursor: Option<String>,
}

/// Rates a conversation, which need not be known yet. The same rating again is answered as the first time.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/ratings",
    tag = "evaluate",
    params(("id" = String, Path, description = "The conversation, percent-encoded.")),
    request_body(content = RatingBody, description = "Without conversation_id and created_at."),
    responses(
        (status = 200, description = "The rating as it is kept, and the conversation's ratings.", body = RatingAnswer),
        (status = 400, description = "A field is missing, too long, or not what it must be.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
        (status = 409, description = "The id is known with another content.", body = ErrorBody),
        (status = 410, description = "The conversation was deleted.", body = ErrorBody),
    )
)]
pub(crate) async fn rate_conversation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<RatingAnswer>, Refusal> {
    let (_, sent) = read_object(&app, request).await?;
    let mut rating = checked(sent, &id).map_err(invalid)?;
    let now = app.clock.now();
    rating.insert("created_at".to_owned(), rfc3339(now).into());
    let document = Document {
        kind: DocumentKind::Rating,
        id: super::fields::told(&rating, "rating_id").to_owned(),
        parent: id.clone(),
        about: super::fields::told(&rating, "generation_id").to_owned(),
        conversation_id: id.clone(),
        at: now,
        body: kept::bytes(&rating),
    };
    let added = app.store.add_documents(&caller.tenant, vec![document]).await?.pop();
    let rating = match added {
        Some(Added::Stored) => rating,
        Some(Added::Known(known)) => replayed(&kept::object(&known)?, &rating)?,
        Some(Added::Deleted) => return Err(Refusal::Gone { what: "conversation", id }),
        None => return Err(Refusal::Internal),
    };
    let summary = rating_summary(&app, &caller.tenant, &id).await?.unwrap_or_default();
    Ok(Json(RatingAnswer { rating: rating.into(), summary }))
}

/// The ratings of a conversation, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}/ratings",
    tag = "evaluate",
    params(
        ("id" = String, Path, description = "The conversation, percent-encoded."),
        ("limit" = Option<usize>, Query, description = "Ratings in the answer, at most; 50 unless told, 200 at most."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of ratings.", body = RatingPage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn ratings(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Refusal> {
    let (limit, after) = kept::paging(&uri, MOST)?;
    let of = DocumentsOf::Parent(id);
    let query = DocumentQuery { kind: DocumentKind::Rating, of, newest_first: true, limit, after };
    kept::list(&app, &caller.tenant, &query, kept::object).await
}

/// The ratings of a conversation, counted; none when nobody rated it.
pub(crate) async fn rating_summary(
    app: &App,
    tenant: &TenantId,
    conversation: &str,
) -> Result<Option<RatingSummary>, Refusal> {
    let mut summary = RatingSummary::default();
    for document in kept::all(&*app.store, tenant, DocumentKind::Rating, conversation).await? {
        let rating = kept::object(&document)?;
        let (value, at) = (super::fields::told(&rating, "rating"), rfc3339(document.at));
        summary.total_count += 1;
        if value == BAD {
            summary.bad_count += 1;
            summary.latest_bad_at = Some(at.clone());
        } else {
            summary.good_count += 1;
        }
        summary.latest_rating = Some(value.to_owned());
        summary.latest_rated_at = Some(at);
    }
    summary.has_bad_rating = summary.bad_count > 0;
    Ok((summary.total_count > 0).then_some(summary))
}

fn checked(mut sent: Object, conversation: &str) -> Result<Object, String> {
    required(&sent, "rating_id", 128)?;
    one_of(&sent, "rating", &[GOOD, BAD])?;
    for (name, limit) in [("comment", 4096), ("generation_id", 255), ("rater_id", 255), ("source", 64)] {
        text(&sent, name, limit)?;
    }
    if conversation.chars().count() > 255 {
        return Err("the conversation's id has more than 255 characters".to_owned());
    }
    match sent.get("metadata") {
        None | Some(Value::Null) => {}
        Some(metadata @ Value::Object(_)) => {
            let bytes = metadata.to_string().len();
            if bytes > METADATA_BYTES {
                return Err(format!("metadata has {bytes} bytes, at most {METADATA_BYTES} are allowed"));
            }
        }
        Some(other) => return Err(format!("metadata is {}, not an object", shown(other))),
    }
    // What is null or empty says nothing; SDKs refuse an empty text where they expect none.
    sent.retain(|_, value| !value.is_null() && value != "");
    sent.insert("conversation_id".to_owned(), conversation.into());
    Ok(sent)
}

/// The rating that was stored, if the new one says the same.
fn replayed(known: &Object, new: &Object) -> Result<Object, Refusal> {
    let same = |a: &Object, b: &Object| {
        a.iter().all(|(name, value)| name == "created_at" || b.get(name) == Some(value))
    };
    if same(known, new) && same(new, known) {
        return Ok(known.clone());
    }
    let id = super::fields::told(known, "rating_id");
    Err(Refusal::Conflict(format!(
        "idempotency conflict: the rating {id:?} is known with another content; what was stored stands"
    )))
}
