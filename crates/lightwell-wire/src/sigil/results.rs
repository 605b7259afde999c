//! The answer to a batch: one result an item, in the order of the request.
//!
//! Invariant: the server writes exactly as many results as there were items. What a server sent is read leniently: a missing id or
//! verdict is told apart from an empty one, and what to make of it is the reader's to decide.

use prost::Message;
use serde_json::Value;

use super::Signal;
use super::messages::{
    ExportGenerationResult, ExportGenerationsResponse, ExportWorkflowStepResult, ExportWorkflowStepsResponse,
};
use crate::json_text::{ObjectWriter, put_list};

/// What became of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemResult {
    /// The item's id; empty when the answer names none.
    pub id: String,
    /// True when it is stored.
    pub accepted: bool,
    /// Why it was refused; empty when nobody said.
    pub error: String,
}

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// It is not JSON.
    #[error("the answer is not JSON")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error("the answer's {0} is not what this protocol has")]
    Shape(&'static str),
    /// It is not the protobuf message.
    #[error("the answer is not a valid protobuf message")]
    Protobuf(#[from] prost::DecodeError),
}

/// Writes the answer as JSON: `{"results":[...]}`, or `{}` for none; false and empty members are left out.
pub fn encode_json(out: &mut Vec<u8>, signal: Signal, results: &[ItemResult]) {
    let mut object = ObjectWriter::open(out);
    if !results.is_empty() {
        put_list(object.key("results"), results, |out, result| {
            let mut object = ObjectWriter::open(out);
            object.string_unless_empty(signal.json_id_key(), &result.id);
            object.boolean_unless_false("accepted", result.accepted);
            object.string_unless_empty("error", &result.error);
            object.close();
        });
    }
    object.close();
}

/// Writes the answer as protobuf.
pub fn encode_protobuf(signal: Signal, results: Vec<ItemResult>) -> Vec<u8> {
    let results = results.into_iter();
    match signal {
        Signal::Generations => ExportGenerationsResponse {
            results: results
                .map(|result| ExportGenerationResult {
                    generation_id: result.id,
                    accepted: result.accepted,
                    error: result.error,
                })
                .collect(),
        }
        .encode_to_vec(),
        Signal::WorkflowSteps => ExportWorkflowStepsResponse {
            results: results
                .map(|result| ExportWorkflowStepResult {
                    step_id: result.id,
                    accepted: result.accepted,
                    error: result.error,
                })
                .collect(),
        }
        .encode_to_vec(),
    }
}

/// Reads an answer in JSON; names in snake_case and camelCase.
///
/// # Errors
/// When it is not JSON, not an object, or `results` is not a list of objects.
pub fn decode_json(signal: Signal, body: &[u8]) -> Result<Vec<ItemResult>, ResultsError> {
    let Value::Object(mut answer) = serde_json::from_slice(body)? else {
        return Err(ResultsError::Shape("top level"));
    };
    match answer.remove("results") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(results)) => {
            results.into_iter().map(|result| decode_json_item(signal, result)).collect()
        }
        Some(_) => Err(ResultsError::Shape("`results`")),
    }
}

/// Reads an answer in protobuf.
///
/// # Errors
/// When it is not the message.
pub fn decode_protobuf(signal: Signal, body: &[u8]) -> Result<Vec<ItemResult>, ResultsError> {
    Ok(match signal {
        Signal::Generations => ExportGenerationsResponse::decode(body)?
            .results
            .into_iter()
            .map(|result| ItemResult {
                id: result.generation_id,
                accepted: result.accepted,
                error: result.error,
            })
            .collect(),
        Signal::WorkflowSteps => ExportWorkflowStepsResponse::decode(body)?
            .results
            .into_iter()
            .map(|result| ItemResult { id: result.step_id, accepted: result.accepted, error: result.error })
            .collect(),
    })
}

fn decode_json_item(signal: Signal, result: Value) -> Result<ItemResult, ResultsError> {
    let Value::Object(mut result) = result else {
        return Err(ResultsError::Shape("result"));
    };
    let camel = match signal {
        Signal::Generations => "generationId",
        Signal::WorkflowSteps => "stepId",
    };
    let id = result.remove(signal.json_id_key()).or_else(|| result.remove(camel));
    Ok(ItemResult {
        id: text(id),
        accepted: matches!(result.get("accepted"), Some(Value::Bool(true))),
        error: text(result.remove("error")),
    })
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<ItemResult> {
        vec![
            ItemResult { id: "a".to_owned(), accepted: true, error: String::new() },
            ItemResult { id: String::new(), accepted: false, error: "model is \"missing\"".to_owned() },
        ]
    }

    #[test]
    fn json_leaves_out_what_is_false_or_empty() {
        let mut out = Vec::new();
        encode_json(&mut out, Signal::WorkflowSteps, &results());
        let expected = r#"{"results":[{"step_id":"a","accepted":true},{"error":"model is \"missing\""}]}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut out = Vec::new();
        encode_json(&mut out, Signal::Generations, &[]);
        assert_eq!(out, b"{}");
    }

    #[test]
    fn answers_read_back_as_they_were() {
        for signal in [Signal::Generations, Signal::WorkflowSteps] {
            let mut json = Vec::new();
            encode_json(&mut json, signal, &results());
            assert_eq!(decode_json(signal, &json).unwrap(), results());
            assert_eq!(decode_protobuf(signal, &encode_protobuf(signal, results())).unwrap(), results());
        }
    }

    #[test]
    fn answers_of_other_servers() {
        let camel = br#"{"results":[{"generationId":"g","accepted":true,"error":null,"extra":1}]}"#;
        assert_eq!(decode_json(Signal::Generations, camel).unwrap()[0].id, "g");
        assert_eq!(decode_json(Signal::Generations, b"{}").unwrap(), []);
        for broken in [&b"ok"[..], b"[]", br#"{"results":{}}"#, br#"{"results":[1]}"#] {
            assert!(decode_json(Signal::Generations, broken).is_err());
        }
        assert!(decode_protobuf(Signal::Generations, b"\xff").is_err());
    }
}
