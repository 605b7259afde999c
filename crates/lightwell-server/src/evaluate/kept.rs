//! Documents as JSON objects, and pages of them.

use axum::Json;
use http::{HeaderMap, Uri};
use lightwell_model::TenantId;
use lightwell_store::{Document, DocumentKind, DocumentQuery, DocumentsOf, Store};
use serde_json::Value;

use super::fields::Object;
use crate::app::App;
use crate::error::Refusal;
use crate::query::Parameters;

const PAGE: usize = 500;

/// The object that a document is.
pub(super) fn object(document: &Document) -> Result<Object, Refusal> {
    serde_json::from_slice(&document.body).map_err(|error| {
        tracing::error!(id = document.id, %error, "a stored document cannot be read");
        Refusal::Internal
    })
}

/// Whether two documents say the same, whatever the order of their members.
pub(super) fn same(one: &Document, other: &Document) -> Result<bool, Refusal> {
    Ok(one.body == other.body || object(one)? == object(other)?)
}

/// The bytes of an object.
pub(super) fn bytes(object: &Object) -> Vec<u8> {
    serde_json::to_vec(object).expect("an object has string keys only")
}

/// The document of that kind and id, as an object.
pub(super) async fn find(
    app: &App,
    tenant: &TenantId,
    kind: DocumentKind,
    id: &str,
) -> Result<Option<(Document, Object)>, Refusal> {
    let Some(document) = app.store.document(tenant, kind, id).await? else { return Ok(None) };
    let object = object(&document)?;
    Ok(Some((document, object)))
}

/// All documents of a kind that belong to something, in the order in which they came.
pub(super) async fn all(
    store: &dyn Store,
    tenant: &TenantId,
    kind: DocumentKind,
    parent: &str,
) -> Result<Vec<Document>, Refusal> {
    let of = DocumentsOf::Parent(parent.to_owned());
    let mut query = DocumentQuery { kind, of, newest_first: false, limit: PAGE, after: None };
    let mut found = Vec::new();
    loop {
        let page = store.documents(tenant, &query).await?;
        found.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// What `limit` and `cursor` of a request say.
pub(super) fn paging(uri: &Uri, most: usize) -> Result<(usize, Option<u64>), Refusal> {
    let mut parameters = Parameters::of(uri, &["limit", "cursor"])?;
    let limit: usize = parameters.parse("limit")?.unwrap_or(50);
    let after = match parameters.take("cursor") {
        Some(cursor) => Some(cursor.parse().map_err(|_| Refusal::Query {
            parameter: "cursor",
            why: format!("is {cursor:?}: invalid cursor; use next_cursor of the page before, unchanged"),
        })?),
        None => None,
    };
    Ok((limit.clamp(1, most), after))
}

/// The page of documents that a query asks for, each as `show` writes it.
pub(super) async fn list(
    app: &App,
    tenant: &TenantId,
    query: &DocumentQuery,
    show: fn(&Document) -> Result<Object, Refusal>,
) -> Result<Json<Value>, Refusal> {
    let found = app.store.documents(tenant, query).await?;
    let items = found.items.iter().map(|document| show(document).map(Value::from));
    Ok(Json(page(items.collect::<Result<_, _>>()?, found.next)))
}

/// A page as the API writes it.
pub(super) fn page(items: Vec<Value>, next: Option<u64>) -> Value {
    let mut page = Object::new();
    page.insert("items".to_owned(), items.into());
    if let Some(next) = next {
        page.insert("next_cursor".to_owned(), next.to_string().into());
    }
    page.into()
}

/// Who says that it is sending: `X-Sigil-Ingest-Actor`, or its newer name.
pub(super) fn actor(headers: &HeaderMap, source: Option<&Value>) -> String {
    let named = ["x-agento11y-ingest-actor", "x-sigil-ingest-actor"];
    let given = named.iter().find_map(|name| headers.get(*name)?.to_str().ok()).unwrap_or_default();
    if !given.is_empty() {
        return given.to_owned();
    }
    let id = source.and_then(|source| source.get("id")).and_then(Value::as_str).unwrap_or("unknown");
    format!("ingest:sdk/{id}")
}
