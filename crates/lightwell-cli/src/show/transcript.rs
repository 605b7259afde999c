//! The transcript of a conversation, from the JSON of the API.
//!
//! Each call repeats all earlier messages; shown is what is new in it, unless asked for everything.

use serde_json::Value;

use super::{Times, milliseconds};
use crate::paint::{Paint, printable};
use crate::table::{dollars, thousands};

/// How a transcript is written.
pub struct Transcript {
    pub times: Times,
    pub paint: Paint,
    /// Every call with its whole history.
    pub full: bool,
}

/// Columns before what is said.
const INDENT: usize = 11;

impl Transcript {
    /// The transcript of `GET /api/v1/conversations/{id}`.
    pub fn render(&self, conversation: &Value) -> String {
        let mut text = self.header(conversation);
        let mut records: Vec<(&str, Kind, &Value)> = Vec::new();
        for (list, kind, moments) in [
            ("generations", Kind::Generation, &["started_at", "completed_at", "created_at"][..]),
            ("steps", Kind::Step, &["started_at", "completed_at", "created_at"]),
            ("events", Kind::Event, &["at"]),
        ] {
            for record in items(conversation, list) {
                let at = moments.iter().map(|moment| string(record, moment)).find(|at| !at.is_empty());
                records.push((at.unwrap_or_default(), kind, record));
            }
        }
        // Stable: records of one moment stay in the order of the answer.
        records.sort_by_key(|(at, ..)| at.parse::<jiff::Timestamp>().ok());
        let mut said: Vec<&Value> = Vec::new();
        for (at, kind, record) in records {
            text.push('\n');
            match kind {
                Kind::Generation => self.generation(&mut text, at, record, &mut said),
                Kind::Step => self.step(&mut text, at, record),
                Kind::Event => self.event(&mut text, at, record),
            }
        }
        text
    }

    fn header(&self, conversation: &Value) -> String {
        let (id, title) = (string(conversation, "id"), string(conversation, "title"));
        let mut text = format!("{}\n", self.paint.bold(printable(id)));
        let begins = if title == id { string(conversation, "preview") } else { title };
        if !begins.is_empty() {
            text.push_str(&format!("{}\n", printable(begins)));
        }
        let totals = &conversation["totals"];
        let mut facts = vec![
            format!(
                "{} to {}",
                self.times.minute(string(conversation, "created_at")),
                self.times.minute(string(conversation, "updated_at"))
            ),
            counted(number(conversation, "generation_count"), "call"),
            counted(number(conversation, "step_count"), "step"),
            counted(number(conversation, "error_count"), "error"),
            tokens(totals),
        ];
        facts.push(match (totals["reported_cost_usd"].as_f64(), number(totals, "unpriced_generations")) {
            (Some(cost), 0) => dollars(cost),
            (Some(cost), unpriced) => {
                format!("{} ({} without a cost)", dollars(cost), counted(unpriced, "call"))
            }
            (None, 0) => String::new(),
            (None, _) => "cost unknown".to_owned(),
        });
        for (name, list) in [("user", "user_id"), ("agents", "agents"), ("models", "models")] {
            let values = match &conversation[list] {
                Value::Array(values) => {
                    values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
                }
                value => value.as_str().unwrap_or_default().to_owned(),
            };
            facts.push(if values.is_empty() { values } else { format!("{name} {}", printable(&values)) });
        }
        facts.push(rated(&conversation["rating_summary"]));
        text.push_str(&self.paint.dim(joined(facts)));
        text.push('\n');
        text
    }

