//! `GET /api/v1/generations/{id}`

use serde_json::{Value, json};

use crate::support::{TestServer, event, generation};

/// A generation that uses every field.
fn full() -> Value {
    let mut full = generation("g1", "c1", "hi");
    for (name, value) in [
        ("operation_name", json!("chat")),
        ("mode", json!("GENERATION_MODE_STREAM")),
        ("trace_id", json!("0af7651916cd43dd8448eb211c80319c")),
        ("span_id", json!("b7ad6b7169203331")),
        ("response_id", json!("resp")),
        ("response_model", json!("gpt-4o-2024")),
        ("system_prompt", json!("Be kind.")),
        ("stop_reason", json!("stop")),
        ("call_error", json!("it broke")),
        ("agent_name", json!("guide")),
        ("agent_version", json!("1")),
        ("effective_version", json!(format!("sha256:{}", "a".repeat(64)))),
        ("max_tokens", json!("100")),
        ("temperature", json!(0.5)),
        ("top_p", json!(0.9)),
        ("tool_choice", json!("auto")),
        ("thinking_enabled", json!(true)),
        ("parent_generation_ids", json!(["g0"])),
        ("tags", json!({"k": "v"})),
        ("metadata", json!({"sigil.user.id": "u", "sigil.conversation.title": "Talk"})),
        ("something_new", json!({"a": 1})),
        (
            "tools",
            json!([{"name": "t", "description": "d", "type": "function", "input_schema_json": "e30=", "deferred": true}]),
        ),
        (
            "raw_artifacts",
            json!([{"kind": "ARTIFACT_KIND_REQUEST", "name": "n", "content_type": "text/plain", "payload": "aGk=",
                "record_id": "r", "uri": "u"}]),
        ),
        (
            "output",
            json!([{"role": "MESSAGE_ROLE_ASSISTANT", "name": "n", "parts": [
                {"thinking": "hm", "metadata": {"provider_type": "thinking"}},
                {"tool_call": {"id": "c", "name": "t", "input_json": "e30="}},
                {"tool_result": {"tool_call_id": "c", "name": "t", "content": "x", "content_json": "e30=", "is_error": true}},
                {"media": {"kind": "image", "url": "u", "mime_type": "image/png", "name": "n"}},
                {"hologram": {"x": 1}},
            ]}]),
        ),
        (
            "usage",
            json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "cache_read_input_tokens": 4,
                "cache_write_input_tokens": 5, "reasoning_tokens": 6,
                "input_semantics": "TOKEN_INPUT_SEMANTICS_INCLUSIVE"}),
        ),
    ] {
        full[name] = value;
    }
    full
}

#[tokio::test]
async fn every_field_that_is_shown_is_documented() {
    let server = TestServer::start().await;
    server.store_generations(json!([full()])).await;
    let answer = server.get("/api/v1/generations/g1").await;
    assert_eq!(answer.status, 200);
    let document = serde_json::to_value(lightwell_server::openapi()).unwrap();
    let undocumented = undocumented("GenerationBody", &answer.json(), &document["components"]["schemas"], "");
    assert_eq!(undocumented, Vec::<String>::new());
    server.stop().await;
}

/// Members of a value that its schema does not have.
fn undocumented(schema: &str, value: &Value, schemas: &Value, path: &str) -> Vec<String> {
    let properties =
        schemas[schema]["properties"].as_object().unwrap_or_else(|| panic!("no schema {schema}"));
    let mut missing = Vec::new();
    for (name, member) in value.as_object().unwrap() {
        let path = format!("{path}.{name}");
        let Some(property) = properties.get(name) else {
            missing.push(path);
            continue;
        };
        let reference = find_reference(property);
        for item in member.as_array().map_or_else(|| vec![member], |items| items.iter().collect()) {
            if let (Some(schema), true) = (&reference, item.is_object()) {
                missing.extend(undocumented(schema, item, schemas, &path));
            }
        }
    }
    missing
}

fn find_reference(property: &Value) -> Option<String> {
    match property {
        Value::Object(members) => match members.get("$ref") {
            Some(reference) => Some(reference.as_str()?.rsplit('/').next()?.to_owned()),
            None => members
                .iter()
                .filter(|(name, _)| *name != "additionalProperties")
                .find_map(|(_, v)| find_reference(v)),
        },
        Value::Array(items) => items.iter().find_map(find_reference),
        _ => None,
    }
}

#[tokio::test]
async fn what_was_sent_is_what_is_shown() {
    let server = TestServer::start().await;
    server.store_generations(json!([full()])).await;
    let shown = server.get("/api/v1/generations/g1").await.json();
    for (name, value) in [
        ("generation_id", json!("g1")),
        ("mode", json!("STREAM")),
        ("user_id", json!("u")),
        ("conversation_title", json!("Talk")),
        ("max_tokens", json!(100)),
        ("error", json!({"message": "it broke"})),
        ("open", json!(false)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_eq!(shown["unknown"]["something_new"], json!({"a": 1}));
    assert_eq!(shown["output"][0]["parts"].as_array().unwrap().len(), 5);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    let answer = server.get("/api/v1/generations/nope").await;
    assert_eq!((answer.status, answer.error().as_str()), (404, "there is no generation \"nope\""));
    server.stop().await;
}

#[tokio::test]
async fn a_parent_is_the_same_here_as_in_the_conversation() {
    let server = TestServer::start().await;
    let asked = json!({"model_name": "m", "provider": "p", "prompt": "hi"});
    let answered = json!({"model_name": "m", "provider": "p", "response_text": "yo"});
    let events = json!([
        event("input", "run", "user.input", None, json!({"input_text": "hi"})),
        event("q1", "run", "llm.request", Some("input"), asked.clone()),
        event("a1", "run", "llm.response", Some("q1"), answered.clone()),
        // What follows a call names the event that closed it.
        event("q2", "run", "llm.request", Some("a1"), asked.clone()),
        event("a2", "run", "llm.response", Some("q2"), answered),
        event("q3", "run", "llm.request", Some("nobody"), asked),
    ]);
    assert_eq!(server.post("/api/v1/ingest", events).await.status, 202);
    let conversation = server.get("/api/v1/conversations/run").await.json();
    let listed = conversation["generations"].as_array().unwrap();
    for (id, parent) in [("q1", "input"), ("q2", "q1"), ("q3", "nobody")] {
        let alone = server.get(&format!("/api/v1/generations/{id}")).await.json();
        assert_eq!(alone["parent_id"], parent);
        assert!(listed.contains(&alone), "{alone}");
    }
    server.stop().await;
}
