//! What LLM providers call messages, tools and usage, in the shapes of OpenAI, Anthropic and Gemini, as canonical content.
//!
//! Programs hand these shapes on as they got them, so nothing here refuses anything: a shape that we do not know becomes opaque
//! content or an unknown field.

pub mod messages;
pub mod tools;
pub mod usage;
