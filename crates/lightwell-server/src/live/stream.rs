//! `GET /api/v1/live`: committed records as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use http::Uri;
use tokio::sync::{broadcast, watch};
use tokio_stream::Stream;

use super::LiveRecord;
use crate::admit::Caller;
use crate::app::App;
use crate::error::{ErrorBody, Refusal};
use crate::query::Parameters;

/// Committed records, while they are committed.
///
/// A stream of server-sent events named `generation`, `step` and `event`, each with a summary as JSON. An event named
/// `missed` tells how many were left out because the listener was too slow. The stream ends when the server stops.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    tag = "query",
    params(("conversation" = Option<String>, Query, description = "Only records of this conversation.")),
    responses(
        (status = 200, description = "The stream.", content_type = "text/event-stream", body = super::LiveSummary),
        (status = 400, description = "A parameter is not known.", body = ErrorBody),
        (status = 401, description = "A key is required.", body = ErrorBody),
    )
)]
pub(crate) async fn live(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let mut parameters = Parameters::of(&uri, &["conversation"])?;
    let listener = Listener {
        tenant: caller.tenant,
        conversation_id: parameters.take("conversation"),
        records: app.live.listen(),
        stopping: app.stopping.subscribe(),
    };
    Ok(Sse::new(listener.stream()).keep_alive(KeepAlive::default()))
}

struct Listener {
    tenant: lightwell_model::TenantId,
    conversation_id: Option<String>,
    records: broadcast::Receiver<Arc<LiveRecord>>,
    stopping: watch::Receiver<bool>,
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures_util::stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            let record = tokio::select! {
                record = self.records.recv() => record,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            };
            match record {
                Ok(record) if self.wants(&record) => {
                    return Some(Event::default().event(record.kind.as_str()).data(&record.summary));
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(count)) => {
                    return Some(Event::default().event("missed").data(count.to_string()));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    fn wants(&self, record: &LiveRecord) -> bool {
        record.tenant == self.tenant
            && self.conversation_id.as_ref().is_none_or(|id| *id == record.conversation_id)
    }
}
