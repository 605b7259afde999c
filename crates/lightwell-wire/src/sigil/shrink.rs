//! Making a generation or a workflow step fit, by cutting its longest parts; see [`crate::shrink`].

use super::messages::{Generation, Message, Part, WorkflowStep, part};
use super::well_known::{Kind, Struct, Value};
use super::{Signal, protobuf};
use crate::shrink::{BYTES_KEY, Cuts, NOTE_BYTES, PARTS_KEY, cut_bytes, cut_json, cut_text, level};

/// The item with its longest parts cut, in at most `limit` bytes of protobuf. `None` when that cannot be done: it is not an item, or
/// too little of it is text.
#[must_use]
pub fn shrink(signal: Signal, item: &[u8], limit: usize) -> Option<Vec<u8>> {
    match signal {
        Signal::Generations => shrink_message::<Generation>(item, limit),
        Signal::WorkflowSteps => shrink_message::<WorkflowStep>(item, limit),
    }
}

/// A part of a message that may be cut.
enum Slot<'a> {
    Text(&'a mut String),
    /// JSON text.
    Json(&'a mut Vec<u8>),
    Bytes(&'a mut Vec<u8>),
}

impl Slot<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Json(bytes) | Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn cut(self, keep: usize) -> bool {
        fn put<T>(place: &mut T, cut: Option<T>) -> bool {
            cut.map(|cut| *place = cut).is_some()
        }
        match self {
            Self::Text(text) => {
                let cut = cut_text(text, keep);
                put(text, cut)
            }
            Self::Json(json) => {
                let cut = cut_json(json, keep);
                put(json, cut)
            }
            Self::Bytes(bytes) => {
                let cut = cut_bytes(bytes, keep);
                put(bytes, cut)
            }
        }
    }
}

/// A message whose parts may be cut.
trait Shrinkable: prost::Message + Default {
    fn visit(&mut self, visit: &mut dyn FnMut(Slot<'_>));
    fn metadata(&mut self) -> &mut Option<Struct>;
}

fn shrink_message<M: Shrinkable>(item: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut message = M::decode(item).ok()?;
    let mut lengths = Vec::new();
    message.visit(&mut |slot| lengths.push(slot.len()));
    let keep = level(item.len(), limit.checked_sub(NOTE_BYTES)?, lengths)?;
    let mut cuts = Cuts::default();
    message.visit(&mut |slot| {
        let before = slot.len();
        if slot.cut(keep) {
            cuts.add(before);
        }
    });
    let fields = &mut message.metadata().get_or_insert_default().fields;
    for (key, count) in [(PARTS_KEY, cuts.parts), (BYTES_KEY, cuts.bytes)] {
        fields.insert(key.to_owned(), Value { kind: Some(Kind::NumberValue(count as f64)) });
    }
    let mut out = Vec::new();
    protobuf::encode(&mut out, &message);
    (out.len() <= limit).then_some(out)
}

impl Shrinkable for Generation {
    fn visit(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        visit(Slot::Text(&mut self.system_prompt));
        visit(Slot::Text(&mut self.call_error));
        for Message { parts, .. } in self.input.iter_mut().chain(&mut self.output) {
            parts.iter_mut().for_each(|part| visit_part(part, visit));
        }
        for tool in &mut self.tools {
            visit(Slot::Text(&mut tool.description));
            visit(Slot::Json(&mut tool.input_schema_json));
        }
        for artifact in &mut self.raw_artifacts {
            visit(Slot::Bytes(&mut artifact.payload));
        }
        self.tags.values_mut().for_each(|value| visit(Slot::Text(value)));
        visit_struct(&mut self.metadata, visit);
    }

    fn metadata(&mut self) -> &mut Option<Struct> {
        &mut self.metadata
    }
}

impl Shrinkable for WorkflowStep {
    fn visit(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        visit(Slot::Text(&mut self.error));
        self.tags.values_mut().for_each(|value| visit(Slot::Text(value)));
        for state in [&mut self.input_state, &mut self.output_state, &mut self.metadata] {
            visit_struct(state, visit);
        }
    }

    fn metadata(&mut self) -> &mut Option<Struct> {
        &mut self.metadata
    }
}

fn visit_part(part: &mut Part, visit: &mut dyn FnMut(Slot<'_>)) {
    match &mut part.payload {
        Some(part::Payload::Text(text) | part::Payload::Thinking(text)) => visit(Slot::Text(text)),
        Some(part::Payload::ToolCall(call)) => visit(Slot::Json(&mut call.input_json)),
        Some(part::Payload::ToolResult(result)) => {
            visit(Slot::Text(&mut result.content));
            visit(Slot::Json(&mut result.content_json));
        }
        Some(part::Payload::Media(media)) => visit(Slot::Text(&mut media.url)),
        None => {}
    }
}

fn visit_struct(of: &mut Option<Struct>, visit: &mut dyn FnMut(Slot<'_>)) {
    if let Some(of) = of {
        of.fields.values_mut().for_each(|value| visit_value(value, visit));
    }
}

fn visit_value(value: &mut Value, visit: &mut dyn FnMut(Slot<'_>)) {
    match &mut value.kind {
        Some(Kind::StringValue(text)) => visit(Slot::Text(text)),
        Some(Kind::StructValue(inner)) => {
            inner.fields.values_mut().for_each(|value| visit_value(value, visit));
        }
        Some(Kind::ListValue(list)) => list.values.iter_mut().for_each(|value| visit_value(value, visit)),
        _ => {}
    }
}
