//! What people and programs say about records: ratings, scores, experiments with their trials. They are kept as documents.
//!
//! Invariants: what was sent is kept whole, fields that we do not know with it; the same id again changes nothing; what is
//! answered as stored is durable.

mod artifacts;
mod experiments;
mod fields;
mod hooks;
mod kept;
mod ratings;
mod report;
mod scores;
mod statistics;
mod trials;

pub(crate) use artifacts::{__path_artifact, __path_upload_artifact, artifact, upload_artifact};
pub(crate) use experiments::{
    __path_experiment, __path_experiment_link, __path_experiments, __path_finalize_experiment,
    __path_upsert_experiment, experiment, experiment_link, experiments, finalize_experiment,
    upsert_experiment,
};
pub(crate) use hooks::{__path_collection_members, __path_evaluate_hook, collection_members, evaluate_hook};
pub use ratings::RatingSummary;
pub(crate) use ratings::{
    __path_rate_conversation, __path_ratings, rate_conversation, rating_summary, ratings,
};
pub(crate) use report::{__path_experiment_report, experiment_report};
pub(crate) use scores::{
    __path_conversation_scores, __path_experiment_scores, __path_export_scores, __path_generation_scores,
    conversation_scores, experiment_scores, export_scores, generation_scores,
};
pub(crate) use trials::{__path_create_trial, __path_update_trial, create_trial, update_trial};
