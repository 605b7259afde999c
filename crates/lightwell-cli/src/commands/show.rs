//! `lightwell show`: one conversation, as it went.

use std::io::Write;

use serde_json::Value;

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::Paint;
use crate::show::{Times, Transcript};

/// Show one conversation: what was said, what the tools did, what failed, what it took.
#[derive(clap::Args)]
pub struct Show {
    /// The conversation's id.
    id: String,
    /// Show every call's whole history, not only what is new in it.
    #[arg(long)]
    full: bool,
    /// Print the server's answer as JSON.
    #[arg(long, conflicts_with = "full")]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Show {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let conversation: Value = api.get(api.url(&["conversations", &self.id], &[])).await?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{conversation:#}")?;
        } else {
            let transcript =
                Transcript { times: Times::local(), paint: Paint::for_stdout(), full: self.full };
            write!(out, "{}", transcript.render(&conversation))?;
        }
        Ok(())
    }
}
