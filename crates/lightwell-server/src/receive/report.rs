//! What a sender tells of itself in the `lightwell-delivery` header, and what it is answered.
//!
//! Invariant: a header that cannot be read, or that speaks of other items than there are, never costs the batch anything. It is
//! counted, and the sender is not told that an account is kept.

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderMap, HeaderValue};
use lightwell_wire::delivery::{self, DeliveryReport};

use crate::app::App;
use crate::metrics::ReportOutcome;

/// The report of a request, if it has one that can be read.
pub(crate) fn report(app: &App, headers: &HeaderMap) -> Option<DeliveryReport> {
    let value = headers.get(delivery::HEADER)?;
    let text = value.to_str().unwrap_or_default();
    match delivery::decode(text) {
        Ok(report) => Some(report),
        Err(error) => {
            app.metrics.report(ReportOutcome::Invalid);
            tracing::debug!(%error, "a lightwell-delivery header was ignored");
            None
        }
    }
}

/// The report, unless it speaks of another number of items than came with it.
pub(crate) fn matching(app: &App, report: Option<DeliveryReport>, items: usize) -> Option<DeliveryReport> {
    let told = report?;
    if told.item_count() == items as u64 {
        return Some(told);
    }
    app.metrics.report(ReportOutcome::Invalid);
    tracing::debug!(
        told = told.item_count(),
        items,
        "a lightwell-delivery header was ignored: it names other items"
    );
    None
}

/// Says in the answer that what the request told is kept.
pub(crate) struct Kept(pub(crate) bool);

impl Kept {
    /// Says it in the head of an answer.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        if self.0 {
            headers.insert(delivery::HEADER, HeaderValue::from_static(delivery::ANSWER));
        }
    }
}

impl IntoResponseParts for Kept {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Self::Error> {
        self.tell(response.headers_mut());
        Ok(response)
    }
}
