//! `lightwell tail`: what is committed, while it is.

use std::io::Write;
use std::time::Duration;

use lightwell_server::{LiveKind, LiveSummary};

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::{Paint, printable};
use crate::show::{Times, milliseconds};
use crate::table::thousands;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Follow what is stored, while it happens. Ctrl-C ends it.
///
/// When the server goes away it is asked again until it answers; what happened meanwhile is in `lightwell conversations`.
#[derive(clap::Args)]
pub struct Tail {
    /// Only this conversation.
    #[arg(value_name = "ID")]
    conversation: Option<String>,
    /// Print each record as a line of JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Tail {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let query: Vec<_> = self.conversation.into_iter().map(|id| ("conversation", id)).collect();
        let look = Look { times: Times::local(), paint: Paint::for_stdout(), json: self.json };
        let mut wait = FIRST_WAIT;
        // The first time, a server that is not there is the user's mistake; later it is a restart.
        let mut answer = api.open(api.url(&["live"], &query)).await?;
        loop {
            let mut events = EventStream::default();
            while let Ok(Some(chunk)) = answer.chunk().await {
                for event in events.push(&chunk) {
                    wait = FIRST_WAIT;
                    print(&event, &look)?;
                }
            }
            eprintln!("lightwell: the server went away; trying again");
            answer = loop {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                match api.open(api.url(&["live"], &query)).await {
                    Ok(answer) => break answer,
                    Err(Failure::Unreachable(_)) => {}
                    Err(refused) => return Err(refused),
                }
            };
            eprintln!("lightwell: connected again");
        }
    }
}

/// How records are shown.
struct Look {
    times: Times,
    paint: Paint,
    json: bool,
}

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
struct ServerEvent {
    name: String,
    data: String,
}

/// Puts server-sent events together from the pieces they arrive in.
#[derive(Default)]
struct EventStream {
    bytes: Vec<u8>,
    event: ServerEvent,
}

impl EventStream {
    /// The events that are complete with this piece.
    fn push(&mut self, piece: &[u8]) -> Vec<ServerEvent> {
        self.bytes.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            match line.split_once(':') {
                None if line.is_empty() && !self.event.data.is_empty() => {
                    events.push(std::mem::take(&mut self.event));
                }
                Some(("event", name)) => self.event.name = name.trim_start().to_owned(),
                Some(("data", data)) => self.event.data.push_str(data.trim_start()),
                // Comments keep the connection alive; other fields are not sent.
                _ => {}
            }
        }
        events
    }
}

fn print(event: &ServerEvent, look: &Look) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if event.name == "missed" {
        eprintln!("lightwell: {} records came too fast to be shown", event.data);
    } else if look.json {
        writeln!(out, "{}", event.data)?;
    } else {
        let summary: LiveSummary = serde_json::from_str(&event.data)?;
        writeln!(out, "{}", line(&summary, &look.times, look.paint))?;
    }
    out.flush()?;
    Ok(())
}

fn line(summary: &LiveSummary, times: &Times, paint: Paint) -> String {
    let mut words =
        vec![paint.dim(times.second(&summary.at)), paint.bold(printable(&summary.conversation_id))];
    match summary.kind {
        LiveKind::Generation => words.push(paint.green(format!("{}/{}", summary.provider, summary.model))),
        LiveKind::Step => words.push(paint.yellow(format!("step {}", summary.name))),
        LiveKind::Event => words.push(paint.cyan(&summary.name)),
    }
    words.extend((!summary.agent.is_empty()).then(|| summary.agent.clone()));
    if summary.input_tokens + summary.output_tokens > 0 {
        let tokens = format!("{}→{}", thousands(summary.input_tokens), thousands(summary.output_tokens));
        words.push(paint.dim(tokens));
    }
    words.extend(summary.duration_ms.map(|took| paint.dim(milliseconds(took))));
    words.extend(summary.open.then(|| paint.dim("…")));
    match &summary.error {
        Some(error) => words.push(paint.red(format!("failed: {}", one_line(error)))),
        None => words.push(one_line(&summary.preview)),
    }
    words.join(" ").trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_any_pieces() {
        let stream = ": hello\n\nevent: step\ndata: {\"a\":1}\n\nevent:event\r\ndata:x\r\n\r\n";
        let expected = [("step", "{\"a\":1}"), ("event", "x")]
            .map(|(name, data)| ServerEvent { name: name.to_owned(), data: data.to_owned() });
        for size in 1..stream.len() {
            let mut events = EventStream::default();
            let read: Vec<_> = stream.as_bytes().chunks(size).flat_map(|piece| events.push(piece)).collect();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn a_record_is_a_line() {
        let summary = LiveSummary {
            kind: LiveKind::Generation,
            id: "g1".to_owned(),
            conversation_id: "run-1".to_owned(),
            at: "2026-11-22T08:05:09.123456Z".to_owned(),
            name: "chat".to_owned(),
            agent: "planner".to_owned(),
            provider: "openai".to_owned(),
            model: "gpt-4o".to_owned(),
            user_id: "u".to_owned(),
            preview: "two\nlines".to_owned(),
            input_tokens: 1200,
            output_tokens: 30,
            duration_ms: Some(1234),
            open: false,
            error: None,
        };
        let failed = LiveSummary { error: Some("rate limit".to_owned()), ..summary.clone() };
        let open = LiveSummary { kind: LiveKind::Step, open: true, duration_ms: None, ..summary.clone() };
        let lines = [summary, failed, open].map(|summary| line(&summary, &Times::utc(), Paint::PLAIN));
        insta::assert_snapshot!(lines.join("\n"));
    }
}
