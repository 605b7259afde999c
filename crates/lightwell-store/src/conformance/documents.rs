//! Documents: found by id, listed by what they belong to, gone with what they are about.

use lightwell_model::TenantId;

use super::{Subject, append, make};
use crate::{Added, Deletion, Document, DocumentKind, DocumentPage, DocumentQuery, DocumentsOf, Store};

fn rating(id: &str, conversation: &str, seconds: i64) -> Document {
    Document {
        kind: DocumentKind::Rating,
        id: id.to_owned(),
        parent: conversation.to_owned(),
        about: format!("about {id}"),
        conversation_id: conversation.to_owned(),
        at: make::at(seconds),
        body: vec![0, 159, 146, 150],
    }
}

async fn add(store: &dyn Store, tenant: &TenantId, documents: &[Document]) -> Vec<Added> {
    store.add_documents(tenant, documents.to_vec()).await.expect("the store takes documents")
}

async fn page(store: &dyn Store, tenant: &TenantId, query: &DocumentQuery) -> DocumentPage {
    store.documents(tenant, query).await.expect("the list is answered")
}

fn of_parent(parent: &str, newest_first: bool) -> DocumentQuery {
    let of = DocumentsOf::Parent(parent.to_owned());
    DocumentQuery { kind: DocumentKind::Rating, of, newest_first, limit: 2, after: None }
}

async fn ids(store: &dyn Store, tenant: &TenantId, mut query: DocumentQuery) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = page(store, tenant, &query).await;
        assert!(page.items.len() <= query.limit);
        found.extend(page.items.into_iter().map(|document| document.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return found,
        }
    }
}

/// The first of an id stands, also among those of one call; ids are unique within tenant and kind only.
pub async fn adding_again_changes_nothing(subject: &dyn Subject) {
    let (store, a, b) = (subject.open().await, make::tenant("a"), make::tenant("b"));
    let first = rating("r1", "c1", 0);
    let other = Document { body: b"else".to_vec(), ..first.clone() };
    let known = Added::Known(Box::new(first.clone()));
    assert_eq!(add(&*store, &a, &[first.clone(), other.clone()]).await, [Added::Stored, known.clone()]);
    assert_eq!(add(&*store, &a, std::slice::from_ref(&other)).await, [known]);
    assert_eq!(store.document(&a, DocumentKind::Rating, "r1").await.expect("answered"), Some(first));
    assert_eq!(store.document(&b, DocumentKind::Rating, "r1").await.expect("answered"), None);
    let score = Document { kind: DocumentKind::Score, ..other.clone() };
    assert_eq!(add(&*store, &a, &[score]).await, [Added::Stored]);
    assert_eq!(add(&*store, &b, &[other]).await, [Added::Stored]);
    assert_eq!(ids(&*store, &a, of_parent("c1", false)).await, ["r1"]);
}

/// Pages follow one another in both directions, and what is added between them does not move them.
pub async fn are_listed_in_their_order(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    // Neither the id nor the moment decides.
    for (id, conversation, at) in
        [("z", "c1", 5), ("a", "c1", 9), ("other", "c2", 1), ("m", "c1", 0), ("b", "c1", 7)]
    {
        add(&*store, &tenant, &[rating(id, conversation, at)]).await;
    }
    assert_eq!(ids(&*store, &tenant, of_parent("c1", false)).await, ["z", "a", "m", "b"]);
    assert_eq!(ids(&*store, &tenant, of_parent("c1", true)).await, ["b", "m", "a", "z"]);
    let first = page(&*store, &tenant, &of_parent("c1", true)).await;
    add(&*store, &tenant, &[rating("new", "c1", 3)]).await;
    let second = DocumentQuery { after: first.next, ..of_parent("c1", true) };
    assert_eq!(ids(&*store, &tenant, second).await, ["a", "z"]);
    let about = DocumentQuery { of: DocumentsOf::About("about m".to_owned()), ..of_parent("", false) };
    assert_eq!(ids(&*store, &tenant, about).await, ["m"]);
    let elsewhere = Document { parent: "c9".to_owned(), ..rating("later", "c2", 0) };
    add(&*store, &tenant, &[elsewhere]).await;
    let of = DocumentsOf::Conversation("c2".to_owned());
    let conversation = DocumentQuery { of, ..of_parent("", false) };
    assert_eq!(ids(&*store, &tenant, conversation).await, ["other", "later"]);
    assert_eq!(ids(&*store, &make::tenant("b"), of_parent("c1", false)).await, [""; 0]);
}

