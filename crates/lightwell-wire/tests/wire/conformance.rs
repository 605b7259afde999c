//! Recorded and made traffic in conformance/ means what its `expect` says.
//!
//! `LIGHTWELL_UPDATE_FIXTURES=1 cargo test -p lightwell-wire conformance` writes `expect` anew; read the difference before you keep it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lightwell_model::Record;
use lightwell_wire::sigil::{self, Signal, messages};
use lightwell_wire::{Batch, Item, insidellm};
use prost::Message as _;
use serde_json::{Value, json};

use super::support::receipt;

const UPDATE: &str = "LIGHTWELL_UPDATE_FIXTURES";
/// What ends the recorded part of a fixture.
const EXPECT: &str = ",\n  \"expect\": ";

struct Fixture {
    path: PathBuf,
    text: String,
    content: Value,
}

impl Fixture {
    fn name(&self) -> String {
        self.path.file_stem().unwrap().to_string_lossy().into_owned()
    }

    fn field(&self, key: &str) -> &str {
        self.content[key].as_str().unwrap()
    }

    fn body(&self) -> Vec<u8> {
        match &self.content["body"] {
            Value::Null => STANDARD.decode(self.field("body_base64")).unwrap(),
            body => body.to_string().into_bytes(),
        }
    }

    fn signal(&self) -> Signal {
        let path = self.field("path");
        sigil::paths::signal_of_grpc(path).unwrap_or_else(|| match path {
            sigil::paths::HTTP_GENERATIONS => Signal::Generations,
            sigil::paths::HTTP_WORKFLOW_STEPS => Signal::WorkflowSteps,
            other => panic!("{other} is no path of the Sigil dialect"),
        })
    }

    fn decode(&self) -> Batch {
        let is_json = self.field("content_type").starts_with("application/json");
        match self.path.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
            Some("insidellm") => insidellm::json::decode(&self.body(), &receipt()),
            Some("sigil") if is_json => sigil::json::decode(self.signal(), &self.body(), &receipt()),
            Some("sigil") => sigil::protobuf::decode(self.signal(), &self.body(), &receipt()),
            other => panic!("no dialect {other:?}"),
        }
        .unwrap()
    }

    fn update(&self, outcome: &Value) {
        let recorded = match self.text.find(EXPECT) {
            Some(at) => &self.text[..at],
            None => self.text.strip_suffix("\n}\n").unwrap(),
        };
        let outcome = serde_json::to_string_pretty(outcome).unwrap().replace('\n', "\n  ");
        fs::write(&self.path, format!("{recorded}{EXPECT}{outcome}\n}}\n")).unwrap();
    }
}

fn fixtures(dialect: &str) -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(dialect);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Fixture { content: serde_json::from_str(&text).unwrap(), path, text }
    };
    paths.into_iter().map(read).collect()
}

/// A batch as the fixtures tell it: records without their digests, which are compared elsewhere and say nothing to a reader.
fn told(batch: &Batch) -> Value {
    let mut told = json!({"items": batch.items.iter().map(told_item).collect::<Vec<_>>()});
    if !batch.unknown.is_empty() {
        told["unknown"] = json!(batch.unknown);
    }
    told
}

fn told_item(item: &Item) -> Value {
    let (kind, mut record) = match &item.record {
        Ok(Record::Generation(generation)) => ("generation", json!(generation)),
        Ok(Record::Step(step)) => ("step", json!(step)),
        Ok(Record::Event(event)) => ("event", json!(event)),
        Err(error) => ("error", json!(error.to_string())),
    };
    for fragment in record.get_mut("fragments").and_then(Value::as_array_mut).into_iter().flatten() {
        fragment.as_object_mut().unwrap().remove("digest");
    }
    json!({"id": item.id, kind: record})
}

#[test]
fn every_fixture_means_what_it_expects() {
    let update = env::var_os(UPDATE).is_some();
    let mut failures = Vec::new();
    for fixture in fixtures("sigil").iter().chain(&fixtures("insidellm")) {
        let outcome = told(&fixture.decode());
        if update {
            fixture.update(&outcome);
        } else if fixture.content.get("expect") != Some(&outcome) {
            failures.push(format!("{}:\n{outcome:#}", fixture.name()));
        }
    }
    assert!(failures.is_empty(), "{} differ from their `expect`:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_same_scenario_over_http_and_grpc_is_the_same_records() {
    let mut by_name = BTreeMap::new();
    for fixture in fixtures("sigil") {
        by_name.insert(fixture.name(), fixture);
    }
    let mut pairs = 0;
    for (name, http) in &by_name {
        let Some(scenario) = name.strip_suffix(".http") else { continue };
        let Some(grpc) = by_name.get(&format!("{scenario}.grpc")) else { continue };
        let records = |fixture: &Fixture| -> Vec<Record> {
            fixture.decode().items.into_iter().map(|item| item.record.unwrap()).collect()
        };
        assert_eq!(records(http), records(grpc), "{scenario}");
        pairs += 1;
    }
    assert!(pairs >= 30, "only {pairs} scenarios were recorded over both transports");
}

/// What the original sends over gRPC, encoded by us as JSON, is what the original sends over HTTP.
#[test]
fn our_json_is_that_of_the_original() {
    let fixtures = fixtures("sigil");
    let mut compared = 0;
    for grpc in fixtures.iter().filter(|fixture| fixture.name().starts_with("sigil-sdk-0.9.3.")) {
        let Some(scenario) = grpc.name().strip_suffix(".grpc").map(str::to_owned) else { continue };
        let http = fixtures.iter().find(|fixture| fixture.name() == format!("{scenario}.http")).unwrap();
        let signal = grpc.signal();
        let body = grpc.body();
        let ours: Vec<Vec<u8>> = sigil::protobuf::split(&body)
            .unwrap()
            .items
            .into_iter()
            .map(|item| {
                let mut out = Vec::new();
                match signal {
                    Signal::Generations => {
                        sigil::json::encode_generation(&mut out, &messages::Generation::decode(item).unwrap())
                    }
                    Signal::WorkflowSteps => sigil::json::encode_workflow_step(
                        &mut out,
                        &messages::WorkflowStep::decode(item).unwrap(),
                    ),
                }
                .unwrap();
                out
            })
            .collect();
        let mut joined = Vec::new();
        sigil::json::join(&mut joined, signal, ours.iter().map(Vec::as_slice));
        let joined: Value = serde_json::from_slice(&joined).unwrap();
        assert_eq!(joined, http.content["body"], "{scenario}");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} scenarios were compared");
}
