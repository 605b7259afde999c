//! `lightwell delete`: one conversation, what is old, or everything of a tenant.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::anyhow;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use lightwell_server::DeletedBody;

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::printable;
use crate::table::thousands;

/// Delete a conversation, what is older than a time, or everything of a tenant. Asks first.
///
/// What is deleted is gone with the content that only it referenced, and copies of it that programs send later are refused.
#[derive(clap::Args)]
pub struct Delete {
    #[command(flatten)]
    what: What,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The conversation with this id.
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// What happened longer ago than this, such as 12h, 30d or 6mo.
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Span>,
    /// Everything of the tenant: the key's, or the one that --tenant names. Its keys stay.
    #[arg(long)]
    all: bool,
}

impl Delete {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let (what, url) = match &self.what {
            What { conversation: Some(id), .. } => {
                (format!("conversation \"{}\"", printable(id)), api.url(&["conversations", id], &[]))
            }
            What { older_than: Some(age), .. } => {
                let moment = before(*age)?;
                let query = [("before", moment.to_string())];
                (format!("everything that happened before {moment:.0}"), api.url(&["records"], &query))
            }
            What { .. } => ("everything of the tenant".to_owned(), api.url(&["tenant"], &[])),
        };
        if !self.yes && !is_confirmed(&format!("Delete {what} at {}? It cannot be undone.", api.server()))? {
            return Err(Failure::Failed(anyhow!("nothing was deleted")));
        }
        let deleted: DeletedBody = api.delete(url).await?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", serde_json::to_value(deleted)?)?;
            return Ok(());
        }
        let count = |number: u64| thousands(i64::try_from(number).unwrap_or(i64::MAX));
        writeln!(
            out,
            "Deleted {} records, and {} messages, prompts and tool sets that only they referenced.",
            count(deleted.records),
            count(deleted.contents)
        )?;
        Ok(())
    }
}

/// Asks a person. Where there is none, the answer is an error that says how to go on.
fn is_confirmed(question: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Failed(anyhow!("{question} Nobody can be asked; say --yes to delete")));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} Type \"yes\": ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

fn age(text: &str) -> Result<Span, String> {
    match text.parse::<Span>() {
        Ok(age) if age.is_positive() => Ok(age),
        _ => Err("use a number and a unit, such as 12h, 30d or 6mo".to_owned()),
    }
}

fn before(age: Span) -> Result<Timestamp, Failure> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    Ok(now.checked_sub(age).map_err(|error| anyhow!("--older-than is too long ago: {error}"))?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_positive_and_have_a_unit() {
        for text in ["30d", "12h", "2w", "6mo", "1y", "90m", "1d12h"] {
            assert!(age(text).is_ok(), "{text}");
        }
        for text in ["", "30", "-3d", "0d", "soon", "d"] {
            assert!(age(text).is_err(), "{text}");
        }
        assert!(before("30d".parse().unwrap()).unwrap() < Timestamp::now());
    }
}
