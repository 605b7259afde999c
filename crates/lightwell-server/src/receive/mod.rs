//! Receiving: from bytes on a socket to judged items, one room for each lane.
//!
//! ```text
//!   body.rs (read, bounded) ─► encoding.rs (unpack, bounded) ─► decode (lightwell-wire, item by item) ─► admit ─► commit
//!   grpc.rs takes its frame off before that and puts one around the answer
//! ```
//!
//! Invariants: nothing is read before its sender is known to be allowed; no body takes more memory than its bounds; one
//! bad item never takes its neighbours along.

mod body;
mod encoding;
mod grpc;
mod in_flight;
mod insidellm;
mod report;
mod sigil;

pub(crate) use encoding::{Encoding, offer_encodings};
pub(crate) use grpc::{is_grpc, refuse as refuse_grpc};
pub(crate) use in_flight::{CpuThreads, InFlight, Reservation};
pub(crate) use insidellm::{__path_ingest, ingest};
pub use insidellm::{IngestResult, IngestResults};
pub(crate) use sigil::{
    __path_export_generations, __path_export_workflow_steps, export_generations, export_workflow_steps,
    grpc_export,
};

pub(crate) use report::{Kept, matching, report};

use axum::body::Body;
use body::Received;
use bytes::Bytes;
use http::HeaderMap;
use lightwell_wire::{Batch, BodyError, Receipt};

use crate::admit::{Admission, Admitted, admit};
use crate::app::App;
use crate::error::Refusal;

/// Unpacks and decodes a body, and judges its items. `list` names the list of items in the sender's terms. The room that
/// the body takes is held until the caller is done with the items.
async fn judge(
    app: &App,
    received: Received,
    list: &'static str,
    decode: impl FnOnce(&[u8], &Receipt<'_>) -> Result<Batch, BodyError> + Send + 'static,
) -> Result<(Vec<Admitted>, Reservation), Refusal> {
    let limit = app.settings.limits.body_bytes;
    let admission = Admission { now: app.clock.now() };
    let bytes = received.bytes.len();
    let work = move || {
        let (body, room) = received.unpack(limit)?;
        let new_id = || admission.new_id();
        let receipt = Receipt { received_at: admission.now, new_id: &new_id };
        let batch = decode(&body, &receipt).map_err(|error| Refusal::Malformed(error.to_string()))?;
        Ok((admit(list, batch.items), room))
    };
    app.cpu_threads.run(bytes, work).await
}

/// Reads and unpacks a body of at most `limit` bytes. The room that it takes is held until the caller is done with it.
pub(crate) async fn read_body(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<(Bytes, Reservation), Refusal> {
    let received = body::read(app, headers, body, limit).await?;
    let bytes = received.bytes.len();
    app.cpu_threads.run(bytes, move || received.unpack(limit)).await
}
