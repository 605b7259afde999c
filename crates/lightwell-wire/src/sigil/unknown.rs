//! Fields of a protobuf message that the contract does not have: found in the raw bytes, kept by path.
//!
//! prost forgets them. The bytes are walked along the generated schema table; known scalars are skipped by their length, so the
//! walk costs little. A message whose bytes are broken is not judged here: decoding refuses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lightwell_model::Unknown;
use prost::encoding::WireType;
use serde_json::{Value, json};

use super::protobuf::{RawField, next_field};
use crate::r#gen::schema::MessageSchema;
use crate::path::Path;

/// Adds every unknown field of `message` under `path`, as a list of `{"wire_type", "base64"}`, one for each occurrence.
///
/// The base64 is of the field's content without its key and without the length of a length-delimited field.
pub(super) fn collect(message: &[u8], schema: &MessageSchema, unknown: &mut Unknown) {
    walk(message, schema, &Path::Root, unknown);
}

fn walk(message: &[u8], schema: &MessageSchema, path: &Path<'_>, unknown: &mut Unknown) {
    let mut rest = message;
    // How often each field occurred so far, in the order of the schema.
    let mut counts = vec![0_usize; schema.fields.len()];
    while !rest.is_empty() {
        let Ok(field) = next_field(&mut rest) else { return };
        let Some(position) = schema.fields.iter().position(|known| known.number == field.number) else {
            keep(&field, path, unknown);
            continue;
        };
        let known = &schema.fields[position];
        let Some(inner) = known.message.filter(|_| field.wire_type == WireType::LengthDelimited) else {
            continue;
        };
        let here = path.key(known.name);
        if known.repeated {
            walk(field.content, inner, &here.index(counts[position]), unknown);
            counts[position] += 1;
        } else {
            walk(field.content, inner, &here, unknown);
        }
    }
}

fn keep(field: &RawField<'_>, path: &Path<'_>, unknown: &mut Unknown) {
    let name = format!("#{}", field.number);
    let wire_type = match field.wire_type {
        WireType::Varint => "varint",
        WireType::SixtyFourBit => "64-bit",
        WireType::ThirtyTwoBit => "32-bit",
        WireType::LengthDelimited | WireType::StartGroup | WireType::EndGroup => "length-delimited",
    };
    let occurrence = json!({"wire_type": wire_type, "base64": STANDARD.encode(field.content)});
    let kept = unknown.entry(path.key(&name).to_string()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(occurrences) = kept {
        occurrences.push(occurrence);
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::messages::{Generation, Message, Part, part::Payload};
    use super::*;
    use crate::r#gen::schema::GENERATION;

    /// Appends a length-delimited field with a number below 16.
    fn append(message: &mut Vec<u8>, number: u8, content: &[u8]) {
        message.extend([number << 3 | 2, u8::try_from(content.len()).unwrap()]);
        message.extend(content);
    }

    #[test]
    fn what_the_contract_has_is_not_unknown() {
        let parts = vec![Part { metadata: None, payload: Some(Payload::Text("t".to_owned())) }];
        let message = Message { role: 1, name: String::new(), parts };
        let generation = Generation { input: vec![message], temperature: Some(0.5), ..Generation::default() };
        let mut unknown = Unknown::new();
        collect(&generation.encode_to_vec(), &GENERATION, &mut unknown);
        assert_eq!(unknown, Unknown::new());
    }

    #[test]
    fn unknown_fields_have_the_path_of_where_they_were() {
        let mut part = Vec::new();
        append(&mut part, 9, b"new");
        append(&mut part, 9, b"er");
        let mut message = vec![0x08, 0x01];
        append(&mut message, 3, b"");
        append(&mut message, 3, &part);
        let mut generation = vec![0xc8, 0x06, 0x96, 0x01];
        append(&mut generation, 11, b"");
        append(&mut generation, 11, &message);
        let mut unknown = Unknown::new();
        collect(&generation, &GENERATION, &mut unknown);
        let expected = json!({
            "#105": [{"wire_type": "varint", "base64": "lgE="}],
            "input[1].parts[1].#9": [
                {"wire_type": "length-delimited", "base64": "bmV3"},
                {"wire_type": "length-delimited", "base64": "ZXI="},
            ],
        });
        assert_eq!(serde_json::to_value(unknown).unwrap(), expected);
    }
}
