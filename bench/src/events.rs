//! InsideLLM programs: runs whose calls are told in halves, as events.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ledger::{Piece, Shape};
use crate::random::Random;
use crate::text::Text;

/// One event as it is sent, and what of it must come back.
pub struct Told {
    /// The event.
    pub event: Value,
    /// What it says.
    pub piece: Piece,
}

/// Makes runs.
pub struct Runs {
    random: Random,
    text: Text,
    /// Around which moment everything happens: halves fall on both sides of it.
    around: Timestamp,
}

impl Runs {
    /// The runs of a seed, within ten seconds of `around`.
    pub fn new(seed: u64, around: Timestamp) -> Self {
        let mut random = Random::new(seed);
        let text = Text::new(&mut random);
        Self { random, text, around }
    }

    /// One run: start, what the user says, three LLM calls and a tool call in halves, end; in order.
    pub fn run(&mut self) -> Vec<Told> {
        let run = self.uuid();
        let asked = json!({"input_text": self.words(60), "input_type": "text"});
        let mut told = vec![
            self.event(&run, "run.start", &json!({"session_id": run})),
            self.event(&run, "user.input", &asked),
        ];
        for _ in 0..3 {
            self.call(&run, &mut told);
        }
        self.tool(&run, &mut told);
        told.push(self.event(&run, "run.end", &json!({"session_id": run})));
        told
    }

    fn call(&mut self, run: &str, told: &mut Vec<Told>) {
        let (id, prompt, answer) = (self.uuid(), self.words(200), self.words(120));
        let shape = Shape::InsidellmGeneration;
        let asked = json!({"model_name": "gpt-4o-mini", "provider": "openai", "prompt": prompt});
        let event = self.envelope(run, &id, "llm.request", None, &asked);
        let said = json!({"input": [{"role": "MESSAGE_ROLE_USER", "parts": [{"text": prompt}]}]});
        told.push(Told { event, piece: Piece::new(shape, &id, run, said) });
        let answered = json!({"model_name": "gpt-4o-mini", "provider": "openai", "response_text": answer, "cost": 0.00021});
        let response = self.uuid();
        let event = self.envelope(run, &response, "llm.response", Some(&id), &answered);
        let said = json!({"output": [{"role": "MESSAGE_ROLE_ASSISTANT", "parts": [{"text": answer}]}]});
        told.push(Told { event, piece: Piece::new(shape, &id, run, said) });
    }

    fn tool(&mut self, run: &str, told: &mut Vec<Told>) {
        let (id, query, found) = (self.uuid(), self.words(30), self.words(150));
        let shape = Shape::InsidellmStep;
        let called = json!({"tool_name": "search", "tool_type": "function", "parameters": {"query": query}});
        let event = self.envelope(run, &id, "tool.call", None, &called);
        let piece = Piece::new(shape, &id, run, json!({"input": {"query": query}}));
        told.push(Told { event, piece });
        let answered = json!({
            "tool_name": "search", "tool_type": "function", "response_data": {"found": found},
            "execution_time_ms": 12, "success": true, "error_message": null,
        });
        let response = self.uuid();
        let event = self.envelope(run, &response, "tool.response", Some(&id), &answered);
        let piece = Piece::new(shape, &id, run, json!({"output": {"found": found}}));
        told.push(Told { event, piece });
    }

    fn event(&mut self, run: &str, kind: &str, payload: &Value) -> Told {
        let id = self.uuid();
        let said = json!({"kind": kind, "payload": payload});
        let piece = Piece::new(Shape::InsidellmEvent, &id, run, said);
        Told { event: self.envelope(run, &id, kind, None, payload), piece }
    }

    fn envelope(&mut self, run: &str, id: &str, kind: &str, parent: Option<&str>, payload: &Value) -> Value {
        let millis = i64::try_from(self.random.below(20_000)).unwrap_or_default() - 10_000;
        let at = self.around.checked_add(SignedDuration::from_millis(millis)).unwrap_or(self.around);
        let mut event = json!({
            "event_id": id, "run_id": run, "timestamp": at.to_string(), "event_type": kind, "user_id": "user-1",
            "metadata": {}, "payload": payload,
        });
        if let Some(parent) = parent {
            event["parent_event_id"] = parent.into();
        }
        event
    }

    fn uuid(&mut self) -> String {
        let hex = format!("{:032x}", u128::from_be_bytes(self.random.id()));
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    fn words(&mut self, bytes: usize) -> String {
        let mut words = String::new();
        self.text.prose(&mut self.random, bytes, &mut words);
        words
    }
}
