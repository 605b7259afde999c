//! Token counters under the names of OpenAI, Anthropic, Gemini and this project's own.
//!
//! Where the names tell that the input counter contains the cached tokens (OpenAI, Gemini), the semantics says so; with Anthropic's
//! names it is left open. Counters of finer detail are kept as unknown fields.

use lightwell_model::{TokenUsage, Unknown, UsageSemantics};

use crate::json_value::Object;
use crate::members::Members;
use crate::path::Path;

const INPUT: [&str; 4] = ["prompt_tokens", "input_tokens", "prompt_token_count", "promptTokenCount"];
const OUTPUT: [&str; 4] =
    ["completion_tokens", "output_tokens", "candidates_token_count", "candidatesTokenCount"];
const TOTAL: [&str; 3] = ["total_tokens", "total_token_count", "totalTokenCount"];
const CACHE_READ: [&str; 3] =
    ["cache_read_input_tokens", "cached_content_token_count", "cachedContentTokenCount"];
const CACHE_WRITE: [&str; 2] = ["cache_write_input_tokens", "cache_creation_input_tokens"];
const TOOL_USE: [&str; 2] = ["tool_use_prompt_token_count", "toolUsePromptTokenCount"];
const THOUGHTS: [&str; 2] = ["thoughts_token_count", "thoughtsTokenCount"];
const INPUT_DETAILS: [&str; 2] = ["prompt_tokens_details", "input_tokens_details"];
const OUTPUT_DETAILS: [&str; 2] = ["completion_tokens_details", "output_tokens_details"];
/// Names that only providers use whose input counter contains the cached tokens.
const INCLUSIVE: [&str; 5] = [
    "prompt_tokens",
    "input_tokens_details",
    "output_tokens_details",
    "prompt_token_count",
    "promptTokenCount",
];

/// The counters of one call.
pub fn token_usage(usage: Object, path: Path<'_>, unknown: &mut Unknown) -> TokenUsage {
    let mut members = Members::new(usage, path);
    let inclusive = INCLUSIVE.iter().any(|name| members.has(name));
    let thoughts = first(&mut members, &THOUGHTS).unwrap_or_default();
    let input = first(&mut members, &INPUT).unwrap_or_default();
    let output = first(&mut members, &OUTPUT).unwrap_or_default();
    let mut cache_read = first(&mut members, &CACHE_READ);
    let mut cache_write = first(&mut members, &CACHE_WRITE);
    let mut reasoning = members.integer("reasoning_tokens");
    for name in INPUT_DETAILS {
        if let Some(details) = members.object(name) {
            let mut details = Members::new(details, path.key(name));
            take_if_none(&mut cache_read, &mut details, "cached_tokens");
            take_if_none(&mut cache_write, &mut details, "cache_creation_tokens");
            details.keep(unknown);
        }
    }
    for name in OUTPUT_DETAILS {
        if let Some(details) = members.object(name) {
            let mut details = Members::new(details, path.key(name));
            take_if_none(&mut reasoning, &mut details, "reasoning_tokens");
            details.keep(unknown);
        }
    }
    let usage = TokenUsage {
        // Gemini counts tool results and thoughts apart from what they are part of.
        input_tokens: input.saturating_add(first(&mut members, &TOOL_USE).unwrap_or_default()),
        output_tokens: output.saturating_add(thoughts),
        total_tokens: first(&mut members, &TOTAL).unwrap_or_default(),
        cache_read_input_tokens: cache_read.unwrap_or_default(),
        cache_write_input_tokens: cache_write.unwrap_or_default(),
        reasoning_tokens: reasoning.unwrap_or(thoughts),
        semantics: if inclusive { UsageSemantics::Inclusive } else { UsageSemantics::Unspecified },
    };
    members.keep(unknown);
    usage.with_total()
}

/// The first counter that is there; the others stay, and are kept if they are there too.
fn first(members: &mut Members<'_>, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| members.integer(name))
}

fn take_if_none(counter: &mut Option<i64>, details: &mut Members<'_>, name: &str) {
    if counter.is_none() {
        *counter = details.integer(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(usage: Value) -> (TokenUsage, Unknown) {
        let Value::Object(usage) = usage else { panic!("not an object") };
        let mut unknown = Unknown::new();
        (token_usage(usage, Path::Named("u"), &mut unknown), unknown)
    }

    #[test]
    fn names_of_every_provider() {
        let openai = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3}});
        let gemini = json!({"promptTokenCount": 9, "toolUsePromptTokenCount": 1, "candidatesTokenCount": 2,
            "thoughtsTokenCount": 3, "cachedContentTokenCount": 4});
        let expected = TokenUsage {
            input_tokens: 10,
            output_tokens: 5,
            total_tokens: 15,
            cache_read_input_tokens: 4,
            reasoning_tokens: 3,
            semantics: UsageSemantics::Inclusive,
            ..TokenUsage::default()
        };
        let (usage, unknown) = read(openai);
        assert_eq!(usage, expected);
        assert_eq!(
            serde_json::to_value(unknown).unwrap(),
            json!({"u.prompt_tokens_details.audio_tokens": 0})
        );
        assert_eq!(read(gemini), (expected, Unknown::new()));
    }

    #[test]
    fn anthropic_says_nothing_of_what_contains_what() {
        let (usage, unknown) =
            read(json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": 4, "service_tier": "standard"}));
        assert_eq!(
            (usage.cache_write_input_tokens, usage.cache_read_input_tokens, usage.total_tokens),
            (3, 4, 3)
        );
        assert_eq!(usage.semantics, UsageSemantics::Unspecified);
        assert_eq!(unknown["u.service_tier"], "standard");
    }

    #[test]
    fn odd_counters_are_kept() {
        let (usage, unknown) =
            read(json!({"prompt_tokens": "many", "input_tokens": "7", "output_tokens": null}));
        assert_eq!((usage.input_tokens, usage.output_tokens), (7, 0));
        assert_eq!(serde_json::to_value(unknown).unwrap(), json!({"u.prompt_tokens": "many"}));
    }
}
