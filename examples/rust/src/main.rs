//! An agent in Rust that answers one question with the help of a tool, and records both of its LLM calls. The model is a function
//! of this file: no network is needed but the server's.
//!
//! ```sh
//! cargo run -p lightwell-example -- http://127.0.0.1:8080
//! ```

use std::error::Error;
use std::time::Duration;

use lightwell_client::sigil::{GenerationBuilder, Protocol, SigilBuilder};

const CONVERSATION: &str = "rust-example";
const QUESTION: &str = "How many lines has main.rs?";
const TOOL: (&str, &str) = ("count_lines", r#"{"path":"main.rs"}"#);

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    // Nothing connects here. With keys: `.header("Authorization", "Bearer ...")`.
    let client = SigilBuilder::new(Protocol::Http, &endpoint).build()?;

    // First call: the model wants a tool. The builder notes the time when it is made and when it is built.
    let call = begin().user(QUESTION);
    let first = call.answer_calls_tool("call-1", TOOL.0, TOOL.1).usage(45, 12).stop_reason("tool_calls");
    client.record_generation(&first.build())?;

    let lines = include_str!("main.rs").lines().count().to_string();

    // Second call: with what the tool said.
    let call = begin().user(QUESTION).calls_tool("call-1", TOOL.0, TOOL.1);
    let call = call.tool_answers("call-1", TOOL.0, &lines);
    let second = call.answer(&format!("It has {lines} lines.")).usage(70, 8).stop_reason("stop");
    client.record_generation(&second.build())?;

    // Recording did not wait for the network; ending does, for as long as it is told.
    let complete = client.shutdown(Some(Duration::from_secs(10)));
    for notice in client.pipeline().take_notices() {
        eprintln!("{}", notice.text);
    }
    let stats = client.stats();
    println!("{} of {} calls were delivered", stats.delivered, stats.accepted);
    if complete && stats.dropped() == 0 { Ok(()) } else { Err("not everything was delivered".into()) }
}

fn begin() -> GenerationBuilder {
    GenerationBuilder::new("openai", "gpt-4o-mini").conversation(CONVERSATION).agent("counter", "1")
}
