//! `GET /api/v1/conversations`: the list, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Uri;
use lightwell_store::{ConversationQuery, ConversationSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::{FILTER, FilterParameters, Parameters};
use super::{TotalsBody, rfc3339};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::limits;

/// One page of the list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConversationPage {
    /// Conversations, newest first.
    pub items: Vec<ConversationItem>,
    /// Where the next page begins: pass it as `cursor`. Not there on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One conversation of the list. Moments are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationItem {
    /// Its id.
    pub id: String,
    /// Its title, or its id when nobody gave it one.
    pub title: String,
    /// The first words that its user said, at most about 120 characters; empty when it has a title, or when nobody said anything.
    #[serde(default)]
    pub preview: String,
    /// Moment of its latest generation; not there when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_generation_at: Option<String>,
    /// Generations.
    pub generation_count: u64,
    /// Moment of its first record.
    pub created_at: String,
    /// Moment of its latest record. The list is ordered by this.
    pub updated_at: String,
    /// When its session ended; not there when nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The user of its latest record that names one; empty when none does.
    pub user_id: String,
    /// Steps.
    pub step_count: u64,
    /// Events.
    pub event_count: u64,
    /// Failed generations and steps, and events that tell of a failure.
    pub error_count: u64,
    /// Agents that took part, sorted.
    pub agents: Vec<String>,
    /// Models that were asked, sorted.
    pub models: Vec<String>,
    /// Providers that were asked, sorted.
    pub providers: Vec<String>,
    /// Sums over its generations.
    pub totals: TotalsBody,
}

impl From<&ConversationSummary> for ConversationItem {
    fn from(summary: &ConversationSummary) -> Self {
        let title = if summary.title.is_empty() { &summary.id } else { &summary.title };
        Self {
            id: summary.id.clone(),
            title: title.clone(),
            preview: summary.preview.clone(),
            last_generation_at: summary.last_generation_at.map(rfc3339),
            generation_count: summary.totals.generations,
            created_at: rfc3339(summary.first_at),
            updated_at: rfc3339(summary.last_at),
            ended_at: summary.ended_at.map(rfc3339),
            user_id: summary.user_id.clone(),
            step_count: summary.steps,
            event_count: summary.events,
            error_count: summary.totals.errors + summary.other_errors,
            agents: summary.agents.iter().cloned().collect(),
            models: summary.models.iter().cloned().collect(),
            providers: summary.providers.iter().cloned().collect(),
            totals: TotalsBody::from(&summary.totals),
        }
    }
}

/// Conversations, newest first.
///
/// A conversation is listed when its latest record is within the time range and, if anything else is asked for, when one
/// of its generations has all of it.
#[utoipa::path(
    get,
    path = "/api/v1/conversations",
    tag = "query",
    params(
        ("limit" = Option<usize>, Query, description = "Conversations on a page: 1 to 1000, 50 unless given."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        FilterParameters,
    ),
    responses(
        (status = 200, description = "One page.", body = ConversationPage),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn conversations(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<ConversationPage>, Refusal> {
    let mut known = vec!["limit", "cursor"];
    known.extend(FILTER);
    let mut parameters = Parameters::of(&uri, &known)?;
    let limit = parameters.parse("limit")?.unwrap_or(limits::PAGE_DEFAULT);
    if !(1..=limits::PAGE_MAX).contains(&limit) {
        let why = format!("is {limit}; it can be 1 to {}", limits::PAGE_MAX);
        return Err(Refusal::Query { parameter: "limit", why });
    }
    let after = parameters.parse("cursor")?;
    let query = ConversationQuery { filter: parameters.filter()?, limit, after };
    let page = app.store.conversations(&caller.tenant, &query).await?;
    Ok(Json(ConversationPage {
        items: page.items.iter().map(ConversationItem::from).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}
