//! `GET /openapi.json`

use serde_json::Value;

use crate::support::TestServer;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

/// The committed document, from which clients are generated, is the one that is served.
#[tokio::test]
async fn the_committed_document_is_up_to_date() {
    let server = TestServer::start().await;
    let served = format!("{:#}\n", server.get("/openapi.json").await.json());
    server.stop().await;
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(FILE, &served).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        committed == served,
        "{FILE} is stale; review and write it with UPDATE_OPENAPI=1 cargo test -p lightwell-server"
    );
}

/// A batch that is refused event by event has results, a body that cannot be read has none.
#[test]
fn both_answers_to_refused_events_are_documented() {
    let document = serde_json::to_value(lightwell_server::openapi()).unwrap();
    let answer = &document["paths"]["/api/v1/ingest"]["post"]["responses"]["400"]["content"];
    let schema = answer["application/json"]["schema"]["$ref"].as_str().unwrap();
    let either = document.pointer(&schema[1..]).unwrap()["anyOf"].as_array().unwrap();
    let names: Vec<_> = either.iter().map(|body| body["$ref"].as_str().unwrap()).collect();
    assert_eq!(names, ["#/components/schemas/IngestResults", "#/components/schemas/ErrorBody"]);
}

/// Two bodies of one name would be one in the document.
#[test]
fn artifacts_of_generations_and_of_trials_are_two_things() {
    let document = serde_json::to_value(lightwell_server::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert!(schemas["ArtifactBody"]["properties"]["payload"].is_object());
    assert!(schemas["TrialArtifactBody"]["properties"]["content_ref"].is_object());
    let trial = &schemas["ReportTrial"]["properties"]["artifacts"]["items"]["$ref"];
    assert_eq!(trial, "#/components/schemas/TrialArtifactBody");
}

#[test]
fn every_route_and_field_says_what_it_is() {
    let document = serde_json::to_value(lightwell_server::openapi()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path}: {}", parameter["name"]);
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name} has no description");
        for (field, property) in properties(schema) {
            // A field that may be null has its description beside its type.
            let mut places = property["oneOf"].as_array().into_iter().flatten().chain([property]);
            assert!(
                places.any(|place| place["description"].is_string()),
                "{name}.{field} has no description"
            );
        }
    }
}

fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
    parts.filter_map(|part| part["properties"].as_object()).flatten().collect()
}
