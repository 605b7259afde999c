//! `lightwell conversations`: the list.

use std::io::Write;

use lightwell_server::{ConversationItem, ConversationPage};

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::Paint;
use crate::show::{FilterArguments, Times};
use crate::table::{Align, Table, dollars, shorten, thousands};

const TITLE_CHARS: usize = 40;

/// List conversations, newest first.
#[derive(clap::Args)]
pub struct Conversations {
    #[command(flatten)]
    filter: FilterArguments,
    /// How many, at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Begin where the page before ended; printed below it.
    #[arg(long)]
    cursor: Option<String>,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Conversations {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let mut query = self.filter.query();
        let filtered = !query.is_empty() || self.cursor.is_some();
        query.push(("limit", self.limit.to_string()));
        query.extend(self.cursor.map(|cursor| ("cursor", cursor)));
        let url = api.url(&["conversations"], &query);
        let mut out = std::io::stdout().lock();
        if self.json {
            let page: serde_json::Value = api.get(url).await?;
            writeln!(out, "{page:#}")?;
            return Ok(());
        }
        let page: ConversationPage = api.get(url).await?;
        if page.items.is_empty() && filtered {
            writeln!(out, "No conversation matches.")?;
            return Ok(());
        }
        write!(out, "{}", render(&page, &Times::local(), Paint::for_stdout()))?;
        Ok(())
    }
}

fn render(page: &ConversationPage, times: &Times, paint: Paint) -> String {
    if page.items.is_empty() {
        return "No conversations yet. They appear here when a program sends to this server.\n".to_owned();
    }
    let mut table = Table::new(&[
        ("LAST", Align::Left),
        ("ID", Align::Left),
        ("TITLE", Align::Left),
        ("USER", Align::Left),
        ("AGENTS", Align::Left),
        ("MODELS", Align::Left),
        ("CALLS", Align::Right),
        ("STEPS", Align::Right),
        ("ERRORS", Align::Right),
        ("IN", Align::Right),
        ("OUT", Align::Right),
        ("COST", Align::Right),
    ]);
    for item in &page.items {
        table.row(cells(item, times));
    }
    let mut text = table.render(paint);
    if let Some(cursor) = &page.next_cursor {
        text.push_str(&paint.dim(format!("More: --cursor '{cursor}'\n")));
    }
    text
}

fn cells(item: &ConversationItem, times: &Times) -> [String; 12] {
    let title = if item.title == item.id { &item.preview } else { &item.title };
    [
        times.minute(&item.updated_at),
        item.id.clone(),
        shorten(title, TITLE_CHARS),
        item.user_id.clone(),
        item.agents.join(","),
        item.models.join(","),
        item.generation_count.to_string(),
        item.step_count.to_string(),
        item.error_count.to_string(),
        thousands(item.totals.input_tokens),
        thousands(item.totals.output_tokens),
        cost(item),
    ]
}

/// As the page writes it: "?" when nobody told any cost, "≥" when some calls are without, nothing when there are no calls.
fn cost(item: &ConversationItem) -> String {
    match (item.totals.reported_cost_usd, item.totals.unpriced_generations) {
        (Some(cost), 0) => dollars(cost),
        (Some(cost), _) => format!("≥ {}", dollars(cost)),
        (None, 0) => String::new(),
        (None, _) => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use lightwell_server::TotalsBody;

    use super::*;

    fn item(id: &str, title: &str, priced: u64) -> ConversationItem {
        ConversationItem {
            id: id.to_owned(),
            title: title.to_owned(),
            preview: if title == id { "Where is my order 1007?".to_owned() } else { String::new() },
            last_generation_at: None,
            generation_count: 3,
            created_at: "2026-11-22T08:00:00.000000Z".to_owned(),
            updated_at: "2026-11-22T08:05:09.123456Z".to_owned(),
            ended_at: None,
            user_id: "u-1".to_owned(),
            step_count: 12,
            event_count: 7,
            error_count: 1,
            agents: vec!["planner".to_owned(), "writer".to_owned()],
            models: vec!["gpt-4o".to_owned()],
            providers: vec!["openai".to_owned()],
            totals: TotalsBody {
                input_tokens: 1_234_567,
                output_tokens: 890,
                reported_cost_usd: (priced > 0).then_some(0.0123),
                unpriced_generations: 3 - priced,
                ..TotalsBody::default()
            },
        }
    }

    #[test]
    fn a_page_is_a_table() {
        let long = "A title that is far too long\nto be shown in one line of a table";
        let page = ConversationPage {
            items: vec![item("run-1", "run-1", 3), item("run-2\u{1b}[31m", long, 2), item("r3", "Short", 0)],
            next_cursor: Some("1.r3".to_owned()),
        };
        insta::assert_snapshot!(render(&page, &Times::utc(), Paint::PLAIN));
    }

    #[test]
    fn an_empty_page_says_what_to_do() {
        let page = ConversationPage { items: vec![], next_cursor: None };
        insta::assert_snapshot!(render(&page, &Times::utc(), Paint::PLAIN));
    }
}
