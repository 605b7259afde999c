//! What several commands show: filters, moments, durations, and the transcript.

mod time;
mod transcript;

pub use time::{Times, milliseconds};
pub use transcript::Transcript;

/// Which generations.
#[derive(clap::Args)]
pub struct FilterArguments {
    /// Not before this moment: 2026-11-22T08:00:00Z, or 2026-11-22 (midnight UTC).
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this moment.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only of this agent.
    #[arg(long)]
    agent: Option<String>,
    /// Only with this model.
    #[arg(long)]
    model: Option<String>,
    /// Only with this provider.
    #[arg(long)]
    provider: Option<String>,
    /// Only of this user.
    #[arg(long)]
    user: Option<String>,
    /// true: only with failures; false: only without.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    error: Option<bool>,
    /// Only with this tag; may be repeated.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<String>,
}

impl FilterArguments {
    /// As query parameters.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("from", &self.from),
            ("until", &self.until),
            ("agent", &self.agent),
            ("model", &self.model),
            ("provider", &self.provider),
            ("user", &self.user),
        ];
        let mut query: Vec<_> =
            texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))).collect();
        query.extend(self.error.map(|error| ("error", error.to_string())));
        query.extend(self.tags.iter().map(|tag| ("tag", tag.clone())));
        query
    }
}
