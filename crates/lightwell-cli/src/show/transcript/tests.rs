use serde_json::json;

use super::*;

fn conversation() -> Value {
    let question =
        json!({"role": "MESSAGE_ROLE_USER", "parts": [{"text": "How warm is it in Oslo?\nAnd in Rome?"}]});
    let call = json!({"role": "MESSAGE_ROLE_ASSISTANT", "parts": [
        {"thinking": "I need the weather."},
        {"tool_call": {"id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}},
    ]});
    let result = json!({"role": "MESSAGE_ROLE_TOOL", "parts": [
        {"tool_result": {"tool_call_id": "c1", "name": "weather", "content": "\u{1b}[2J4 °C"}},
    ]});
    json!({
        "id": "run-1", "title": "Weather", "created_at": "2026-11-22T08:00:00.000000Z",
        "updated_at": "2026-11-22T08:00:09.500000Z", "generation_count": 2, "step_count": 1, "error_count": 1,
        "user_id": "u-1", "agents": ["guide"], "models": ["gpt-4o"],
        "totals": {"input_tokens": 1300, "output_tokens": 45, "reported_cost_usd": 0.0123, "unpriced_generations": 1},
        "rating_summary": {"total_count": 3, "good_count": 1, "bad_count": 2, "has_bad_rating": true},
        "generations": [
            {
                "generation_id": "g1", "model": {"provider": "openai", "name": "gpt-4o"}, "agent_name": "guide",
                "system_prompt": "You know the weather.", "input": [question], "output": [call],
                "started_at": "2026-11-22T08:00:01Z", "completed_at": "2026-11-22T08:00:02.250Z",
                "usage": {"input_tokens": 100, "output_tokens": 20}, "stop_reason": "tool_use", "error": null,
            },
            {
                "generation_id": "g2", "model": {"provider": "openai", "name": "gpt-4o"},
                "system_prompt": "You know the weather.", "input": [question, call, result], "open": false,
                "started_at": "2026-11-22T08:00:04Z", "completed_at": "2026-11-22T08:00:04.100Z", "usage": {},
                "error": {"message": "slow down", "kind": "llm_call_error", "code": "RateLimitError"},
            },
        ],
        "steps": [{
            "step_id": "s1", "kind": "tool", "name": "weather", "started_at": "2026-11-22T08:00:03Z",
            "duration_ms": 75, "input": {"city": "Oslo"}, "output": "4 °C", "open": false, "error": null,
        }],
        "events": [
            {"event_id": "e1", "kind": "user.input", "at": "2026-11-22T08:00:00Z", "text": "How warm?", "user_id": "u-1"},
            {"event_id": "e2", "kind": "error", "at": "2026-11-22T08:00:05Z", "text": "it broke", "is_error": true},
            {
                "event_id": "e3", "kind": "user.feedback", "at": "2026-11-22T08:00:06Z",
                "payload": {"feedback_type": "rating", "feedback_value": 5},
            },
            {"event_id": "e4", "kind": "run.end", "at": "2026-11-22T08:00:07Z", "payload": {}},
        ],
    })
}

fn transcript(full: bool) -> Transcript {
    Transcript { times: Times::utc(), paint: Paint::PLAIN, full }
}

#[test]
fn a_conversation_reads_from_top_to_bottom() {
    insta::assert_snapshot!(transcript(false).render(&conversation()));
}

#[test]
fn every_call_can_be_shown_whole() {
    let text = transcript(true).render(&conversation());
    assert_eq!(text.matches("How warm is it in Oslo?").count(), 2);
    assert_eq!(text.matches("You know the weather.").count(), 2);
    assert!(!text.contains("as before"));
}

#[test]
fn without_a_title_it_is_called_by_its_first_words() {
    let text =
        transcript(false).render(&json!({"id": "run-1", "title": "run-1", "preview": "How warm is it?"}));
    assert!(text.starts_with("run-1\nHow warm is it?\n"), "{text}");
    let text = transcript(false).render(&json!({"id": "run-1", "title": "run-1", "preview": ""}));
    assert!(!text.contains("\n\n"), "{text}");
}