    fn generation<'a>(&self, text: &mut String, at: &str, record: &'a Value, said: &mut Vec<&'a Value>) {
        let model = &record["model"];
        let facts = vec![
            format!("{}/{}", string(model, "provider"), string(model, "name")),
            string(record, "agent_name").to_owned(),
            took(record),
            tokens(&record["usage"]),
            record["reported_cost_usd"].as_f64().map(dollars).unwrap_or_default(),
            string(record, "stop_reason").to_owned(),
            if record["open"] == true { "not answered yet".to_owned() } else { String::new() },
        ];
        self.head(text, at, "call", string(record, "generation_id"), facts);
        let input: Vec<_> = items(record, "input").collect();
        let known = if self.full { 0 } else { common_prefix(said, &input) };
        if known == 0 {
            self.body(text, "system", string(record, "system_prompt"), |line| self.paint.dim(line));
        } else {
            let note = self.paint.dim(format!("({} as before)", counted(known as i64, "message")));
            text.push_str(&format!("{:INDENT$}{note}\n", ""));
        }
        for message in input.iter().skip(known) {
            self.message(text, message);
        }
        *said = input;
        for message in items(record, "output") {
            self.message(text, message);
            said.push(message);
        }
        self.error(text, &record["error"]);
    }

    fn message(&self, text: &mut String, message: &Value) {
        let role = string(message, "role").trim_start_matches("MESSAGE_ROLE_").to_ascii_lowercase();
        let paint = |line: &str| match role.as_str() {
            "assistant" => self.paint.green(line),
            "user" => self.paint.cyan(line),
            "tool" => self.paint.yellow(line),
            _ => self.paint.dim(line),
        };
        for part in items(message, "parts") {
            for (kind, body) in part.as_object().into_iter().flatten() {
                match (kind.as_str(), body) {
                    ("text", Value::String(said)) => self.body(text, &role, said, paint),
                    ("thinking", Value::String(thought)) => {
                        self.body(text, "thinking", thought, |line| self.paint.dim(line));
                    }
                    ("tool_call", call) => {
                        let arguments = written(call, "arguments", "input_json");
                        let line = format!("{}({arguments})", string(call, "name"));
                        self.body(text, "calls", &line, |line| self.paint.yellow(line));
                    }
                    ("tool_result", result) => {
                        let content = match string(result, "content") {
                            "" => written(result, "content_parsed", "content_json"),
                            content => content.to_owned(),
                        };
                        let failed = result["is_error"] == true;
                        self.body(text, "result", &content, |line| {
                            if failed { self.paint.red(line) } else { self.paint.yellow(line) }
                        });
                    }
                    ("media", media) => {
                        let line = format!("[{} {}]", string(media, "kind"), string(media, "url"));
                        self.body(text, &role, &line, paint);
                    }
                    ("opaque", other) => self.body(text, &role, &other.to_string(), paint),
                    _ => {}
                }
            }
        }
    }

    fn step(&self, text: &mut String, at: &str, record: &Value) {
        let facts = vec![
            string(record, "subtype").to_owned(),
            string(record, "agent_name").to_owned(),
            took(record),
            if record["open"] == true { "not finished yet".to_owned() } else { String::new() },
        ];
        let kind = format!("{} {}", string(record, "kind"), string(record, "name"));
        self.head(text, at, &kind, string(record, "step_id"), facts);
        for (name, value) in [("in", &record["input"]), ("out", &record["output"])] {
            self.body(text, name, &plain(value), |line| self.paint.yellow(line));
        }
        self.error(text, &record["error"]);
    }

    fn event(&self, text: &mut String, at: &str, record: &Value) {
        let user = string(record, "user_id");
        let user = if user.is_empty() { String::new() } else { format!("user {user}") };
        self.head(text, at, string(record, "kind"), string(record, "event_id"), vec![user]);
        let failed = record["is_error"] == true;
        // What has no words is told by its fields.
        let said = match (string(record, "text"), record["payload"].as_object()) {
            ("", Some(payload)) if !payload.is_empty() => plain(&record["payload"]),
            (text, _) => text.to_owned(),
        };
        self.body(text, "", &said, |line| if failed { self.paint.red(line) } else { line.to_owned() });
    }

    fn head(&self, text: &mut String, at: &str, what: &str, id: &str, facts: Vec<String>) {
        let at = self.paint.dim(self.times.second(at));
        let what = self.paint.bold(printable(what));
        let id = self.paint.dim(printable(id));
        let facts = facts.into_iter().map(|fact| printable(&fact)).collect();
        text.push_str(format!("{at}   {what} {id} {}", joined(facts)).trim_end());
        text.push('\n');
    }

    fn error(&self, text: &mut String, error: &Value) {
        if error.is_object() {
            let words = [string(error, "kind"), string(error, "code"), string(error, "message")];
            let sentence = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ");
            self.body(text, "failed", &sentence, |line| self.paint.red(line));
        }
    }

    fn body(&self, text: &mut String, label: &str, said: &str, paint: impl Fn(&str) -> String) {
        for (i, line) in printable(said).lines().enumerate() {
            let label = if i == 0 { label } else { "" };
            let label = self.paint.dim(format!("{label:>width$}", width = INDENT - 2));
            text.push_str(format!("{label}  {}", paint(line)).trim_end());
            text.push('\n');
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Generation,
    Step,
    Event,
}

/// How many messages two histories begin with in common.
fn common_prefix(before: &[&Value], now: &[&Value]) -> usize {
    before.iter().zip(now).take_while(|(before, now)| before == now).count()
}

fn items<'a>(record: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    record[list].as_array().into_iter().flatten()
}

fn string<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

fn number(record: &Value, name: &str) -> i64 {
    record[name].as_i64().unwrap_or_default()
}

fn counted(count: i64, what: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", thousands(count)),
    }
}

/// `rated 2 good, 1 bad`; nothing when nobody rated it.
fn rated(summary: &Value) -> String {
    let counted = [("good_count", "good"), ("bad_count", "bad")]
        .map(|(name, verdict)| (number(summary, name), verdict));
    let told: Vec<_> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verdict)| format!("{} {verdict}", thousands(*count)))
        .collect();
    if told.is_empty() { String::new() } else { format!("rated {}", told.join(", ")) }
}

fn tokens(usage: &Value) -> String {
    match (number(usage, "input_tokens"), number(usage, "output_tokens")) {
        (0, 0) => String::new(),
        (input, output) => format!("{} → {} tokens", thousands(input), thousands(output)),
    }
}

fn took(record: &Value) -> String {
    let moment = |name| string(record, name).parse::<jiff::Timestamp>().ok();
    let measured = record["duration_ms"].as_i64();
    let between = moment("started_at").zip(moment("completed_at"));
    let took = measured.or(between.map(|(start, end)| end.as_millisecond() - start.as_millisecond()));
    took.map(milliseconds).unwrap_or_default()
}

fn joined(facts: Vec<String>) -> String {
    facts.into_iter().filter(|fact| !fact.is_empty() && fact != "/").collect::<Vec<_>>().join(" · ")
}

/// JSON as the sender wrote it, as far as the API could read it.
fn written(holder: &Value, parsed: &str, encoded: &str) -> String {
    match &holder[parsed] {
        Value::Null => string(holder, encoded).to_owned(),
        value => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
