//! `GET /api/v1/totals`, and the sums that other answers carry.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Uri;
use lightwell_model::Money;
use lightwell_store::Totals;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::{FILTER, FilterParameters, Parameters};
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};

/// Sums over generations. Each generation counts once, however often it was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TotalsBody {
    /// Generations.
    pub generations: u64,
    /// Generations that failed.
    pub errors: u64,
    /// Prompt tokens.
    pub input_tokens: i64,
    /// Completion tokens.
    pub output_tokens: i64,
    /// The providers' totals, or input and output where they gave none.
    pub total_tokens: i64,
    /// Prompt tokens read from a provider's cache.
    pub cache_read_input_tokens: i64,
    /// Prompt tokens written to a provider's cache.
    pub cache_write_input_tokens: i64,
    /// Completion tokens spent on reasoning.
    pub reasoning_tokens: i64,
    /// Cost in US dollars, as it was reported; null when nobody reported any, since then it is unknown.
    pub reported_cost_usd: Option<f64>,
    /// Generations for which nobody reported a cost. The sum is without them.
    pub unpriced_generations: u64,
}

impl From<&Totals> for TotalsBody {
    fn from(totals: &Totals) -> Self {
        let usage = totals.usage;
        Self {
            generations: totals.generations,
            errors: totals.errors,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            total_tokens: usage.total_tokens,
            cache_read_input_tokens: usage.cache_read_input_tokens,
            cache_write_input_tokens: usage.cache_write_input_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            reported_cost_usd: totals.reported_cost.map(Money::dollars),
            unpriced_generations: totals.unpriced,
        }
    }
}

/// Sums over the generations that a filter selects.
#[utoipa::path(
    get,
    path = "/api/v1/totals",
    tag = "query",
    params(FilterParameters),
    responses(
        (status = 200, description = "The sums.", body = TotalsBody),
        (status = 400, description = "A parameter cannot be read.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn totals(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<TotalsBody>, Refusal> {
    let filter = Parameters::of(&uri, &FILTER)?.filter()?;
    let totals = app.store.totals(&caller.tenant, &filter).await?;
    Ok(Json(TotalsBody::from(&totals)))
}
