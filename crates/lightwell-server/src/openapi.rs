//! The OpenAPI document: generated from the handlers, so that what is not in it does not exist.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lightwell",
        description = "Receives what LLM programs tell, stores it durably, and answers questions about it.\n\n\
            Every listener also speaks gRPC: ExportGenerations and ExportWorkflowSteps of the packages sigil.v1 and \
            agento11y.v1 take the same items as the two export routes.\n\n\
            The tenant is that of the API key. While no key is configured it is the one that X-Scope-OrgID names, else the \
            user of Basic, else \"default\".",
        license(name = "Apache-2.0")
    ),
    tags(
        (name = "ingest", description = "Sending records."),
        (name = "query", description = "Asking about records, and deleting them."),
        (name = "evaluate", description = "What people and programs say about records: ratings, scores, experiments."),
        (name = "operation", description = "Running the server.")
    ),
    security(("key" = []), ("basic" = []), ()),
    modifiers(&Schemes)
)]
pub(crate) struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, scheme, what) in [
            ("key", HttpAuthScheme::Bearer, "An API key, made with \"lightwell keys create\"."),
            ("basic", HttpAuthScheme::Basic, "The API key as password; any user."),
        ] {
            let scheme = HttpBuilder::new().scheme(scheme).description(Some(what)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}
