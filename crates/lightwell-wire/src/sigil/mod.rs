//! The Sigil dialect (sigil-sdk, agento11y): LLM calls and workflow steps, as protobuf or as proto-JSON.
//!
//! [`messages`] are the wire's own types, one set for the packages `sigil.v1` and `agento11y.v1`. A program that sends builds
//! one of them, encodes it at once ([`protobuf::encode`] or [`json::encode_generation`]) and joins the bytes of many into a
//! request ([`protobuf::join`], [`json::join`]). A server splits a request into the bytes of its items and decodes each by
//! itself, so that a garbled item is refused alone.

pub mod json;
mod normalise;
pub mod paths;
pub mod protobuf;
pub mod render;
pub mod results;
pub mod shrink;
mod unknown;

pub use crate::r#gen::messages;

/// The types of protobuf itself that [`messages`] hold.
pub mod well_known {
    pub use prost_types::value::Kind;
    pub use prost_types::{ListValue, NullValue, Struct, Timestamp, Value};
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// LLM calls.
    Generations,
    /// Steps of workflows.
    WorkflowSteps,
}

impl Signal {
    /// The JSON member of a request that holds the items.
    pub const fn json_key(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::WorkflowSteps => "workflow_steps",
        }
    }

    /// The same as programs that write camelCase spell it.
    pub const fn json_key_camel(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::WorkflowSteps => "workflowSteps",
        }
    }

    /// The JSON member of a result that holds the item's id.
    pub const fn json_id_key(self) -> &'static str {
        match self {
            Self::Generations => "generation_id",
            Self::WorkflowSteps => "step_id",
        }
    }

    /// The HTTP path of the request.
    pub const fn http_path(self) -> &'static str {
        match self {
            Self::Generations => paths::HTTP_GENERATIONS,
            Self::WorkflowSteps => paths::HTTP_WORKFLOW_STEPS,
        }
    }

    /// The gRPC method under the package name of sigil-sdk.
    pub const fn grpc_path(self) -> &'static str {
        match self {
            Self::Generations => paths::GRPC_SIGIL_GENERATIONS,
            Self::WorkflowSteps => paths::GRPC_SIGIL_WORKFLOW_STEPS,
        }
    }
}