/// A replaced document keeps its place; what is not there is not replaced.
pub async fn are_replaced(subject: &dyn Subject) {
    let (store, tenant) = (subject.open().await, make::tenant("a"));
    add(&*store, &tenant, &[rating("r1", "c1", 0), rating("r2", "c1", 1)]).await;
    let new = Document { body: b"new".to_vec(), ..rating("r1", "c1", 8) };
    assert!(store.replace_document(&tenant, new.clone()).await.expect("replaced"));
    assert_eq!(page(&*store, &tenant, &of_parent("c1", false)).await.items, [new, rating("r2", "c1", 1)]);
    assert!(!store.replace_document(&tenant, rating("r3", "c1", 0)).await.expect("answered"));
    assert!(!store.replace_document(&make::tenant("b"), rating("r1", "c1", 0)).await.expect("answered"));
}

/// Documents go with their conversation, whose late ones are refused; with their age; with their tenant.
pub async fn are_deleted(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    append(&*store, &tenant, vec![make::event("e1", "c1", 0).into()]).await;
    add(&*store, &tenant, &[rating("r1", "c1", 100), rating("r2", "c2", 100), rating("r3", "c3", 5)]).await;
    let kept = make::tenant("b");
    add(&*store, &kept, &[rating("r1", "c1", 0)]).await;
    let conversation = Deletion::Conversation { tenant: tenant.clone(), id: "c1".to_owned() };
    store.delete(&conversation).await.expect("deleted");
    assert_eq!(store.document(&tenant, DocumentKind::Rating, "r1").await.expect("answered"), None);
    assert_eq!(add(&*store, &tenant, &[rating("late", "c1", 200)]).await, [Added::Deleted]);
    store = subject.reopen(store).await;
    assert_eq!(add(&*store, &tenant, &[rating("late", "c1", 200)]).await, [Added::Deleted]);
    let before = Deletion::Before { tenant: Some(tenant.clone()), moment: make::at(50) };
    store.delete(&before).await.expect("deleted");
    assert_eq!(ids(&*store, &tenant, of_parent("c3", false)).await, [""; 0]);
    assert_eq!(ids(&*store, &tenant, of_parent("c2", false)).await, ["r2"]);
    let whole = Deletion::Tenant { tenant: tenant.clone(), now: make::at(300) };
    store.delete(&whole).await.expect("deleted");
    assert_eq!(ids(&*store, &tenant, of_parent("c2", false)).await, [""; 0]);
    assert_eq!(ids(&*store, &kept, of_parent("c1", false)).await, ["r1"]);
    store.delete(&Deletion::Before { tenant: None, moment: make::at(1) }).await.expect("deleted");
    assert_eq!(ids(&*store, &kept, of_parent("c1", false)).await, [""; 0]);
}

/// What was answered as stored is there after the process ended.
pub async fn survive_reopening(subject: &dyn Subject) {
    let (mut store, tenant) = (subject.open().await, make::tenant("a"));
    add(&*store, &tenant, &[rating("r1", "c1", 0), rating("r2", "c1", 1)]).await;
    store = subject.reopen(store).await;
    assert_eq!(ids(&*store, &tenant, of_parent("c1", true)).await, ["r2", "r1"]);
    let document = store.document(&tenant, DocumentKind::Rating, "r2").await.expect("answered");
    assert_eq!(document, Some(rating("r2", "c1", 1)));
}
