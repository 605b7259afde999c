//! `lightwell totals`: sums over a filter.

use std::io::Write;

use lightwell_server::TotalsBody;

use crate::api::{Api, ServerArguments};
use crate::exit::Failure;
use crate::paint::Paint;
use crate::show::FilterArguments;
use crate::table::{Align, Table, dollars, thousands};

/// Sum up calls, tokens and cost.
#[derive(clap::Args)]
pub struct Totals {
    #[command(flatten)]
    filter: FilterArguments,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Totals {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.server)?;
        let url = api.url(&["totals"], &self.filter.query());
        let mut out = std::io::stdout().lock();
        if self.json {
            let totals: serde_json::Value = api.get(url).await?;
            writeln!(out, "{totals:#}")?;
            return Ok(());
        }
        write!(out, "{}", render(&api.get(url).await?, Paint::for_stdout()))?;
        Ok(())
    }
}

fn render(totals: &TotalsBody, paint: Paint) -> String {
    let count = |number: u64| thousands(i64::try_from(number).unwrap_or(i64::MAX));
    let cost = totals.reported_cost_usd.map_or_else(|| "unknown".to_owned(), dollars);
    let mut table = Table::new(&[("WHAT", Align::Left), ("SUM", Align::Right)]);
    for (what, sum) in [
        ("calls", count(totals.generations)),
        ("failed calls", count(totals.errors)),
        ("input tokens", thousands(totals.input_tokens)),
        ("output tokens", thousands(totals.output_tokens)),
        ("total tokens", thousands(totals.total_tokens)),
        ("read from cache", thousands(totals.cache_read_input_tokens)),
        ("written to cache", thousands(totals.cache_write_input_tokens)),
        ("reasoning tokens", thousands(totals.reasoning_tokens)),
        ("reported cost", cost),
        ("calls without a cost", count(totals.unpriced_generations)),
    ] {
        table.row([what.to_owned(), sum]);
    }
    table.render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_a_table() {
        let totals = TotalsBody {
            generations: 12_345,
            errors: 6,
            input_tokens: 1_000_000,
            reported_cost_usd: Some(12.5),
            unpriced_generations: 5,
            ..TotalsBody::default()
        };
        insta::assert_snapshot!(render(&totals, Paint::PLAIN));
    }
}
