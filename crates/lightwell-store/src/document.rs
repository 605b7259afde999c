//! Documents: what people and programs say about records, which is looked up by its id and listed by what it belongs to.
//!
//! The store does not know what a document says. Documents go with the conversation that they name, with what is older than a
//! moment, and with their tenant; [`crate::Deleted`] does not count them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A person's verdict on a conversation.
    Rating,
    /// A judgement on a generation or a trial.
    Score,
    /// A run of trials.
    Experiment,
    /// One attempt at one test case.
    Trial,
    /// What is known of something that is kept with a trial.
    Artifact,
    /// The bytes of an artifact.
    ArtifactContent,
}

/// A document. Its id is unique within its tenant and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its id.
    pub id: String,
    /// What it belongs to: a conversation, an experiment; empty when to nothing.
    pub parent: String,
    /// The generation or trial that it is about; empty when it is about none.
    pub about: String,
    /// The conversation that it is deleted with; empty when with none.
    pub conversation_id: String,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub body: Vec<u8>,
}

/// What became of a document that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new and stored.
    Stored,
    /// Its id is known: this is what was stored, and stands.
    Known(Box<Document>),
    /// Its conversation was deleted.
    Deleted,
}

/// By what documents are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentsOf {
    /// Those that belong to it.
    Parent(String),
    /// Those that are about it.
    About(String),
    /// Those that are deleted with it.
    Conversation(String),
}

/// Which documents, and how many at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentQuery {
    /// What they are.
    pub kind: DocumentKind,
    /// What they have in common.
    pub of: DocumentsOf,
    /// In the order in which they were added, or the other way round.
    pub newest_first: bool,
    /// Page size, at least 1.
    pub limit: usize,
    /// The number of the last document of the previous page.
    pub after: Option<u64>,
}

/// One page of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentPage {
    /// The documents, in order.
    pub items: Vec<Document>,
    /// Where the next page begins; none on the last.
    pub next: Option<u64>,
}
