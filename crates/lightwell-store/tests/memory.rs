//! The in-memory engine keeps the promises of the trait.

use lightwell_store::conformance::model::Memory;

lightwell_store::conformance_suite!(Memory);
