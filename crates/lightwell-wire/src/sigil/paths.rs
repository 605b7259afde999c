//! Where Sigil programs send to.

use super::Signal;

/// `POST`: generations.
pub const HTTP_GENERATIONS: &str = "/api/v1/generations:export";
/// `POST`: workflow steps.
pub const HTTP_WORKFLOW_STEPS: &str = "/api/v1/workflow-steps:export";

/// gRPC service of generations under the package name of sigil-sdk.
pub const GRPC_SIGIL_GENERATIONS: &str = "/sigil.v1.GenerationIngestService/ExportGenerations";
/// gRPC service of workflow steps under the package name of sigil-sdk.
pub const GRPC_SIGIL_WORKFLOW_STEPS: &str = "/sigil.v1.WorkflowStepIngestService/ExportWorkflowSteps";
/// gRPC service of generations under the package name of agento11y.
pub const GRPC_AGENTO11Y_GENERATIONS: &str = "/agento11y.v1.GenerationIngestService/ExportGenerations";
/// gRPC service of workflow steps under the package name of agento11y.
pub const GRPC_AGENTO11Y_WORKFLOW_STEPS: &str = "/agento11y.v1.WorkflowStepIngestService/ExportWorkflowSteps";

/// Every gRPC method, with what it carries.
pub const GRPC_METHODS: [(&str, Signal); 4] = [
    (GRPC_SIGIL_GENERATIONS, Signal::Generations),
    (GRPC_SIGIL_WORKFLOW_STEPS, Signal::WorkflowSteps),
    (GRPC_AGENTO11Y_GENERATIONS, Signal::Generations),
    (GRPC_AGENTO11Y_WORKFLOW_STEPS, Signal::WorkflowSteps),
];

/// What a gRPC method carries; `None` for a method that is not of this dialect.
pub fn signal_of_grpc(path: &str) -> Option<Signal> {
    GRPC_METHODS.iter().find(|(method, _)| *method == path).map(|(_, signal)| *signal)
}
