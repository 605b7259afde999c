//! The suite that every engine's tests run: what the trait promises, checked from outside.
//!
//! An engine's test file implements [`Subject`] and says `lightwell_store::conformance_suite!(MySubject::new());`. The answers
//! that are expected come from the words of the trait, or from the in-memory engine doing the same ([`model`]).

pub mod append;
pub mod delete;
pub mod delivery;
pub mod documents;
pub mod halves;
pub mod list;
pub mod make;
pub mod model;
pub mod read;

use std::sync::Arc;

use crate::{ConversationQuery, ConversationSummary, Filter, Outcome, Store};
use lightwell_model::{Record, TenantId};

/// How the suite gets at an engine.
#[async_trait::async_trait]
pub trait Subject: Send + Sync {
    /// A new, empty store.
    async fn open(&self) -> Arc<dyn Store>;
    /// The same store after its process ended and began again. An engine that forgets gives back the store as it is.
    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;
}

/// One test for each promise.
#[macro_export]
macro_rules! conformance_suite {
    ($subject:expr) => {
        $crate::conformance_suite! { $subject;
            append: sending_again_changes_nothing, batches_span_days, a_known_id_with_other_content_is_a_conflict,
                appends_at_once_all_count, a_bad_half_does_not_take_its_batch_along, closes;
            halves: meet_in_every_order, meet_across_midnight, meet_in_one_batch, arrive_again, meet_after_reopening,
                move_their_conversation;
            read: content_comes_back_whole, histories_are_shared, large_content_comes_back, tenants_are_apart,
                unknown_is_none, keys_are_kept;
            list: newest_first_across_days, a_cursor_stays_where_it_is, every_filter, a_filter_finds_older_days,
                totals_add_up, summaries_agree_with_content, previews_are_what_was_said_first;
            delete: a_conversation_with_its_content, a_tenant, what_is_older, late_copies_are_refused,
                survives_reopening;
            delivery: outcomes_are_accounted_for, a_request_without_records_counts, survives_reopening,
                a_batch_over_days_is_one_request, copies_are_told_apart, tenants_are_apart, selects, forgets;
            documents: adding_again_changes_nothing, are_listed_in_their_order, are_replaced, are_deleted,
                survive_reopening;
            model: answers_are_those_of_the_model;
        }
    };
    ($subject:expr; $($group:ident: $($case:ident),+;)+) => {
        $(mod $group {
            #[allow(unused_imports, reason = "the subject's type need not come from the parent")]
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                $crate::conformance::$group::$case(&$subject).await;
            })+
        })+
    };
}

/// Appends and expects success.
pub(crate) async fn append(store: &dyn Store, tenant: &TenantId, records: Vec<Record>) -> Vec<Outcome> {
    store.append(tenant, records).await.expect("the store takes records")
}

/// All conversations that a filter selects, page by page.
pub(crate) async fn list(
    store: &dyn Store,
    tenant: &TenantId,
    filter: &Filter,
    limit: usize,
) -> Vec<ConversationSummary> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = ConversationQuery { filter: filter.clone(), limit, after };
        let page = store.conversations(tenant, &query).await.expect("the list is answered");
        assert!(page.items.len() <= limit, "a page of {} with the limit {limit}", page.items.len());
        found.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

/// The ids of all conversations that a filter selects.
pub(crate) async fn ids(store: &dyn Store, tenant: &TenantId, filter: &Filter) -> Vec<String> {
    list(store, tenant, filter, 3).await.into_iter().map(|summary| summary.id).collect()
}
